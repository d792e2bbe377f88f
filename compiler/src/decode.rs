//! Tree to documents.
//!
//! Invariant: every element is read, whatever is wrong with its siblings; what is wrong is reported once and
//! dropped, and the document's [`Gaps`](leasehold_schemas::source::Gaps) say that something is missing. The keys
//! that are read here are those of the JSON Schema of the source types.
//!
//! A scalar's type is its key's business: text keys take any scalar, numbers and truth values must be plain.
//! This module knows no defaults, no other file, and does not judge what is well formed.

mod estate;
mod faults;
mod mapping;
mod meant;
mod scalar;
mod settings;
mod site;

#[cfg(test)]
mod tests;

pub use estate::estate;
pub use site::site;
