//! A subnet in somebody else's address space.

use super::placement::Placement;
use super::prefixes::address_space;
use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::Estate;

/// L326.
pub static RULE: Rule = Rule {
    code: "L326",
    slug: "prefix-not-private",
    severity: Severity::Warning,
    allowable: true,
    page: include_str!("prefix_not_private.md"),
};

/// Looks at every subnet, against what `address-space` declares, else against private space.
pub fn check(estate: &Estate, sink: &mut Sink) {
    if estate.scope.is_none() || estate.address_space_partial {
        return;
    }
    let placement = Placement::of(estate);
    let space = address_space(estate);
    for (id, subnet) in estate.subnets.iter() {
        let prefix = subnet.prefix.value;
        let inside = space.iter().any(|block| block.range().covers(prefix.range()));
        if inside || !placement.sure(estate, id) {
            continue;
        }
        let finding = match estate.address_space.first() {
            None => {
                let message = format!("subnet `{prefix}` is not in private address space");
                Diagnostic::new(&RULE, subnet.prefix.span, message, "its addresses are public").with_help(
                    format!("if they are yours, list `{prefix}` under `address-space` in `estate.yaml`"),
                )
            }
            Some(block) => {
                let message = format!("subnet `{prefix}` is outside the estate's address space");
                Diagnostic::new(&RULE, subnet.prefix.span, message, "in no declared block")
                    .with_secondary(block.span, "the address space is declared here")
                    .with_help(format!(
                        "correct the prefix, or list `{prefix}` under `address-space` in `estate.yaml`"
                    ))
            }
        };
        sink.push(finding);
    }
}
