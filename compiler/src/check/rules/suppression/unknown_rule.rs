//! An `allow:` entry names a rule that does not exist.

use crate::diag::{Rule, Severity};

/// An `allow:` entry names a rule that does not exist.
pub static RULE: Rule = Rule {
    code: "L092",
    slug: "unknown-rule",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("unknown_rule.md"),
};
