//! The embedded store: bindings in memory, journal on disk, and whoever waits for it.
//!
//! A change is visible to the next request at once and acknowledged when the sync that covers it has completed.
//! Refusals wait too while anything is unsynced: what they say may rest on it. Invariant: after a disk failure
//! nothing is acknowledged any more. Sans-IO: the caller executes [`Store::take_operations`] in order.

use std::collections::VecDeque;
use std::net::Ipv4Addr;

use leasehold_schemas::vocab::AddrRange;

use super::client::{Client, ClientKey};
use super::expiry::Expiry;
use super::free::FreeLists;
use super::journal::{Completion, DiskError, Identity, Journal, Operation, Progress, Recovered, Sizes};
use super::record::{Binding, State};
use super::request::{Durable, Grant, LeaseRequest, Outcome, Ticket, Unavailable};
use super::table::Bindings;
use crate::failover::Standing;
use crate::failover::mutant::Rule;
use crate::time::Now;

/// Who has which address, and what of it is on disk.
#[derive(Debug)]
pub struct Store {
    bindings: Bindings,
    lists: FreeLists,
    expiry: Expiry,
    journal: Journal,
    /// Answers by the batch they wait for, in order.
    waiting: VecDeque<(u64, Ticket, Answer)>,
    ready: VecDeque<(Ticket, Outcome)>,
    waiting_max: usize,
    failure: Option<DiskError>,
    /// The last batch that is on disk.
    synced: u64,
    /// What this server of a pair may do; a single server may do everything.
    standing: Standing,
    by_right: ByRight,
}

/// An answer that becomes an [`Outcome`] when its batch is on disk.
#[derive(Debug)]
enum Answer {
    Done(Binding),
    Taken(Binding),
    Unavailable(Unavailable),
}

impl Store {
    /// A store on what was recovered; `identity` is written into every file. Its first operations see to it that
    /// what was read is on disk.
    pub fn open(identity: Identity, sizes: Sizes, recovered: Recovered) -> Store {
        let Recovered { bindings, cut: _, identity: _, resume } = recovered;
        let mut expiry = Expiry::default();
        for binding in bindings.iter() {
            arm(&mut expiry, binding);
        }
        Store {
            bindings,
            lists: FreeLists::default(),
            expiry,
            journal: Journal::open(identity, sizes, resume),
            waiting: VecDeque::new(),
            ready: VecDeque::new(),
            waiting_max: sizes.waiting_max,
            failure: None,
            synced: 0,
            standing: Standing::Alone,
            by_right: ByRight::default(),
        }
    }

    /// The bindings as they are, what is not synced yet included.
    pub fn bindings(&self) -> &Bindings {
        &self.bindings
    }

    /// Takes over the pool ranges of an estate. Unchanged ranges keep their free lists.
    pub fn set_ranges(&mut self, ranges: impl IntoIterator<Item = AddrRange>) {
        self.lists.set_ranges(ranges, &self.bindings);
        self.count_stock();
    }

    /// Takes the next free address of a pool range out of its list: one nobody ever had, else the one that has
    /// rested longest. What `usable` refuses is set aside until the next [`Store::set_ranges`] (reserved addresses,
    /// say). An address that is not then bound must come back by [`Store::put_back`].
    pub fn pick(&mut self, range: AddrRange, mut usable: impl FnMut(Ipv4Addr) -> bool) -> Option<Ipv4Addr> {
        if !by_right::may_offer_any(&self.standing) {
            return None;
        }
        let (bindings, standing, rights) = (&self.bindings, &self.standing, &self.by_right);
        self.lists.pick(range, |address| {
            let free =
                bindings.get(address).is_none_or(|binding| matches!(binding.state, State::Free { .. }));
            free && rights.is_own(standing, address) && usable(address)
        })
    }

    /// Takes a specific address out of its list, so that [`Store::pick`] gives it to nobody: it is offered.
    pub fn hold(&mut self, address: Ipv4Addr) {
        self.lists.take(address);
    }

    /// Puts an address that was picked or held, and not taken, at the end of its list. Does nothing if it is not
    /// free.
    pub fn put_back(&mut self, address: Ipv4Addr) {
        let free =
            self.bindings.get(address).is_none_or(|binding| matches!(binding.state, State::Free { .. }));
        if free {
            self.lists.give(address);
        }
    }

