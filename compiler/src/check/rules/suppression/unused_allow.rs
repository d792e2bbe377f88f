//! An `allow:` entry silences nothing.

use crate::diag::{Rule, Severity};

/// An `allow:` entry silences nothing.
pub static RULE: Rule = Rule {
    code: "L091",
    slug: "unused-allow",
    severity: Severity::Warning,
    allowable: false,
    page: include_str!("unused_allow.md"),
};
