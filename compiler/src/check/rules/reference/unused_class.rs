//! Nothing depends on the class.

use std::collections::BTreeSet;

use leasehold_schemas::artefact::{Part, Test};
use leasehold_schemas::vocab::ClassName;

use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::Estate;
use crate::resolve::is_built_in;

/// Nothing depends on the class.
pub static RULE: Rule = Rule {
    code: "L212",
    slug: "unused-class",
    severity: Severity::Warning,
    allowable: true,
    page: include_str!("unused_class.md"),
};

/// Reports classes that decide nothing, unless a file could not be read.
pub fn check(estate: &Estate, sink: &mut Sink) {
    if estate.incomplete || estate.classes.is_empty() {
        return;
    }
    let mut named: BTreeSet<&ClassName> = BTreeSet::new();
    for scope in estate.scopes.values() {
        named.extend(scope.only.iter().map(|guard| &guard.value));
        named.extend(scope.meanings.iter().map(|meaning| &estate.classes[meaning.class].name.value));
    }
    let reserved = estate.reservations.values().flat_map(|reservation| &reservation.classes);
    let devices = estate.devices.values().flat_map(|device| &device.classes);
    named.extend(reserved.chain(devices).map(|guard| &guard.value));
    for test in estate.classes.values().filter_map(|class| class.test.as_ref()) {
        test.value.walk(&mut |part| match part {
            Part::Test(Test::Member(class)) => {
                named.insert(class);
            }
            Part::Test(_) | Part::Term(_) | Part::Accessor(_) => {}
        });
    }
    for (id, class) in estate.classes.iter() {
        let name = &class.name.value;
        if !named.contains(name) && !is_built_in(name) && !estate.probable_uses.classes.contains(&id) {
            let message = format!("class `{name}` is not used");
            let finding = Diagnostic::new(&RULE, class.name.span, message, "nothing depends on it");
            sink.push(finding.with_help("remove it, or say under `classes:` or `only:` what it is for"));
        }
    }
}
