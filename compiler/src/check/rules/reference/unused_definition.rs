//! Nothing gives the option a value or asks for it.

use std::collections::BTreeSet;

use leasehold_schemas::artefact::{Accessor, Term, Test};
use leasehold_schemas::source::Said;
use leasehold_schemas::vocab::{OptionCode, Space};

use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::{Definition, Estate, Id, Values};

/// Nothing gives the option a value or asks for it.
pub static RULE: Rule = Rule {
    code: "L213",
    slug: "unused-definition",
    severity: Severity::Warning,
    allowable: true,
    page: include_str!("unused_definition.md"),
};

/// Reports the estate's own options that have no use, unless a file could not be read.
pub fn check(estate: &Estate, sink: &mut Sink) {
    if estate.incomplete || estate.definitions.values().all(|definition| definition.span.is_none()) {
        return;
    }
    let (mut assigned, mut codes) = (BTreeSet::new(), BTreeSet::new());
    for values in everything_said(estate) {
        assigned.extend(values.options.iter().map(|assignment| assignment.option));
        for list in [&values.parameters.always_send, &values.parameters.never_send] {
            match list {
                Said::Set(list) => codes.extend(list.value.iter().copied()),
                Said::Absent | Said::Unset(_) | Said::Broken => {}
            }
        }
    }
    for test in estate.classes.values().filter_map(|class| class.test.as_ref()) {
        asked_for(&test.value, &mut codes);
    }
    for (id, definition) in estate.definitions.iter() {
        let Some(span) = definition.span else { continue };
        // A definition whose name or code is taken has that fault, and cannot be used.
        let taken =
            |(other, first): (Id<Definition>, &Definition)| other < id && first.collides_with(definition);
        if estate.definitions.iter().any(taken) {
            continue;
        }
        let asked = definition.space == Space::Dhcp4 && codes.contains(&definition.code);
        if !asked && !assigned.contains(&id) && !estate.probable_uses.definitions.contains(&id) {
            let message = format!("option `{}` is not used", definition.name);
            sink.push(Diagnostic::new(&RULE, span, message, "nothing gives it a value or asks for it"));
        }
    }
}

fn everything_said(estate: &Estate) -> impl Iterator<Item = &Values> {
    let scopes = estate.scopes.values();
    let places = scopes.clone().map(|scope| &scope.values);
    let meanings = scopes.flat_map(|scope| &scope.meanings).map(|meaning| &meaning.values);
    let reservations = estate.reservations.values().map(|reservation| &reservation.values);
    let devices = estate.devices.values().map(|device| &device.values);
    places.chain(meanings).chain(reservations).chain(devices)
}

/// The codes of the options that a test reads.
fn asked_for(test: &Test, codes: &mut BTreeSet<OptionCode>) {
    match test {
        Test::And(tests) | Test::Or(tests) => tests.iter().for_each(|test| asked_for(test, codes)),
        Test::Not(test) => asked_for(test, codes),
        Test::Equal(left, right) => [left, right].into_iter().for_each(|term| read(term, codes)),
        Test::Exists(accessor) => codes.extend([code(accessor)]),
        Test::Member(_) => {}
    }
}

fn read(term: &Term, codes: &mut BTreeSet<OptionCode>) {
    match term {
        Term::Literal(_) => {}
        Term::Value(accessor) => codes.extend([code(accessor)]),
        Term::Substring { of, start: _, length: _ } => read(of, codes),
    }
}

fn code(accessor: &Accessor) -> OptionCode {
    match accessor {
        Accessor::Option(code) | Accessor::SubOption(code, _) => OptionCode(*code),
    }
}
