//! Records that the partner may not have, and which of them are under way to it.
//!
//! Invariant: an address that is owed is under way, urgent or among the rest, and in the latter two only if it is owed
//! and not under way. So what is to be sent is found without looking at what is not. Bounded by the addresses there
//! are, and what is under way by [`WINDOW`].

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::Ipv4Addr;

use super::AGAIN_MS;
use crate::leases::{Binding, Version};

/// Updates under way at once.
pub(super) const WINDOW: usize = 1_024;

/// What is still to be heard of an update.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) address: Ipv4Addr,
    pub(super) epoch: u64,
    pub(super) version: Version,
    pub(super) born: Version,
    /// What this server may believe when the partner grants its wish; 0: nothing was wished.
    pub(super) potential_wall_ms: u64,
    pub(super) sent_boot_ms: u64,
}

/// What is owed to the partner.
#[derive(Debug, Default)]
pub(super) struct Arrears {
    owed: BTreeSet<Ipv4Addr>,
    /// Somebody waits for the partner's word: these go first.
    urgent: BTreeSet<Ipv4Addr>,
    /// In the order in which they became urgent; who is not urgent any more is skipped.
    queue: VecDeque<Ipv4Addr>,
    rest: BTreeSet<Ipv4Addr>,
    /// Of what is owed, what was so when another artefact was taken up.
    marked: BTreeSet<Ipv4Addr>,
    under_way: BTreeMap<Ipv4Addr, u64>,
    pending: BTreeMap<u64, Pending>,
    last_id: u64,
}

impl Arrears {
    /// Everything may be owed to a partner that was not heard yet.
    pub(super) fn of_all(addresses: impl Iterator<Item = Ipv4Addr>) -> Arrears {
        let owed: BTreeSet<Ipv4Addr> = addresses.collect();
        Arrears { rest: owed.clone(), owed, ..Arrears::default() }
    }

    /// How many records are owed.
    pub(super) fn len(&self) -> usize {
        self.owed.len()
    }

    /// Whether the partner has everything.
    pub(super) fn is_empty(&self) -> bool {
        self.owed.is_empty()
    }

    /// Remembers what is owed now.
    pub(super) fn mark(&mut self) {
        self.marked.clone_from(&self.owed);
    }

    /// Forgets what was marked.
    pub(super) fn unmark(&mut self) {
        self.marked.clear();
    }

    /// Whether the partner has had everything that was marked, as it was or as it has become.
    pub(super) fn has_paid_marked(&self) -> bool {
        self.marked.is_empty()
    }

    /// A record has changed; what is under way is out of date.
    pub(super) fn owe(&mut self, address: Ipv4Addr) {
        self.owed.insert(address);
        self.under_way.remove(&address);
        self.rest.remove(&address);
        if self.urgent.insert(address) {
            self.queue.push_back(address);
        }
    }

    /// The same, and nobody waits for it.
    pub(super) fn owe_at_leisure(&mut self, address: Ipv4Addr) {
        self.owed.insert(address);
        self.under_way.remove(&address);
        if !self.urgent.contains(&address) {
            self.rest.insert(address);
        }
    }

    /// The partner may lack any of these. What is under way is as good as what would be sent.
    pub(super) fn owe_all(&mut self, addresses: impl Iterator<Item = Ipv4Addr>) {
        for address in addresses {
            self.owed.insert(address);
            if !self.under_way.contains_key(&address) && !self.urgent.contains(&address) {
                self.rest.insert(address);
            }
        }
    }

    /// The partner has it.
    pub(super) fn pay(&mut self, address: Ipv4Addr) {
        self.owed.remove(&address);
        self.marked.remove(&address);
        self.urgent.remove(&address);
        self.rest.remove(&address);
    }

    /// Nothing that was sent counts any more.
    pub(super) fn forget_what_is_under_way(&mut self) {
        self.pending.clear();
        self.under_way.clear();
        let urgent = &self.urgent;
        self.rest = self.owed.iter().filter(|address| !urgent.contains(address)).copied().collect();
    }

    /// What was not acknowledged for long is to be sent again; whether there is any.
    pub(super) fn forget_overdue(&mut self, now_boot_ms: u64) -> bool {
        let over = |pending: &Pending| now_boot_ms >= pending.sent_boot_ms + AGAIN_MS;
        let overdue: Vec<u64> =
            self.pending.iter().filter(|(_, pending)| over(pending)).map(|(id, _)| *id).collect();
        for id in &overdue {
            self.answered(*id);
        }
        !overdue.is_empty()
    }

    /// An update is not waited for any more. If the address is still owed, and nothing else of it is under way, it is
    /// to be sent again, unless it is paid now.
    pub(super) fn answered(&mut self, id: u64) -> Option<Pending> {
        let pending = self.pending.remove(&id)?;
        let address = pending.address;
        if self.under_way.get(&address) == Some(&id) {
            self.under_way.remove(&address);
            if self.owed.contains(&address) {
                self.rest.insert(address);
            }
        }
        Some(pending)
    }

