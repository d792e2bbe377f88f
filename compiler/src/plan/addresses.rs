//! Sets of addresses as ranges in order, none touching another.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use leasehold_schemas::vocab::AddrRange;

/// The ranges in order, those that touch or overlap made one.
pub fn joined(mut ranges: Vec<AddrRange>) -> Vec<AddrRange> {
    ranges.sort_unstable();
    let mut joined: Vec<AddrRange> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match joined.last_mut() {
            Some(last) if u64::from(range.first().to_bits()) <= u64::from(last.last().to_bits()) + 1 => {
                let end = last.last().max(range.last());
                *last = AddrRange::new(last.first(), end).expect("the end is not before the first");
            }
            Some(_) | None => joined.push(range),
        }
    }
    joined
}

/// What is left of the ranges without these addresses.
pub fn without(ranges: &[AddrRange], addresses: &BTreeSet<Ipv4Addr>) -> Vec<AddrRange> {
    let mut left = Vec::with_capacity(ranges.len());
    for range in ranges {
        let mut rest = Some(*range);
        for address in addresses.range(range.first()..=range.last()) {
            let Some(whole) = rest else { break };
            // Addresses come in order: what lies before this one is done.
            let [one, other] = whole.without(AddrRange::single(*address));
            let (done, after) = match one {
                Some(part) if part.last() < *address => (Some(part), other),
                part => (None, part.or(other)),
            };
            left.extend(done);
            rest = after;
        }
        left.extend(rest);
    }
    left
}

/// How many addresses the ranges have.
pub fn count(ranges: &[AddrRange]) -> u64 {
    ranges.iter().map(|range| range.size()).sum()
}

/// `10.42.8.20 - 10.42.8.99, 10.42.8.110`
pub fn shown(ranges: &[AddrRange]) -> String {
    ranges.iter().map(ToString::to_string).collect::<Vec<String>>().join(", ")
}
