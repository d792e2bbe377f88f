//! Two classes have the same name, or a place says twice what a class means.

use std::collections::BTreeMap;

use leasehold_schemas::vocab::Layer;

use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::Estate;

/// Two classes have the same name, or a place says twice what a class means.
pub static RULE: Rule = Rule {
    code: "L104",
    slug: "duplicate-class",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("duplicate_class.md"),
};

/// Reports every class whose name an earlier one has, and every second meaning of a class in one place.
pub fn check(estate: &Estate, sink: &mut Sink) {
    let mut first = BTreeMap::new();
    for class in estate.classes.values() {
        let name = &class.name;
        let earlier = *first.entry(name.value.as_str()).or_insert(name.span);
        if earlier != name.span {
            let message = format!("class `{}` is defined twice", name.value);
            sink.push(
                Diagnostic::new(&RULE, name.span, message, "the same name again")
                    .with_secondary(earlier, "first defined here")
                    .with_help("give one of the two another name, or make them one class"),
            );
        }
    }
    // What the estate's scope holds comes from the definitions themselves.
    for scope in estate.scopes.values().filter(|scope| scope.layer != Layer::Estate) {
        for (index, meaning) in scope.meanings.iter().enumerate() {
            let Some(earlier) = scope.meanings[..index].iter().find(|other| other.class == meaning.class)
            else {
                continue;
            };
            let name = &estate.classes[meaning.class].name.value;
            let message = format!("class `{name}` is given a meaning twice in one {}", scope.layer);
            sink.push(
                Diagnostic::new(&RULE, meaning.name, message, "the same class again")
                    .with_secondary(earlier.name, "first given a meaning here")
                    .with_help("say under one entry what the class means here"),
            );
        }
    }
}