    /// Count of addresses of a pool range that can be picked.
    pub fn free(&self, range: AddrRange) -> u64 {
        self.lists.free(range)
    }

    /// Asks for a change. Its outcome comes from [`Store::next_outcome`], after the sync that covers it.
    pub fn request(&mut self, now: Now, ticket: Ticket, request: LeaseRequest) {
        if self.failure.is_some() {
            return self.ready.push_back((ticket, Outcome::Unavailable(Unavailable::Failed)));
        }
        if self.waiting.len() >= self.waiting_max {
            return self.ready.push_back((ticket, Outcome::Unavailable(Unavailable::Overloaded)));
        }
        let answer = match request {
            request if self.standing != Standing::Alone => self.request_by_right(now, request),
            LeaseRequest::Take { candidates, grant } => self.take(now, &candidates, grant),
            LeaseRequest::Extend { address, grant } => self.extend(address, grant),
            LeaseRequest::Release { address, client } => self.release(address, &client),
            LeaseRequest::Decline { address, client, until_wall_ms } => {
                self.decline(address, &client, until_wall_ms)
            }
        };
        match self.journal.unsynced().filter(|_| Rule::AnswerAfterSync.holds()) {
            Some(batch) => self.waiting.push_back((batch, ticket, answer)),
            None => self.ready.push_back((ticket, answer.outcome())),
        }
    }

    /// Call after each batch of packets: starts a commit if none is in flight.
    pub fn flush(&mut self) {
        self.journal.flush(&self.bindings);
    }

    /// What the disk is to do, in this order; after a failure nothing more.
    pub fn take_operations(&mut self) -> Vec<Operation> {
        self.journal.take_operations()
    }

    /// Takes what came of an operation, and starts the next commit if records gathered meanwhile.
    pub fn completed(&mut self, completion: Completion) {
        match self.journal.completed(completion) {
            Progress::Nothing => {}
            Progress::Committed(synced) => {
                self.synced = synced;
                let answered = self.waiting.partition_point(|(batch, ..)| *batch <= synced);
                for (_, ticket, answer) in self.waiting.drain(..answered) {
                    self.ready.push_back((ticket, answer.outcome()));
                }
            }
            Progress::Failed(error) => {
                self.failure = Some(error);
                for (_, ticket, _) in self.waiting.drain(..) {
                    self.ready.push_back((ticket, Outcome::Unavailable(Unavailable::Failed)));
                }
            }
        }
        self.flush();
    }

    /// The next outcome that may be acted upon.
    pub fn next_outcome(&mut self) -> Option<(Ticket, Outcome)> {
        self.ready.pop_front()
    }

    /// Whether nothing waits for the disk.
    pub fn is_synced(&self) -> bool {
        self.journal.unsynced().is_none()
    }

    /// What the disk said when it failed; nothing is acknowledged since.
    pub fn failure(&self) -> Option<&DiskError> {
        self.failure.as_ref()
    }

    /// Frees what has expired. That is no change that needs the disk: a restart concludes the same.
    pub fn tick(&mut self, now: Now) {
        while let Some(address) = self.expiry.due(now.wall_ms) {
            let binding = self.bindings.get(address).expect("only an address with a record is armed");
            if due_wall_ms(binding).is_none_or(|due| due > now.wall_ms) {
                arm(&mut self.expiry, binding);
                continue;
            }
            if self.standing != Standing::Alone {
                // Its end needs the partner's word.
                self.by_right.lapsed.push(address);
                continue;
            }
            let mut binding = binding.clone();
            binding.state = State::Free { last_client: binding.client().cloned() };
            self.bindings.put(binding);
            self.lists.give(address);
        }
    }

    /// When [`Store::tick`] has something to do, in milliseconds since 1970 UTC.
    pub fn deadline_wall_ms(&self) -> Option<u64> {
        self.expiry.deadline_wall_ms()
    }

