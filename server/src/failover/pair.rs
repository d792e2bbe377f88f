//! One server's half of the pair as a state machine: [`Pair::step`], [`Pair::deadline`].
//!
//! Its state is not kept but concluded ([`state_of`]), from durable facts and from what was heard in this life; so no
//! transition can be forgotten. Invariant (R5): a message waits in the outbox until everything it may rest on is on
//! disk. It needs no order and no reliability of its messages: what is lost is said again, what is late is recognised
//! by its life, its sequence or its version.

mod answering;
mod arbitration;
mod arrears;
mod artefacts;
mod command;
mod config;
mod hearing;
mod outbox;
mod session;
mod state;
mod status;
mod stock;
mod sync;

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use leasehold_schemas::artefact::HighAvailability;

use super::arbiter::{Answer, Ask};
use super::clock::{Clock, Moment, WRITTEN_MS};
use super::message::Body;
use super::mutant::Rule;
use super::rights::{Paired, Standing};
use super::terms::Errand;
use crate::leases::{Facts, Store};
use crate::time::{Millis, Now};

use answering::Answering;
pub use arbitration::ArbiterStatus;
use arbitration::Arbitration;
use arrears::Arrears;
use artefacts::Artefacts;
pub use artefacts::{Accord, ArtefactStatus};
use command::Leaving;
pub use command::{Command, Unsafe, alone};
pub use config::{Config, Start};
pub use hearing::freed;
use outbox::Outbox;
pub use outbox::Parcel;
use session::Session;
pub use state::{Circumstances, State, state_of};
pub use status::{PartnerStatus, Status};
use sync::Sync;
pub use sync::Synced;

/// How long a server waits for its partner's Hello before it serves what it may without, in milliseconds.
pub const STARTING_MS: u64 = 1_000;
/// After how long something unanswered is said again, in milliseconds.
const AGAIN_MS: u64 = 1_000;
/// What happens to the pair.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// The partner said something.
    Message(&'a [u8]),
    /// The connection to the partner was reset: nobody need wait for its silence. It changes no right.
    Lost,
    /// The arbiter said something, or nothing.
    Arbiter(&'a Answer),
    /// [`Pair::deadline`] has come.
    Timer,
    /// A batch of events is over: the store may have changed, and its disk may have done something.
    Settled,
}

/// What is to be done.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Out {
    /// Messages to the partner.
    pub messages: Vec<Parcel>,
    /// Addresses whose binding the partner has acknowledged.
    pub acked: Vec<Ipv4Addr>,
    /// What the partner asks or tells about artefacts.
    pub errands: Vec<Errand>,
    /// Questions to the arbiter.
    pub asks: Vec<Ask>,
}

/// One server's half.
#[derive(Debug)]
pub struct Pair {
    config: Config,
    clock: Clock,
    facts: Facts,
    facts_batch: Option<u64>,
    /// The life before this one, as the disk remembers it.
    boot_before: u64,
    begun_boot_ms: u64,
    session: Session,
    sync: Sync,
    answering: Answering,
    artefacts: Artefacts,
    arbitration: Arbitration,
    outbox: Outbox,
    arrears: Arrears,
    /// Addresses whose clients this life has told something: for them it wishes promises.
    told: BTreeSet<Ipv4Addr>,
    /// Addresses whose time is over, to be freed by R3 or R9.
    lapsed: BTreeSet<Ipv4Addr>,
    /// Before which place all records were gone through, while every address is to be looked at again.
    swept: Option<usize>,
    /// Expired addresses that are not to be freed yet.
    resting: BTreeSet<Ipv4Addr>,
    ends: BTreeMap<Ipv4Addr, u64>,
    cursor: Option<Ipv4Addr>,
    state: State,
    since_boot_ms: u64,
    next_heartbeat_boot_ms: u64,
    leaving: Leaving,
    /// It was started to go on alone, and does so from then on.
    alone_boot_ms: Option<u64>,
    counts: BTreeMap<&'static str, u64>,
}

