//! What holds of each place of a packet before any test is asked, and which places lie inside others.

use leasehold_schemas::artefact::{Accessor, PacketField};

use super::octets::Nature;

/// What a client says to a server: DISCOVER, REQUEST, DECLINE, RELEASE, INFORM (RFC 2132 section 9.6).
const CLIENT_MESSAGES: &[u8] = &[1, 3, 4, 7, 8];
/// Longest payload of an option that a datagram can carry in parts (RFC 3396), rounded up.
const OPTION_OCTETS_MAX: usize = 65_535;
/// Longest sub-option: its length is one octet.
const SUB_OPTION_OCTETS_MAX: usize = 255;

const ANY: Nature = Nature {
    always: false,
    empty_is_absent: false,
    zeros_cut: false,
    len_min: 0,
    len_max: OPTION_OCTETS_MAX,
    len_usual: 1,
    head: &[],
    alphabet: &[],
};

/// Whether proofs look into a place: options and their sub-options, but nothing deeper, and some of the fields that
/// every packet has.
pub fn is_looked_into(place: &Accessor) -> bool {
    match place {
        Accessor::Option(_) => true,
        Accessor::SubOption(_, path) => path.len() == 1,
        Accessor::Packet(field) => nature_of(*field).is_some(),
        Accessor::Vendor(_)
        | Accessor::VendorOption(..)
        | Accessor::VendorEnterprise
        | Accessor::VendorClass(_)
        | Accessor::VendorClassData(..)
        | Accessor::VendorClassEnterprise => false,
    }
}

/// What holds of a place; `None`: no packet carries anything there.
pub fn nature(place: &Accessor) -> Option<Nature> {
    match place {
        // Pad and end frame options (RFC 2132 section 3).
        Accessor::Option(0 | 255) | Accessor::SubOption(0 | 255, _) => None,
        // An empty host name or vendor class counts as absent.
        Accessor::Option(12) => Some(Nature { empty_is_absent: true, zeros_cut: true, ..ANY }),
        Accessor::Option(60) => Some(Nature { empty_is_absent: true, ..ANY }),
        // What reaches the classes has a type that a client sends.
        Accessor::Option(53) => {
            Some(Nature { always: true, len_min: 1, len_max: 1, alphabet: CLIENT_MESSAGES, ..ANY })
        }
        Accessor::Option(_) => Some(ANY),
        Accessor::SubOption(..) => Some(Nature { len_max: SUB_OPTION_OCTETS_MAX, ..ANY }),
        Accessor::Packet(field) => Some(nature_of(*field).unwrap_or(ANY)),
        Accessor::Vendor(_)
        | Accessor::VendorOption(..)
        | Accessor::VendorEnterprise
        | Accessor::VendorClass(_)
        | Accessor::VendorClassData(..)
        | Accessor::VendorClassEnterprise => Some(ANY),
    }
}

/// What holds of a field that is looked into.
fn nature_of(field: PacketField) -> Option<Nature> {
    let four = Nature { always: true, len_min: 4, len_max: 4, len_usual: 4, ..ANY };
    match field {
        // `hlen` is at most 16 (RFC 2131 section 2); a client without a hardware address may still be known by option 61.
        PacketField::HardwareAddress => Some(Nature { always: true, len_max: 16, len_usual: 6, ..ANY }),
        PacketField::MessageType => Some(Nature { head: &[0, 0, 0], alphabet: CLIENT_MESSAGES, ..four }),
        PacketField::HardwareType => Some(Nature { head: &[0, 0, 0], ..four }),
        PacketField::RelayAddress | PacketField::ClientAddress => Some(four),
        PacketField::Interface
        | PacketField::Source
        | PacketField::Destination
        | PacketField::Length
        | PacketField::HardwareLength
        | PacketField::YourAddress
        | PacketField::ServerAddress
        | PacketField::Transaction => None,
    }
}

/// Places of one family can depend on each other.
pub fn family(place: &Accessor) -> u16 {
    match place {
        Accessor::Option(code) | Accessor::SubOption(code, _) => u16::from(*code),
        Accessor::Vendor(_) | Accessor::VendorOption(..) | Accessor::VendorEnterprise => 125,
        Accessor::VendorClass(_) | Accessor::VendorClassData(..) | Accessor::VendorClassEnterprise => 124,
        Accessor::Packet(PacketField::MessageType) => 53,
        Accessor::Packet(field) => 256 + *field as u16,
    }
}

/// Whether what places of one family have to do with each other is understood: an option and its sub-options.
pub fn is_nested(place: &Accessor) -> bool {
    match place {
        Accessor::Option(_) | Accessor::SubOption(..) => true,
        Accessor::Vendor(_)
        | Accessor::VendorOption(..)
        | Accessor::VendorEnterprise
        | Accessor::VendorClass(_)
        | Accessor::VendorClassData(..)
        | Accessor::VendorClassEnterprise
        | Accessor::Packet(_) => false,
    }
}

/// The option that `place` lies in.
pub fn around(place: &Accessor) -> Option<Accessor> {
    match place {
        Accessor::SubOption(code, _) => Some(Accessor::Option(*code)),
        Accessor::Option(_)
        | Accessor::Vendor(_)
        | Accessor::VendorOption(..)
        | Accessor::VendorEnterprise
        | Accessor::VendorClass(_)
        | Accessor::VendorClassData(..)
        | Accessor::VendorClassEnterprise
        | Accessor::Packet(_) => None,
    }
}
