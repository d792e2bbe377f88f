//! A class is named that nobody defines.

use crate::diag::{Rule, Severity};

/// A class is named that nobody defines.
pub static RULE: Rule = Rule {
    code: "L202",
    slug: "unknown-class",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("unknown_class.md"),
};
