//! L010: a folder without `estate.yaml`. Raised by `resolve`.

use crate::diag::{Rule, Severity};

/// A folder without `estate.yaml`.
pub static RULE: Rule = Rule {
    code: "L010",
    slug: "missing-estate",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("missing_estate.md"),
};
