//! An option is named that nobody defines.

use crate::diag::{Rule, Severity};

/// An option is named that nobody defines.
pub static RULE: Rule = Rule {
    code: "L203",
    slug: "unknown-option",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("unknown_option.md"),
};
