//! Which addresses of a range can be had, without looking for them.
//!
//! Addresses nobody ever had come first, in order; then those that were given back longest ago. Lists are keyed by
//! range, so a reload that leaves a range alone leaves its list alone. Invariant: an address is in a list or out of
//! it, never in it twice. Knows nothing of reservations: the caller refuses what it may not give.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::Ipv4Addr;

use leasehold_schemas::vocab::AddrRange;

use super::record::State;
use super::table::Bindings;
use crate::estate::FastHash;

/// The free addresses of every pool range.
#[derive(Debug, Default)]
pub struct FreeLists {
    /// First address of each list, in order; ranges do not overlap.
    firsts: Vec<u32>,
    lists: Vec<FreeList>,
}

#[derive(Debug)]
struct FreeList {
    range: AddrRange,
    /// First address that was never touched; one past the last when none is left.
    fresh: u64,
    /// Addresses beyond `fresh` that are not fresh any more.
    touched: HashSet<u32, FastHash>,
    /// Addresses given back, by the order in which they were.
    queue: BTreeMap<u64, u32>,
    place: HashMap<u32, u64, FastHash>,
    arrivals: u64,
    /// What the caller refused since the last reload.
    refused: Vec<u32>,
}

impl FreeLists {
    /// Takes over the ranges of a new estate: unchanged ones keep their lists, others are filled from the records.
    /// Addresses refused before may be asked for again. Of two ranges that overlap the lower is kept.
    pub fn set_ranges(&mut self, ranges: impl IntoIterator<Item = AddrRange>, bindings: &Bindings) {
        let before = std::mem::take(self);
        let mut before: HashMap<u32, FreeList> = before.firsts.into_iter().zip(before.lists).collect();
        let mut fresh: Vec<u32> = Vec::new();
        let mut ranges: Vec<AddrRange> = ranges.into_iter().collect();
        ranges.sort_unstable();
        for range in ranges {
            if self.lists.last().is_some_and(|last| last.range.last() >= range.first()) {
                continue;
            }
            let first = range.first().to_bits();
            let list = match before.remove(&first) {
                Some(mut list) if list.range == range => {
                    list.readmit();
                    list
                }
                Some(_) | None => {
                    fresh.push(first);
                    FreeList::new(range)
                }
            };
            self.firsts.push(first);
            self.lists.push(list);
        }
        self.fill(&fresh, bindings);
    }

    /// One pass over the records settles what the new lists hold: those free longest are first in the queue.
    fn fill(&mut self, fresh: &[u32], bindings: &Bindings) {
        if fresh.is_empty() {
            return;
        }
        let mut free: Vec<(u64, Ipv4Addr)> = Vec::new();
        for binding in bindings.iter() {
            let Some(list) = self.list_of(binding.address) else { continue };
            if fresh.binary_search(&list.range.first().to_bits()).is_err() {
                continue;
            }
            list.take(binding.address);
            if matches!(binding.state, State::Free { .. }) {
                free.push((binding.details.transaction_wall_ms, binding.address));
            }
        }
        free.sort_unstable();
        for (_, address) in free {
            self.give(address);
        }
    }

    /// Every range, in order.
    pub fn ranges(&self) -> impl Iterator<Item = AddrRange> + '_ {
        self.lists.iter().map(|list| list.range)
    }

    /// Takes the next free address of `range` that `usable` accepts. What is refused is set aside until
    /// [`FreeLists::set_ranges`] or [`FreeLists::give`]; so a refusal costs once. The address is out of the list
    /// until it is given back.
    pub fn pick(&mut self, range: AddrRange, mut usable: impl FnMut(Ipv4Addr) -> bool) -> Option<Ipv4Addr> {
        let list = self.list_of(range.first()).filter(|list| list.range == range)?;
        loop {
            let address = list.next()?;
            if usable(Ipv4Addr::from_bits(address)) {
                return Some(Ipv4Addr::from_bits(address));
            }
            list.refused.push(address);
        }
    }

    /// Takes `address` out, if it is in a list: it is offered or bound.
    pub fn take(&mut self, address: Ipv4Addr) {
        if let Some(list) = self.list_of(address) {
            list.take(address);
        }
    }

    /// Puts `address` at the end of its range's queue, if it is not in the list already.
    pub fn give(&mut self, address: Ipv4Addr) {
        if let Some(list) = self.list_of(address) {
            list.give(address.to_bits());
        }
    }

    /// Count of addresses in the list of `range`; what would be refused is counted until it was.
    pub fn free(&self, range: AddrRange) -> u64 {
        let at = self.firsts.binary_search(&range.first().to_bits());
        at.map(|at| &self.lists[at]).ok().filter(|list| list.range == range).map_or(0, FreeList::free)
    }

    /// Lets addresses that were refused be asked for again: what may be given has changed.
    pub fn readmit(&mut self) {
        self.lists.iter_mut().for_each(FreeList::readmit);
    }

    fn list_of(&mut self, address: Ipv4Addr) -> Option<&mut FreeList> {
        let at = self.firsts.partition_point(|first| *first <= address.to_bits()).checked_sub(1)?;
        let list = &mut self.lists[at];
        list.range.contains(address).then_some(list)
    }
}

