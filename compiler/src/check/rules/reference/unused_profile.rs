//! No site names the profile.

use std::collections::BTreeSet;

use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::Estate;

/// No site names the profile.
pub static RULE: Rule = Rule {
    code: "L211",
    slug: "unused-profile",
    severity: Severity::Warning,
    allowable: true,
    page: include_str!("unused_profile.md"),
};

/// Reports profiles without a site, unless a file could not be read.
pub fn check(estate: &Estate, sink: &mut Sink) {
    if estate.incomplete {
        return;
    }
    let used: BTreeSet<_> =
        estate.sites.values().filter_map(|site| site.profile.as_ref()).map(|p| p.value).collect();
    for (id, profile) in estate.profiles.iter() {
        if !used.contains(&id) && !estate.probable_uses.profiles.contains(&id) {
            let message = format!("profile `{}` is not used", profile.name.value);
            let finding = Diagnostic::new(&RULE, profile.name.span, message, "no site names it");
            sink.push(finding.with_help("remove it, or name it as the `profile` of a site"));
        }
    }
}
