//! L603: classes that a class may depend on. Raised by `resolve`.

use crate::diag::{Rule, Severity};

/// A class expression names a class that is not decided yet.
pub static RULE: Rule = Rule {
    code: "L603",
    slug: "class-order",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("class_order.md"),
};
