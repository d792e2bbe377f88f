//! One place gives the same option twice, by name and by code.

use crate::diag::{Rule, Severity};

/// One place gives the same option twice, by name and by code.
pub static RULE: Rule = Rule {
    code: "L106",
    slug: "duplicate-option",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("duplicate_option.md"),
};
