//! What an editor asks while somebody writes an estate: what something means, where it is defined and used, what may be
//! written here.
//!
//! Invariant: every answer is a function of the estate's text and a place in it, whatever is wrong with the text: what
//! cannot be known is left out. Nothing here needs a file that can be read to its end; [`scan`] sees the places in half-typed
//! text, and values are followed through the text as the model would follow them (a test holds both to each other). This
//! module knows no protocol and no paths of a machine; the shell speaks with the editor.

pub mod complete;
pub mod hover;
mod inherited;
mod manual;
pub mod position;
pub mod scan;
pub mod symbol;

#[cfg(test)]
mod tests;

use leasehold_schemas::source::FileId;

use crate::grammar::Document;
use crate::source::{ESTATE_PATH, Sources};
use scan::Scan;

/// A file of the estate with its places.
#[derive(Debug)]
pub struct Page<'s> {
    /// The file.
    pub file: FileId,
    /// Its text; empty if it is not UTF-8.
    pub text: &'s str,
    /// Its places.
    pub scan: Scan,
}

impl<'s> Page<'s> {
    /// Reads a file.
    pub fn new(sources: &'s Sources, file: FileId) -> Page<'s> {
        let source = sources.file(file);
        let text = std::str::from_utf8(&source.bytes).unwrap_or_default();
        Page { file, text, scan: Scan::new(text, Document::of(&source.path)) }
    }

    /// `estate.yaml`, if there is one.
    pub fn estate(sources: &'s Sources) -> Option<Page<'s>> {
        let (file, _) = sources.iter().find(|(_, file)| file.path == ESTATE_PATH)?;
        Some(Page::new(sources, file))
    }
}
