//! One device reserved by its MAC and again by the client identifier made of it.

use super::clients::{Named, comparable, mac_in_client_id, mac_number};
use crate::check::rules::addressing::placement::Placement;
use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::{Estate, Id, Reservation};

/// L407.
pub static RULE: Rule = Rule {
    code: "L407",
    slug: "mac-and-client-id",
    severity: Severity::Warning,
    allowable: true,
    page: include_str!("mac_and_client_id.md"),
};

/// Looks at the reservations of each network. Both at one address is a duplicate address.
pub fn check(estate: &Estate, sink: &mut Sink) {
    let placement = Placement::of(estate);
    let mut known: Vec<(u64, Id<Reservation>)> = Vec::new();
    for network in estate.networks.values() {
        known.clear();
        let reservations = network.subnets.iter().flat_map(|&subnet| &estate.subnets[subnet].reservations);
        let mut any_client_id = false;
        for &id in reservations {
            let identifier = &estate.reservations[id].identifier.value;
            any_client_id |= mac_in_client_id(identifier).is_some();
            known.extend(mac_number(identifier).or(mac_in_client_id(identifier)).map(|mac| (mac, id)));
        }
        if !any_client_id {
            continue;
        }
        known.retain(|(_, id)| comparable(estate, &placement, *id));
        known.sort_unstable();
        for same in known.chunk_by(|a, b| a.0 == b.0) {
            let is_mac =
                |id: Id<Reservation>| mac_number(&estate.reservations[id].identifier.value).is_some();
            let mac = same.iter().map(|(_, id)| *id).find(|&id| is_mac(id));
            let client_id = same.iter().map(|(_, id)| *id).find(|&id| !is_mac(id));
            if let (Some(mac), Some(client_id)) = (mac, client_id) {
                report(estate, mac.max(client_id), mac.min(client_id), sink);
            }
        }
    }
}

fn report(estate: &Estate, later: Id<Reservation>, earlier: Id<Reservation>, sink: &mut Sink) {
    let (later, earlier) = (&estate.reservations[later], &estate.reservations[earlier]);
    let address = |reservation: &Reservation| reservation.address.as_ref().map(|address| address.value);
    if address(later).is_some() && address(later) == address(earlier) {
        return;
    }
    let message =
        format!("{} and {} are one device", Named(&later.identifier.value), Named(&earlier.identifier.value));
    sink.push(
        Diagnostic::new(&RULE, later.identifier.span, message, "reserved again here")
            .with_secondary(earlier.identifier.span, "already reserved here")
            .with_help(
                "keep the reservation by MAC if the device may boot without a client-id, else the other",
            ),
    );
}
