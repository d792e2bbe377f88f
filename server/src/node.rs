//! Where serving and leases meet: one event in, actions out. Nothing here waits, reads a clock or touches a socket.
//!
//! Invariant: an exchange that waits for the store is owned here, counted and bounded by [`PARKED_MAX`]; each ends
//! by the store's outcome. What the store answers is checked against the estate as it is then.

mod artefacts;
mod counters;
mod parking;
mod promises;
mod turn;

use std::net::Ipv4Addr;
use std::sync::Arc;

use leasehold_schemas::vocab::Seconds;

use crate::estate::Tables;
use crate::failover::Errand;
use crate::failover::arbiter::{Answer, Ask};
use crate::failover::pair::{Command, Event as PairEvent, Out, Pair, Parcel, Unsafe};
use crate::leases::journal::{Completion, Operation};
use crate::leases::{Binding, Durable, LeaseRequest, Outcome, Store, Unavailable};
use crate::serve::{
    Config, Decision, Goal, Holds, Meta, NoTrace, Notes, Outgoing, Scratch, Silence, Situation, acknowledge,
    decide, inform, nak, offer,
};
use crate::time::{Millis, Now};
use crate::wire::{Message, MessageType, OptionIndex};

use artefacts::{keep_frozen, terms};
pub use counters::Counters;
pub use parking::PARKED_MAX;
use parking::{Parked, Parking};
use promises::Promises;
pub use turn::HELD_MAX;
use turn::{Copy, Held, admit, note};

/// How many addresses are tried for one exchange before it is given up.
pub const TRIES_MAX: u8 = 4;

/// What happens to a node.
#[derive(Debug)]
pub enum Event<'a> {
    /// A datagram came.
    Datagram {
        /// Where from and how.
        meta: Meta,
        /// Its payload.
        bytes: &'a [u8],
    },
    /// The disk did, or failed to do, what it was told.
    Disk(Completion),
    /// [`Node::deadline`] has come.
    Timer,
    /// A new estate is to be served from now on.
    Reload(Arc<Tables>),
    /// The partner said something.
    Partner(&'a [u8]),
    /// The connection to the partner was reset: its silence need not be waited for. It changes no right.
    PartnerLost,
    /// The arbiter said something, or nothing.
    Arbiter(Answer),
}

/// What the world must do, in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Send an answer.
    Send(Outgoing),
    /// Do something to the disk.
    Disk(Operation),
}

/// Actions, and buffers to write the next answers into.
#[derive(Debug, Default)]
pub struct Actions {
    /// What is to be done, in order.
    pub list: Vec<Action>,
    /// What is to be said to the partner, in order.
    pub partner: Vec<Parcel>,
    /// What the partner asks or tells about artefacts.
    pub errands: Vec<Errand>,
    /// What the arbiter is to be asked.
    pub arbiter: Vec<Ask>,
    spare: Vec<Vec<u8>>,
}

impl Actions {
    /// Gives back a buffer whose datagram was sent.
    pub fn recycle(&mut self, bytes: Vec<u8>) {
        self.spare.push(bytes);
    }
}

/// One server.
#[derive(Debug)]
pub struct Node {
    tables: Arc<Tables>,
    config: Config,
    store: Store,
    holds: Holds,
    parking: Parking,
    index: OptionIndex,
    scratch: Scratch,
    notes: Notes,
    counters: Counters,
    pair: Option<Box<Pair>>,
    /// Answers that wait for the partner's word.
    promises: Promises,
    /// Packets that are the partner's to answer.
    held: Held,
}

/// What was done about a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Said {
    /// It was answered.
    Answered,
    /// It will be, when the store has done its part.
    Later,
}

impl Node {
    /// A node that serves `tables` with the leases of `store`.
    pub fn new(tables: Arc<Tables>, config: Config, mut store: Store) -> Node {
        store.set_ranges(tables.pool_ranges());
        store.set_reserved(Arc::clone(tables.reserved()));
        Node {
            tables,
            config,
            store,
            holds: Holds::default(),
            parking: Parking::default(),
            index: OptionIndex::new(),
            scratch: Scratch::default(),
            notes: Notes::default(),
            counters: Counters::default(),
            pair: None,
            promises: Promises::default(),
            held: Held::default(),
        }
    }

    /// Makes the node one of a pair. `open` has seen the node's store.
    pub fn with_partner(mut self, open: impl FnOnce(&mut Store) -> Pair) -> Node {
        let mut pair = Box::new(open(&mut self.store));
        pair.serve(terms(&self.tables, pair.config()), &mut self.store);
        self.pair = Some(pair);
        self
    }

