//! Nothing gives the option a value or asks for it.

use std::collections::BTreeSet;

use leasehold_schemas::artefact::{Accessor, Part};
use leasehold_schemas::source::Said;
use leasehold_schemas::vocab::{OptionCode, Space};

use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::{Estate, Values};

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
                Said::Set(list) => {
                    codes.extend(list.value.iter().map(|code| (Space::Dhcp4, *code)));
                }
                Said::Absent | Said::Unset(_) | Said::Broken => {}
            }
        }
    }
    for test in estate.classes.values().filter_map(|class| class.test.as_ref()) {
        test.value.walk(&mut |part| match part {
            Part::Accessor(accessor) => codes.extend(named(accessor)),
            Part::Test(_) | Part::Term(_) => {}
        });
    }
    let (mut names, mut places) = (BTreeSet::new(), BTreeSet::new());
    for (id, definition) in estate.definitions.iter() {
        // A definition whose name or code is taken has that fault, and cannot be used.
        let free = names.insert(definition.name.as_str());
        let free = places.insert((definition.space, definition.code)) && free;
        let Some(span) = definition.span.filter(|_| free) else { continue };
        let asked = codes.contains(&(definition.space, definition.code));
        if !asked && !assigned.contains(&id) && !estate.probable_uses.definitions.contains(&id) {
            let message = format!("option `{}` is not used", definition.name);
            let finding = Diagnostic::new(&RULE, span, message, "nothing gives it a value or asks for it");
            sink.push(finding.with_help("remove the definition, or give the option a value"));
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

/// The option or sub-option with a name that a place is.
fn named(accessor: &Accessor) -> Option<(Space, OptionCode)> {
    match accessor {
        Accessor::SubOption(43, path) => Some((Space::Vendor43, OptionCode(*path.first()?))),
        Accessor::VendorOption(enterprise, path) => {
            Some((Space::Vendor125((*enterprise)?), OptionCode(*path.first()?)))
        }
        Accessor::Option(code) | Accessor::SubOption(code, _) => Some((Space::Dhcp4, OptionCode(*code))),
        Accessor::Vendor(_)
        | Accessor::VendorEnterprise
        | Accessor::VendorClass(_)
        | Accessor::VendorClassData(..)
        | Accessor::VendorClassEnterprise
        | Accessor::Packet(_) => None,
    }
}
