//! How many addresses of each pool range are free, apart for each home: what a pair frees early rests on it.
//!
//! Kept by counting, never by looking through a range. A single server has none of it.

use std::net::Ipv4Addr;

use leasehold_schemas::vocab::AddrRange;

use crate::failover::{Ownership, Side};
use crate::leases::record::{Binding, State};
use crate::leases::table::Bindings;

/// Free addresses of one home below which a range is low: one in so many of the whole range,
const LOW_PART: u64 = 50;
/// and at least so many.
const LOW_MIN: u64 = 4;

/// The stock of every range.
#[derive(Debug)]
pub(super) struct Stock {
    ownership: Ownership,
    /// In order; ranges do not overlap.
    ranges: Vec<(AddrRange, [u64; 2])>,
}

pub(super) fn is_free(binding: &Binding) -> bool {
    matches!(binding.state, State::Free { .. })
}

impl Stock {
    pub(super) fn count(
        ranges: impl Iterator<Item = AddrRange>,
        ownership: Ownership,
        bindings: &Bindings,
    ) -> Stock {
        let ranges = ranges
            .map(|range| (range, [Side::Primary, Side::Standby].map(|side| size(range, ownership, side))));
        let mut stock = Stock { ownership, ranges: ranges.collect() };
        bindings
            .iter()
            .filter(|binding| !is_free(binding))
            .for_each(|binding| stock.change(binding.address, false));
        stock
    }

    pub(super) fn ownership(&self) -> Ownership {
        self.ownership
    }

    /// An address has become free, or is free no more.
    pub(super) fn change(&mut self, address: Ipv4Addr, free: bool) {
        let home = self.ownership.home(address).index();
        if let Some(at) = self.range_of(address) {
            let count = &mut self.ranges[at].1[home];
            *count = if free { *count + 1 } else { count.saturating_sub(1) };
        }
    }

    /// Whether the home of an address has few free ones left where the address lies.
    pub(super) fn is_low(&self, address: Ipv4Addr) -> bool {
        self.range_of(address).is_some_and(|at| is_low(&self.ranges[at], self.ownership.home(address)))
    }

    /// Ranges in which a server has few free addresses of its own left.
    pub(super) fn low_ranges(&self, side: Side) -> impl Iterator<Item = AddrRange> + '_ {
        self.ranges.iter().filter(move |range| is_low(range, side)).map(|(range, _)| *range)
    }

    fn range_of(&self, address: Ipv4Addr) -> Option<usize> {
        let at = self.ranges.partition_point(|(range, _)| range.first() <= address).checked_sub(1)?;
        self.ranges[at].0.contains(address).then_some(at)
    }
}

fn is_low((range, free): &(AddrRange, [u64; 2]), side: Side) -> bool {
    let whole = u64::from(range.last().to_bits()) - u64::from(range.first().to_bits()) + 1;
    free[side.index()] < (whole / LOW_PART).max(LOW_MIN)
}

/// How many addresses of a range are a server's.
fn size(range: AddrRange, ownership: Ownership, side: Side) -> u64 {
    let (first, last) = (u64::from(range.first().to_bits()), u64::from(range.last().to_bits()));
    let share = u64::from(ownership.share);
    // Those before whose successor `share` divides.
    let standby = (last + 1) / share - first / share;
    match side {
        Side::Primary => last + 1 - first - standby,
        Side::Standby => standby,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leases::client::{Client, ClientKey};

    #[test]
    fn sizes_are_what_counting_gives() {
        for share in 2..9 {
            let ownership = Ownership { share };
            for (first, last) in [(0, 0), (16, 27), (7, 64), (1, 255)] {
                let [first, last] = [first, last].map(|last| Ipv4Addr::new(10, 0, 0, last));
                let range = AddrRange::new(first, last).expect("in order");
                for side in [Side::Primary, Side::Standby] {
                    let all = first.to_bits()..=last.to_bits();
                    let counted =
                        all.filter(|bits| ownership.home(Ipv4Addr::from_bits(*bits)) == side).count();
                    assert_eq!(size(range, ownership, side), counted as u64, "{share} {range:?} {side:?}");
                }
            }
        }
    }

    #[test]
    fn a_range_is_low_for_the_home_that_has_few_left() {
        let at = |last| Ipv4Addr::new(10, 0, 0, last);
        let range = AddrRange::new(at(0), at(31)).expect("in order");
        let ownership = Ownership { share: 4 };
        let mut bindings = Bindings::default();
        let client = Client {
            key: ClientKey::Identifier([1].into()),
            identifier: None,
            hardware_type: 1,
            hardware: None,
        };
        for last in [3, 7, 11, 15] {
            bindings.put(Binding { state: State::Bound(client.clone()), ..Binding::unused(at(last)) });
        }
        let mut stock = Stock::count([range].into_iter(), ownership, &bindings);
        assert_eq!(stock.ranges, [(range, [24, 4])]);
        assert!(!stock.is_low(at(19)) && !stock.is_low(at(0)));
        stock.change(at(19), false);
        assert!(stock.is_low(at(3)) && !stock.is_low(at(0)) && !stock.is_low(at(77)));
        assert_eq!(stock.low_ranges(Side::Standby).collect::<Vec<_>>(), [range]);
        assert_eq!(stock.low_ranges(Side::Primary).count(), 0);
        stock.change(at(19), true);
        assert!(!stock.is_low(at(3)));
    }
}
