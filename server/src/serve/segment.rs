//! Which network a message comes from. Addressing alone decides it; who sends it does not matter yet.

use std::net::Ipv4Addr;

use crate::estate::{SegmentId, Tables};
use crate::wire::{Message, code};

use super::datagram::Meta;
use super::silence::Silence;

/// What of a message's addressing names its network.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Selection {
    /// Link selection (option 82.5, RFC 3527); absent: it is no address.
    Link(Option<Ipv4Addr>),
    /// Subnet selection (option 118, RFC 3011) by one who may; absent: it is no address.
    Subnet(Option<Ipv4Addr>),
    /// `giaddr`.
    Relay(Ipv4Addr),
    /// `ciaddr`.
    Client(Ipv4Addr),
    /// The source of the datagram.
    Source(Ipv4Addr),
    /// The address of the receiving interface.
    Interface(Ipv4Addr),
    /// None of them: a message that came past every relay, from an address of no network.
    Nothing,
}

impl Selection {
    /// The address that names the network.
    pub fn address(self) -> Option<Ipv4Addr> {
        match self {
            Selection::Link(address) | Selection::Subnet(address) => address,
            Selection::Relay(address)
            | Selection::Client(address)
            | Selection::Source(address)
            | Selection::Interface(address) => Some(address),
            Selection::Nothing => None,
        }
    }
}

/// The network that [`select`] finds.
pub fn segment_of(tables: &Tables, message: &Message<'_>, meta: &Meta) -> Result<SegmentId, Silence> {
    select(tables, message, meta).1.ok_or(Silence::NoSegment)
}

/// Link selection (RFC 3527), else subnet selection (RFC 3011), else `giaddr`, else the client's own address, else the
/// source address, else the receiving interface's. The first three do not fall back: whoever sets them means them.
/// Where both selections are there, the relay's counts (RFC 3527 section 2). The interface counts only for what came
/// over its own link: a broadcast, or a datagram from nowhere.
pub fn select(tables: &Tables, message: &Message<'_>, meta: &Meta) -> (Selection, Option<SegmentId>) {
    let address = |octets: &[u8]| <[u8; 4]>::try_from(octets).ok().map(Ipv4Addr::from);
    if let Some(link) = message.agent_option(code::AGENT_LINK_SELECTION).map(address) {
        return (Selection::Link(link), link.and_then(|link| tables.segment_of_relay(link)));
    }
    if let Some(subnet) = subnet_selection(tables, message, meta).map(address) {
        return (Selection::Subnet(subnet), subnet.and_then(|subnet| tables.segment_of(subnet)));
    }
    if let Some(giaddr) = message.giaddr() {
        return (Selection::Relay(giaddr), tables.segment_of_relay(giaddr));
    }
    let from = *meta.from.ip();
    let link = Some(Selection::Interface(meta.local)).filter(|_| !meta.unicast || from.is_unspecified());
    let own = [Selection::Client(message.ciaddr()), Selection::Source(from)];
    let found = own.into_iter().chain(link).find_map(|selection| {
        let segment = tables.segment_of(selection.address()?)?;
        Some((selection, Some(segment)))
    });
    found.unwrap_or((Selection::Nothing, None))
}

/// Option 118 of a message whose sender may choose its subnet; anybody else's is as if it were not there. The relay
/// address is judged, because answers go there, and because the source address of what a relay sends is whichever of
/// its addresses faces the server. Only what is not relayed is judged by its source.
pub fn subnet_selection<'a>(tables: &Tables, message: &Message<'a>, meta: &Meta) -> Option<&'a [u8]> {
    let octets = message.option(code::SUBNET_SELECTION)?;
    let sender = message.giaddr().unwrap_or(*meta.from.ip());
    tables.may_select_subnet(sender).then_some(octets)
}
