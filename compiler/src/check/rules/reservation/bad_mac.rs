//! A MAC that no network card has.

use leasehold_schemas::artefact::Identifier;
use leasehold_schemas::source::Spanned;

use super::clients::{MacFault, mac_fault};
use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::Estate;

/// L406.
pub static RULE: Rule = Rule {
    code: "L406",
    slug: "bad-mac",
    severity: Severity::Error,
    allowable: true,
    page: include_str!("bad_mac.md"),
};

/// Looks at every reservation and device that is known by its MAC.
pub fn check(estate: &Estate, sink: &mut Sink) {
    let reservations = estate.reservations.values().map(|reservation| &reservation.identifier);
    let devices = estate.devices.values().map(|device| &device.identifier);
    for identifier in reservations.chain(devices) {
        if let Some(finding) = judge(identifier) {
            sink.push(finding);
        }
    }
}

fn judge(identifier: &Spanned<Identifier>) -> Option<Diagnostic> {
    let Identifier::Mac(mac) = &identifier.value else { return None };
    let (what, label) = match mac_fault(mac)? {
        MacFault::Length(1) => ("too short".to_owned(), "1 octet instead of 6".to_owned()),
        MacFault::Length(octets) => {
            let what = if octets < 6 { "too short" } else { "too long" };
            (what.to_owned(), format!("{octets} octets instead of 6"))
        }
        MacFault::Zero => ("all zero".to_owned(), "no network card has it".to_owned()),
        MacFault::Broadcast => ("the broadcast address".to_owned(), "means every client".to_owned()),
        MacFault::Multicast => {
            ("a multicast address".to_owned(), format!("the first octet, {:02x}, is odd", mac.octets()[0]))
        }
    };
    let message = format!("MAC `{mac}` is {what}");
    let help = "write the six octets of the device's own card, such as `52:54:00:12:34:56`";
    Some(Diagnostic::new(&RULE, identifier.span, message, label).with_help(help))
}
