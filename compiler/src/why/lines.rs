//! Lines of the estate: where something is said, as people look it up.
//!
//! Invariant: a line's text holds no control character and is bounded; each file is indexed once, when first asked.

use std::cell::RefCell;
use std::collections::BTreeMap;

use leasehold_schemas::source::{FileId, Span};
use leasehold_schemas::vocab::ClassName;
use leasehold_schemas::why::Line;

use crate::Compilation;
use crate::diag::{Column, LineIndex};
use crate::lower::{Origin, Origins, Place, ValueName};
use crate::source::Sources;

/// Longest text of a line that is shown, in characters.
const TEXT_CHARACTERS_MAX: usize = 200;

/// The estate's lines.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    pub(super) origins: Origins<'a>,
    sources: &'a Sources,
    known: RefCell<BTreeMap<FileId, LineIndex>>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(compilation: &'a Compilation, sources: &'a Sources) -> Lines<'a> {
        Lines { origins: compilation.origins(), sources, known: RefCell::default() }
    }

    /// The line on which a span begins.
    pub(super) fn at(&self, span: Option<Span>) -> Option<Line> {
        let span = span?;
        let bytes = &self.sources.file(span.file).bytes;
        let mut known = self.known.borrow_mut();
        let index = known.entry(span.file).or_insert_with(|| LineIndex::new(bytes));
        let line = index.position(span.start, Column::Bytes).line;
        let (start, end) = index.line(line);
        let path = self.sources.display_path(span.file);
        Some(Line { path, line, text: plain(&bytes[start as usize..end as usize]) })
    }

    /// What stands in a span.
    pub(super) fn text(&self, span: Option<Span>) -> Option<String> {
        let span = span?;
        let bytes = &self.sources.file(span.file).bytes;
        Some(plain(bytes.get(span.start as usize..span.end as usize)?))
    }

    /// Where a place stands: a subnet's prefix, a pool's range, a reservation or device entry.
    pub(super) fn entry(&self, place: &Place) -> Option<Line> {
        self.at(match place {
            Place::Subnet(prefix) => self.origins.subnet(*prefix),
            Place::Pool(prefix, address) => self.origins.pool(*prefix, *address),
            Place::Reservation(prefix, identifier) => {
                let (whole, address) = self.origins.reservation(*prefix, identifier).unzip();
                address.flatten().or(whole)
            }
            Place::SiteDevice(site, identifier) => self.origins.device(Some(site), identifier),
            Place::Device(identifier) => self.origins.device(None, identifier),
        })
    }

    /// Where the guard of a subnet or pool begins.
    pub(super) fn guard(&self, place: &Place) -> Option<Line> {
        self.at(self.origins.guard(place))
    }

    /// Everyone who says a value at a place, the one whose word holds first, with the line of each.
    pub(super) fn said(
        &self,
        place: &Place,
        class: Option<&ClassName>,
        value: ValueName,
    ) -> Vec<(Origin, Option<Line>)> {
        let said = self.origins.of(place, class, value).into_iter();
        said.map(|origin| (origin, self.at(Some(origin.span)))).collect()
    }
}

/// Text fit for a terminal: one line, bounded, no control characters.
fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim();
    let shown = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut plain: String = shown.take(TEXT_CHARACTERS_MAX).collect();
    if text.chars().count() > TEXT_CHARACTERS_MAX {
        plain.push('…');
    }
    plain
}
