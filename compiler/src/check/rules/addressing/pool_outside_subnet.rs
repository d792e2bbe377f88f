//! A pool with addresses that its subnet does not have.

use std::net::Ipv4Addr;

use leasehold_schemas::vocab::{AddrRange, Cidr};

use super::placement::Placement;
use super::prefixes::{Prefixes, overlaps};
use crate::diag::{Diagnostic, Edit, Rule, Severity, Sink};
use crate::model::{Estate, Id, Pool, Subnet};

/// L305.
pub static RULE: Rule = Rule {
    code: "L305",
    slug: "pool-outside-subnet",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("pool_outside_subnet.md"),
};

/// Looks at every pool. A subnet whose prefix fits nothing that it holds is reported once, at its prefix.
pub fn check(estate: &Estate, sink: &mut Sink) {
    let placement = Placement::of(estate);
    let mut prefixes = None;
    for pool in estate.pools.values() {
        if placement.pool_outside(estate, pool) {
            let prefixes = prefixes.get_or_insert_with(|| Prefixes::of(estate, |_| true));
            sink.push(finding(estate, pool, prefixes));
        }
    }
    let misplaced =
        estate.subnets.iter().filter(|(id, subnet)| placement.misplaced(*id) && !subnet.pools.is_empty());
    let misplaced: Vec<Id<Subnet>> = misplaced.map(|(id, _)| id).collect();
    if misplaced.is_empty() {
        return;
    }
    let reported: Vec<Id<Subnet>> = overlaps(estate, &placement).iter().map(|overlap| overlap.at).collect();
    for id in misplaced.into_iter().filter(|id| !reported.contains(id)) {
        let subnet = &estate.subnets[id];
        let prefix = subnet.prefix.value;
        let pool = &estate.pools[subnet.pools[0]].range;
        let message = format!("subnet `{prefix}` does not fit what stands in it");
        let label = format!("holds {}", prefix.range());
        sink.push(
            Diagnostic::new(&RULE, subnet.prefix.span, message, label)
                .with_secondary(pool.span, "not in the subnet, like all else that stands in it")
                .with_help("correct the prefix, or move what stands in the subnet"),
        );
    }
}

fn finding(estate: &Estate, pool: &Pool, prefixes: &Prefixes) -> Diagnostic {
    let subnet = &estate.subnets[pool.subnet];
    let (prefix, range) = (subnet.prefix.value, pool.range.value);
    let holds = format!("the subnet holds {}", prefix.range());
    let inside = range.intersection(prefix.range());
    let message = match inside {
        Some(_) => format!("pool `{range}` reaches out of its subnet `{prefix}`"),
        None => format!("pool `{range}` lies outside its subnet `{prefix}`"),
    };
    let wrong = if prefix.contains(range.first()) { range.last() } else { range.first() };
    let label = format!("`{wrong}` is not in the subnet");
    let diagnostic =
        Diagnostic::new(&RULE, pool.range.span, message, label).with_secondary(subnet.prefix.span, holds);
    let home =
        prefixes.containing(range.first()).filter(|_| inside.is_none()).map(|home| &estate.subnets[home]);
    match (inside, home) {
        (Some(inside), _) => {
            let inside = hosts(prefix).intersection(inside).unwrap_or(inside);
            let edit = Edit { span: pool.range.span, text: inside.to_string() };
            diagnostic
                .with_help(format!("make the pool `{inside}`"))
                .with_fix(format!("Make the pool {inside}"), vec![edit])
        }
        (None, Some(home)) if home.prefix.value.range().covers(range) => {
            diagnostic.with_help(format!("move the pool to subnet `{}`", home.prefix.value))
        }
        (None, _) => match moved_into(range, prefix) {
            Some(meant) => diagnostic.with_help(format!("did you mean `{meant}`?")),
            None => diagnostic.with_help(format!("write a range within `{}`", hosts(prefix))),
        },
    }
}

/// The range with the subnet's bits before its own, if that makes one.
fn moved_into(range: AddrRange, prefix: Cidr) -> Option<AddrRange> {
    let own = range.first().to_bits() ^ range.last().to_bits();
    let host = u32::MAX.checked_shr(u32::from(prefix.length())).unwrap_or(0);
    let into = |addr: Ipv4Addr| Ipv4Addr::from_bits(prefix.network().to_bits() | addr.to_bits() & host);
    let moved = AddrRange::new(into(range.first()), into(range.last())).ok()?;
    (own & !host == 0 && hosts(prefix).covers(moved)).then_some(moved)
}

/// The prefix without its network and broadcast address.
fn hosts(prefix: Cidr) -> AddrRange {
    let whole = prefix.range();
    if !prefix.reserves_ends() {
        return whole;
    }
    let inner = |addr: Ipv4Addr, by: i32| Ipv4Addr::from_bits(addr.to_bits().wrapping_add_signed(by));
    AddrRange::new(inner(whole.first(), 1), inner(whole.last(), -1)).expect("a /30 and wider has hosts")
}
