//! The last day of an `allow:` entry is over.

use crate::diag::{Rule, Severity};

/// The last day of an `allow:` entry is over.
pub static RULE: Rule = Rule {
    code: "L090",
    slug: "expired-allow",
    severity: Severity::Warning,
    allowable: false,
    page: include_str!("expired_allow.md"),
};
