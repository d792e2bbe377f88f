//! One server of the model. What it may do and what a record becomes is asked of the production code: the store by
//! right, the rights, the merge. What a session is made of is said here once more, without lives and sequences, which
//! the simulator tries.

use leasehold_server::failover::pair::freed;
use leasehold_server::failover::{
    Forgotten, Moment, Ownership, Padding, Paired, Side, Standing, Verdict, accept_end, grant, may_begin_end,
    may_free_alone, merge, received, sent,
};
use leasehold_server::leases::journal::{Identity, Sizes, recover};
use leasehold_server::leases::{Binding, Details, Grant, LeaseRequest, State, Store, Ticket};

use super::record::{ADDRESS, NOW, OnItsWay, Record, When, client, clock, moment};

/// Maximum client lead time.
pub const LEAD_MS: u64 = 1_000;
/// What clients are given at best.
pub const LEASE_MS: u64 = 2_000;
const PADDING: Padding = Padding { rate_error_ppm: 0 };

/// What a server says of itself in every message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Header {
    pub epoch: u64,
    pub stale: bool,
    pub amnesic: bool,
    pub sole: bool,
    pub sovereign: bool,
}

/// What is said.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Body {
    Hello,
    /// A record, the wish for it, and what its sender may believe if it is granted.
    Update(OnItsWay, u64, When),
    /// A wish was granted: for which life of the address, and what may be believed.
    Ack {
        epoch: u64,
        born: [u64; 2],
        potential: When,
    },
    End(OnItsWay),
    Snapshot(OnItsWay),
}

/// One server.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Server {
    pub on: bool,
    pub record: Record,
    pub epoch: u64,
    pub sole: bool,
    pub powers_from: When,
    pub amnesic: bool,
    pub rest_until: When,
    /// Of this life: a Hello was exchanged at this epoch.
    pub exchanged: bool,
    pub epoch_seen: u64,
    pub addressed: bool,
    pub partner: Header,
    /// It knows the partner's present life: what it says before is meant for an earlier one (R13).
    pub knows_life: bool,
}

impl Server {
    pub fn new() -> Server {
        Server {
            on: true,
            record: Record::default(),
            epoch: 0,
            sole: false,
            powers_from: When::default(),
            amnesic: false,
            rest_until: When::default(),
            exchanged: false,
            epoch_seen: 0,
            addressed: false,
            partner: Header::default(),
            knows_life: false,
        }
    }

    /// Hears from the partner's present life for the first time, or again.
    pub fn meet(&mut self) {
        if !std::mem::replace(&mut self.knows_life, true) {
            (self.addressed, self.partner) = (false, Header::default());
        }
    }

    pub fn is_stale(&self) -> bool {
        self.amnesic || self.epoch_seen > self.epoch
    }

    pub fn is_sovereign(&self) -> bool {
        !self.is_stale() && (self.exchanged || self.sole)
    }

    pub fn header(&self) -> Header {
        Header {
            epoch: self.epoch,
            stale: !self.amnesic && self.is_stale(),
            amnesic: self.amnesic,
            sole: self.sole,
            sovereign: self.is_sovereign(),
        }
    }

    pub fn tick(&mut self) {
        self.record.tick();
        self.powers_from.tick();
        self.rest_until.tick();
        (self.powers_from, self.rest_until) = (self.powers_from.to_come(), self.rest_until.to_come());
    }

    /// Ends this life; with the disk, if it is lost.
    pub fn stop(&mut self, disk_lost: bool) {
        if disk_lost {
            *self = Server { amnesic: true, ..Server::new() };
        }
        self.on = false;
        self.exchanged = false;
        self.epoch_seen = 0;
        self.addressed = false;
        self.partner = Header::default();
        self.knows_life = false;
    }

    pub fn start(&mut self) {
        self.on = true;
        if self.sole {
            self.powers_from = When::of(NOW.wall_ms + PADDING.pad(LEAD_MS));
        }
    }

    /// R8.
    pub fn go_on_alone(&mut self) -> bool {
        let may = self.is_sovereign() && !self.sole;
        if may {
            self.epoch = self.epoch.max(self.epoch_seen) + 1;
            self.sole = true;
            self.powers_from = When::of(NOW.wall_ms + PADDING.pad(LEAD_MS));
        }
        may
    }