    fn take(&mut self, now: Now, candidates: &[Ipv4Addr], grant: Grant) -> Answer {
        for &address in candidates {
            let Some(binding) = self.bindings.get(address) else {
                return self.bind(Binding::unused(address), grant);
            };
            if may_have(binding, &grant.client.key, now.wall_ms) {
                return self.bind(binding.clone(), grant);
            }
        }
        match candidates.first().and_then(|first| self.bindings.get(*first)) {
            Some(binding) => Answer::Taken(binding.clone()),
            None => Answer::Unavailable(Unavailable::NotTheHolder),
        }
    }

    fn extend(&mut self, address: Ipv4Addr, grant: Grant) -> Answer {
        match self.bindings.get(address).filter(|binding| is_holder(binding, &grant.client)) {
            Some(binding) => self.bind(binding.clone(), grant),
            None => Answer::Unavailable(Unavailable::NotTheHolder),
        }
    }

    /// Binds the address to the client. While the client stays the same its expiry never shrinks: it may not have
    /// heard of a shorter one.
    fn bind(&mut self, mut binding: Binding, grant: Grant) -> Answer {
        let Grant { client, until_wall_ms, details } = grant;
        let same = is_holder(&binding, &client);
        binding.version.0[0] += 1;
        if !same {
            binding.told_wall_ms = 0;
            binding.partner_told_wall_ms = 0;
            binding.born = binding.version;
        }
        binding.told_wall_ms = binding.told_wall_ms.max(until_wall_ms);
        binding.state = State::Bound(client);
        binding.released = false;
        binding.ending = false;
        binding.details = details;
        self.lists.take(binding.address);
        self.change(binding)
    }

    fn release(&mut self, address: Ipv4Addr, client: &Client) -> Answer {
        let Some(binding) = self.bindings.get(address).filter(|binding| is_holder(binding, client)) else {
            return Answer::Unavailable(Unavailable::NotTheHolder);
        };
        let mut binding = binding.clone();
        binding.version.0[0] += 1;
        binding.state = State::Free { last_client: binding.client().cloned() };
        binding.released = true;
        self.lists.give(address);
        self.change(binding)
    }

    fn decline(&mut self, address: Ipv4Addr, client: &Client, until_wall_ms: u64) -> Answer {
        let Some(binding) = self.bindings.get(address).filter(|binding| is_holder(binding, client)) else {
            return Answer::Unavailable(Unavailable::NotTheHolder);
        };
        let mut binding = binding.clone();
        binding.version.0[0] += 1;
        binding.state = State::Declined { until_wall_ms };
        self.lists.take(address);
        self.change(binding)
    }

    fn change(&mut self, binding: Binding) -> Answer {
        self.journal.append(&binding);
        arm(&mut self.expiry, &binding);
        self.bindings.put(binding.clone());
        Answer::Done(binding)
    }
}

impl Answer {
    /// Only where nothing the answer rests on is unsynced any more.
    fn outcome(self) -> Outcome {
        match self {
            Answer::Done(binding) => Outcome::Done(Durable::synced(binding)),
            Answer::Taken(binding) => Outcome::Taken(Box::new(binding)),
            Answer::Unavailable(why) => Outcome::Unavailable(why),
        }
    }
}

fn arm(expiry: &mut Expiry, binding: &Binding) {
    if let Some(due) = due_wall_ms(binding) {
        expiry.arm(binding.address, due);
    }
}

/// When the address falls free by itself.
fn due_wall_ms(binding: &Binding) -> Option<u64> {
    match binding.state {
        State::Free { .. } => None,
        // Only a server of a pair keeps what was released: it falls free by agreement, at once.
        State::Bound(_) if binding.released => Some(0),
        State::Bound(_) => Some(binding.expires_wall_ms()),
        State::Declined { until_wall_ms } => Some(until_wall_ms),
    }
}

fn is_holder(binding: &Binding, client: &Client) -> bool {
    matches!(&binding.state, State::Bound(holder) if holder.key == client.key)
}

fn may_have(binding: &Binding, key: &ClientKey, wall_ms: u64) -> bool {
    match &binding.state {
        State::Free { .. } => true,
        State::Bound(holder) => holder.key == *key || !binding.is_active(wall_ms),
        State::Declined { until_wall_ms } => *until_wall_ms <= wall_ms,
    }
}

mod by_right;
mod stock;

use by_right::ByRight;
pub use by_right::Counts as RightCounts;

#[cfg(test)]
mod tests;
