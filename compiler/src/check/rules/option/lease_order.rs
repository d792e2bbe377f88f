//! L506: shortest, default and longest lease time in their order, in every place as they are inherited there.

use super::findings::Findings;
use super::lifetimes::{self, Lifetimes};
use crate::diag::{Diagnostic, Rule, Severity, Sink};
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
pub fn check(estate: &Estate, sink: &mut Sink) {
    let mut findings = Findings::default();
    estate.views(lifetimes::any, &mut |view| {
        let Some(disorder) = Lifetimes::of(view).and_then(|times| times.lease_disorder()) else { return };
        let Some((culprit, other, span)) = disorder.culprit() else { return };
        if estate.is_partial_view(view) {
            return;
        }
        findings.add(view.subnet, span, || {
            let message = format!("{} is longer than {}", disorder.shorter, disorder.longer);
            let diagnostic = Diagnostic::new(&RULE, span, message, format!("{} here", culprit.seconds));
            let bound = if culprit.name == "lease" { other.name } else { culprit.name };
            let bound = bound.trim_start_matches("lease.");
            let help = format!("write `lease: {{default: {0}, {bound}: {0}}}`", culprit.seconds);
            match other.said {
                Some((_, at)) => diagnostic.with_secondary(at, format!("{} here", other.seconds)),
                None => diagnostic.with_note("the default lease time is not said, and then it is 8h"),
            }
            .with_help(help)
        });
    });
    findings.report(sink);
}
