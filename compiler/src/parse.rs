//! Text to a spanned tree.
//!
//! Invariant: every key and every value has its span; what is broken is a poisoned node, reported once. The tree
//! knows YAML's structure and nothing of the estate: scalars stay text, because their type is the key's business.
//! Whatever the bytes are, reading ends, in time and memory that [`limits`] bounds.

mod builder;
mod everyday;
mod faults;
pub mod limits;
mod syntax;
mod text;
mod tree;

#[cfg(test)]
mod tests;

use leasehold_schemas::source::{FileId, Span};

use crate::diag::Sink;
use builder::Builder;
use text::Text;

pub use tree::{Entry, Node, NodeId, NodeKind, Tree};

/// Reads one file.
///
/// A file that cannot be read to its end (not UTF-8, a syntax error, a limit, a second document) has exactly one
/// fault and a [`NodeKind::Poisoned`] root: nobody knows what it would have said. A file without any content has
/// a plain null at offset 0 for its root.
pub fn parse<'a>(file: FileId, bytes: &'a [u8], sink: &mut Sink) -> Tree<'a> {
    match Text::new(file, bytes) {
        Ok(text) => {
            let everyday = Builder::new(&text).build_everyday();
            everyday.unwrap_or_else(|| Builder::new(&text).build(sink))
        }
        Err(fault) => {
            let span = Span { file, start: 0, end: u32::try_from(bytes.len()).unwrap_or(u32::MAX) };
            sink.push(*fault);
            tree::poisoned(span)
        }
    }
}
