//! What an estate says and Kea cannot: one finding a line, whatever many places inherit it.

use std::collections::BTreeMap;

use leasehold_schemas::source::Span;

use crate::check::rules::export::lost_in_kea;
use crate::diag::{Diagnostic, Severity};

/// Everything that is lost, by where it is said.
#[derive(Debug, Default)]
pub(super) struct Losses {
    found: BTreeMap<(Span, String), Diagnostic>,
}

impl Losses {
    /// Notes that what stands at `span` is lost, in words: what Kea lacks, and what becomes of it.
    pub(super) fn lose(&mut self, span: Span, path: &str, what: &str, becomes: &str) {
        self.note(Severity::Error, span, path, what, becomes);
    }

    /// Notes that something is kept, but means something else in rare cases.
    pub(super) fn change(&mut self, span: Span, path: &str, what: &str, becomes: &str) {
        self.note(Severity::Warning, span, path, what, becomes);
    }

    fn note(&mut self, severity: Severity, span: Span, path: &str, what: &str, becomes: &str) {
        let entry = self.found.entry((span, what.to_owned()));
        entry.or_insert_with(|| {
            let mut finding = Diagnostic::new(&lost_in_kea::RULE, span, what, becomes);
            finding.severity = severity;
            finding.with_note(format!("in Kea's configuration: {path}"))
        });
    }

    /// All of it, in the order of files and lines.
    pub(super) fn into_findings(self) -> Vec<Diagnostic> {
        self.found.into_values().collect()
    }
}
