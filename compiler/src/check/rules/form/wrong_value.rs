//! L005: a value that its key does not take. Raised by `decode`.

use crate::diag::{Rule, Severity};

/// A value that its key does not take.
pub static RULE: Rule = Rule {
    code: "L005",
    slug: "wrong-value",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("wrong_value.md"),
};
