//! The one canonical layout of an estate's files: `leasehold fmt`, the editor's formatting, and whatever writes files.
//!
//! Invariant: the file says what it said, and has every comment that it had; [`format()`] proves it of each text that it
//! returns by reading it again. Formatted text is not changed. This module knows no estate: a file whose values are wrong
//! is laid out all the same, as long as it is YAML as it is spoken here.
//!
//! The parser's tree has the place of every word. What lies between words is lexed again for comments ([`trivia`]), each of
//! which is given to an element ([`outline`]), and elements are written in the language's order ([`layout`]).

mod difference;
mod layout;
mod outline;
mod scalar;
mod trivia;

#[cfg(test)]
mod tests;

use leasehold_schemas::source::FileId;

use crate::diag::{Diagnostic, Sink};
use crate::grammar::{Document, Value};
use crate::parse::{self, Entry, NodeId, NodeKind, Tree};
use outline::Outline;

pub use difference::difference;

/// The line at the top of a file that tells editors where its schema is.
pub const SCHEMA_LINE: &str = "# yaml-language-server: $schema=";

const BYTE_ORDER_MARK: char = '\u{feff}';

/// Why a file cannot be laid out.
#[derive(Debug)]
pub enum Unformattable {
    /// It is not YAML as it is spoken here; as `check` says it.
    Faulty(Vec<Diagnostic>),
    /// What would be written does not say what the file says: a fault of ours, and the file had better stay as it is.
    Unsure,
}

/// Lays out one file. Line ends stay those of its first line; `file` names it in findings.
///
/// # Errors
/// The file cannot be read.
pub fn format(document: Document, file: FileId, bytes: &[u8]) -> Result<Vec<u8>, Unformattable> {
    let mut sink = Sink::default();
    parse::parse(file, bytes, &mut sink);
    if !sink.is_empty() {
        return Err(Unformattable::Faulty(sink.into_sorted()));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| Unformattable::Unsure)?;
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let first_line = text.split('\n').next().unwrap_or(text);
    let carriage = text.contains('\n') && first_line.ends_with('\r');
    // To YAML every line end means the same (1.2.2, 5.4).
    let written = if text.contains('\r') {
        lay_out(document, file, &text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        lay_out(document, file, text)
    }?;
    Ok(if carriage { written.replace('\n', "\r\n") } else { written }.into_bytes())
}

fn lay_out(document: Document, file: FileId, text: &str) -> Result<String, Unformattable> {
    let tree = parsed(file, text).ok_or(Unformattable::Unsure)?;
    // Nothing but a text is no document of an estate.
    if matches!(tree.node(tree.root()).kind, NodeKind::Scalar { .. }) && !tree.is_null(tree.root()) {
        return Ok(text.to_owned());
    }
    let outline = Outline::new(text, &tree, document.root());
    let written = layout::write(&outline);
    let again = parsed(file, &written).ok_or(Unformattable::Unsure)?;
    let comments = Outline::new(&written, &again, document.root()).comments();
    let same = is_same(&tree, tree.root(), &again, again.root(), document.root());
    if same && comments == outline.comments() { Ok(written) } else { Err(Unformattable::Unsure) }
}

fn parsed(file: FileId, text: &str) -> Option<Tree<'_>> {
    let mut sink = Sink::default();
    let tree = parse::parse(file, text.as_bytes(), &mut sink);
    sink.is_empty().then_some(tree)
}

/// Whether two trees say the same. The order of keys means nothing.
fn is_same(a: &Tree<'_>, left: NodeId, b: &Tree<'_>, right: NodeId, value: Value) -> bool {
    match (&a.node(left).kind, &b.node(right).kind) {
        (NodeKind::Scalar { text, quoted }, NodeKind::Scalar { text: other, quoted: other_quoted }) => {
            let (text, is_text) = scalar::meaning(text, *quoted, value);
            let (other, other_is_text) = scalar::meaning(other, *other_quoted, value);
            // Text that needs quotes in brackets is text without them, too, unless it could be something else.
            text == other && (is_text == other_is_text || !scalar::is_ambiguous(&text))
        }
        (NodeKind::Sequence(left), NodeKind::Sequence(right)) => {
            let same = |(left, right): (&NodeId, &NodeId)| is_same(a, *left, b, *right, value.element());
            left.len() == right.len() && left.iter().zip(right).all(same)
        }
        (NodeKind::Mapping(left), NodeKind::Mapping(right)) => {
            let (left, right) = (by_key(left), by_key(right));
            let same = |(left, right): (&&Entry<'_>, &&Entry<'_>)| {
                left.key == right.key && is_same(a, left.value, b, right.value, value.under(&left.key))
            };
            left.len() == right.len() && left.iter().zip(&right).all(same)
        }
        (NodeKind::Scalar { .. } | NodeKind::Sequence(_) | NodeKind::Mapping(_) | NodeKind::Poisoned, _) => {
            false
        }
    }
}

fn by_key<'e, 'a>(entries: &'e [Entry<'a>]) -> Vec<&'e Entry<'a>> {
    let mut ordered: Vec<&Entry<'a>> = entries.iter().collect();
    ordered.sort_by(|a, b| a.key.cmp(&b.key));
    ordered
}
