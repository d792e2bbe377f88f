//! A profile is named that nobody defines.

use crate::diag::{Rule, Severity};

/// A profile is named that nobody defines.
pub static RULE: Rule = Rule {
    code: "L201",
    slug: "unknown-profile",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("unknown_profile.md"),
};
