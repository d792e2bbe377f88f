//! What both servers of a pair go by is another.

use crate::diag::{Rule, Severity};

/// What both servers of a pair go by is another.
pub static RULE: Rule = Rule {
    code: "L907",
    slug: "high-availability-changed",
    severity: Severity::Error,
    allowable: true,
    page: include_str!("high_availability_changed.md"),
};
