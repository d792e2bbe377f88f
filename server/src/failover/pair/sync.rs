//! Rejoining: who is stale or has lost its disk asks for everything, and is whole when all of it has come (R10, R11).
//!
//! Who asks sets the pace: it asks for one window of records after the other, each when its disk has caught up with
//! half of the one before. So neither server holds more than a window of them in messages, and packets and updates go
//! on in between. Who gives remembers nothing: places in the order of [`Bindings::iter`] stay what they are within its
//! life, and each record is told as it is at that moment, which is never older than the question. What was told in two
//! epochs is not put together: between them the giver may have gone on alone.
//!
//! [`Bindings::iter`]: crate::leases::Bindings::iter

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use super::{AGAIN_MS, Pair, freed};
use crate::failover::merge::covers;
use crate::failover::message::{Body, SyncId};
use crate::failover::mutant::Rule;
use crate::leases::{Binding, State, Store, Version};
use crate::time::Now;

/// Records in one message.
const RECORDS: usize = 64;
/// After how long without anything of it a sync is asked for again, in milliseconds.
const STALLED_MS: u64 = 2 * AGAIN_MS;

/// A sync that has come to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Synced {
    /// Which of this life it was.
    pub number: u64,
    /// How many records came.
    pub records: u64,
    /// From the first question to the last record, in milliseconds.
    pub took_ms: u64,
}

/// A sync that this server asked for.
#[derive(Debug, Default)]
pub(super) struct Sync {
    asked: SyncId,
    /// Something of it is still to come.
    under_way: bool,
    begun_boot_ms: u64,
    /// When something of it came last, or was asked for.
    moved_boot_ms: u64,
    /// In which epoch the partner tells all of it; absent: nothing has come yet.
    epoch: Option<u64>,
    /// Before this place all records have come.
    come: u64,
    /// Records that came beyond it, by the place of their first.
    ahead: BTreeMap<u64, u64>,
    /// Before this place all records were asked for.
    asked_to: u64,
    /// How many there are, when the partner has said so.
    count: Option<u64>,
    /// An operator wants everything, though nothing makes it necessary.
    wanted: bool,
    /// The partner's latest word on each address it spoke of, while this server has no memory of its own.
    heard_of: BTreeMap<Ipv4Addr, (u64, Version)>,
    last: Option<Synced>,
}

impl Sync {
    pub(super) fn want(&mut self) {
        self.wanted = true;
    }

    /// What came so far counts no more, and nothing of it that is still to come: there is a new life of the partner, or
    /// of this server.
    pub(super) fn forget_partner(&mut self) {
        self.under_way = false;
    }

    /// Whether records come in.
    pub(super) fn is_moving(&self, now: Now) -> bool {
        self.under_way && now.boot_ms < self.moved_boot_ms.saturating_add(STALLED_MS)
    }

    fn begin(&mut self, now: Now) {
        let Sync { asked, wanted, last, .. } = *self;
        let (asked, begun_boot_ms) = (asked + 1, now.boot_ms);
        *self = Sync { asked, under_way: true, begun_boot_ms, wanted, last, ..Sync::default() };
    }

    /// Whether something the partner said in `epoch` is of the sync that is under way.
    fn is_of_it(&mut self, now: Now, sync: SyncId, epoch: u64) -> bool {
        if !self.under_way || sync != self.asked {
            return false;
        }
        let begun = *self.epoch.get_or_insert(epoch);
        if epoch == begun {
            self.moved_boot_ms = now.boot_ms;
        } else if epoch > begun {
            // It is asked for anew.
            self.under_way = false;
        }
        epoch == begun
    }

    /// Whether the partner's word on an address is its latest, as far as was heard. Who has no memory believes it, so an
    /// earlier one that was overtaken must not take its place.
    pub(super) fn is_latest_word(&mut self, word: &Binding) -> bool {
        let Binding { address, epoch, version, .. } = *word;
        let latest = self
            .heard_of
            .get(&address)
            .is_none_or(|(before, heard)| epoch > *before || (epoch == *before && covers(version, *heard)));
        if latest {
            self.heard_of.insert(address, (epoch, version));
        }
        latest
    }

    /// Whether a part is of the sync that is under way; then it counts.
    pub(super) fn expects(&mut self, now: Now, sync: SyncId, epoch: u64, first: u64, records: usize) -> bool {
        if !self.is_of_it(now, sync, epoch) || first >= self.asked_to {
            return false;
        }
        let end = self.ahead.entry(first).or_default();
        *end = (*end).max(first + records as u64);
        while let Some((first, end)) = self.ahead.first_key_value().filter(|(first, _)| **first <= self.come)
        {
            let (first, end) = (*first, *end);
            self.come = self.come.max(end);
            self.ahead.remove(&first);
        }
        true
    }

