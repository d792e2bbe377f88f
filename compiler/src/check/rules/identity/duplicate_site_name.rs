//! Two sites have the same name.

use std::collections::BTreeMap;

use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::Estate;

/// Two sites have the same name.
pub static RULE: Rule = Rule {
    code: "L105",
    slug: "duplicate-site-name",
    severity: Severity::Error,
    allowable: true,
    page: include_str!("duplicate_site_name.md"),
};

/// Reports every site whose name an earlier file has. Sites of one code are one mistake, and it is reported.
pub fn check(estate: &Estate, sink: &mut Sink) {
    let mut first = BTreeMap::new();
    for site in estate.sites.values() {
        let Some(name) = &site.name else { continue };
        let (code, earlier) = *first.entry(name.value.as_str()).or_insert((&site.code.value, name.span));
        if earlier == name.span || *code == site.code.value {
            continue;
        }
        sink.push(
            Diagnostic::new(
                &RULE,
                name.span,
                format!("site name `{}` is already taken", name.value),
                "the same name again",
            )
            .with_secondary(earlier, format!("the name of site {code}"))
            .with_help("give one of the two sites another name"),
        );
    }
}
