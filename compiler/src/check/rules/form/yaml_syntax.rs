//! L001: text that is not YAML. Raised by `parse`.

use crate::diag::{Rule, Severity};

/// Text that is not YAML.
pub static RULE: Rule = Rule {
    code: "L001",
    slug: "yaml-syntax",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("yaml_syntax.md"),
};
