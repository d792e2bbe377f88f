//! The lines of files that one diagnostic speaks of, as the snippet renderer wants them.
//!
//! The renderer knows one text for each diagnostic. The files that take part are laid end to end, the primary
//! label's first, and a request across a border fails, so that each file gets a frame of its own.

use std::collections::BTreeMap;
use std::fmt;

use leasehold_schemas::source::{FileId, Span};
use miette::{LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::plain;
use crate::diag::line_index::{Column, LineIndex};
use crate::diag::{Diagnostic, Label};
use crate::source::Sources;

/// Widest part of a line that is shown, in octets.
const SHOWN_BYTES_MAX: usize = 400;

/// What is shown before a label where the line is too long to be shown whole, in octets.
const LEAD_BYTES: usize = 60;

/// One file, fit for a terminal.
pub(super) struct Excerpt {
    path: String,
    /// The file's text with every control character and broken octet replaced by as many `?`, so that offsets
    /// stay, and one more line feed, so that its end has a line to be shown on.
    text: String,
    lines: LineIndex,
}

impl Excerpt {
    pub(super) fn new(sources: &Sources, file: FileId) -> Excerpt {
        let mut text = String::new();
        for chunk in sources.file(file).bytes.utf8_chunks() {
            for c in chunk.valid().chars() {
                match c {
                    '\t' | '\n' => text.push(c),
                    '\r' => text.push(' '),
                    _ if c.is_control() => text.extend(std::iter::repeat_n('?', c.len_utf8())),
                    _ => text.push(c),
                }
            }
            text.extend(std::iter::repeat_n('?', chunk.invalid().len()));
        }
        let lines = LineIndex::new(text.as_bytes());
        text.push('\n');
        Excerpt { path: plain(&sources.display_path(file)), text, lines }
    }

    /// Makes what stands at the span illegible; offsets stay.
    pub(super) fn black_out(&mut self, span: Span) {
        let (start, end) = (self.floor(span.start as usize), self.floor(span.end as usize));
        let blacked: String = self.text[start..end]
            .chars()
            .flat_map(|c| {
                if c == '\n' { std::iter::repeat_n(c, 1) } else { std::iter::repeat_n('*', c.len_utf8()) }
            })
            .collect();
        self.text.replace_range(start..end, &blacked);
    }

    /// The nearest border of characters at or before `at`.
    fn floor(&self, at: usize) -> usize {
        (0..=at.min(self.text.len())).rev().find(|&at| self.text.is_char_boundary(at)).unwrap_or(0)
    }

    /// A label's range, cut to its first line and to what is shown of that.
    fn first_line(&self, start: u32, end: u32) -> (usize, usize) {
        let (_, line_end) = self.lines.line(self.lines.position(start, Column::Bytes).line);
        let start = self.floor((start.min(line_end)) as usize);
        let end = (end.min(line_end) as usize).min(start + SHOWN_BYTES_MAX / 2);
        (start, self.floor(end).max(start))
    }
}

/// One diagnostic's labels over its files.
pub(super) struct Snippet<'a> {
    parts: Vec<(usize, &'a Excerpt)>,
    labels: Vec<LabeledSpan>,
}

impl<'a> Snippet<'a> {
    pub(super) fn new(diagnostic: &Diagnostic, excerpts: &'a BTreeMap<FileId, Excerpt>) -> Snippet<'a> {
        let mut bases: BTreeMap<FileId, usize> = BTreeMap::new();
        let mut parts = Vec::new();
        let mut length = 0;
        let mut labels = Vec::new();
        for (place, Label { span, text }) in
            std::iter::once(&diagnostic.primary).chain(&diagnostic.secondary).enumerate()
        {
            let excerpt = &excerpts[&span.file];
            let base = *bases.entry(span.file).or_insert_with(|| {
                parts.push((length, excerpt));
                let base = length;
                length += excerpt.text.len();
                base
            });
            let (start, end) = excerpt.first_line(span.start, span.end);
            let source_span = SourceSpan::from((base + start, end - start));
            let text = (!text.is_empty()).then(|| plain(text));
            labels.push(if place == 0 {
                LabeledSpan::new_primary_with_span(text, source_span)
            } else {
                LabeledSpan::new_with_span(text, source_span)
            });
        }
        Snippet { parts, labels }
    }
}

impl SourceCode for Snippet<'_> {
    /// Whole lines where context is asked for, though never more than the lines of the span; without context
    /// only the place of its beginning.
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        context_before: usize,
        _context_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let part = self.parts.partition_point(|&(base, _)| base <= span.offset());
        let (base, excerpt) =
            *part.checked_sub(1).and_then(|at| self.parts.get(at)).ok_or(MietteError::OutOfBounds)?;
        let start = span.offset() - base;
        let end = start + span.len();
        if end >= excerpt.text.len().max(1) {
            return Err(MietteError::OutOfBounds);
        }
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let first = excerpt.lines.position(offset(start), Column::Characters);
        let last = excerpt.lines.position(offset(end), Column::Bytes);
        let (mut from, column) = if context_before == 0 {
            (start, first.column as usize - 1)
        } else {
            (excerpt.lines.line(first.line).0 as usize, 0)
        };
        let mut to = excerpt.lines.line(last.line).1 as usize + 1;
        if to - from > SHOWN_BYTES_MAX * (last.line - first.line + 1) as usize {
            from = excerpt.floor(start.saturating_sub(LEAD_BYTES).max(from));
            to = excerpt.floor((end + LEAD_BYTES).min(to)).max(end);
        }
        let data = &excerpt.text.as_bytes()[from..to];
        Ok(Box::new(MietteSpanContents::new_named(
            excerpt.path.clone(),
            data,
            SourceSpan::from((base + from, to - from)),
            first.line as usize - 1,
            column,
            (last.line - first.line + 1) as usize,
        )))
    }
}

impl miette::Diagnostic for Snippet<'_> {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self)
    }
    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

impl std::error::Error for Snippet<'_> {}

impl fmt::Display for Snippet<'_> {
    /// Nothing: the headline stands before the snippet.
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl fmt::Debug for Snippet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snippet").field("labels", &self.labels).finish_non_exhaustive()
    }
}