impl Pair {
    /// Begins a life: counts it, and remembers what was lost.
    pub fn open(config: Config, now: Now, store: &mut Store) -> Pair {
        let known = store.facts().cloned();
        let former_single = known.is_none() && !store.bindings().is_empty();
        let mut facts = match (known, config.start) {
            (Some(facts), Start::Continue | Start::NewPair | Start::Alone) => facts,
            (Some(facts), Start::Restored) => {
                Facts { amnesic: true, sole: false, agreed: None, prepared: None, ..facts }
            }
            (None, Start::NewPair) => Facts::default(),
            (None, Start::Continue) if former_single => Facts::default(),
            (None, Start::Continue | Start::Restored | Start::Alone) => {
                Facts { amnesic: true, ..Facts::default() }
            }
        };
        let clock = Clock::new(now, facts.clock_wall_ms);
        let moment = clock.at(now);
        let boot_before = facts.boot;
        facts.boot = (facts.boot + 1).max(moment.late_wall_ms);
        facts.clock_wall_ms = moment.late_wall_ms;
        if facts.sole {
            // Nobody can say how long it was off: its clock may have been set. The wait begins anew.
            let leads = [facts.agreed, facts.prepared].into_iter().flatten().map(|agreed| agreed.lead_ms);
            let wait = config.padding.pad(leads.fold(config.lead_ms, u64::max));
            facts.powers_from_wall_ms = moment.late_wall_ms.saturating_add(wait);
        }
        let mut pair = Pair {
            config,
            clock,
            facts,
            facts_batch: None,
            boot_before,
            begun_boot_ms: now.boot_ms,
            session: Session::default(),
            sync: Sync::default(),
            answering: Answering::default(),
            artefacts: Artefacts::default(),
            arbitration: Arbitration::default(),
            outbox: Outbox::default(),
            arrears: Arrears::of_all(store.bindings().iter().map(|binding| binding.address)),
            told: BTreeSet::new(),
            lapsed: BTreeSet::new(),
            swept: None,
            resting: BTreeSet::new(),
            ends: BTreeMap::new(),
            cursor: None,
            state: State::Starting,
            since_boot_ms: now.boot_ms,
            next_heartbeat_boot_ms: now.boot_ms,
            leaving: Leaving::No,
            alone_boot_ms: None,
            counts: BTreeMap::new(),
        };
        pair.facts.amnesic &= Rule::LossIsKnown.holds();
        pair.session.exchanged = !Rule::SovereignAfterHello.holds();
        if pair.facts.amnesic {
            pair.count("amnesic-start");
        }
        if config.start == Start::Alone && !pair.facts.sole {
            pair.alone_boot_ms = Some(now.boot_ms.saturating_add(pair.fence_ms()));
        }
        pair.keep_facts(store);
        pair.look_at_all();
        pair.conclude(now, store);
        pair
    }

    /// Feeds one event; what is to be done is appended to `out`. What is said leaves at [`Event::Settled`], so that what
    /// a batch of events leads to is said at once.
    pub fn step(&mut self, now: Now, event: Event<'_>, store: &mut Store, out: &mut Out) {
        self.uphold(now, store);
        match event {
            Event::Message(bytes) => self.hear(now, bytes, store, out),
            Event::Arbiter(answer) => self.hear_arbiter(now, answer, store),
            Event::Lost => self.session.lost = true,
            Event::Timer => self.timer(now, store),
            Event::Settled => self.settle(now, store, out),
        }
    }

    /// When [`Event::Timer`] is due, on the boot clock.
    pub fn deadline(&self) -> Millis {
        let silent = self.session.heard_boot_ms.saturating_add(self.config.silent_ms) + 1;
        // Whoever waits for the partner's answer waits no longer than that.
        let waited = self.answering.is_partner_awaited().then_some(silent);
        let dues = [Some(self.next_heartbeat_boot_ms), waited, self.answering.taken_due_boot_ms()];
        Millis(dues.into_iter().flatten().min().expect("the next heartbeat is always due"))
    }

    /// What it is.
    pub fn state(&self) -> State {
        self.state
    }

    /// What it remembers of itself.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// What it goes by.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Takes over what another estate says of who answers and how patient the pair is; the rest is [`Pair::serve`]'s.
    pub fn reconfigure(&mut self, estate: &str, said: &HighAvailability) {
        let node = said.servers.get(self.config.me.index()).map(|server| server.name.as_str());
        let said = node.and_then(|node| Config::of(estate, said, node, self.config.start));
        if let Some(said) = said.filter(|said| said.pair == self.config.pair) {
            self.config = self.config.taking(said);
        } else {
            self.count("reload-of-another-pair");
        }
    }

    /// How many records the partner may not have.
    pub fn unacked(&self) -> usize {
        self.arrears.len()
    }

