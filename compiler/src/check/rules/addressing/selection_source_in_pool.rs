//! Clients that could choose their own network.

use super::ranges::Ranges;
use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::{Estate, Id, Pool};

/// L327.
pub static RULE: Rule = Rule {
    code: "L327",
    slug: "selection-source-in-pool",
    severity: Severity::Warning,
    allowable: true,
    page: include_str!("selection_source_in_pool.md"),
};

/// Looks at every source of subnet selection; a source that meets several pools is one finding, at the first of them.
pub fn check(estate: &Estate, sink: &mut Sink) {
    if estate.subnet_selection_sources.is_empty() {
        return;
    }
    let mut owners: Vec<Id<Pool>> = Vec::new();
    let mut given = Vec::new();
    for subnet in estate.subnets.values() {
        let excluded = Ranges::new(subnet.exclusions.iter().map(|exclusion| exclusion.range.value));
        for &pool in &subnet.pools {
            let left = excluded.gaps(estate.pools[pool].range.value);
            let before = given.len();
            given.extend(left);
            owners.resize(owners.len() + given.len() - before, pool);
        }
    }
    let given = Ranges::new(given.into_iter());
    for source in &estate.subnet_selection_sources {
        let Some(at) = given.first_in(source.value) else { continue };
        let pool = &estate.pools[owners[at]];
        let message = format!("subnet selection source `{}` takes in addresses of a pool", source.value);
        let label = "clients with such an address may choose their network";
        let finding = Diagnostic::new(&RULE, source.span, message, label);
        sink.push(
            finding
                .with_secondary(pool.range.span, "gives these addresses to clients")
                .with_help("list only the devices that ask in others' stead"),
        );
    }
}