    /// This server's half of the pair.
    pub fn pair(&self) -> Option<&Pair> {
        self.pair.as_deref()
    }

    /// Does what an operator says of the partner; absent: there is none.
    pub fn command(&mut self, now: Now, command: Command) -> Option<Result<(), Unsafe>> {
        self.pair.as_mut().map(|pair| pair.command(now, command, &mut self.store))
    }

    /// Feeds one event; whatever the world must do is appended to `out`. Call [`Node::flush`] after each batch: only then
    /// does the partner hear what it led to, all of it at once.
    pub fn step(&mut self, now: Now, event: Event<'_>, out: &mut Actions) {
        if let Some(pair) = &mut self.pair {
            pair.uphold(now, &mut self.store);
        }
        match event {
            Event::Datagram { meta, bytes } => {
                if let Err(silence) = self.datagram(now, meta, bytes, Copy::First, out) {
                    self.counters.silent(silence);
                }
            }
            Event::Disk(completion) => {
                self.store.completed(completion);
            }
            Event::Timer => self.timer(now, out),
            Event::Reload(tables) => {
                self.store.set_ranges(tables.pool_ranges());
                self.store.set_reserved(Arc::clone(tables.reserved()));
                if let (Some(pair), Some(said)) = (&mut self.pair, tables.high_availability()) {
                    pair.reconfigure(tables.name(), said);
                }
                self.tables = tables;
                if let Some(pair) = &mut self.pair {
                    pair.serve(terms(&self.tables, pair.config()), &mut self.store);
                }
            }
            Event::Partner(bytes) => self.partner(now, PairEvent::Message(bytes), out),
            Event::PartnerLost => self.partner(now, PairEvent::Lost, out),
            Event::Arbiter(answer) => self.partner(now, PairEvent::Arbiter(&answer), out),
        }
        self.outcomes(now, out);
    }

    fn partner(&mut self, now: Now, event: PairEvent<'_>, out: &mut Actions) {
        let Some(pair) = &mut self.pair else { return };
        let mut said = Out::default();
        pair.step(now, event, &mut self.store, &mut said);
        out.partner.append(&mut said.messages);
        out.errands.append(&mut said.errands);
        out.arbiter.append(&mut said.asks);
        for address in said.acked {
            if let Some(promised) = self.promises.fulfilled(address) {
                self.promised(now, &promised, out);
            }
        }
        while let Some(promised) = self.promises.overdue(now.boot_ms) {
            self.promised(now, &promised, out);
        }
        self.look_through_kept(now, out);
    }

    /// Says to the partner what the batch led to, starts a commit of what it changed, and hands out what the disk is to
    /// do.
    pub fn flush(&mut self, now: Now, out: &mut Actions) {
        if self.pair.is_some() {
            self.partner(now, PairEvent::Settled, out);
            // Packets that were kept may have been asked about.
            self.outcomes(now, out);
        }
        self.store.flush();
        out.list.extend(self.store.take_operations().into_iter().map(Action::Disk));
    }

    /// When [`Event::Timer`] is due, on the boot clock, if ever.
    pub fn deadline(&self, now: Now) -> Option<Millis> {
        let expiry = self.store.deadline_wall_ms();
        let expiry = expiry.map(|wall_ms| now.boot_ms.saturating_add(wall_ms.saturating_sub(now.wall_ms)));
        let pair = self.pair.as_ref().map(|pair| pair.deadline().0);
        let promises = self.promises.deadline_boot_ms();
        expiry.into_iter().chain(self.holds.deadline_boot_ms()).chain(pair).chain(promises).min().map(Millis)
    }

    /// The leases.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The estate that is served.
    pub fn tables(&self) -> &Arc<Tables> {
        &self.tables
    }

    /// What was answered and what was not, and why.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// How many exchanges wait for the store.
    pub fn parked(&self) -> usize {
        self.parking.len()
    }

    /// How many answers wait for the partner's word.
    pub fn awaiting(&self) -> usize {
        self.promises.len()
    }

    /// How many packets are kept in case that the partner, whose they are, falls silent.
    pub fn kept(&self) -> usize {
        self.held.len()
    }

    /// How many addresses are offered.
    pub fn held(&self) -> usize {
        self.holds.len()
    }