impl FreeList {
    fn new(range: AddrRange) -> FreeList {
        FreeList {
            range,
            fresh: u64::from(range.first().to_bits()),
            touched: HashSet::default(),
            queue: BTreeMap::new(),
            place: HashMap::default(),
            arrivals: 0,
            refused: Vec::new(),
        }
    }

    fn free(&self) -> u64 {
        let last = u64::from(self.range.last().to_bits());
        last + 1 - self.fresh - self.touched.len() as u64 + self.queue.len() as u64
    }

    /// Each address is passed once as a fresh one, so a full pool costs nothing to ask.
    fn next(&mut self) -> Option<u32> {
        while self.fresh <= u64::from(self.range.last().to_bits()) {
            let address = u32::try_from(self.fresh).expect("a range ends at 2^32 - 1 at the latest");
            self.fresh += 1;
            if !self.touched.remove(&address) {
                return Some(address);
            }
        }
        let (_, address) = self.queue.pop_first()?;
        self.place.remove(&address);
        Some(address)
    }

    fn is_fresh(&self, address: u32) -> bool {
        u64::from(address) >= self.fresh && !self.touched.contains(&address)
    }

    fn take(&mut self, address: Ipv4Addr) {
        let address = address.to_bits();
        if let Some(arrival) = self.place.remove(&address) {
            self.queue.remove(&arrival);
        } else if self.is_fresh(address) {
            self.touched.insert(address);
        }
    }

    fn give(&mut self, address: u32) {
        if self.is_fresh(address) || self.place.contains_key(&address) {
            return;
        }
        self.queue.insert(self.arrivals, address);
        self.place.insert(address, self.arrivals);
        self.arrivals += 1;
    }

    fn readmit(&mut self) {
        for address in std::mem::take(&mut self.refused) {
            self.give(address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range() -> AddrRange {
        "10.0.0.10 - 10.0.0.13".parse().expect("a range")
    }

    fn lists() -> FreeLists {
        let mut lists = FreeLists::default();
        lists.set_ranges([range()], &Bindings::default());
        lists
    }

    fn pick(lists: &mut FreeLists) -> Option<u8> {
        lists.pick(range(), |_| true).map(|address| address.octets()[3])
    }

    fn address(last: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, 0, 0, last)
    }

    #[test]
    fn unused_addresses_come_first_and_freed_ones_in_the_order_they_were_freed() {
        let mut lists = lists();
        assert_eq!(pick(&mut lists), Some(10));
        assert_eq!(pick(&mut lists), Some(11));
        lists.give(address(11));
        lists.give(address(10));
        lists.give(address(11));
        let order: Vec<_> = std::iter::from_fn(|| pick(&mut lists)).collect();
        assert_eq!(order, [12, 13, 11, 10]);
        assert_eq!(lists.free(range()), 0);
    }

    #[test]
    fn a_specific_address_is_taken_out_wherever_it_stands() {
        let mut lists = lists();
        lists.take(address(12));
        assert_eq!(lists.free(range()), 3);
        assert_eq!(pick(&mut lists), Some(10));
        lists.give(address(10));
        lists.take(address(10));
        assert_eq!(pick(&mut lists), Some(11));
        assert_eq!(pick(&mut lists), Some(13));
        assert_eq!(pick(&mut lists), None);
        lists.give(address(12));
        assert_eq!(pick(&mut lists), Some(12));
    }

    #[test]
    fn refused_addresses_come_back_with_the_next_estate_and_unchanged_ranges_keep_their_lists() {
        let mut lists = lists();
        assert_eq!(lists.pick(range(), |found| found == address(11)), Some(address(11)));
        lists.set_ranges([range()], &Bindings::default());
        assert_eq!(lists.free(range()), 3, "11 is still out, 10 is back");
        let order: Vec<_> = std::iter::from_fn(|| pick(&mut lists)).collect();
        assert_eq!(order, [12, 13, 10]);
    }
}
