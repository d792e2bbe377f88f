//! One address reserved for two clients.

use super::clients::{Named, mac_in_client_id, mac_number};
use crate::check::rules::addressing::placement::Placement;
use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::{Estate, Id, Reservation};

/// L403.
pub static RULE: Rule = Rule {
    code: "L403",
    slug: "duplicate-address",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("duplicate_address.md"),
};

/// Looks at the reservations of each subnet. That finds all: an address in two subnets means that they overlap, or
/// that it lies outside one of them, and both have rules. The same client twice at the same address is a duplicate
/// identifier.
pub fn check(estate: &Estate, sink: &mut Sink) {
    let placement = Placement::of(estate);
    let mut reserved: Vec<(std::net::Ipv4Addr, Id<Reservation>)> = Vec::new();
    for subnet in estate.subnets.values().filter(|subnet| subnet.reservations.len() > 1) {
        reserved.clear();
        for &id in &subnet.reservations {
            let reservation = &estate.reservations[id];
            if let Some(address) = &reservation.address
                && placement.address_outside(estate, reservation).is_none()
            {
                reserved.push((address.value, id));
            }
        }
        reserved.sort_unstable();
        for same in reserved.chunk_by(|a, b| a.0 == b.0) {
            let (_, first) = same[0];
            for &(_, id) in &same[1..] {
                sink_unless_twin(estate, id, first, sink);
            }
        }
    }
}

fn sink_unless_twin(estate: &Estate, id: Id<Reservation>, first: Id<Reservation>, sink: &mut Sink) {
    let (reservation, earlier) = (&estate.reservations[id], &estate.reservations[first]);
    let (client, other) = (&reservation.identifier.value, &earlier.identifier.value);
    if client == other {
        return;
    }
    let span =
        |reservation: &Reservation| reservation.address.as_ref().map_or(reservation.span, |ip| ip.span);
    let address = reservation.address.as_ref().expect("only reservations with an address are compared").value;
    let message = format!("address `{address}` is reserved twice");
    let finding = Diagnostic::new(&RULE, span(reservation), message, format!("for {} here", Named(client)))
        .with_secondary(span(earlier), format!("already reserved here, for {}", Named(other)));
    let (mac, id) =
        (mac_number(client).or(mac_number(other)), mac_in_client_id(client).or(mac_in_client_id(other)));
    sink.push(if mac.is_some() && mac == id {
        finding.with_help("both are the same device: keep one of the two")
    } else {
        finding.with_help("reserve another address for one of the two")
    });
}