    fn datagram(
        &mut self,
        now: Now,
        meta: Meta,
        bytes: &[u8],
        copy: Copy,
        out: &mut Actions,
    ) -> Result<(), Silence> {
        let message = Message::read(bytes, &mut self.index).map_err(Silence::Malformed)?;
        if let Ok(Some(kind)) = message.message_type() {
            if copy == Copy::First {
                self.counters.received(kind);
            }
            if self.parking.contains(&message, kind) {
                return Err(Silence::Duplicate);
            }
        }
        let bindings = self.store.bindings();
        let mut situation =
            Situation::new(&self.tables, &self.config, bindings, message, meta, &mut self.notes)?;
        keep_frozen(&mut situation, &self.store);
        if let Some(pair) = &mut self.pair {
            let admitted = admit(pair, &mut self.held, &mut situation, &mut self.store, now, copy);
            if admitted.is_err() && situation.kind == MessageType::Request && situation.names_other_server() {
                self.holds
                    .end_of_client(&situation.client.key)
                    .inspect(|address| self.store.put_back(*address));
            }
            admitted?;
        }
        let desk = Desk {
            store: &mut self.store,
            holds: &mut self.holds,
            parking: &mut self.parking,
            scratch: &mut self.scratch,
            counters: &mut self.counters,
        };
        let decided = desk.decide(&situation, now, 1, out);
        if let Some(pair) = &mut self.pair {
            note(pair, &situation, &decided, now);
        }
        decided.map(|_| ())
    }

    fn outcomes(&mut self, now: Now, out: &mut Actions) {
        while let Some((ticket, outcome)) = self.store.next_outcome() {
            let Some(parked) = self.parking.leave(ticket) else { continue };
            let Some((parked, outcome)) = self.await_partner(now, parked, outcome) else { continue };
            if let Err(silence) = self.outcome(now, &parked, &outcome, out) {
                self.counters.silent(silence);
            }
            self.parking.recycle(parked.bytes);
        }
    }

    /// Goes on with an exchange. If somebody else was quicker, it is decided anew against the records as they are.
    fn outcome(
        &mut self,
        now: Now,
        parked: &Parked,
        outcome: &Outcome,
        out: &mut Actions,
    ) -> Result<(), Silence> {
        let Parked { bytes, meta, goal, lease, tries, .. } = parked;
        let durable = match outcome {
            Outcome::Done(_) if matches!(goal, Goal::Release | Goal::Decline) => {
                return Err(Silence::Recorded);
            }
            Outcome::Done(durable) => Some(durable),
            Outcome::Taken(_) if *tries >= TRIES_MAX => return Err(Silence::CandidatesExhausted),
            Outcome::Taken(_) => None,
            Outcome::Unavailable(Unavailable::NotTheHolder) => return Err(Silence::NotTheHolder),
            Outcome::Unavailable(Unavailable::NoRight) => return Err(Silence::NoRight),
            Outcome::Unavailable(Unavailable::Overloaded) => return Err(Silence::StoreOverloaded),
            Outcome::Unavailable(Unavailable::Failed) => return Err(Silence::StoreFailed),
        };
        let message = Message::read(bytes, &mut self.index).map_err(Silence::Malformed)?;
        let bindings = self.store.bindings();
        let mut situation =
            Situation::new(&self.tables, &self.config, bindings, message, *meta, &mut self.notes)?;
        keep_frozen(&mut situation, &self.store);
        let mut desk = Desk {
            store: &mut self.store,
            holds: &mut self.holds,
            parking: &mut self.parking,
            scratch: &mut self.scratch,
            counters: &mut self.counters,
        };
        let decided = match durable {
            Some(durable) => desk.acknowledge(&situation, durable, *lease, now, out),
            None => desk.decide(&situation, now, tries + 1, out),
        };
        if let Some(pair) = &mut self.pair {
            note(pair, &situation, &decided, now);
        }
        decided.map(|_| ())
    }

    fn timer(&mut self, now: Now, out: &mut Actions) {
        while let Some(address) = self.holds.expired(now.boot_ms) {
            self.store.put_back(address);
        }
        self.store.tick(now);
        if self.pair.is_some() {
            self.partner(now, PairEvent::Timer, out);
        }
    }

    /// An answer that would fall short of the lease for want of the partner's promise waits for it, if it is worth
    /// waiting.
    fn await_partner(&mut self, now: Now, parked: Parked, outcome: Outcome) -> Option<(Parked, Outcome)> {
        let Some(pair) = &self.pair else { return Some((parked, outcome)) };
        let grants = !matches!(parked.goal, Goal::Release | Goal::Decline);
        if let Outcome::Done(durable) = &outcome
            && grants
            && pair.is_worth_waiting(now)
            && self.store.may_tell(now, durable.get()).is_some_and(|told| told < milliseconds(parked.lease))
            && self.promises.has_room()
        {
            let until_boot_ms = now.boot_ms + pair.config().ack_wait_ms;
            self.promises.wait(until_boot_ms, parked, durable.clone());
            return None;
        }
        Some((parked, outcome))
    }