    fn paired(&self, me: Side) -> Paired {
        let partner = self.partner;
        let in_step = partner.epoch == self.epoch && !partner.stale && !partner.amnesic && partner.sovereign;
        Paired {
            me,
            ownership: Ownership { share: 2 },
            lead_ms: LEAD_MS,
            fence_ms: PADDING.pad(LEAD_MS),
            padding: PADDING,
            clock: clock(),
            epoch: self.epoch,
            serving: self.on && !self.amnesic,
            stale: self.is_stale(),
            sovereign: self.is_sovereign(),
            normal: !self.sole && self.is_sovereign() && self.addressed && in_step,
            agreed: true,
            heard: self.addressed && !self.sole,
            powers_from_wall_ms: self.sole.then(|| self.powers_from.wall_ms()),
            waited: !self.powers_from.is_to_come(),
            rest_until_wall_ms: self.rest_until.wall_ms(),
        }
    }

    /// A client asks; for how long it is told that it has the address, in milliseconds.
    pub fn ask(&mut self, me: Side, number: u8) -> Option<u64> {
        let grant = Grant {
            client: client(number),
            until_wall_ms: NOW.wall_ms + LEASE_MS,
            details: Details::default(),
        };
        let store = self.request(me, LeaseRequest::Take { candidates: vec![ADDRESS], grant })?;
        let record = store.bindings().get(ADDRESS).expect("what was just granted has a record");
        store.may_tell(NOW, record).filter(|told| *told >= 1_000).map(|told| told.min(LEASE_MS))
    }

    pub fn release(&mut self, me: Side, number: u8) {
        self.request(me, LeaseRequest::Release { address: ADDRESS, client: client(number) });
    }

    /// Lets the production store answer; absent: it changed nothing.
    fn request(&mut self, me: Side, request: LeaseRequest) -> Option<Store> {
        let paired = self.paired(me);
        let before = self.record.binding();
        // What the rights refuse needs no store to be made.
        if let LeaseRequest::Take { grant: wish, .. } = &request {
            grant(&paired, moment(), Some(&before), ADDRESS, &wish.client.key).ok()?;
        }
        let recovered = recover(None, &[]).expect("an empty directory is no fault");
        let identity = Identity { estate: "model".to_owned(), node: "server".to_owned() };
        let mut store = Store::open(identity, Sizes::default(), recovered);
        store.apply(before.clone());
        store.set_standing(Standing::Paired(paired));
        store.request(NOW, Ticket(1), request);
        let after = store.bindings().get(ADDRESS).expect("it was put there");
        if after.version == before.version {
            return None;
        }
        self.record = Record::of(after);
        Some(store)
    }

    /// R9.
    pub fn free_alone(&mut self, me: Side) -> bool {
        let binding = self.record.binding();
        let may = may_free_alone(&self.paired(me), moment(), &binding);
        if may {
            self.record = Record::of(&freed(binding, me.index(), self.epoch));
        }
        may
    }

    /// R3, its first half: what is said.
    pub fn end(&mut self, me: Side) -> Option<Body> {
        let mut binding = self.record.binding();
        if !may_begin_end(&self.paired(me), moment(), &binding) {
            return None;
        }
        if !binding.ending {
            binding.ending = true;
            binding.version.0[me.index()] += 1;
            binding.epoch = binding.epoch.max(self.epoch);
            self.record = Record::of(&binding);
        }
        Some(Body::End(OnItsWay::of(&sent(binding, moment()))))
    }

    pub fn update(&self) -> Option<Body> {
        if !self.addressed || self.sole || self.record.version == [0, 0] {
            return None;
        }
        let binding = self.record.binding();
        let own = binding.is_bound() && !binding.released && !binding.ending;
        let left = if own { binding.told_wall_ms.saturating_sub(NOW.wall_ms) } else { 0 };
        // Half as much again, in whole seconds.
        let wish_ms = (left + left / 2) / 1_000 * 1_000;
        let potential = if wish_ms == 0 { When::default() } else { When::of(NOW.wall_ms + wish_ms) };
        Some(Body::Update(OnItsWay::of(&sent(binding, moment())), wish_ms, potential))
    }

