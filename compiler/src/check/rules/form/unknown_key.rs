//! L003: a key that means nothing where it stands. Raised by `decode`.

use crate::diag::{Rule, Severity};

/// A key that means nothing where it stands.
pub static RULE: Rule = Rule {
    code: "L003",
    slug: "unknown-key",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("unknown_key.md"),
};
