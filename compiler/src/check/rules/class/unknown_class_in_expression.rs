//! L604: classes named in class expressions. Raised by `resolve`.

use crate::diag::{Rule, Severity};

/// A class expression names a class that does not exist.
pub static RULE: Rule = Rule {
    code: "L604",
    slug: "unknown-class-in-expression",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("unknown_class_in_expression.md"),
};
