//! L002: a key that stands twice in one mapping. Raised by `parse`.

use crate::diag::{Rule, Severity};

/// A key that stands twice in one mapping.
pub static RULE: Rule = Rule {
    code: "L002",
    slug: "duplicate-key",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("duplicate_key.md"),
};