    /// Takes what is to be sent next, as far as there is room; of what nobody waits for nothing unless it is `at_leisure`.
    pub(super) fn take_due(&mut self, at_leisure: bool) -> Vec<Ipv4Addr> {
        let mut due = Vec::new();
        let room = WINDOW.saturating_sub(self.pending.len());
        while due.len() < room {
            let next = self.next_urgent();
            let Some(address) = next.or_else(|| if at_leisure { self.rest.pop_first() } else { None }) else {
                break;
            };
            due.push(address);
        }
        due
    }

    fn next_urgent(&mut self) -> Option<Ipv4Addr> {
        while let Some(address) = self.queue.pop_front() {
            if self.urgent.remove(&address) {
                return Some(address);
            }
        }
        None
    }

    /// A record that was taken is under way from now on; gives the update's id, which is never used twice.
    pub(super) fn send(&mut self, record: &Binding, now_boot_ms: u64) -> u64 {
        self.last_id += 1;
        self.under_way.insert(record.address, self.last_id);
        let pending = Pending {
            address: record.address,
            epoch: record.epoch,
            version: record.version,
            born: record.born,
            potential_wall_ms: 0,
            sent_boot_ms: now_boot_ms,
        };
        self.pending.insert(self.last_id, pending);
        self.last_id
    }

    /// An update leaves only now, with this wish.
    pub(super) fn left(&mut self, id: u64, now_boot_ms: u64, potential_wall_ms: u64) {
        if let Some(pending) = self.pending.get_mut(&id) {
            pending.potential_wall_ms = potential_wall_ms;
            pending.sent_boot_ms = now_boot_ms;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, 0, 0, last)
    }

    fn send(arrears: &mut Arrears, now: u64) -> Vec<(u8, u64)> {
        let due = arrears.take_due(true);
        due.iter().map(|at| (at.octets()[3], arrears.send(&Binding::unused(*at), now))).collect()
    }

    #[test]
    fn what_somebody_waits_for_goes_before_what_nobody_waits_for() {
        let mut arrears = Arrears::of_all((1..5).map(address));
        arrears.owe(address(9));
        arrears.owe(address(3));
        assert_eq!(send(&mut arrears, 0), [(9, 1), (3, 2), (1, 3), (2, 4), (4, 5)]);
        assert_eq!(send(&mut arrears, 0), []);
        assert_eq!(arrears.len(), 5);
    }

    #[test]
    fn a_change_is_sent_though_its_forerunner_is_under_way_and_an_old_ack_does_not_hide_it() {
        let mut arrears = Arrears::default();
        arrears.owe(address(1));
        assert_eq!(send(&mut arrears, 0), [(1, 1)]);
        arrears.owe(address(1));
        assert!(arrears.answered(1).is_some());
        assert_eq!(send(&mut arrears, 0), [(1, 2)]);
        // Acknowledged in a version that is not the record's any more: it is still owed, so it goes again.
        assert!(arrears.answered(2).is_some());
        assert_eq!(send(&mut arrears, 0), [(1, 3)]);
        assert!(arrears.answered(3).is_some());
        arrears.pay(address(1));
        assert!(arrears.is_empty() && send(&mut arrears, 0).is_empty());
        assert!(arrears.answered(3).is_none());
    }

    #[test]
    fn what_was_marked_is_paid_once_even_if_it_is_owed_again() {
        let mut arrears = Arrears::of_all((1..3).map(address));
        arrears.mark();
        arrears.owe(address(7));
        arrears.pay(address(1));
        arrears.owe(address(1));
        assert!(!arrears.has_paid_marked());
        arrears.pay(address(2));
        assert!(arrears.has_paid_marked() && arrears.len() == 2);
    }

    #[test]
    fn no_more_than_the_window_is_under_way_and_what_is_overdue_goes_again() {
        let all = u32::try_from(WINDOW).expect("small") + 10;
        let mut arrears = Arrears::of_all((0..all).map(Ipv4Addr::from_bits));
        assert_eq!(send(&mut arrears, 5).len(), WINDOW);
        assert_eq!(send(&mut arrears, 5).len(), 0);
        assert!(!arrears.forget_overdue(5 + AGAIN_MS - 1));
        assert!(arrears.forget_overdue(5 + AGAIN_MS));
        assert_eq!(send(&mut arrears, 5 + AGAIN_MS).len(), WINDOW);
    }

    #[test]
    fn a_new_life_of_the_partner_is_owed_everything_again() {
        let mut arrears = Arrears::of_all((1..4).map(address));
        send(&mut arrears, 0);
        arrears.owe(address(2));
        arrears.forget_what_is_under_way();
        let sent = send(&mut arrears, 0);
        assert_eq!(sent.iter().map(|(last, _)| *last).collect::<Vec<_>>(), [2, 1, 3]);
    }
}
