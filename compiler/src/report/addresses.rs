//! What each address of a subnet is for.
//!
//! Ranges are laid over each other: what is more particular covers what is less.

use std::net::Ipv4Addr;

use leasehold_schemas::vocab::AddrRange;
use leasehold_server::failover::{Ownership, Side};

use super::document::{Addresses, Kind, Leased, Run};
use crate::model::{Estate, Subnet};
use crate::plan::addresses::joined;

/// All addresses of a subnet in order; no two runs that touch are of one kind.
pub fn runs(estate: &Estate, subnet: &Subnet) -> Vec<Run> {
    let prefix = subnet.prefix.value;
    let mut ends = Vec::new();
    if prefix.reserves_ends() {
        ends = [prefix.network(), prefix.last()].map(AddrRange::single).to_vec();
    }
    let pools = subnet.pools.iter().map(|id| estate.pools[*id].range.value).collect();
    let excluded = subnet.exclusions.iter().map(|exclusion| exclusion.range.value).collect();
    let runs = vec![Run { range: prefix.range(), kind: Kind::OutsidePools }];
    let runs = cover(&runs, &ends, Kind::End);
    let runs = cover(&runs, &joined(pools), Kind::Pool);
    let runs = cover(&runs, &joined(excluded), Kind::Excluded);
    cover(&runs, &reserved(estate, subnet), Kind::Reserved)
}

/// A subnet's reserved addresses as ranges in order.
pub fn reserved(estate: &Estate, subnet: &Subnet) -> Vec<AddrRange> {
    let addresses = subnet.reservations.iter().filter_map(|id| estate.reservations[*id].address.as_ref());
    joined(addresses.map(|address| AddrRange::single(address.value)).collect())
}

/// Lays ranges, in order and apart, over runs.
fn cover(runs: &[Run], over: &[AddrRange], kind: Kind) -> Vec<Run> {
    let mut covered = Vec::with_capacity(runs.len() + 2 * over.len());
    let mut next = 0;
    for run in runs {
        while over.get(next).is_some_and(|range| range.last() < run.range.first()) {
            next += 1;
        }
        let mut rest = Some(run.range);
        for range in &over[next..] {
            let Some(left) = rest else { break };
            let Some(common) = left.intersection(*range) else { break };
            let [before, after] = left.without(common);
            if let Some(before) = before {
                push(&mut covered, Run { range: before, kind: run.kind });
            }
            push(&mut covered, Run { range: common, kind });
            rest = after;
        }
        if let Some(range) = rest {
            push(&mut covered, Run { range, kind: run.kind });
        }
    }
    covered
}

/// The address behind a range.
pub fn behind(range: AddrRange) -> Option<Ipv4Addr> {
    range.last().to_bits().checked_add(1).map(Ipv4Addr::from_bits)
}

fn push(runs: &mut Vec<Run>, run: Run) {
    match runs.last_mut() {
        Some(last) if last.kind == run.kind && behind(last.range) == Some(run.range.first()) => {
            last.range =
                AddrRange::new(last.range.first(), run.range.last()).expect("runs follow each other");
        }
        Some(_) | None => runs.push(run),
    }
}

/// Counts runs. `leased` are the active leases of the subnet in order, where they are known.
pub fn count(runs: &[Run], ownership: Option<Ownership>, leased: Option<&[Ipv4Addr]>) -> Addresses {
    let mut counted = Addresses { leased: leased.map(|_| Leased::default()), ..Addresses::default() };
    for Run { range, kind } in runs {
        counted.all += range.size();
        match kind {
            Kind::Reserved => counted.reserved += range.size(),
            Kind::Excluded => counted.excluded += range.size(),
            Kind::Pool => {
                counted.pool += range.size();
                counted.standby += ownership.map_or(0, |ownership| homes(*range, ownership, Side::Standby));
            }
            Kind::End => counted.ends += range.size(),
            Kind::OutsidePools => counted.outside_pools += range.size(),
        }
        if let (Some(leased), Some(counts)) = (leased, &mut counted.leased) {
            let active = within(leased, *range);
            match kind {
                Kind::Reserved => counts.reserved += active,
                Kind::Pool => counts.pool += active,
                Kind::Excluded | Kind::End | Kind::OutsidePools => counts.elsewhere += active,
            }
        }
    }
    counted
}

/// How many of these addresses, in order, are in a range.
pub fn within(addresses: &[Ipv4Addr], range: AddrRange) -> u64 {
    let first = addresses.partition_point(|address| *address < range.first());
    let end = addresses.partition_point(|address| *address <= range.last());
    (end - first) as u64
}

/// How many addresses of a range are a server's home: of every `k`, the last is the second server's.
fn homes(range: AddrRange, ownership: Ownership, side: Side) -> u64 {
    let share = u64::from(ownership.share);
    let below = |address: u64| address / share;
    let standby = below(u64::from(range.last().to_bits()) + 1) - below(u64::from(range.first().to_bits()));
    match side {
        Side::Standby => standby,
        Side::Primary => range.size() - standby,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> AddrRange {
        text.parse().unwrap()
    }

    #[test]
    fn homes_are_those_of_the_server() {
        for share in 2..=9 {
            let ownership = Ownership { share };
            for (first, length) in [(0_u32, 1_u32), (0, 64), (7, 8), (8, 7), (15, 1), (u32::MAX - 9, 10)] {
                let last = Ipv4Addr::from_bits(first + (length - 1));
                let range = AddrRange::new(Ipv4Addr::from_bits(first), last).unwrap();
                for side in [Side::Primary, Side::Standby] {
                    let all = first..=last.to_bits();
                    let one_by_one =
                        all.filter(|bits| ownership.home(Ipv4Addr::from_bits(*bits)) == side).count();
                    assert_eq!(homes(range, ownership, side), one_by_one as u64, "{range} 1/{share}");
                }
            }
        }
    }

    #[test]
    fn what_is_laid_over_covers_and_what_touches_is_one() {
        let whole = vec![Run { range: range("10.0.0.0/24"), kind: Kind::OutsidePools }];
        let pooled = cover(&whole, &[range("10.0.0.10 - 10.0.0.19"), range("10.0.0.255")], Kind::Pool);
        let shown = |runs: &[Run]| {
            runs.iter().map(|run| format!("{} {:?}", run.range, run.kind)).collect::<Vec<String>>()
        };
        assert_eq!(
            shown(&pooled),
            [
                "10.0.0.0 - 10.0.0.9 OutsidePools",
                "10.0.0.10 - 10.0.0.19 Pool",
                "10.0.0.20 - 10.0.0.254 OutsidePools",
                "10.0.0.255 Pool",
            ]
        );
        let reserved = cover(&pooled, &[range("10.0.0.5 - 10.0.0.12"), range("10.0.1.0")], Kind::Reserved);
        assert_eq!(
            shown(&reserved)[..3],
            [
                "10.0.0.0 - 10.0.0.4 OutsidePools",
                "10.0.0.5 - 10.0.0.12 Reserved",
                "10.0.0.13 - 10.0.0.19 Pool"
            ]
        );
    }
}
