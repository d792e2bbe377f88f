//! Address ranges put in order, so that a question about one address costs a binary search.
//!
//! Invariant: the ranges are sorted and none touches another; ranges that overlapped were joined, and the joined
//! one keeps the place of the range that begins first.

use std::net::Ipv4Addr;

use leasehold_schemas::vocab::AddrRange;

/// Sorted ranges, each with the place it had in the list it came from.
#[derive(Debug)]
pub struct Ranges(Vec<(AddrRange, usize)>);

impl Ranges {
    /// Sorts and joins.
    pub fn new(ranges: impl Iterator<Item = AddrRange>) -> Ranges {
        let mut sorted: Vec<(AddrRange, usize)> =
            ranges.enumerate().map(|(place, range)| (range, place)).collect();
        sorted.sort_unstable();
        let mut joined: Vec<(AddrRange, usize)> = Vec::with_capacity(sorted.len());
        for (range, place) in sorted {
            match joined.last_mut() {
                Some((before, _)) if range.first() <= before.last() => {
                    let last = before.last().max(range.last());
                    *before = AddrRange::new(before.first(), last).expect("joining only moves the end up");
                }
                Some(_) | None => joined.push((range, place)),
            }
        }
        Ranges(joined)
    }

    /// The place of the range that holds the address.
    pub fn find(&self, addr: Ipv4Addr) -> Option<usize> {
        let behind = self.0.partition_point(|(range, _)| range.first() <= addr);
        let (range, place) = self.0.get(behind.checked_sub(1)?)?;
        range.contains(addr).then_some(*place)
    }

    /// The place of the first range that shares an address with `whole`.
    pub fn first_in(&self, whole: AddrRange) -> Option<usize> {
        let from = self.0.partition_point(|(range, _)| range.last() < whole.first());
        let (range, place) = self.0.get(from)?;
        range.intersection(whole).is_some().then_some(*place)
    }

    /// The parts of `whole` that no range holds, in order.
    pub fn gaps(&self, whole: AddrRange) -> impl Iterator<Item = AddrRange> {
        let from = self.0.partition_point(|(range, _)| range.last() < whole.first());
        let mut taken = self.0[from..].iter().map(|(range, _)| *range);
        let mut rest = Some(whole);
        std::iter::from_fn(move || {
            while let Some(left) = rest {
                let Some(next) = taken.next() else {
                    rest = None;
                    return Some(left);
                };
                let [before, after] = left.without(next);
                if left.intersection(next).is_none() {
                    rest = None;
                    return Some(left);
                }
                rest = after;
                if before.is_some() {
                    return before;
                }
            }
            None
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> AddrRange {
        text.parse().expect("a range")
    }

    #[test]
    fn joins_overlapping_ranges_and_finds_by_binary_search() {
        let ranges = Ranges::new(
            ["10.0.0.50 - 10.0.0.60", "10.0.0.1 - 10.0.0.100", "10.0.1.0"].into_iter().map(range),
        );
        assert_eq!(ranges.find("10.0.0.70".parse().unwrap()), Some(1));
        assert_eq!(ranges.find("10.0.1.0".parse().unwrap()), Some(2));
        assert_eq!(ranges.find("10.0.0.101".parse().unwrap()), None);
        assert_eq!(ranges.find("10.0.0.0".parse().unwrap()), None);
        assert_eq!(ranges.first_in(range("10.0.0.90 - 10.0.2.0")), Some(1));
        assert_eq!(ranges.first_in(range("10.0.0.101 - 10.0.0.255")), None);
    }

    #[test]
    fn gaps_are_what_is_left() {
        let ranges =
            Ranges::new(["10.0.0.1 - 10.0.0.4", "10.0.0.8", "255.255.255.255"].into_iter().map(range));
        let gaps = |whole: &str| ranges.gaps(range(whole)).map(|gap| gap.to_string()).collect::<Vec<_>>();
        assert_eq!(gaps("10.0.0.0 - 10.0.0.9"), ["10.0.0.0", "10.0.0.5 - 10.0.0.7", "10.0.0.9"]);
        assert_eq!(gaps("10.0.0.2 - 10.0.0.3"), Vec::<String>::new());
        assert_eq!(gaps("10.0.0.9 - 10.0.0.20"), ["10.0.0.9 - 10.0.0.20"]);
        assert_eq!(gaps("255.255.255.254 - 255.255.255.255"), ["255.255.255.254"]);
    }
}
