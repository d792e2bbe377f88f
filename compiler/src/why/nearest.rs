//! The nearest thing that would have matched: mistyped relays, networks close by, reservations elsewhere.
//!
//! Invariant: a suggestion is something that is in the estate; it is bounded, and the same on every run.

use std::net::Ipv4Addr;

use leasehold_schemas::artefact::{Identifier, Network, Site};
use leasehold_schemas::vocab::{Cidr, MacAddr};
use leasehold_schemas::why::{Line, Note};
use leasehold_server::serve::{Explanation, Selection};
use leasehold_server::wire::{Message, OptionIndex, code};

use super::{Ground, identifier_text};
use crate::lower::Place as Origin;

/// Reservations of the same client that are told.
const ELSEWHERE_MAX: usize = 5;
/// A network that shares fewer leading bits with an address is not near it.
const BITS_MIN: u32 = 8;

/// The network that the packet's sender probably meant.
pub(super) fn network(ground: &Ground<'_>, selection: Selection) -> Vec<Note> {
    let (what, address) = match selection {
        Selection::Link(Some(address)) => ("link selection (82.5)", address),
        Selection::Subnet(Some(address)) => ("subnet selection (118)", address),
        Selection::Relay(address) => ("relay", address),
        Selection::Client(address) => ("client address", address),
        Selection::Source(address) => ("source", address),
        Selection::Interface(address) => ("interface", address),
        Selection::Link(None) => {
            return vec![plain("link selection (82.5) is no address of four octets")];
        }
        Selection::Subnet(None) => {
            return vec![plain("subnet selection (118) is no address of four octets")];
        }
        Selection::Nothing => {
            return vec![plain(
                "the packet came past every relay: name one with `--relay`, or the server on the client's own \
                 network with `--server-id`",
            )];
        }
    };
    let mut notes = vec![plain(format!("{what} {address} lies in no subnet and is no network's relay"))];
    if let Some((site, network, relay)) = mistyped_relay(ground, address) {
        let difference = difference(address, relay);
        notes.push(Note {
            text: format!(
                "relay {relay} of network `{}` of {} differs in {difference}",
                network.name, site.code
            ),
            line: relay_line(ground, network, relay),
        });
    }
    if let Some((site, network, prefix, near)) = nearest_subnet(ground, address) {
        let alike = match near {
            Nearness { is_slip: true, bits: _ } => "it differs in one digit".to_owned(),
            Nearness { is_slip: false, bits } => format!("the first {bits} bits are the same"),
        };
        notes.push(Note {
            text: format!(
                "the nearest subnet is {prefix} of network `{}` of {}: {alike}",
                network.name, site.code
            ),
            line: ground.lines().and_then(|lines| lines.entry(&Origin::Subnet(prefix))),
        });
    }
    notes
}

fn plain(text: impl Into<String>) -> Note {
    Note { text: text.into(), line: None }
}

fn networks<'g>(ground: &'g Ground<'_>) -> impl Iterator<Item = (&'g Site, &'g Network)> {
    let sites = ground.estate.sites.iter();
    sites.flat_map(|site| site.networks.iter().map(move |network| (site, network)))
}

/// The first relay that the estate names and that is one bit or one digit away.
fn mistyped_relay<'g>(
    ground: &'g Ground<'_>,
    address: Ipv4Addr,
) -> Option<(&'g Site, &'g Network, Ipv4Addr)> {
    let near = |relay: &Ipv4Addr| {
        is_one_bit(address, *relay) || is_one_slip(&address.to_string(), &relay.to_string())
    };
    networks(ground).find_map(|(site, network)| {
        network.relays.iter().copied().find(near).map(|relay| (site, network, relay))
    })
}

fn relay_line(ground: &Ground<'_>, network: &Network, relay: Ipv4Addr) -> Option<Line> {
    let prefix = network.subnets.first()?.subnet;
    let lines = ground.lines()?;
    lines.at(lines.origins.relay(prefix, relay))
}

fn is_one_bit(a: Ipv4Addr, b: Ipv4Addr) -> bool {
    (a.to_bits() ^ b.to_bits()).is_power_of_two()
}

fn difference(a: Ipv4Addr, b: Ipv4Addr) -> &'static str {
    if is_one_slip(&a.to_string(), &b.to_string()) { "one digit" } else { "one bit" }
}

/// Whether one text is the other with a character changed, missing, too many, or two side by side swapped.
fn is_one_slip(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let begin = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[begin..], &b[begin..]);
    match (a, b) {
        ([], [_]) | ([_], []) => true,
        ([x, left @ ..], [y, right @ ..]) => {
            let swapped = matches!((left, right), ([p, l @ ..], [q, r @ ..]) if p == y && q == x && l == r);
            left == right || a == right || left == b || swapped
        }
        ([], _) | (_, []) => false,
    }
}

/// A subnet and how near an address is to it; the greatest is the nearest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Nearness {
    /// Whether a mistyped digit would explain the difference.
    is_slip: bool,
    /// Leading bits that are the same.
    bits: u32,
}

fn nearness(prefix: Cidr, address: Ipv4Addr) -> Nearness {
    let same = (prefix.network().to_bits() ^ address.to_bits()).leading_zeros();
    let own = Cidr::containing(address, prefix.length()).map_or(address, Cidr::network);
    Nearness {
        is_slip: is_one_slip(&own.to_string(), &prefix.network().to_string()),
        bits: same.min(u32::from(prefix.length())),
    }
}

