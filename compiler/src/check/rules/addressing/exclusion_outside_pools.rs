//! An exclusion that keeps nothing back.

use super::placement::Placement;
use super::ranges::Ranges;
use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::{Estate, Id, Subnet};

/// L320.
pub static RULE: Rule = Rule {
    code: "L320",
    slug: "exclusion-outside-pools",
    severity: Severity::Warning,
    allowable: true,
    page: include_str!("exclusion_outside_pools.md"),
};

/// Looks at every exclusion of a subnet that has pools, all of them sound.
pub fn check(estate: &Estate, sink: &mut Sink) {
    let placement = Placement::of(estate);
    for (id, subnet) in estate.subnets.iter().filter(|(_, subnet)| !subnet.exclusions.is_empty()) {
        if !judged(estate, &placement, id) {
            continue;
        }
        let pools = Ranges::new(subnet.pools.iter().map(|&pool| estate.pools[pool].range.value));
        for exclusion in &subnet.exclusions {
            let range = exclusion.range.value;
            if pools.gaps(range).next() == Some(range) {
                let message = format!("exclusion `{range}` lies outside every pool");
                let finding =
                    Diagnostic::new(&RULE, exclusion.range.span, message, "no pool holds these addresses");
                let finding = finding.with_help("remove it: no client is given these addresses anyway");
                sink.push(match subnet.pools[..] {
                    [] => finding.with_note("the subnet has no pool"),
                    [pool, ..] => {
                        finding.with_secondary(estate.pools[pool].range.span, "a pool of the subnet")
                    }
                });
            }
        }
    }
}

/// Whether the subnet's pools are all known and sound. One with neither pool nor reservation has another fault.
fn judged(estate: &Estate, placement: &Placement, id: Id<Subnet>) -> bool {
    let subnet = &estate.subnets[id];
    let outside = |pool| placement.pool_outside(estate, &estate.pools[pool]);
    let empty = subnet.pools.is_empty() && subnet.reservations.is_empty();
    if empty || !placement.sure(estate, id) || estate.is_partial(estate.scopes[subnet.scope].span) {
        return false;
    }
    !subnet.pools.iter().copied().any(outside)
}
