//! L501: an option's value against its definition. Raised by `resolve`.

use crate::diag::{Rule, Severity};

/// An option's value is not what its definition wants.
pub static RULE: Rule = Rule {
    code: "L501",
    slug: "bad-option-value",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("bad_option_value.md"),
};
