//! Two networks of a site have the same name.

use std::collections::BTreeMap;

use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::Estate;

/// Two networks of a site have the same name.
pub static RULE: Rule = Rule {
    code: "L102",
    slug: "duplicate-network",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("duplicate_network.md"),
};

/// Reports every network whose name an earlier one of its site has.
pub fn check(estate: &Estate, sink: &mut Sink) {
    for site in estate.sites.values() {
        let mut first = BTreeMap::new();
        for network in &site.networks {
            let name = &estate.networks[*network].name;
            let earlier = *first.entry(name.value.as_str()).or_insert(name.span);
            if earlier == name.span {
                continue;
            }
            sink.push(
                Diagnostic::new(
                    &RULE,
                    name.span,
                    format!("network `{}` stands twice in site {}", name.value, site.code.value),
                    "the same name again",
                )
                .with_secondary(earlier, "first used here")
                .with_help(
                    "give one of the two networks another name, or list the subnets of both under one",
                ),
            );
        }
    }
}
