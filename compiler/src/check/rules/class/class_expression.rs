//! L601: form and types of class expressions. Raised by `resolve`.

use crate::diag::{Rule, Severity};

/// A class expression has no meaning.
pub static RULE: Rule = Rule {
    code: "L601",
    slug: "class-expression",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("class_expression.md"),
};
