//! The store of one server of a pair: it asks the rights before it changes anything, and keeps what the pair's state
//! machine must hear of.
//!
//! Invariant: while a server has a partner, an address falls free only by [`Store::apply`], which the pair's state
//! machine calls when R3 or R9 lets it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::Ipv4Addr;
use std::sync::Arc;

use leasehold_schemas::vocab::AddrRange;

use super::stock::{Stock, is_free};
use super::{Answer, Store, arm};
use crate::estate::FastHash;
use crate::failover::mutant::Rule;
use crate::failover::{Frozen, Granted, Moment, Paired, Refusal, Right, Side, Standing, grant};
use crate::leases::client::{Client, ClientKey};
use crate::leases::facts::Facts;
use crate::leases::record::{Binding, State};
use crate::leases::request::{Grant, LeaseRequest, Unavailable};
use crate::time::Now;

/// How late an answer may leave after its request and still tell the whole lease, in milliseconds: the obligation is
/// written down from that moment on. A client counts from its request, so it never has the lease for longer.
const ANSWER_MS: u64 = 1_000;

/// How often each right was used and each refusal said.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Grants, by right.
    pub rights: BTreeMap<Right, u64>,
    /// Requests that were refused, by reason.
    pub refusals: BTreeMap<Refusal, u64>,
}

/// What a pair's state machine has still to hear.
#[derive(Debug, Default)]
pub(super) struct ByRight {
    /// Addresses whose records this server changed.
    changed: Vec<Ipv4Addr>,
    /// Addresses whose time is over.
    pub(super) lapsed: Vec<Ipv4Addr>,
    counts: Counts,
    /// How much is free; absent: a single server.
    stock: Option<Stock>,
    /// Addresses that are reserved for somebody: nobody else needs them, so their records stay.
    reserved: Arc<HashSet<u32, FastHash>>,
    /// Of these, those that their client waits for, while another's record stands.
    wanted: BTreeSet<Ipv4Addr>,
    /// Addresses that are bound to nobody new while the servers' artefacts differ about them.
    frozen: Frozen,
}

/// Whether any address may be offered to a new client: what cannot be granted is not offered.
pub(super) fn may_offer_any(standing: &Standing) -> bool {
    match standing {
        Standing::Alone => true,
        Standing::Paired(paired) => paired.may_bind_at_all().is_ok(),
    }
}

impl ByRight {
    /// Whether a free address may be offered to a new client, as far as ownership, artefacts and standing go.
    pub(super) fn is_own(&self, standing: &Standing, address: Ipv4Addr) -> bool {
        match standing {
            Standing::Alone => true,
            Standing::Paired(paired) => {
                let every = paired.powers_from_wall_ms.is_some() && paired.waited;
                let own = paired.ownership.home(address) == paired.me || !Rule::OnlyTheHomeBinds.holds();
                every || (own && !self.frozen.contains(address))
            }
        }
    }

    fn is_frozen(&self, standing: &Standing, address: Ipv4Addr) -> bool {
        match standing {
            Standing::Alone => false,
            Standing::Paired(paired) => {
                let alone = paired.powers_from_wall_ms.is_some() && paired.waited;
                !alone && self.frozen.contains(address)
            }
        }
    }
}

impl Store {
    /// What this server may do from now on.
    pub fn set_standing(&mut self, standing: Standing) {
        if self.standing != standing {
            self.standing = standing;
            // Ownership of what was refused may have changed.
            self.lists.readmit();
            let shared = match &self.standing {
                Standing::Alone => None,
                Standing::Paired(paired) => Some(paired.ownership),
            };
            if self.by_right.stock.as_ref().map(Stock::ownership) != shared {
                self.count_stock();
            }
        }
    }

    pub(super) fn count_stock(&mut self) {
        self.by_right.stock = match &self.standing {
            Standing::Alone => None,
            Standing::Paired(paired) => {
                Some(Stock::count(self.lists.ranges(), paired.ownership, &self.bindings))
            }
        };
    }

    /// Takes over which addresses an estate reserves.
    pub fn set_reserved(&mut self, reserved: Arc<HashSet<u32, FastHash>>) {
        self.by_right.reserved = reserved;
        self.by_right.wanted.clear();
        // What is reserved no more may fall free.
        if self.standing != Standing::Alone {
            let not_free = self.bindings.iter().filter(|binding| !is_free(binding));
            self.by_right.lapsed.extend(not_free.map(|binding| binding.address));
        }
    }

    /// Takes over which addresses are bound to nobody new.
    pub fn set_frozen(&mut self, frozen: Frozen) {
        self.by_right.frozen = frozen;
        self.lists.readmit();
    }

    /// Whether the servers' artefacts differ about an address, so that only who has it may go on with it. Who goes on
    /// alone and has waited is held by nobody's artefact but its own.
    pub fn is_frozen(&self, address: Ipv4Addr) -> bool {
        self.by_right.is_frozen(&self.standing, address)
    }

    /// Whether any address is frozen.
    pub fn freezes(&self) -> bool {
        !self.by_right.frozen.is_empty()
    }

