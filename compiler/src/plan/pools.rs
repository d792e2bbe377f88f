//! Pools: which addresses come and go, and what is another in those that stay.
//!
//! A pool is the addresses in it, so both sides are cut where either begins or ends.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use leasehold_schemas::artefact::{Pool, Subnet};
use leasehold_schemas::plan::ChangeKind;
use leasehold_schemas::vocab::AddrRange;

use super::addresses;
use super::compare::{Comparison, Located};
use super::differences::{Difference, differences};
use super::places::value;
use super::statement::{Found, Statement, Subject};
use super::words::{Guard, count, guard, guard_text, is_narrower};

/// Addresses that are in a pool on one side only, and what is another in those that are in one on both.
pub fn compare(
    comparison: &Comparison<'_>,
    (was, is): (&Located<'_>, &Located<'_>),
    of_subnet: &[Difference],
    found: &mut Found,
) {
    if was.subnet.pools == is.subnet.pools
        && was.subnet.pools.iter().all(|pool| pool.values.is_none() && pool.meanings.is_none())
    {
        return;
    }
    let mut removed = Vec::new();
    let mut added = Vec::new();
    let mut both: BTreeMap<(usize, usize), Vec<AddrRange>> = BTreeMap::new();
    for (range, old, new) in slices(&was.subnet.pools, &is.subnet.pools) {
        match (old, new) {
            (Some(old), Some(new)) => both.entry((old, new)).or_default().push(range),
            (Some(_), None) => removed.push(range),
            (None, Some(_)) => added.push(range),
            (None, None) => {}
        }
    }
    let (before, after) = (reserved(was.subnet), reserved(is.subnet));
    if !removed.is_empty() || !added.is_empty() {
        // A reserved address is never given to anybody else, in a pool or not.
        let removed = addresses::joined(addresses::without(&addresses::without(&removed, &before), &after));
        let added = addresses::joined(addresses::without(&added, &after));
        if !removed.is_empty() {
            let subject = Subject { ranges: removed.clone(), ..is.subject() };
            let what = count(addresses::count(&removed), "address");
            let statement = Statement::new(
                ChangeKind::PoolAddressesRemoved,
                what,
                Some(addresses::shown(&removed)),
                None,
            );
            found.dangers.extend(comparison.risks.pool_shrunk(is, &removed, subject.clone()));
            found.add(statement, subject);
        }
        if !added.is_empty() {
            let what = count(addresses::count(&added), "address");
            let statement =
                Statement::new(ChangeKind::PoolAddressesAdded, what, None, Some(addresses::shown(&added)));
            found.add(statement, Subject { ranges: added, ..is.subject() });
        }
    }
    let reserved_still: BTreeSet<Ipv4Addr> = before.intersection(&after).copied().collect();
    for ((old, new), ranges) in both {
        let ranges = addresses::joined(addresses::without(&ranges, &reserved_still));
        if ranges.is_empty() {
            continue;
        }
        let subject = Subject { ranges, ..is.subject() };
        let pools = (&was.subnet.pools[old], &is.subnet.pools[new]);
        pool(comparison, (was, is), pools, of_subnet, &subject, found);
    }
}

/// Whether somebody meets another guard: a client of a reserved address, or one of a pool. A guard that moves between
/// a subnet and its pools is the same to the latter.
pub fn guard_matters(was: &Located<'_>, is: &Located<'_>) -> bool {
    if !was.subnet.reservations.is_empty() || !is.subnet.reservations.is_empty() {
        return true;
    }
    let both = slices(&was.subnet.pools, &is.subnet.pools).into_iter();
    let mut both = both.filter_map(|(_, old, new)| old.zip(new)).peekable();
    both.peek().is_none()
        || both.any(|(old, new)| {
            pool_guard(was, &was.subnet.pools[old]) != pool_guard(is, &is.subnet.pools[new])
        })
}

/// Everything that is asked of a client of a pool.
fn pool_guard(place: &Located<'_>, pool: &Pool) -> Guard {
    guard(&[&place.network.only, &place.subnet.only, &pool.only])
}

/// Addresses that a subnet keeps for clients known by name.
fn reserved(subnet: &Subnet) -> BTreeSet<Ipv4Addr> {
    subnet.reservations.iter().filter_map(|reservation| reservation.address).collect()
}

/// One pool of both sides, as far as it differs from what its subnet says.
fn pool(
    comparison: &Comparison<'_>,
    (was, is): (&Located<'_>, &Located<'_>),
    (old, new): (&Pool, &Pool),
    of_subnet: &[Difference],
    subject: &Subject,
    found: &mut Found,
) {
    if old.only != new.only {
        let (before, after) = (pool_guard(was, old), pool_guard(is, new));
        let (from, to) = (guard_text(&before), guard_text(&after));
        if before != after {
            if is_narrower(&before, &after) {
                found.dangers.push(comparison.risks.guard_narrowed(
                    subject.clone(),
                    is.grounds(),
                    &from,
                    &to,
                ));
            }
            found.add(Statement::new(ChangeKind::PoolGuard, "guard", from, to), subject.clone());
        }
    }
    if old.values.is_none() && old.meanings.is_none() && new.values.is_none() && new.meanings.is_none() {
        return;
    }
    let before = comparison.before.values(was.subnet, Some(old));
    let after = comparison.after.values(is.subnet, Some(new));
    let first = new.ranges.first().map(|range| range.first());
    for difference in differences(&before, &after) {
        if !of_subnet.contains(&difference) {
            value(comparison, &difference, is, first, subject.clone(), found);
        }
    }
}

/// Cuts both sides' pools where either begins or ends: each slice with the pool it is in on each side.
fn slices(before: &[Pool], after: &[Pool]) -> Vec<(AddrRange, Option<usize>, Option<usize>)> {
    let mut cuts: BTreeSet<u64> = BTreeSet::new();
    for range in before.iter().chain(after).flat_map(|pool| &pool.ranges) {
        cuts.insert(u64::from(range.first().to_bits()));
        cuts.insert(u64::from(range.last().to_bits()) + 1);
    }
    let flat = |pools: &[Pool]| -> Vec<(AddrRange, usize)> {
        let mut ranges: Vec<(AddrRange, usize)> = Vec::new();
        for (at, pool) in pools.iter().enumerate() {
            ranges.extend(pool.ranges.iter().map(|range| (*range, at)));
        }
        ranges.sort_unstable();
        ranges
    };
    let (before, after) = (flat(before), flat(after));
    let pool_at = |ranges: &[(AddrRange, usize)], first: Ipv4Addr| {
        let next = ranges.partition_point(|(range, _)| range.first() <= first);
        let (range, pool) = ranges.get(next.checked_sub(1)?)?;
        range.contains(first).then_some(*pool)
    };
    let cuts: Vec<u64> = cuts.into_iter().collect();
    let address = |bits: u64| u32::try_from(bits).ok().map(Ipv4Addr::from_bits);
    let slice = |two: &[u64]| {
        let (first, last) = (address(two[0])?, address(two[1] - 1)?);
        let range = AddrRange::new(first, last).ok()?;
        Some((range, pool_at(&before, first), pool_at(&after, first)))
    };
    cuts.windows(2).filter_map(slice).collect()
}