/// The subnet nearest to an address; of several the first.
fn nearest_subnet<'g>(
    ground: &'g Ground<'_>,
    address: Ipv4Addr,
) -> Option<(&'g Site, &'g Network, Cidr, Nearness)> {
    let subnets = networks(ground).flat_map(|(site, network)| {
        network
            .subnets
            .iter()
            .map(move |subnet| (site, network, subnet.subnet, nearness(subnet.subnet, address)))
    });
    let near = subnets.filter(|(_, _, _, near)| near.is_slip || near.bits >= BITS_MIN);
    near.max_by_key(|(_, _, prefix, near)| (*near, std::cmp::Reverse(*prefix)))
}

/// A reservation of this network whose hardware address is one digit away from the client's.
pub(super) fn reservation(
    ground: &Ground<'_>,
    explanation: &Explanation,
    message: &Message<'_>,
) -> Option<Note> {
    if explanation.known.is_known() {
        return None;
    }
    let own = MacAddr::new(message.chaddr())?.to_string();
    let here = ground.tables.segment(explanation.segment?);
    let (_, network) = networks(ground)
        .find(|(site, network)| site.code.as_str() == &*here.site && network.name == *here.name)?;
    network.subnets.iter().find_map(|subnet| {
        let near = subnet.reservations.iter().find(|reservation| {
            matches!(&reservation.identifier, Identifier::Mac(mac) if is_one_slip(&own, &mac.to_string()))
        })?;
        let identifier = near.identifier.clone();
        let text = format!("{} is reserved here and differs in one digit", identifier_text(&identifier));
        let line =
            ground.lines().and_then(|lines| lines.entry(&Origin::Reservation(subnet.subnet, identifier)));
        Some(Note { text, line })
    })
}

/// Reservations that name the same client on other networks.
pub(super) fn reserved_elsewhere(ground: &Ground<'_>, explanation: &Explanation, octets: &[u8]) -> Vec<Note> {
    let mut index = OptionIndex::new();
    let Ok(message) = Message::read(octets, &mut index) else { return Vec::new() };
    if explanation.known.reservation().is_some() {
        return Vec::new();
    }
    let here = explanation.segment.map(|id| ground.tables.segment(id));
    let elsewhere = networks(ground).filter(|(site, network)| {
        here.is_none_or(|here| site.code.as_str() != &*here.site || network.name != *here.name)
    });
    let subnets = elsewhere
        .flat_map(|(site, network)| network.subnets.iter().map(move |subnet| (site, network, subnet)));
    let found = subnets.flat_map(|(site, network, subnet)| {
        let named = subnet.reservations.iter().filter(|entry| names(&entry.identifier, &message));
        named.map(move |entry| (site, network, subnet, entry))
    });
    let note = |(site, network, subnet, entry): (
        &Site,
        &Network,
        &leasehold_schemas::artefact::Subnet,
        &leasehold_schemas::artefact::Reservation,
    )| {
        let origin = Origin::Reservation(subnet.subnet, entry.identifier.clone());
        let what = match entry.address {
            Some(address) => format!("has {address} reserved"),
            None => "is reserved without an address".to_owned(),
        };
        let text = format!(
            "{} {what} on another network: `{}` of {}",
            identifier_text(&entry.identifier),
            network.name,
            site.code
        );
        Note { text, line: ground.lines().and_then(|lines| lines.entry(&origin)) }
    };
    found.take(ELSEWHERE_MAX).map(note).collect()
}

/// Whether an identifier is the sender's. A circuit or remote end is a place, not a client: it is asked for nowhere
/// else.
fn names(identifier: &Identifier, message: &Message<'_>) -> bool {
    let client = message.option(code::CLIENT_IDENTIFIER);
    match identifier {
        Identifier::Mac(mac) => mac.octets() == message.chaddr(),
        Identifier::ClientId(octets) => client == Some(&octets.0),
        Identifier::Duid(octets) => {
            matches!(client, Some([255, _, _, _, _, duid @ ..]) if *duid == *octets.0)
        }
        Identifier::CircuitId(_) | Identifier::RemoteId(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slip_is_one_change_and_no_more() {
        for (a, b) in [
            ("10.1.1.1", "10.1.1.2"),
            ("10.1.1.1", "10.1.11.1"),
            ("10.1.11.1", "10.1.1.1"),
            ("10.12.1.1", "10.21.1.1"),
        ] {
            assert!(is_one_slip(a, b) && is_one_slip(b, a), "{a} {b}");
        }
        for (a, b) in [("10.1.1.1", "10.1.1.1"), ("10.1.1.1", "10.1.2.2"), ("10.1.1.1", "10.1.111.1")] {
            assert!(!is_one_slip(a, b) && !is_one_slip(b, a), "{a} {b}");
        }
    }

    #[test]
    fn one_bit_is_one_bit() {
        let address = Ipv4Addr::new(10, 1, 1, 1);
        assert!(is_one_bit(address, Ipv4Addr::new(10, 65, 1, 1)));
        assert!(!is_one_bit(address, address));
        assert!(!is_one_bit(address, Ipv4Addr::new(10, 2, 1, 1)));
    }
}