    /// The partner has promised, or it has taken too long: the client is told what it may be told now.
    fn promised(&mut self, now: Now, promised: &(Parked, Durable<Binding>), out: &mut Actions) {
        let (parked, durable) = promised;
        if let Err(silence) = self.outcome(now, parked, &Outcome::Done(durable.clone()), out) {
            self.counters.silent(silence);
        }
    }
}

/// A lease time; the wire's infinity is longer than any.
fn milliseconds(lease: Seconds) -> u64 {
    if lease == Seconds::INFINITE { u64::MAX } else { u64::from(lease.0) * 1000 }
}

/// What an exchange changes, apart from what it only reads.
struct Desk<'a> {
    store: &'a mut Store,
    holds: &'a mut Holds,
    parking: &'a mut Parking,
    scratch: &'a mut Scratch,
    counters: &'a mut Counters,
}

impl Desk<'_> {
    fn decide(
        mut self,
        situation: &Situation<'_>,
        now: Now,
        tries: u8,
        out: &mut Actions,
    ) -> Result<Said, Silence> {
        let decision = decide(situation, self.store, self.holds, now, &mut self.scratch.meanings)?;
        let bytes = out.spare.pop().unwrap_or_default();
        match decision {
            Decision::Offer(address) => {
                self.hold(situation, address, now);
                let place = situation.place_of(address).expect("only places that are open are chosen");
                let outgoing = offer(situation, address, place, self.scratch, bytes, &mut NoTrace);
                self.send(MessageType::Offer, outgoing, out);
            }
            Decision::Nak => {
                let outgoing = nak(situation, self.scratch, bytes);
                self.send(MessageType::Nak, outgoing, out);
            }
            Decision::Inform(place) => {
                let outgoing = inform(situation, place, self.scratch, bytes, &mut NoTrace);
                self.send(MessageType::Ack, outgoing, out);
            }
            Decision::Ask { goal, request, lease } => {
                out.recycle(bytes);
                if let (Goal::RapidCommit, LeaseRequest::Take { candidates, grant: _ }) = (goal, &request) {
                    candidates.iter().for_each(|address| self.hold(situation, *address, now));
                }
                if self.parking.is_full() {
                    return Err(Silence::ParkingFull);
                }
                let Situation { message, meta, kind, .. } = situation;
                let ticket = self.parking.park(message, *kind, *meta, goal, lease, tries);
                self.store.request(now, ticket, request);
                return Ok(Said::Later);
            }
        }
        Ok(Said::Answered)
    }

    /// Holds an address for the client, and lets others have what was held for it before.
    fn hold(&mut self, situation: &Situation<'_>, address: Ipv4Addr, now: Now) {
        self.store.hold(address);
        if let Some(before) = self.holds.hold(&situation.client.key, address, now.boot_ms) {
            self.store.put_back(before);
        }
        while let Some(over) = self.holds.expired(now.boot_ms) {
            self.store.put_back(over);
        }
    }

    fn acknowledge(
        &mut self,
        situation: &Situation<'_>,
        durable: &Durable<Binding>,
        lease: Seconds,
        now: Now,
        out: &mut Actions,
    ) -> Result<Said, Silence> {
        self.holds.end(durable.get().address);
        let lease = match self.store.may_tell(now, durable.get()) {
            Some(told) if told < 1_000 => return Err(Silence::NoRight),
            Some(told) if told < milliseconds(lease) => {
                self.counters.shortened();
                Seconds(u32::try_from(told / 1000).expect("less than the lease, which is a count of seconds"))
            }
            Some(_) => lease,
            None => return Err(Silence::NoRight),
        };
        let bytes = out.spare.pop().unwrap_or_default();
        let outgoing = acknowledge(situation, durable, lease, self.scratch, bytes, &mut NoTrace)?;
        self.send(MessageType::Ack, outgoing, out);
        Ok(Said::Answered)
    }

    fn send(&mut self, kind: MessageType, outgoing: Outgoing, out: &mut Actions) {
        self.counters.sent(kind);
        out.list.push(Action::Send(outgoing));
    }
}
