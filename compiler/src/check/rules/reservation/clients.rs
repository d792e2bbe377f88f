//! Who a reservation is for.

use std::fmt;

use leasehold_schemas::artefact::Identifier;
use leasehold_schemas::vocab::MacAddr;

use crate::check::rules::addressing::placement::Placement;
use crate::model::{Estate, Id, Reservation};

/// An identifier as people say it: ``MAC `52:54:00:12:34:56` ``.
pub struct Named<'a>(pub &'a Identifier);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Identifier::Mac(mac) => write!(f, "MAC `{mac}`"),
            Identifier::ClientId(octets) => write!(f, "client-id `0x{octets}`"),
            Identifier::CircuitId(octets) => write!(f, "circuit-id `0x{octets}`"),
            Identifier::RemoteId(octets) => write!(f, "remote-id `0x{octets}`"),
            Identifier::Duid(octets) => write!(f, "duid `0x{octets}`"),
        }
    }
}

/// Why an address is no network card's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MacFault {
    /// Not six octets.
    Length(usize),
    /// All zero.
    Zero,
    /// All ones.
    Broadcast,
    /// The group bit is set (IEEE 802, the lowest bit of the first octet).
    Multicast,
}

/// What is wrong with a MAC as one client's.
pub fn mac_fault(mac: &MacAddr) -> Option<MacFault> {
    match mac.octets() {
        octets if octets.len() != 6 => Some(MacFault::Length(octets.len())),
        [0, 0, 0, 0, 0, 0] => Some(MacFault::Zero),
        [0xff, 0xff, 0xff, 0xff, 0xff, 0xff] => Some(MacFault::Broadcast),
        octets if octets[0] & 1 == 1 => Some(MacFault::Multicast),
        _ => None,
    }
}

/// A sound MAC as a number, for sorting.
pub fn mac_number(identifier: &Identifier) -> Option<u64> {
    match identifier {
        Identifier::Mac(mac) if mac_fault(mac).is_none() => Some(number(mac.octets())),
        Identifier::Mac(_)
        | Identifier::ClientId(_)
        | Identifier::CircuitId(_)
        | Identifier::RemoteId(_)
        | Identifier::Duid(_) => None,
    }
}

/// The MAC in a client identifier that is made of one: hardware type 1, then six octets (RFC 2132 section 9.14).
pub fn mac_in_client_id(identifier: &Identifier) -> Option<u64> {
    match identifier {
        Identifier::ClientId(octets) => match octets.0.split_first() {
            Some((1, mac)) if mac.len() == 6 => Some(number(mac)),
            Some(_) | None => None,
        },
        Identifier::Mac(_) | Identifier::CircuitId(_) | Identifier::RemoteId(_) | Identifier::Duid(_) => None,
    }
}

fn number(octets: &[u8]) -> u64 {
    octets.iter().fold(0, |number, &octet| number << 8 | u64::from(octet))
}

/// Whether the identifier names a client: a broken MAC does not.
pub fn is_sound(identifier: &Identifier) -> bool {
    match identifier {
        Identifier::Mac(mac) => mac_fault(mac).is_none(),
        Identifier::ClientId(_)
        | Identifier::CircuitId(_)
        | Identifier::RemoteId(_)
        | Identifier::Duid(_) => true,
    }
}

/// The reservations that take part in comparisons: sound, and with an address in their subnet or none.
pub fn comparable(estate: &Estate, placement: &Placement, id: Id<Reservation>) -> bool {
    let reservation = &estate.reservations[id];
    is_sound(&reservation.identifier.value) && placement.address_outside(estate, reservation).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_card_has_six_octets_and_no_group_bit() {
        let fault = |mac: &str| mac_fault(&mac.parse().unwrap());
        assert_eq!(fault("52:54:00:12:34:56"), None);
        assert_eq!(fault("52:54:00:12:34"), Some(MacFault::Length(5)));
        assert_eq!(fault("00:00:00:00:00:00"), Some(MacFault::Zero));
        assert_eq!(fault("ff:ff:ff:ff:ff:ff"), Some(MacFault::Broadcast));
        assert_eq!(fault("01:00:5e:00:00:01"), Some(MacFault::Multicast));
    }
}
