//! L008: a file of a version that this program does not read. Raised by `decode`.

use leasehold_schemas::source::Span;

use crate::diag::{Diagnostic, Edit, Rule, Severity};

/// A file of a version that this program does not read.
pub static RULE: Rule = Rule {
    code: "L008",
    slug: "unknown-version",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("unknown_version.md"),
};

/// The finding: `version` is written where only `ours` is read.
pub(crate) fn report(span: Span, version: u32, ours: u32) -> Diagnostic {
    let message = format!("unknown version {version} of the estate language");
    Diagnostic::new(&RULE, span, message, format!("this program reads version {ours}"))
        .with_note("nothing else in the file was looked at")
        .with_help(format!("write `{ours}`, or use a program that reads version {version}"))
        .with_fix(format!("Write `{ours}`"), vec![Edit { span, text: ours.to_string() }])
}
