//! L009: bytes that are not UTF-8. Raised by `parse`.

use crate::diag::{Rule, Severity};

/// Bytes that are not UTF-8.
pub static RULE: Rule = Rule {
    code: "L009",
    slug: "not-utf8",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("not_utf8.md"),
};