    /// What the rights say, and the artefacts.
    fn granted(
        &self,
        paired: &Paired,
        now: Now,
        address: Ipv4Addr,
        key: &ClientKey,
    ) -> Result<Granted, Refusal> {
        let moment: Moment = paired.moment(now);
        let granted = grant(paired, moment, self.bindings.get(address), address, key);
        let extends = granted.is_ok_and(|granted| match granted.right {
            Right::ExtendFromNow | Right::ExtendFromPotential => true,
            Right::BindHome | Right::BindPartners => false,
        });
        let frozen = !extends && !paired.has_powers(moment) && self.by_right.frozen.contains(address);
        if frozen { Err(Refusal::Frozen) } else { granted }
    }

    /// Whether the home of an address has few free ones left where the address lies.
    pub fn is_low(&self, address: Ipv4Addr) -> bool {
        self.by_right.stock.as_ref().is_some_and(|stock| stock.is_low(address))
    }

    /// Ranges in which a server has few free addresses of its own left.
    pub fn low_ranges(&self, side: Side) -> Vec<AddrRange> {
        self.by_right.stock.iter().flat_map(|stock| stock.low_ranges(side)).collect()
    }

    /// Whether an address is reserved and nobody waits for it: its record stays, so that either server may go on with it.
    pub fn is_kept(&self, address: Ipv4Addr) -> bool {
        let ByRight { reserved, wanted, .. } = &self.by_right;
        reserved.contains(&address.to_bits()) && !wanted.contains(&address)
    }

    /// Whether the client for which an address is reserved waits for it.
    pub fn is_wanted(&self, address: Ipv4Addr) -> bool {
        self.by_right.wanted.contains(&address)
    }

    /// The client for which an address is reserved waits for it, and another's record stands.
    pub fn want(&mut self, address: Ipv4Addr) {
        if self.by_right.wanted.insert(address) {
            self.by_right.lapsed.push(address);
        }
    }

    /// What this server may do.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// How often each right was used and each refusal said.
    pub fn right_counts(&self) -> &Counts {
        &self.by_right.counts
    }

    /// What this server of a pair remembers of itself.
    pub fn facts(&self) -> Option<&Facts> {
        self.journal.facts()
    }

    /// Remembers; gives the batch after which it is on disk.
    pub fn set_facts(&mut self, facts: &Facts) -> u64 {
        self.journal.append_facts(facts)
    }

    /// The batch after which everything asked so far is on disk; absent: it is.
    pub fn unsynced(&self) -> Option<u64> {
        self.journal.unsynced()
    }

    /// The last batch that is on disk.
    pub fn synced(&self) -> u64 {
        self.synced
    }

    /// Whether a batch is on disk.
    pub fn is_on_disk(&self, batch: u64) -> bool {
        self.failure.is_none() && batch <= self.synced
    }

    /// Puts a record in the place of the former one, by the pair's agreement; it is on disk after [`Store::unsynced`].
    pub fn apply(&mut self, binding: Binding) {
        match binding.state {
            State::Free { .. } => self.lists.give(binding.address),
            State::Bound(_) | State::Declined { .. } => self.lists.take(binding.address),
        }
        let free = is_free(&binding);
        if free {
            self.by_right.wanted.remove(&binding.address);
        }
        if let Some(stock) = &mut self.by_right.stock
            && self.bindings.get(binding.address).is_none_or(is_free) != free
        {
            stock.change(binding.address, free);
        }
        self.journal.append(&binding);
        arm(&mut self.expiry, &binding);
        self.bindings.put(binding);
    }

    /// Notes what the partner has promised for a binding. Needs no disk: who forgets it has less right.
    pub fn raise_potential(&mut self, address: Ipv4Addr, potential_wall_ms: u64) {
        self.bindings.raise_potential(address, potential_wall_ms);
    }

    /// Looks at an address again when the clock says so.
    pub fn look_again(&mut self, address: Ipv4Addr, wall_ms: u64) {
        self.expiry.arm(address, wall_ms);
    }

    /// Addresses whose records were changed by clients since this was asked.
    pub fn take_changed(&mut self) -> Vec<Ipv4Addr> {
        std::mem::take(&mut self.by_right.changed)
    }

    /// Addresses whose time was over since this was asked.
    pub fn take_lapsed(&mut self) -> Vec<Ipv4Addr> {
        std::mem::take(&mut self.by_right.lapsed)
    }

    /// Whether the address may be offered to the client now.
    pub fn may_offer(&self, now: Now, address: Ipv4Addr, key: &ClientKey) -> bool {
        match &self.standing {
            Standing::Alone => true,
            Standing::Paired(paired) => self.granted(paired, now, address, key).is_ok(),
        }
    }

    /// Whether a client that has another address is to be sent for this one: it can have it here, or from the partner,
    /// whose it is.
    pub fn may_move_to(&self, now: Now, address: Ipv4Addr, key: &ClientKey) -> bool {
        match &self.standing {
            Standing::Alone => true,
            Standing::Paired(paired) => match self.granted(paired, now, address, key) {
                Ok(_) => true,
                Err(refusal) => refusal == Refusal::NotHome && paired.normal,
            },
        }
    }

