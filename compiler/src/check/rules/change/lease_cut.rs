//! A lease time is shortened by more than half.

use crate::diag::{Rule, Severity};

/// A lease time is shortened by more than half.
pub static RULE: Rule = Rule {
    code: "L904",
    slug: "lease-cut",
    severity: Severity::Error,
    allowable: true,
    page: include_str!("lease_cut.md"),
};
