//! From the compiler's words to the protocol's.

use leasehold_compiler::diag::{Diagnostic, Redundant, Severity, plain_text};
use leasehold_compiler::editor::position::{Lines, Place};
use leasehold_compiler::source::Sources;
use leasehold_schemas::source::{FileId, Span};
use lsp_types::{
    DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag, Location, NumberOrString, Position,
    Range,
};

/// A file's text and lines, to say where something is.
pub(super) struct Sheet<'s> {
    pub(super) text: &'s str,
    lines: Lines,
}

impl<'s> Sheet<'s> {
    pub(super) fn new(text: &'s str) -> Sheet<'s> {
        Sheet { text, lines: Lines::new(text) }
    }

    /// The file's text; empty if it is not UTF-8.
    pub(super) fn of(sources: &'s Sources, file: FileId) -> Sheet<'s> {
        Sheet::new(std::str::from_utf8(&sources.file(file).bytes).unwrap_or_default())
    }

    pub(super) fn offset(&self, position: Position) -> usize {
        self.lines.offset(self.text, place(position))
    }

    pub(super) fn range(&self, start: usize, end: usize) -> Range {
        Range { start: self.position(start), end: self.position(end) }
    }

    pub(super) fn span(&self, span: Span) -> Range {
        self.range(span.start as usize, span.end as usize)
    }

    fn position(&self, offset: usize) -> Position {
        let Place { line, unit } = self.lines.place(self.text, offset);
        Position { line, character: unit }
    }
}

pub(super) fn place(position: Position) -> Place {
    Place { line: position.line, unit: position.character }
}

/// A finding as the editor shows it.
pub(super) fn diagnostic(
    finding: &Diagnostic,
    sheet: &Sheet<'_>,
    mut elsewhere: impl FnMut(Span) -> Option<Location>,
) -> lsp_types::Diagnostic {
    let related = finding.secondary.iter().filter_map(|label| {
        let location = elsewhere(label.span)?;
        Some(DiagnosticRelatedInformation { location, message: label.text.clone() })
    });
    let related: Vec<DiagnosticRelatedInformation> = related.collect();
    lsp_types::Diagnostic {
        range: sheet.span(finding.primary.span),
        severity: Some(match finding.severity {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
            Severity::Information => DiagnosticSeverity::INFORMATION,
        }),
        code: Some(NumberOrString::String(format!("{} {}", finding.rule.code, finding.rule.slug))),
        code_description: None,
        source: Some("leasehold".to_owned()),
        message: plain_text(finding),
        related_information: (!related.is_empty()).then_some(related),
        tags: matches!(finding.redundant, Some(Redundant::Always)).then(|| vec![DiagnosticTag::UNNECESSARY]),
        data: None,
    }
}