    /// R10: only who is sovereign and holds no powers gives it.
    pub fn snapshot(&self) -> Option<Body> {
        (self.is_sovereign() && !self.sole)
            .then(|| Body::Snapshot(OnItsWay::of(&sent(self.record.binding(), moment()))))
    }

    /// Takes a message; what is said back, and whether the servers contradict each other.
    pub fn hear(&mut self, me: Side, header: Header, body: &Body) -> Result<Option<Body>, Contradiction> {
        self.believe(header);
        match body {
            Body::Hello => Ok(None),
            Body::Update(record, wish_ms, potential) => {
                let theirs = record.sent();
                let mut mine = self.learn(me, &theirs)?;
                let same = match (&mine.state, &theirs.state) {
                    (State::Bound(mine), State::Bound(theirs)) => mine.key == theirs.key,
                    _ => false,
                };
                if !same || mine.born != theirs.born || mine.epoch != theirs.epoch || *wish_ms == 0 {
                    return Ok(None);
                }
                mine.promised_wall_ms = mine.promised_wall_ms.max(NOW.wall_ms + PADDING.pad(*wish_ms));
                self.record = Record::of(&mine);
                Ok(Some(Body::Ack { epoch: theirs.epoch, born: theirs.born.0, potential: *potential }))
            }
            Body::Ack { epoch, born, potential } => {
                if self.record.bound && self.record.epoch == *epoch && self.record.born == *born {
                    self.record.potential = self.record.potential.max(*potential);
                }
                Ok(None)
            }
            Body::End(record) => self.judge_end(me, &record.sent()).map(|()| None),
            Body::Snapshot(record) => {
                if self.is_stale() && header.epoch >= self.epoch {
                    self.learn(me, &record.sent())?;
                    self.epoch = header.epoch;
                    if std::mem::take(&mut self.amnesic) {
                        self.rest_until = When::of(NOW.wall_ms + PADDING.pad(LEAD_MS));
                    }
                    self.exchanged = !self.is_stale();
                }
                Ok(None)
            }
        }
    }

    fn believe(&mut self, header: Header) {
        self.addressed = true;
        self.partner = Header { sovereign: header.sovereign && !header.sole, ..header };
        self.epoch_seen = self.epoch_seen.max(header.epoch);
        if self.sole {
            self.exchanged = true;
            self.sole = false;
        }
        if header.epoch > self.epoch {
            self.exchanged = false;
        } else if !header.amnesic && !header.sole && !self.amnesic {
            let knows_more = header.stale && header.epoch == self.epoch;
            self.exchanged |= !knows_more;
        }
    }

    fn learn(&mut self, me: Side, theirs: &Binding) -> Result<Binding, Contradiction> {
        let moment: Moment = moment();
        let lead_ms = PADDING.pad(LEAD_MS);
        let forgotten =
            self.amnesic.then(|| Forgotten { told_at_least_wall_ms: moment.late_wall_ms + lead_ms, lead_ms });
        let mine = self.record.binding();
        let merged = merge(me, Some(&mine), &received(theirs.clone(), moment, PADDING), forgotten);
        if merged.verdict == Verdict::Conflict {
            return Err(Contradiction);
        }
        self.record = Record::of(&merged.binding);
        Ok(merged.binding)
    }

    /// R3, its second half.
    fn judge_end(&mut self, me: Side, theirs: &Binding) -> Result<(), Contradiction> {
        let mut mine = self.learn(me, theirs)?;
        match accept_end(&self.paired(me), moment(), (theirs.epoch, theirs.version), &mine) {
            Ok(()) => mine = freed(mine, me.index(), self.epoch),
            Err(_) if mine.version == theirs.version && mine.epoch == theirs.epoch => {
                mine.version.0[me.index()] += 1;
                mine.ending = false;
            }
            Err(_) => {}
        }
        self.record = Record::of(&mine);
        Ok(())
    }
}

/// Both say that the address is another client's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Contradiction;
