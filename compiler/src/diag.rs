//! What the compiler says to people: diagnostics, the rules they belong to, and the sink that gathers them.
//!
//! Invariant: a diagnostic always belongs to a [`Rule`], and a rule always has a page. Spans are byte offsets;
//! renderers convert. This module does not know where diagnostics are printed.

mod diagnostic;
mod excess;
mod github;
mod gitlab;
mod human;
mod identity;
mod json;
mod junit;
mod line_index;
mod locator;
mod rule;
mod sarif;
mod sink;
mod suggest;
mod text;

#[cfg(test)]
mod tests;

pub use diagnostic::{Diagnostic, Edit, Fix, Label, Redundant};
pub use excess::{Shown, limited};
pub use github::{SUMMARY_BYTES_MAX, Workflow, github};
pub use gitlab::gitlab;
pub use human::{Look, human};
pub use identity::{Identity, identities};
pub use json::{json, summary};
pub use junit::junit;
pub use line_index::{Column, LineIndex, Position};
pub use rule::{Rule, Severity};
pub use sarif::sarif;
pub use sink::Sink;
pub use suggest::{nearest, only_slip};
pub use text::text as plain_text;
