//! Diagnostics for programs: one document, as `schemas/diagnostics.schema.json` describes it.

use leasehold_schemas::report::{
    Finding, FindingEdit, FindingFix, FindingLabel, FindingSeverity, Place, REPORT_VERSION, Report, Summary,
};
use leasehold_schemas::source::Span;

use super::line_index::{Column, Position};
use super::locator::{Locator, Range};
use super::{Diagnostic, Edit, Fix, Label, Severity};
use crate::source::Sources;

/// Counts diagnostics by severity.
pub fn summary(diagnostics: &[Diagnostic]) -> Summary {
    let mut summary = Summary::default();
    for diagnostic in diagnostics {
        match diagnostic.severity {
            Severity::Error => summary.errors += 1,
            Severity::Warning => summary.warnings += 1,
            Severity::Information => summary.information += 1,
        }
    }
    summary
}

/// The report of these diagnostics with a line feed behind it; `summary` may count more than are shown.
pub fn json<'a>(
    sources: &Sources,
    diagnostics: impl IntoIterator<Item = &'a Diagnostic>,
    summary: Summary,
) -> String {
    let mut places = Places(Locator::new(sources, Column::Characters));
    let diagnostics = diagnostics.into_iter().map(|diagnostic| places.finding(diagnostic)).collect();
    let report = Report { version: REPORT_VERSION, diagnostics, summary };
    let mut text = serde_json::to_string_pretty(&report)
        .expect("a report has only string keys and no failing serialiser");
    text.push('\n');
    text
}

struct Places<'a>(Locator<'a>);

impl Places<'_> {
    fn finding(&mut self, diagnostic: &Diagnostic) -> Finding {
        let Diagnostic { rule, severity, message, primary, secondary, notes, help, fix, redundant: _ } =
            diagnostic;
        let (path, start, end) = self.range(primary.span);
        let mut labels = vec![self.label(primary, true)];
        labels.extend(secondary.iter().map(|label| self.label(label, false)));
        Finding {
            code: rule.code.to_owned(),
            slug: rule.slug.to_owned(),
            severity: match severity {
                Severity::Error => FindingSeverity::Error,
                Severity::Warning => FindingSeverity::Warning,
                Severity::Information => FindingSeverity::Information,
            },
            message: message.clone(),
            path,
            start,
            end,
            labels,
            notes: notes.clone(),
            help: help.clone(),
            fix: fix.as_ref().map(|fix| self.fix(fix)),
        }
    }

    fn label(&mut self, label: &Label, primary: bool) -> FindingLabel {
        let Label { span, text } = label;
        let (path, start, end) = self.range(*span);
        FindingLabel { primary, path, start, end, text: text.clone() }
    }

    fn fix(&mut self, fix: &Fix) -> FindingFix {
        let Fix { title, safe, edits } = fix;
        let edits = edits
            .iter()
            .map(|Edit { span, text }| {
                let (path, start, end) = self.range(*span);
                FindingEdit { path, start, end, text: text.clone() }
            })
            .collect();
        FindingFix { title: title.clone(), safe: *safe, edits }
    }

    fn range(&mut self, span: Span) -> (String, Place, Place) {
        let Range { path, start, end } = self.0.range(span);
        let place = |byte, at: Position| Place { byte, line: at.line, column: at.column };
        (path.to_owned(), place(span.start, start), place(span.end, end))
    }
}
