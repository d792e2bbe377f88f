//! L511: domain names in option values. Raised by `resolve`.

use crate::diag::{Rule, Severity};

/// An option holds something that is no domain name.
pub static RULE: Rule = Rule {
    code: "L511",
    slug: "bad-domain-name",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("bad_domain_name.md"),
};
