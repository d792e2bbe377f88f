//! The estate says what Kea cannot be told.

use crate::diag::{Rule, Severity};

/// The estate says what Kea cannot be told.
pub static RULE: Rule = Rule {
    code: "L981",
    slug: "lost-in-kea",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("lost_in_kea.md"),
};
