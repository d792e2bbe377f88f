//! The stock of free addresses: what is over is freed, by both servers' word (R3) or alone (R9).
//!
//! In step, expired addresses rest for the lead time first, in which either server may still extend them; not where the
//! home's stock runs low, for a pool of expired leases would be full the moment the partner dies. What was released or
//! declined does not rest. Reserved addresses stay with their client for good: nobody else needs them.

use std::net::Ipv4Addr;

use super::hearing::freed;
use super::{AGAIN_MS, Pair, State};
use crate::failover::message::Body;
use crate::failover::mutant::Rule;
use crate::failover::rights::{may_begin_end, may_free_alone};
use crate::leases::{State as Held, Store};
use crate::time::Now;

/// How long an END that was refused is not tried again, in milliseconds.
const REFUSED_MS: u64 = 5_000;
/// Addresses looked at in one turn.
const TURN: usize = 256;
/// Records gone through in one turn when every address is to be looked at again: less than a millisecond.
const SWEEP: usize = 4_096;

impl Pair {
    /// Every address that is not free is looked at again: what may be done about it has changed.
    pub(super) fn look_at_all(&mut self) {
        self.swept = Some(0);
    }

    fn sweep(&mut self, store: &Store) {
        let Some(from) = self.swept else { return };
        let mut seen = 0;
        for binding in store.bindings().from(from).take(SWEEP) {
            seen += 1;
            if !matches!(binding.state, Held::Free { .. }) {
                self.lapsed.insert(binding.address);
            }
        }
        self.swept = (seen == SWEEP).then_some(from + seen);
    }

    /// One turn through the addresses whose time is over.
    pub(super) fn stock(&mut self, now: Now, store: &mut Store) {
        self.sweep(store);
        if !self.resting.is_empty() {
            for range in store.low_ranges(self.config.me) {
                let resting: Vec<Ipv4Addr> =
                    self.resting.range(range.first()..=range.last()).copied().collect();
                self.lapsed.extend(resting);
            }
        }
        let from = self.cursor.unwrap_or(Ipv4Addr::UNSPECIFIED);
        let turn: Vec<Ipv4Addr> = self.lapsed.range(from..).take(TURN).copied().collect();
        self.cursor = if turn.len() == TURN { turn.last().copied() } else { None };
        let mut ends = Vec::new();
        for address in turn {
            let stays = self.look_at(now, address, store, &mut ends);
            if !stays {
                self.lapsed.remove(&address);
                self.ends.remove(&address);
            }
        }
        if !ends.is_empty() {
            let after = store.unsynced().filter(|_| Rule::EndAfterSync.holds());
            self.say(Body::Ends(ends), after);
        }
    }

    /// Frees it, asks for its end, or waits; whether it is to be looked at again.
    fn look_at(
        &mut self,
        now: Now,
        address: Ipv4Addr,
        store: &mut Store,
        ends: &mut Vec<crate::leases::Binding>,
    ) -> bool {
        let (paired, moment) = (Pair::paired(store), self.moment(now));
        self.resting.remove(&address);
        let Some(binding) = store.bindings().get(address) else { return false };
        let over = match binding.state {
            Held::Free { .. } => return false,
            Held::Bound(_) if binding.released => 0,
            Held::Bound(_) => binding.expires_wall_ms(),
            Held::Declined { until_wall_ms } => binding.expires_wall_ms().max(until_wall_ms),
        };
        if over > moment.early_wall_ms {
            store.look_again(address, over);
            return false;
        }
        let given_up = binding.released || matches!(binding.state, Held::Declined { .. });
        if !given_up && !binding.ending && store.is_kept(address) {
            return false;
        }
        if may_free_alone(&paired, moment, binding) {
            self.count("freed-alone");
            let record = freed(binding.clone(), self.config.me.index(), self.facts.epoch);
            self.arrears.owe(address);
            store.apply(record);
            return false;
        }
        let rested = over.saturating_add(self.config.lead_ms);
        let rests = !given_up && !binding.ending && rested > moment.early_wall_ms;
        if rests && self.state != State::Sole {
            if !store.is_low(address) && !store.is_wanted(address) {
                self.resting.insert(address);
                store.look_again(address, rested);
                return false;
            }
            self.count("low-stock");
        }
        if store.is_frozen(address) {
            return true;
        }
        if may_begin_end(&paired, moment, binding) {
            let asked = self.ends.get(&address).copied();
            // What was refused was refused for a reason that takes time to pass.
            let pause = if binding.ending { AGAIN_MS } else { REFUSED_MS };
            if asked.is_some_and(|at| now.boot_ms < at + pause) {
                return true;
            }
            self.count(if binding.ending { "end-again" } else { "end-begun" });
            let mut record = binding.clone();
            if !record.ending {
                record.ending = true;
                record.version.0[self.config.me.index()] += 1;
                record.epoch = record.epoch.max(self.facts.epoch);
                store.apply(record.clone());
            }
            self.ends.insert(address, now.boot_ms);
            ends.push(record);
        }
        true
    }
}
