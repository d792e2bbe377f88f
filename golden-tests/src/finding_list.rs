//! Findings in one line each: what a diagnostics case expects before anything about looks.

use std::fmt::Write as _;

use leasehold_compiler::diag::{Column, Diagnostic, LineIndex};
use leasehold_compiler::source::Sources;

/// `file:line:column CODE message`, one line a finding, in the order given. Columns count characters.
pub fn finding_list(sources: &Sources, findings: &[Diagnostic]) -> String {
    let mut out = String::new();
    for finding in findings {
        let span = finding.primary.span;
        let index = LineIndex::new(&sources.file(span.file).bytes);
        let at = index.position(span.start, Column::Characters);
        let path = sources.display_path(span.file);
        let (code, message) = (finding.rule.code, &finding.message);
        writeln!(out, "{path}:{}:{} {code} {message}", at.line, at.column)
            .expect("a string takes every write");
    }
    out
}
