//! L506: shortest, default and longest lease time in their order, in every place as they are inherited there.

use leasehold_schemas::source::Span;

use super::lifetimes::{self, Disorder, Lifetimes, Time};
use crate::check::{Lines, Seen};
use crate::diag::{Diagnostic, Rule, Severity};
use crate::model::Estate;

/// The default lease time is not between its bounds.
pub static RULE: Rule = Rule {
    code: "L506",
    slug: "lease-order",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("lease_order.md"),
};

/// Reports the line that says the wrong time, once.
pub fn check(estate: &Estate, lines: &mut Lines) {
    let mut judge = |seen: Seen, disorder: Option<Disorder>| {
        let Some(disorder) = disorder else { return };
        let Some((culprit, other, said)) = disorder.culprit(lifetimes::common_file(estate)) else { return };
        lines.add_against(seen, said.statement, other.said.map(|said| said.statement), || {
            let blamed = finding(&disorder, (&culprit, said.span), &other);
            let turned = other.said.map(|there| finding(&disorder, (&other, there.span), &culprit));
            (blamed.clone(), turned.unwrap_or(blamed))
        });
    };
    estate
        .views(lifetimes::any, &mut |view| judge(Seen::in_view(view), Lifetimes::of(view).lease_disorder()));
    // What contradicts itself is wrong even where everybody says something else.
    estate.statements(lifetimes::any, &mut |view| {
        judge(Seen::Alone, Lifetimes::of(view).lease_disorder().filter(Disorder::is_one_statement));
    });
}

fn finding(disorder: &Disorder, (culprit, span): (&Time, Span), other: &Time) -> Diagnostic {
    let message = format!("{} is longer than {}", disorder.shorter, disorder.longer);
    let diagnostic = Diagnostic::new(&RULE, span, message, format!("{} here", culprit.seconds));
    match other.said {
        Some(said) => diagnostic.with_secondary(said.span, format!("{} here", other.seconds)),
        None => diagnostic.with_note("the default lease time is not said, and then it is 8h"),
    }
    .with_help(help(culprit, other))
}

/// The lease time as the nearest place has it, or the two bounds the other way round.
fn help(culprit: &Time, other: &Time) -> String {
    if culprit.name != "lease" && other.name != "lease" {
        let (low, high) = (culprit.seconds.min(other.seconds), culprit.seconds.max(other.seconds));
        return format!("write `lease: {{min: {low}, max: {high}}}` if the two were mixed up");
    }
    let bound = if culprit.name == "lease" { other.name } else { culprit.name };
    let bound = bound.trim_start_matches("lease.");
    format!("write `lease: {{default: {0}, {bound}: {0}}}`", culprit.seconds)
}
