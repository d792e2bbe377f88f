//! A subnet of the base is no longer there, alone or with its network or site.

use crate::diag::{Rule, Severity};

/// A subnet of the base is no longer there, alone or with its network or site.
pub static RULE: Rule = Rule {
    code: "L901",
    slug: "subnet-removed",
    severity: Severity::Error,
    allowable: true,
    page: include_str!("subnet_removed.md"),
};
