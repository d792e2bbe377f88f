//! L602: options named in class expressions. Raised by `resolve`.

use crate::diag::{Rule, Severity};

/// A class expression names an option that does not exist.
pub static RULE: Rule = Rule {
    code: "L602",
    slug: "unknown-option-in-expression",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("unknown_option_in_expression.md"),
};