    pub(super) fn announced(&mut self, now: Now, sync: SyncId, epoch: u64, count: u64) {
        if self.is_of_it(now, sync, epoch) {
            self.count = Some(count);
        }
    }

    /// From where on the next window is to be asked for, if it is time.
    fn next_window(&mut self, window: u64) -> Option<u64> {
        let due = self.under_way && self.count.is_none() && self.come + window / 2 >= self.asked_to;
        let from = self.asked_to;
        self.asked_to += if due { window } else { 0 };
        due.then_some(from)
    }
}

impl Pair {
    /// The last sync of this life that has come to its end.
    pub fn last_sync(&self) -> Option<Synced> {
        self.sync.last
    }

    /// Asks for everything, if it is needed and the partner is in a state to give it; again from where it stopped, if it
    /// has stopped.
    pub(super) fn ask_for_sync(&mut self, now: Now, store: &Store) {
        let needed = self.is_stale() || (self.sync.wanted && !self.facts.sole);
        if !needed || !self.session.partner.can_give() || !self.session.is_heard(now, &self.config) {
            return;
        }
        if self.sync.is_moving(now) {
            return self.ask_for_next_window(store);
        }
        if self.sync.under_way {
            self.count("sync-asked-again");
        } else {
            self.sync.begin(now);
            self.count("sync-asked");
        }
        self.sync.moved_boot_ms = now.boot_ms;
        self.sync.asked_to = self.sync.come;
        self.sync.count = None;
        self.ask_for_next_window(store);
    }

    /// The question rests on what has come being on disk: so the partner tells no faster than this disk writes.
    fn ask_for_next_window(&mut self, store: &Store) {
        let sync = self.sync.asked;
        if let Some(from) = self.sync.next_window(self.config.sync_window) {
            self.say(Body::SyncRequest { sync, from }, store.unsynced());
        }
    }

    /// Some records, and how many there are if these are the last. Only who is sovereign and holds no powers gives them:
    /// they went, durably, before this.
    pub(super) fn give_window(&mut self, sync: SyncId, from: u64, store: &Store) {
        let sole = self.facts.sole && Rule::PowersGoInRejoin.holds();
        if !self.is_sovereign() || sole {
            return self.count("sync-refused");
        }
        self.count("sync-answered");
        let (window, count) = (self.config.sync_window, store.bindings().len() as u64);
        let size =
            |records: u64| usize::try_from(records).expect("there are fewer records than IPv4 addresses");
        let mut records = store.bindings().from(size(from.min(count))).take(size(window));
        let mut first = from;
        loop {
            let part: Vec<Binding> = records.by_ref().take(RECORDS).cloned().collect();
            if part.is_empty() {
                break;
            }
            let next = first + part.len() as u64;
            self.say(Body::Snapshot { sync, first, records: part }, store.unsynced());
            first = next;
        }
        if first >= count {
            self.say(Body::Synced { sync, count }, store.unsynced());
        }
    }

    /// When all of it has come this server is of the partner's epoch and whole again.
    pub(super) fn try_to_finish_sync(&mut self, now: Now, store: &mut Store) {
        let (Some(count), Some(epoch)) = (self.sync.count, self.sync.epoch) else { return };
        let needed = self.is_stale() || self.sync.wanted;
        if !self.sync.under_way || self.sync.come < count || !needed || epoch < self.facts.epoch {
            return;
        }
        self.sync.under_way = false;
        self.sync.wanted = false;
        let took_ms = now.boot_ms.saturating_sub(self.sync.begun_boot_ms);
        self.sync.last = Some(Synced { number: self.sync.asked, records: self.sync.come, took_ms });
        self.count("sync-finished");
        if !self.is_stale() {
            return;
        }
        self.facts.epoch = epoch;
        if self.facts.amnesic {
            self.forget_what_only_a_restored_disk_says(store);
            self.facts.amnesic = false;
            // All that former lives said is made good, though the partner may speak of them once more.
            self.boot_before = self.boot_before.max(self.facts.boot);
            self.facts.rest_until_wall_ms = self.moment(now).late_wall_ms.saturating_add(self.fence_ms());
        }
        self.session.exchanged = !self.is_stale();
        self.keep_facts(store);
        self.arrears.owe_all(store.bindings().iter().map(|binding| binding.address));
        self.conclude(now, store);
        let hello = self.hello();
        self.say(hello, None);
    }

