//! L504: T1 < T2 < lease time, in every place as it is inherited there.

use leasehold_schemas::source::Span;

use super::lifetimes::{self, Disorder, Lifetimes, Time};
use crate::check::{Lines, Seen};
use crate::diag::{Diagnostic, Rule, Severity};
use crate::model::{Estate, View};

/// A client would rebind before it renews, or after its lease has ended.
pub static RULE: Rule = Rule {
    code: "L504",
    slug: "timer-order",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("timer_order.md"),
};

/// Reports the line that says the wrong time, once.
pub fn check(estate: &Estate, lines: &mut Lines) {
    let mut judge = |view: &View<'_>, seen: Seen, wrong: fn(&Disorder) -> bool| {
        let times = Lifetimes::of(view);
        let disorder = times.timer_disorder().filter(wrong).filter(|_| times.lease_disorder().is_none());
        let Some(disorder) = disorder else { return };
        let Some((culprit, other, said)) = disorder.culprit(lifetimes::common_file(estate)) else { return };
        lines.add_against(seen, said.statement, other.said.map(|said| said.statement), || {
            let blamed = finding(&times, &disorder, (&culprit, said.span), &other);
            let turned = other.said.map(|there| finding(&times, &disorder, (&other, there.span), &culprit));
            (blamed.clone(), turned.unwrap_or(blamed))
        });
    };
    estate.views(lifetimes::any, &mut |view| judge(view, Seen::in_view(view), |_| true));
    // What contradicts itself is wrong even where everybody says something else.
    estate.statements(lifetimes::any, &mut |view| judge(view, Seen::Alone, Disorder::is_one_statement));
}

fn finding(
    times: &Lifetimes,
    disorder: &Disorder,
    (culprit, span): (&Time, Span),
    other: &Time,
) -> Diagnostic {
    let message = format!("{} is not shorter than {}", disorder.shorter, disorder.longer);
    let diagnostic = Diagnostic::new(&RULE, span, message, label(culprit));
    match (other.said, default_of(other.name)) {
        (Some(said), _) => diagnostic.with_secondary(said.span, label(other)),
        (None, Some(default)) => diagnostic.with_note(default),
        (None, None) => diagnostic,
    }
    .with_help(help(times, culprit))
}

fn label(time: &Time) -> String {
    format!("{} here", time.seconds)
}

fn default_of(name: &str) -> Option<&'static str> {
    match name {
        "lease" => Some("`lease` is not said, and then it is 8h"),
        "renew-after" => Some("`renew-after` is not said, and then it is half the lease time"),
        "rebind-after" => Some("`rebind-after` is not said, and then it is seven eighths of the lease time"),
        _ => None,
    }
}

/// The defaults follow the lease time, so they are always in order.
fn help(times: &Lifetimes, culprit: &Time) -> String {
    let late = times.late_timers();
    if culprit.name == "lease" && !late.is_empty() {
        let unset: Vec<String> = late.iter().map(|name| format!("`{name}: null`")).collect();
        return format!("say {} in the same place, so that they follow the lease time", unset.join(" and "));
    }
    format!("say `{}: null` here, so that it follows the lease time", culprit.name)
}
