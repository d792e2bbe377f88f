//! Addresses are no longer given out while somebody may have them.

use crate::diag::{Rule, Severity};

/// Addresses are no longer given out while somebody may have them.
pub static RULE: Rule = Rule {
    code: "L902",
    slug: "pool-shrunk",
    severity: Severity::Error,
    allowable: true,
    page: include_str!("pool_shrunk.md"),
};