    /// Whether a client may be told No: by a stale, starting or fenced server never.
    pub fn may_deny(&self) -> bool {
        match &self.standing {
            Standing::Alone => true,
            Standing::Paired(paired) => {
                paired.serving
                    && paired.sovereign
                    && !paired.stale
                    && (paired.normal || paired.powers_from_wall_ms.is_some())
            }
        }
    }

    /// For how long, in milliseconds, the holder of a binding that is on disk may be told that it has it (R2, asked
    /// when the answer leaves); absent: the right is gone. A single server has no bound.
    pub fn may_tell(&self, now: Now, durable: &Binding) -> Option<u64> {
        let Standing::Paired(paired) = &self.standing else { return Some(u64::MAX) };
        let moment = paired.moment(now);
        let record = self.bindings.get(durable.address)?;
        let State::Bound(holder) = &durable.state else { return None };
        // A release or another life since then has made the answer void.
        if record.born != durable.born || record.released {
            return None;
        }
        let granted = grant(paired, moment, Some(record), durable.address, &holder.key).ok()?;
        let recorded = durable.told_wall_ms.saturating_sub(moment.late_wall_ms);
        let left = if durable.told_wall_ms == u64::MAX { u64::MAX } else { paired.padding.unpad(recorded) };
        Some(left.min(granted.limit_wall_ms.saturating_sub(moment.late_wall_ms)))
    }

    pub(super) fn request_by_right(&mut self, now: Now, request: LeaseRequest) -> Answer {
        let Standing::Paired(paired) = self.standing else {
            unreachable!("a single server asks nobody");
        };
        match request {
            LeaseRequest::Take { candidates, grant } => {
                let first =
                    candidates.iter().find_map(|&address| self.try_bind(&paired, now, address, &grant));
                first.unwrap_or(Answer::Unavailable(Unavailable::NoRight))
            }
            LeaseRequest::Extend { address, grant } => {
                let bound = self.holding(address, &grant.client).is_some();
                let answer = if bound { self.try_bind(&paired, now, address, &grant) } else { None };
                answer.unwrap_or(Answer::Unavailable(Unavailable::NotTheHolder))
            }
            LeaseRequest::Release { address, client } => match self.holding(address, &client) {
                Some(mut binding) => {
                    binding.released = true;
                    self.change_by_right(&paired, binding)
                }
                None => Answer::Unavailable(Unavailable::NotTheHolder),
            },
            LeaseRequest::Decline { address, client, until_wall_ms } => {
                match self.holding(address, &client) {
                    Some(mut binding) => {
                        binding.state = State::Declined { until_wall_ms };
                        self.change_by_right(&paired, binding)
                    }
                    None => Answer::Unavailable(Unavailable::NotTheHolder),
                }
            }
        }
    }

    /// The record of an address that the client holds and whose end is not under way.
    fn holding(&self, address: Ipv4Addr, client: &Client) -> Option<Binding> {
        let binding = self.bindings.get(address)?;
        (super::is_holder(binding, client) && !binding.ending).then(|| binding.clone())
    }

    fn try_bind(&mut self, paired: &Paired, now: Now, address: Ipv4Addr, wish: &Grant) -> Option<Answer> {
        let moment = paired.moment(now);
        let record = self.bindings.get(address);
        let granted = match self.granted(paired, now, address, &wish.client.key) {
            Ok(granted) => granted,
            Err(refusal) => {
                *self.by_right.counts.refusals.entry(refusal).or_default() += 1;
                return None;
            }
        };
        *self.by_right.counts.rights.entry(granted.right).or_default() += 1;
        let mut binding = record.cloned().unwrap_or_else(|| Binding::unused(address));
        let wanted = match wish.until_wall_ms {
            u64::MAX => u64::MAX,
            until => until.saturating_sub(now.wall_ms),
        };
        // With the partner at hand the whole lease may be told once it has promised; so all of it is recorded.
        let left = granted.limit_wall_ms.saturating_sub(moment.late_wall_ms);
        let lease = if paired.heard { wanted } else { wanted.min(left) };
        let same = super::is_holder(&binding, &wish.client);
        if !same {
            binding.told_wall_ms = 0;
            binding.partner_told_wall_ms = 0;
            binding.potential_wall_ms = 0;
            binding.promised_wall_ms = 0;
        }
        let reach = paired.padding.pad(lease.saturating_add(ANSWER_MS));
        let told = moment.late_wall_ms.saturating_add(reach);
        binding.told_wall_ms = binding.told_wall_ms.max(told);
        binding.state = State::Bound(wish.client.clone());
        binding.released = false;
        binding.ending = false;
        binding.details = wish.details.clone();
        if !same {
            // The version it is about to get.
            binding.born = binding.version;
            binding.born.0[paired.me.index()] += 1;
        }
        Some(self.change_by_right(paired, binding))
    }

    fn change_by_right(&mut self, paired: &Paired, mut binding: Binding) -> Answer {
        binding.version.0[paired.me.index()] += 1;
        binding.epoch = binding.epoch.max(paired.epoch);
        self.by_right.changed.push(binding.address);
        self.apply(binding.clone());
        Answer::Done(binding)
    }
}
