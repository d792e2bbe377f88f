//! L004: a mapping without a key that it needs. Raised by `decode`.

use crate::diag::{Rule, Severity};

/// A mapping without a key that it needs.
pub static RULE: Rule = Rule {
    code: "L004",
    slug: "missing-key",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("missing_key.md"),
};
