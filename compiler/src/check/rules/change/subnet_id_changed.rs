//! A subnet has another id, or a new one has the id of another.

use crate::diag::{Rule, Severity};

/// A subnet has another id, or a new one has the id of another.
pub static RULE: Rule = Rule {
    code: "L903",
    slug: "subnet-id-changed",
    severity: Severity::Error,
    allowable: true,
    page: include_str!("subnet_id_changed.md"),
};
