//! The same client known twice in one network.

use leasehold_schemas::artefact::Identifier;
use leasehold_schemas::source::Spanned;

use super::clients::{Named, comparable, is_sound};
use crate::check::rules::addressing::placement::Placement;
use crate::diag::{Diagnostic, Redundant, Rule, Severity, Sink};
use crate::model::{Device, Estate, Id};

/// L401.
pub static RULE: Rule = Rule {
    code: "L401",
    slug: "duplicate-identifier",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("duplicate_identifier.md"),
};

/// Looks at the reservations of each network, and at the devices known in each site and in the estate.
pub fn check(estate: &Estate, sink: &mut Sink) {
    let placement = Placement::of(estate);
    for network in estate.networks.values() {
        let reservations = network.subnets.iter().flat_map(|&subnet| &estate.subnets[subnet].reservations);
        let compared = reservations.filter(|&&id| comparable(estate, &placement, id));
        let known = compared.map(|&id| &estate.reservations[id].identifier).collect();
        let place = format_args!("network `{}`", network.name.value);
        report_twins(known, &place, sink);
    }
    let identifier = |id: &Id<Device>| &estate.devices[*id].identifier;
    for site in estate.sites.values() {
        report_twins(
            site.devices.iter().map(identifier).collect(),
            &format_args!("site {}", site.code.value),
            sink,
        );
    }
    let everywhere = estate.devices.values().filter(|device| device.site.is_none());
    report_twins(everywhere.map(|device| &device.identifier).collect(), &"the estate", sink);
}

/// Reports every identifier that was said before, with the place where it was said first.
fn report_twins(mut known: Vec<&Spanned<Identifier>>, place: &dyn std::fmt::Display, sink: &mut Sink) {
    known.sort_unstable_by(|a, b| (&a.value, a.span).cmp(&(&b.value, b.span)));
    for twins in known.chunk_by(|a, b| a.value == b.value) {
        let [first, again @ ..] = twins else { continue };
        if !is_sound(&first.value) {
            continue;
        }
        for twin in again {
            let message = format!("{} is reserved twice in {place}", Named(&twin.value));
            sink.push(
                Diagnostic::new(&RULE, twin.span, message, "reserved again here")
                    .with_secondary(first.span, "already reserved here")
                    .with_help("keep one of the two reservations")
                    .with_redundant(Redundant::IfTwin),
            );
        }
    }
}
