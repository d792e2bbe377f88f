//! Where spans are, as the formats for other programs say it: path, line and column.

use std::collections::BTreeMap;

use leasehold_schemas::source::{FileId, Span};

use super::line_index::{Column, LineIndex, Position};
use crate::source::Sources;

/// Finds lines and columns; each file's lines are counted once.
pub(super) struct Locator<'a> {
    sources: &'a Sources,
    column: Column,
    known: BTreeMap<FileId, (String, LineIndex)>,
}

/// A span in a reader's terms.
pub(super) struct Range<'a> {
    /// The file, as the command names it.
    pub path: &'a str,
    /// Where it begins.
    pub start: Position,
    /// The place behind its last character.
    pub end: Position,
}

impl<'a> Locator<'a> {
    pub fn new(sources: &'a Sources, column: Column) -> Locator<'a> {
        Locator { sources, column, known: BTreeMap::new() }
    }

    pub fn range(&mut self, span: Span) -> Range<'_> {
        let sources = self.sources;
        let (path, lines) = self.known.entry(span.file).or_insert_with(|| {
            (sources.display_path(span.file), LineIndex::new(&sources.file(span.file).bytes))
        });
        let (start, end) = (lines.position(span.start, self.column), lines.position(span.end, self.column));
        Range { path, start, end }
    }
}
