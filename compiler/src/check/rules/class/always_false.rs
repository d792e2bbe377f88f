//! L605: tests that no packet passes.

use leasehold_schemas::artefact::Test;

use super::truths::{Truth, Truths};
use crate::diag::{Diagnostic, Rule, Severity, Sink};

/// No packet passes a class's test.
pub static RULE: Rule = Rule {
    code: "L605",
    slug: "always-false",
    severity: Severity::Warning,
    allowable: true,
    page: include_str!("always_false.md"),
};

/// Reports them, unless it is only because of another class that is reported.
pub fn check(truths: &Truths<'_>, sink: &mut Sink) {
    for (id, _, _) in truths.classes.iter().filter(|(_, _, truth)| *truth == Truth::Never) {
        let class = &truths.estate.classes[*id];
        let name = &class.name.value;
        let Some(test) = &class.test else { continue };
        let message = format!("no packet passes the test of class `{name}`");
        let mut diagnostic = Diagnostic::new(&RULE, test.span, message, "always false");
        let (reason, near) = truths.contradiction(&test.value);
        if let Some(reason) = reason {
            diagnostic = diagnostic.with_note(reason);
        }
        if let Some(packet) = near {
            diagnostic = diagnostic.with_note(format!(
                "`leasehold why {packet}` shows a packet that comes near and is not in it"
            ));
        }
        sink.push(diagnostic.with_help(match &test.value {
            Test::And(_) => "write `or` between what excludes each other, if either is meant",
            Test::Constant(_)
            | Test::Or(_)
            | Test::Not(_)
            | Test::Equal(..)
            | Test::In(..)
            | Test::Within(..)
            | Test::Match(..)
            | Test::Exists(_)
            | Test::Member(_) => "compare with what a client can send, or remove the class",
        }));
    }
}
