//! Clients that could use a place may be kept out of it.

use crate::diag::{Rule, Severity};

/// Clients that could use a place may be kept out of it.
pub static RULE: Rule = Rule {
    code: "L905",
    slug: "guard-narrowed",
    severity: Severity::Error,
    allowable: true,
    page: include_str!("guard_narrowed.md"),
};
