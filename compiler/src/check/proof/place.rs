//! What holds of each place of a packet before any test is asked, and which places lie inside others.

use leasehold_schemas::artefact::Accessor;

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

/// Whether proofs look into a place: options and their sub-options, but neither what lies deeper nor what is no option.
pub fn is_looked_into(place: &Accessor) -> bool {
    match place {
        Accessor::Option(_) => true,
        Accessor::SubOption(_, path) => path.len() == 1,
        Accessor::Vendor(_)
        | Accessor::VendorOption(..)
        | Accessor::VendorEnterprise
        | Accessor::VendorClass(_)
        | Accessor::VendorClassData(..)
        | Accessor::VendorClassEnterprise
        | Accessor::Packet(_) => false,
    }
}

/// What holds of a place; `None`: no packet carries anything there.
pub fn nature(place: &Accessor) -> Option<Nature> {
    match place {
        // Pad and end frame options (RFC 2132 section 3).
        Accessor::Option(0 | 255) => None,
        // An empty host name or vendor class counts as absent.
        Accessor::Option(12) => Some(Nature { empty_is_absent: true, zeros_cut: true, ..ANY }),
        Accessor::Option(60) => Some(Nature { empty_is_absent: true, ..ANY }),
        // What reaches the classes has a type that a client sends.
        Accessor::Option(53) => {
            Some(Nature { always: true, len_min: 1, len_max: 1, alphabet: CLIENT_MESSAGES, ..ANY })
        }
        Accessor::Option(_) => Some(ANY),
        Accessor::SubOption(0 | 255, _) => None,
        Accessor::SubOption(..) => Some(Nature { len_max: SUB_OPTION_OCTETS_MAX, ..ANY }),
        Accessor::Vendor(_)
        | Accessor::VendorOption(..)
        | Accessor::VendorEnterprise
        | Accessor::VendorClass(_)
        | Accessor::VendorClassData(..)
        | Accessor::VendorClassEnterprise
        | Accessor::Packet(_) => Some(ANY),
    }
}

/// Places of one family can depend on each other.
pub fn family(place: &Accessor) -> u16 {
    match place {
        Accessor::Option(code) | Accessor::SubOption(code, _) => u16::from(*code),
        Accessor::Vendor(_) | Accessor::VendorOption(..) | Accessor::VendorEnterprise => 125,
        Accessor::VendorClass(_) | Accessor::VendorClassData(..) | Accessor::VendorClassEnterprise => 124,
        Accessor::Packet(_) => 256,
    }
}

/// The places that `place` lies in, the widest last.
pub fn around(place: &Accessor) -> Vec<Accessor> {
    match place {
        Accessor::SubOption(code, _) => vec![Accessor::Option(*code)],
        Accessor::Option(_)
        | Accessor::Vendor(_)
        | Accessor::VendorOption(..)
        | Accessor::VendorEnterprise
        | Accessor::VendorClass(_)
        | Accessor::VendorClassData(..)
        | Accessor::VendorClassEnterprise
        | Accessor::Packet(_) => Vec::new(),
    }
}
