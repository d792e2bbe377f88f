//! A site loses more of its reservations at once than its limit.

use crate::diag::{Rule, Severity};

/// A site loses more of its reservations at once than its limit.
pub static RULE: Rule = Rule {
    code: "L908",
    slug: "many-reservations-removed",
    severity: Severity::Error,
    allowable: true,
    page: include_str!("many_reservations_removed.md"),
};
