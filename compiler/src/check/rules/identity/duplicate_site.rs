//! Two sites have the same code.

use std::collections::BTreeMap;

use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::Estate;

/// Two sites have the same code.
pub static RULE: Rule = Rule {
    code: "L101",
    slug: "duplicate-site",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("duplicate_site.md"),
};

/// Reports every site whose code an earlier file has.
pub fn check(estate: &Estate, sink: &mut Sink) {
    let mut first = BTreeMap::new();
    for site in estate.sites.values() {
        let code = &site.code;
        let earlier = *first.entry(&code.value).or_insert(code.span);
        if earlier == code.span {
            continue;
        }
        sink.push(
            Diagnostic::new(
                &RULE,
                code.span,
                format!("site code `{}` is already taken", code.value),
                "the same code again",
            )
            .with_secondary(earlier, "the site that has it")
            .with_help("give one of the two sites a code of its own"),
        );
    }
}
