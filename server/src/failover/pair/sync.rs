//! Rejoining: who is stale or has lost its disk asks for everything, and is whole when all of it has come (R10, R11).

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use super::{AGAIN_MS, Pair, freed};
use crate::failover::message::{Body, SyncId};
use crate::leases::{Binding, State, Store};
use crate::time::Now;

/// Records in one message.
const RECORDS: usize = 64;

/// A sync that this server asked for, and the last it answered.
#[derive(Debug, Default)]
pub(super) struct Sync {
    asked: SyncId,
    asked_boot_ms: u64,
    /// Records by the place of their first.
    parts: BTreeMap<u64, usize>,
    announced: Option<(u64, u64)>,
    answered: SyncId,
    /// An operator wants everything, though nothing makes it necessary.
    wanted: bool,
    /// What the partner spoke of since this server has no memory of its own.
    heard_of: BTreeSet<Ipv4Addr>,
}

impl Sync {
    pub(super) fn want(&mut self) {
        self.wanted = true;
        self.asked_boot_ms = 0;
    }

    /// A new life of the partner counts its syncs anew, and finishes none of ours.
    pub(super) fn forget_partner(&mut self) {
        self.answered = 0;
        self.parts.clear();
        self.announced = None;
        self.asked_boot_ms = 0;
        self.asked += 1;
    }

    /// The partner spoke of an address while this server has no memory of its own.
    pub(super) fn heard_of(&mut self, address: Ipv4Addr) {
        self.heard_of.insert(address);
    }

    /// Whether a part is of the sync that is under way; then it counts.
    pub(super) fn expects(&mut self, sync: SyncId, first: u64, records: usize) -> bool {
        let expected = sync == self.asked && self.asked > 0;
        if expected {
            self.parts.insert(first, records);
        }
        expected
    }

    pub(super) fn announced(&mut self, sync: SyncId, count: u64, epoch: u64) {
        if sync == self.asked && self.asked > 0 {
            self.announced = Some((count, epoch));
        }
    }
}

impl Pair {
    /// Asks for everything, if it is needed and the partner is in a state to give it.
    pub(super) fn ask_for_sync(&mut self, now: Now) {
        let needed = self.is_stale() || (self.sync.wanted && !self.facts.sole);
        if !needed || !self.session.partner.can_give() || !self.session.is_heard(now, &self.config) {
            return;
        }
        if now.boot_ms < self.sync.asked_boot_ms.saturating_add(2 * AGAIN_MS) && self.sync.asked_boot_ms > 0 {
            return;
        }
        self.sync.asked += 1;
        self.sync.asked_boot_ms = now.boot_ms;
        self.sync.parts.clear();
        self.sync.announced = None;
        self.count("sync-asked");
        self.say(Body::SyncRequest(self.sync.asked), None);
    }

    /// Everything, in parts. Only who is sovereign and holds no powers gives it: they went, durably, before this.
    pub(super) fn cut_snapshot(&mut self, sync: SyncId, store: &Store) {
        if sync <= self.sync.answered || !self.is_sovereign() || self.facts.sole {
            return self.count("sync-refused");
        }
        self.sync.answered = sync;
        self.count("sync-answered");
        let records: Vec<Binding> = store.bindings().iter().cloned().collect();
        let count = records.len() as u64;
        let mut first = 0;
        for part in records.chunks(RECORDS) {
            self.say(Body::Snapshot { sync, first, records: part.to_vec() }, store.unsynced());
            first += part.len() as u64;
        }
        self.say(Body::Synced { sync, count }, store.unsynced());
    }

    /// When all of it has come this server is of the partner's epoch and whole again.
    pub(super) fn try_to_finish_sync(&mut self, now: Now, store: &mut Store) {
        let Some((count, epoch)) = self.sync.announced else { return };
        let come: u64 = self.sync.parts.values().map(|records| *records as u64).sum();
        let needed = self.is_stale() || self.sync.wanted;
        if come < count || !needed || epoch < self.facts.epoch {
            return;
        }
        self.sync.announced = None;
        self.sync.asked += 1;
        self.sync.wanted = false;
        self.count("sync-finished");
        if !self.is_stale() {
            return;
        }
        self.facts.epoch = epoch;
        if self.facts.amnesic {
            self.forget_what_only_a_restored_disk_says(store);
            self.facts.amnesic = false;
            let rest = self.config.padding.pad(self.config.lead_ms);
            self.facts.rest_until_wall_ms = self.moment(now).late_wall_ms.saturating_add(rest);
        }
        self.session.exchanged = !self.is_stale();
        self.keep_facts(store);
        self.dirty.extend(store.bindings().iter().map(|binding| binding.address));
        self.conclude(now, store);
        let hello = self.hello();
        self.say(hello, None);
    }

    /// R11: a binding of which the partner never heard may be of a client before another one to whom the lost life gave
    /// the same address. Neither was told more than the lead time, and own free addresses rest that long from now on.
    fn forget_what_only_a_restored_disk_says(&mut self, store: &mut Store) {
        let heard_of = std::mem::take(&mut self.sync.heard_of);
        let unknown = store.bindings().iter().filter(|binding| {
            !matches!(binding.state, State::Free { .. }) && !heard_of.contains(&binding.address)
        });
        for binding in unknown.cloned().collect::<Vec<_>>() {
            self.count("restored-forgotten");
            store.apply(freed(binding, self.config.me.index(), self.facts.epoch));
        }
    }
}
