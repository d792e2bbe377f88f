//! A pool without an address to give.

use super::placement::{Placement, reserved};
use super::ranges::Ranges;
use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::{Estate, Pool, Subnet};
use leasehold_schemas::vocab::AddrRange;

/// L322.
pub static RULE: Rule = Rule {
    code: "L322",
    slug: "exhausted-pool",
    severity: Severity::Warning,
    allowable: true,
    page: include_str!("exhausted_pool.md"),
};

/// Looks at every pool without its exclusions and reserved addresses.
pub fn check(estate: &Estate, sink: &mut Sink) {
    let placement = Placement::of(estate);
    for_each_pool(estate, &placement, |subnet, pool, taken| {
        let range = pool.range.value;
        if taken.gaps(range).next().is_some() {
            return;
        }
        let excluded = Ranges::new(subnet.exclusions.iter().map(|exclusion| exclusion.range.value));
        let (how, help) = match excluded.gaps(range).next() {
            None => ("excluded", "remove the pool, or exclude fewer of its addresses"),
            Some(left) if left == range => {
                ("reserved", "remove the pool if only reserved clients live here, else enlarge it")
            }
            Some(_) => (
                "excluded or reserved",
                "remove the pool if only reserved clients live here, else enlarge it",
            ),
        };
        let message = format!("pool `{range}` is wholly {how}");
        let label = "no client can get an address from it";
        sink.push(Diagnostic::new(&RULE, pool.range.span, message, label).with_help(help));
    });
}

/// Calls `visit` for every pool inside its subnet, with everything in the subnet that no client can get.
pub(super) fn for_each_pool(
    estate: &Estate,
    placement: &Placement,
    mut visit: impl FnMut(&Subnet, &Pool, &Ranges),
) {
    for subnet in estate.subnets.values().filter(|subnet| !subnet.pools.is_empty()) {
        let excluded = subnet.exclusions.iter().map(|exclusion| exclusion.range.value);
        let taken = Ranges::new(excluded.chain(reserved(estate, subnet).map(AddrRange::single)));
        for &pool in &subnet.pools {
            let pool = &estate.pools[pool];
            if !placement.pool_outside(estate, pool) {
                visit(subnet, pool, &taken);
            }
        }
    }
}
