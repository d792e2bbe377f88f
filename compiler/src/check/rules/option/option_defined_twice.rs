//! L512: an option's name, and its code in its space, are defined once.

use std::collections::BTreeMap;

use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::{Definition, Estate};

/// An option is defined that exists already.
pub static RULE: Rule = Rule {
    code: "L512",
    slug: "option-defined-twice",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("option_defined_twice.md"),
};

/// Compares each of the estate's definitions with the standard ones and those before it.
pub fn check(estate: &Estate, sink: &mut Sink) {
    let mut names = BTreeMap::new();
    let mut codes = BTreeMap::new();
    for definition in estate.definitions.values() {
        let Definition { name, space, code, span, .. } = definition;
        let same_name = names.get(name.as_str()).copied();
        let same_code = codes.get(&(*space, *code)).copied();
        if let (Some(span), Some(first)) = (*span, same_name.or(same_code)) {
            let message = match same_name {
                Some(_) => format!("option `{name}` is defined twice"),
                None => format!("option code {code} in space `{space}` is defined twice"),
            };
            sink.push(finding(definition, first, span, message));
        }
        names.entry(name.as_str()).or_insert(definition);
        codes.entry((*space, *code)).or_insert(definition);
    }
}

fn finding(
    definition: &Definition,
    first: &Definition,
    span: leasehold_schemas::source::Span,
    message: String,
) -> Diagnostic {
    let same_option = first.space == definition.space && first.code == definition.code;
    let diagnostic = match first.span {
        Some(at) => Diagnostic::new(&RULE, span, message, "defined again here")
            .with_secondary(at, "first defined here"),
        None => Diagnostic::new(&RULE, span, message, "a standard defines it already")
            .with_note(format!("option `{}` ({}) is a standard option", first.name, first.code)),
    };
    if same_option {
        diagnostic.with_help(format!("remove the definition and use `{}`", first.name))
    } else {
        diagnostic.with_help("give one of them another name")
    }
}
