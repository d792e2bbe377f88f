//! Two subnets that share addresses.

use leasehold_schemas::vocab::Cidr;

use super::placement::{Placement, whose};
use super::prefixes::{Overlap, Prefixes, address_space, overlaps};
use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::Estate;

/// L302.
pub static RULE: Rule = Rule {
    code: "L302",
    slug: "overlapping-subnets",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("overlapping_subnets.md"),
};

/// Looks at every subnet of the estate. Those with the same base and another mask are another rule's.
pub fn check(estate: &Estate, sink: &mut Sink) {
    let found = overlaps(estate, &Placement::of(estate));
    let found: Vec<Overlap> = found.into_iter().filter(|overlap| !is_same_base(estate, overlap)).collect();
    if found.is_empty() {
        return;
    }
    let prefixes = Prefixes::of(estate, |_| true);
    let space = address_space(estate);
    for overlap in &found {
        sink.push(finding(estate, overlap, &prefixes, &space));
    }
}

/// Whether the overlap is between two subnets that differ in nothing but the mask.
pub(super) fn is_same_base(estate: &Estate, overlap: &Overlap) -> bool {
    let prefix = estate.subnets[overlap.at].prefix.value;
    let [other] = overlap.with[..] else { return false };
    let other = estate.subnets[other].prefix.value;
    prefix.network() == other.network() && prefix.length() != other.length()
}

fn finding(estate: &Estate, overlap: &Overlap, prefixes: &Prefixes, space: &[Cidr]) -> Diagnostic {
    let subnet = &estate.subnets[overlap.at];
    let prefix = subnet.prefix.value;
    let first = estate.subnets[overlap.with[0]].prefix.value;
    let message = match overlap.others {
        1 if first == prefix => format!("subnet `{prefix}` stands twice in the estate"),
        1 => format!("subnets `{prefix}` and `{first}` overlap"),
        others => format!("subnet `{prefix}` overlaps {others} others"),
    };
    let label = format!("claims {}", prefix.range());
    let mut diagnostic = Diagnostic::new(&RULE, subnet.prefix.span, message, label);
    for &other in &overlap.with {
        let other = &estate.subnets[other];
        let text = format!("already claimed here, by {}", whose(estate, other));
        diagnostic = diagnostic.with_secondary(other.prefix.span, text);
    }
    if overlap.others > overlap.with.len() {
        let hidden = overlap.others - overlap.with.len();
        diagnostic = diagnostic.with_note(format!("{hidden} more lie in it"));
    }
    match prefixes.nearest_free(prefix, space) {
        Some(free) => diagnostic.with_help(format!("the nearest free /{} is `{free}`", prefix.length())),
        None => diagnostic,
    }
}
