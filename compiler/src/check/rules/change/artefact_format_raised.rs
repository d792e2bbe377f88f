//! The artefact is written in a format that older servers do not read.

use crate::diag::{Rule, Severity};

/// The artefact is written in a format that older servers do not read.
pub static RULE: Rule = Rule {
    code: "L909",
    slug: "artefact-format-raised",
    severity: Severity::Error,
    allowable: true,
    page: include_str!("artefact_format_raised.md"),
};
