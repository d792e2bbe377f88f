//! What the compiler says to people: diagnostics, the rules they belong to, and the sink that gathers them.
//!
//! Invariant: a diagnostic always belongs to a [`Rule`], and a rule always has a page. Spans are byte offsets;
//! renderers convert. This module does not know where diagnostics are printed.

mod diagnostic;
mod human;
mod json;
mod line_index;
mod rule;
mod sink;
mod suggest;

#[cfg(test)]
mod tests;

pub use diagnostic::{Diagnostic, Edit, Fix, Label};
pub use human::{Look, human};
pub use json::{json, summary};
pub use line_index::{Column, LineIndex, Position};
pub use rule::{Rule, Severity};
pub use sink::Sink;
pub use suggest::nearest;
