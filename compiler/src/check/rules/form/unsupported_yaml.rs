//! L006: YAML that the estate language leaves out. Raised by `parse`.

use crate::diag::{Rule, Severity};

/// YAML that the estate language leaves out.
pub static RULE: Rule = Rule {
    code: "L006",
    slug: "unsupported-yaml",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("unsupported_yaml.md"),
};
