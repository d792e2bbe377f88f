//! Two subnets with the same network address and different masks.

use super::overlapping_subnets::is_same_base;
use super::placement::{Placement, whose};
use super::prefixes::overlaps;
use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::Estate;

/// L303.
pub static RULE: Rule = Rule {
    code: "L303",
    slug: "same-base-other-mask",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("same_base_other_mask.md"),
};

/// Looks at every subnet of the estate.
pub fn check(estate: &Estate, sink: &mut Sink) {
    for overlap in overlaps(estate, &Placement::of(estate)) {
        if !is_same_base(estate, &overlap) {
            continue;
        }
        let subnet = &estate.subnets[overlap.at];
        let other = &estate.subnets[overlap.with[0]];
        let (prefix, earlier) = (subnet.prefix.value, other.prefix.value);
        let message = format!("subnet `{prefix}` stands elsewhere as `{earlier}`");
        let label = format!("mask /{} here", prefix.length());
        let there = format!("mask /{} here, in {}", earlier.length(), whose(estate, other));
        sink.push(
            Diagnostic::new(&RULE, subnet.prefix.span, message, label)
                .with_secondary(other.prefix.span, there)
                .with_help(
                    "keep one of the two if they mean one subnet, else correct the prefix that is mistyped",
                ),
        );
    }
}