    /// R11: a binding of which the partner never heard may be of a client before another one to whom the lost life gave
    /// the same address. Neither was told more than the lead time, and own free addresses rest that long from now on.
    fn forget_what_only_a_restored_disk_says(&mut self, store: &mut Store) {
        let heard_of = std::mem::take(&mut self.sync.heard_of);
        let unknown = store.bindings().iter().filter(|binding| {
            !matches!(binding.state, State::Free { .. }) && !heard_of.contains_key(&binding.address)
        });
        for binding in unknown.cloned().collect::<Vec<_>>() {
            self.count("restored-forgotten");
            store.apply(freed(binding, self.config.me.index(), self.facts.epoch));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(boot_ms: u64) -> Now {
        Now { boot_ms, wall_ms: boot_ms }
    }

    /// A sync that has asked for its first window, of eight records.
    fn begun() -> Sync {
        let mut sync = Sync::default();
        sync.begin(at(0));
        assert_eq!(sync.next_window(8), Some(0));
        assert_eq!(sync.next_window(8), None);
        sync
    }

    #[test]
    fn windows_follow_each_other_and_none_after_the_last() {
        let mut sync = begun();
        assert!(sync.expects(at(1), 1, 5, 0, 3));
        assert_eq!(sync.next_window(8), None);
        assert!(sync.expects(at(1), 1, 5, 3, 3));
        assert_eq!(sync.next_window(8), Some(8));
        assert!(sync.expects(at(2), 1, 5, 6, 2) && sync.expects(at(2), 1, 5, 8, 1));
        sync.announced(at(3), 1, 5, 9);
        assert_eq!((sync.come, sync.count, sync.epoch), (9, Some(9), Some(5)));
        assert_eq!(sync.next_window(8), None);
    }

    #[test]
    fn parts_count_once_in_any_order_and_a_gap_is_seen() {
        let mut sync = begun();
        assert!(sync.expects(at(1), 1, 5, 4, 4) && sync.expects(at(1), 1, 5, 4, 4));
        assert_eq!(sync.come, 0);
        // Asked for again after a break, parts may begin elsewhere and overlap.
        assert!(sync.expects(at(2), 1, 5, 0, 3));
        assert_eq!(sync.come, 3);
        assert!(sync.expects(at(3), 1, 5, 3, 3));
        assert_eq!(sync.come, 8);
        assert!(sync.ahead.is_empty());
    }

    #[test]
    fn what_was_not_asked_for_does_not_count() {
        let mut sync = begun();
        assert!(!sync.expects(at(1), 2, 5, 0, 4), "of another sync");
        assert!(!sync.expects(at(1), 1, 5, 8, 4), "beyond what was asked for");
        sync.begin(at(2));
        assert_eq!(sync.next_window(8), Some(0));
        assert!(!sync.expects(at(3), 1, 5, 0, 4), "of the one before");
        assert_eq!(sync.come, 0);
    }

    #[test]
    fn two_epochs_are_not_put_together() {
        let mut sync = begun();
        assert!(sync.expects(at(1), 1, 5, 0, 4));
        assert!(!sync.expects(at(2), 1, 4, 4, 4), "late, of an epoch before");
        assert!(sync.is_moving(at(3)));
        assert!(!sync.expects(at(4), 1, 6, 4, 4), "the partner was alone meanwhile");
        assert!(!sync.is_moving(at(4)), "so it is asked for anew");
        assert!(!sync.expects(at(5), 1, 5, 4, 4));
    }

    #[test]
    fn a_new_life_of_the_partner_ends_it() {
        let mut sync = begun();
        assert!(sync.expects(at(1), 1, 5, 0, 4));
        sync.forget_partner();
        assert!(!sync.is_moving(at(1)) && !sync.expects(at(1), 1, 5, 4, 4));
    }

    #[test]
    fn it_stalls_when_nothing_of_it_comes() {
        let mut sync = begun();
        assert!(sync.expects(at(10), 1, 5, 0, 4));
        assert!(sync.is_moving(at(10 + STALLED_MS - 1)));
        assert!(!sync.is_moving(at(10 + STALLED_MS)));
    }

    #[test]
    fn an_overtaken_word_is_not_the_latest() {
        let mut sync = begun();
        let word = |epoch, version| Binding {
            epoch,
            version: Version(version),
            ..Binding::unused([10, 0, 0, 1].into())
        };
        assert!(sync.is_latest_word(&word(5, [2, 1])));
        assert!(sync.is_latest_word(&word(5, [2, 1])), "the same once more");
        assert!(!sync.is_latest_word(&word(5, [1, 1])));
        assert!(!sync.is_latest_word(&word(4, [9, 9])));
        assert!(sync.is_latest_word(&word(6, [0, 1])));
    }
}
