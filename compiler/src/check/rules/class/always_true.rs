//! L606: tests that every packet passes.

use super::truths::{Truth, Truths};
use crate::check::proof::Contents;
use crate::diag::{Diagnostic, Rule, Severity, Sink};

/// Every packet passes a class's test.
pub static RULE: Rule = Rule {
    code: "L606",
    slug: "always-true",
    severity: Severity::Warning,
    allowable: true,
    page: include_str!("always_true.md"),
};

/// Reports them, unless it is only because of another class that is reported.
pub fn check(truths: &Truths<'_>, sink: &mut Sink) {
    for (id, _, _) in truths.classes.iter().filter(|(_, _, truth)| *truth == Truth::Always) {
        let class = &truths.estate.classes[*id];
        let name = &class.name.value;
        let Some(test) = &class.test else { continue };
        let message = format!("every packet passes the test of class `{name}`");
        let mut diagnostic = Diagnostic::new(&RULE, test.span, message, "always true");
        if let Some(packet) = truths.somewhere().and_then(|senders| senders.stranger(&Contents::default())) {
            diagnostic = diagnostic
                .with_note(format!("`leasehold why {packet}` shows a packet that says nothing and is in it"));
        }
        sink.push(diagnostic.with_help("set what everybody gets at the estate, without a class"));
    }
}
