//! Two exclusions of a subnet that share addresses.

use super::overlapping_pools::without;
use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::Estate;

/// L321.
pub static RULE: Rule = Rule {
    code: "L321",
    slug: "overlapping-exclusions",
    severity: Severity::Warning,
    allowable: true,
    page: include_str!("overlapping_exclusions.md"),
};

/// Looks at the exclusions of each subnet; each is reported at most once, at the later of two places.
pub fn check(estate: &Estate, sink: &mut Sink) {
    for subnet in estate.subnets.values().filter(|subnet| subnet.exclusions.len() > 1) {
        let mut order: Vec<usize> = (0..subnet.exclusions.len()).collect();
        let range = |place: usize| subnet.exclusions[place].range.value;
        order.sort_unstable_by_key(|&place| (range(place), place));
        let mut pairs: Vec<(usize, usize)> = Vec::new();
        let mut reaching: Option<usize> = None;
        for place in order {
            match reaching {
                Some(before) if range(place).first() <= range(before).last() => {
                    pairs.push((place.max(before), place.min(before)));
                    if range(place).last() > range(before).last() {
                        reaching = Some(place);
                    }
                }
                Some(_) | None => reaching = Some(place),
            }
        }
        pairs.sort_unstable();
        pairs.dedup_by_key(|(later, _)| *later);
        for (later, earlier) in pairs {
            let shared =
                range(later).intersection(range(earlier)).expect("the sweep found that they overlap");
            let message = format!("exclusions `{}` and `{}` overlap", range(later), range(earlier));
            let finding = Diagnostic::new(
                &RULE,
                subnet.exclusions[later].range.span,
                message,
                format!("excludes {shared} again"),
            );
            let (own, other) = (range(later), range(earlier));
            let help = match (other.covers(own), without(own, other)) {
                (true, _) => format!("remove this exclusion: `{other}` has all its addresses"),
                (false, Some(rest)) => format!("make this exclusion `{rest}`"),
                (false, None) => format!("remove exclusion `{other}`: this one has all its addresses"),
            };
            let finding = finding.with_help(help);
            sink.push(finding.with_secondary(subnet.exclusions[earlier].range.span, "already excluded here"));
        }
    }
}
