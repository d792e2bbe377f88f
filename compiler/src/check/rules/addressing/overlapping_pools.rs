//! Two pools of a subnet that share addresses.

use std::net::Ipv4Addr;

use leasehold_schemas::vocab::AddrRange;

use super::placement::Placement;
use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::{Estate, Id, Pool};

/// L307.
pub static RULE: Rule = Rule {
    code: "L307",
    slug: "overlapping-pools",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("overlapping_pools.md"),
};

/// Looks at the pools of each subnet: pools of different subnets share addresses only where the subnets overlap or
/// a pool lies outside its subnet, and those are reported as such.
pub fn check(estate: &Estate, sink: &mut Sink) {
    let placement = Placement::of(estate);
    for subnet in estate.subnets.values().filter(|subnet| subnet.pools.len() > 1) {
        let pools = subnet.pools.iter().copied();
        let mut pools: Vec<Id<Pool>> =
            pools.filter(|&id| !placement.pool_outside(estate, &estate.pools[id])).collect();
        pools.sort_unstable_by_key(|&id| (estate.pools[id].range.value, id));
        let mut pairs: Vec<(Id<Pool>, Id<Pool>)> = Vec::new();
        let mut reaching: Option<Id<Pool>> = None;
        for id in pools {
            let range = estate.pools[id].range.value;
            match reaching {
                Some(before) if range.first() <= estate.pools[before].range.value.last() => {
                    pairs.push((id.max(before), id.min(before)));
                    if range.last() > estate.pools[before].range.value.last() {
                        reaching = Some(id);
                    }
                }
                Some(_) | None => reaching = Some(id),
            }
        }
        pairs.sort_unstable();
        pairs.dedup_by_key(|(later, _)| *later);
        for (later, earlier) in pairs {
            sink.push(finding(&estate.pools[later], &estate.pools[earlier]));
        }
    }
}

fn finding(pool: &Pool, earlier: &Pool) -> Diagnostic {
    let (range, other) = (pool.range.value, earlier.range.value);
    let shared = range.intersection(other).expect("the sweep found that they overlap");
    let message = format!("pools `{range}` and `{other}` overlap");
    let help = match (other.covers(range), without(range, other)) {
        (true, _) => format!("remove this pool: `{other}` has all its addresses"),
        (false, Some(rest)) => format!("make this pool `{rest}`"),
        (false, None) => format!("remove pool `{other}`: this one has all its addresses"),
    };
    Diagnostic::new(&RULE, pool.range.span, message, format!("claims {shared} again"))
        .with_secondary(earlier.range.span, "already claimed here")
        .with_help(help)
}

/// What is left of a range without the addresses of another that reaches over one of its ends.
pub(super) fn without(range: AddrRange, other: AddrRange) -> Option<AddrRange> {
    let next = |addr: Ipv4Addr, by: i32| Ipv4Addr::from_bits(addr.to_bits().wrapping_add_signed(by));
    if other.contains(range.first()) {
        AddrRange::new(next(other.last(), 1), range.last()).ok()
    } else if other.contains(range.last()) {
        AddrRange::new(range.first(), next(other.first(), -1)).ok()
    } else {
        None
    }
}
