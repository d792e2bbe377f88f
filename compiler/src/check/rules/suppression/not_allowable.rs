//! An `allow:` entry names a rule that may not be silenced.

use crate::diag::{Rule, Severity};

/// An `allow:` entry names a rule that may not be silenced.
pub static RULE: Rule = Rule {
    code: "L093",
    slug: "not-allowable",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("not_allowable.md"),
};