    /// How often each branch of the rules was taken, by name.
    pub fn counts(&self) -> &BTreeMap<&'static str, u64> {
        &self.counts
    }

    /// Whether an answer may wait for the partner's word.
    pub fn is_worth_waiting(&self, now: Now) -> bool {
        self.session.is_heard(now, &self.config) && !self.session.lost && !self.facts.sole
    }

    fn count(&mut self, name: &'static str) {
        *self.counts.entry(name).or_default() += 1;
    }

    fn moment(&self, now: Now) -> Moment {
        self.clock.at(now)
    }

    fn keep_facts(&mut self, store: &mut Store) {
        self.facts_batch = Some(store.set_facts(&self.facts));
    }

    fn is_stale(&self) -> bool {
        self.facts.amnesic || self.session.epoch_seen > self.facts.epoch
    }

    fn is_sovereign(&self) -> bool {
        !self.is_stale() && !self.facts.given_up && (self.is_upheld() || self.facts.sole)
    }

    fn circumstances(&self, now: Now) -> Circumstances {
        let partner = &self.session.partner;
        Circumstances {
            given_up: self.facts.given_up,
            begun: self.session.addressed
                || (self.config.arbiter && self.is_sovereign())
                || now.boot_ms >= self.begun_boot_ms + STARTING_MS,
            stale: self.is_stale(),
            sole: self.facts.sole,
            waited: self.facts.powers_from_wall_ms <= self.moment(now).early_wall_ms,
            sovereign: self.is_sovereign(),
            heard: self.session.is_heard(now, &self.config),
            in_step: partner.epoch == self.facts.epoch
                && !partner.stale
                && !partner.amnesic
                && partner.sovereign,
        }
    }

    /// Concludes the state anew, and tells the store what it may do.
    fn conclude(&mut self, now: Now, store: &mut Store) {
        let circumstances = self.circumstances(now);
        let state = state_of(circumstances);
        if state != self.state {
            self.state = state;
            self.since_boot_ms = now.boot_ms;
            self.count(state.name());
            if matches!(state, State::Normal | State::Sole | State::SoleWait) {
                self.look_at_all();
            }
        }
        store.set_standing(Standing::Paired(Paired {
            me: self.config.me,
            ownership: self.config.ownership,
            lead_ms: self.lead_ms(),
            fence_ms: self.fence_ms(),
            padding: self.config.padding,
            clock: self.clock,
            epoch: self.facts.epoch,
            // R11: a lost disk promised nothing, and what a restored one says may be another client's by now.
            serving: state.serves() && !self.facts.amnesic && !self.leaving.is_draining(),
            stale: circumstances.stale,
            sovereign: circumstances.sovereign,
            normal: state == State::Normal,
            agreed: self.session.agreed,
            heard: circumstances.heard && !self.facts.sole,
            powers_from_wall_ms: self.facts.sole.then_some(self.facts.powers_from_wall_ms),
            waited: circumstances.waited,
            rest_until_wall_ms: self.facts.rest_until_wall_ms,
        }));
        self.notice_manners(now);
    }

    fn paired(store: &Store) -> Paired {
        match store.standing() {
            Standing::Paired(paired) => *paired,
            Standing::Alone => unreachable!("a pair tells its store what it may do"),
        }
    }

    fn timer(&mut self, now: Now, store: &mut Store) {
        let moment = self.moment(now);
        if now.boot_ms < self.next_heartbeat_boot_ms {
            return;
        }
        self.next_heartbeat_boot_ms = now.boot_ms + self.config.heartbeat_ms;
        if moment.late_wall_ms >= self.facts.clock_wall_ms.saturating_add(WRITTEN_MS) {
            self.facts.clock_wall_ms = moment.late_wall_ms;
            self.keep_facts(store);
        }
        self.outlive_amnesia(now, store);
        self.go_on_alone(now, store);
        self.conclude(now, store);
        self.stock(now, store);
        self.forget_overdue(now);
        self.watch_disk(now, store);
        self.agree(now, store);
        let body = match (self.leaving, self.session.addressed) {
            (Leaving::Gone, _) => Body::Handover,
            (Leaving::No | Leaving::Draining { .. }, true) => Body::Heartbeat,
            (Leaving::No | Leaving::Draining { .. }, false) => self.hello(),
        };
        self.say(body, None);
    }

    fn settle(&mut self, now: Now, store: &mut Store, out: &mut Out) {
        self.take_in_changes(store);
        self.lapsed.extend(store.take_lapsed());
        self.go_on_leaving(now, store);
        self.conclude(now, store);
        self.ask_for_sync(now, store);
        self.send_updates(now, store);
        self.say_what_was_taken_up(now);
        self.ask_arbiter(now, store, out);
        self.release(now, store, out);
    }

    /// What clients were told since.
    fn take_in_changes(&mut self, store: &mut Store) {
        for address in store.take_changed() {
            self.arrears.owe(address);
            self.told.insert(address);
        }
    }

    /// R11: whoever is not sovereign and meets a partner without memory waits until everything the partner can have
    /// promised alone has passed, and then begins an epoch of its own.
    fn outlive_amnesia(&mut self, now: Now, store: &mut Store) {
        let waited = self
            .session
            .amnesic_since_boot_ms
            .is_some_and(|since| now.boot_ms >= since.saturating_add(self.fence_ms()));
        let partner_amnesic = self.session.is_heard(now, &self.config) && self.session.partner.amnesic;
        if waited && partner_amnesic && !self.is_sovereign() && !self.facts.amnesic {
            self.facts.epoch = self.facts.epoch.max(self.session.epoch_seen) + 1;
            self.session.exchanged = true;
            self.count("amnesia-outlived");
            self.keep_facts(store);
        }
    }
}
