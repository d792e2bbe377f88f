//! L007: input beyond what an estate may grow to. Raised by `parse`.

use crate::diag::{Rule, Severity};

/// Input beyond what an estate may grow to.
pub static RULE: Rule = Rule {
    code: "L007",
    slug: "too-large",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("too_large.md"),
};
