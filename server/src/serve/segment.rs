//! Which network a message comes from. Addressing alone decides it; who sends it does not matter yet.

use crate::estate::{SegmentId, Tables};
use crate::wire::{Message, code};

use super::datagram::Meta;
use super::silence::Silence;

/// Link selection (RFC 3527), else subnet selection (RFC 3011), else `giaddr`, else the client's own address, else the
/// source address, else the receiving interface's. The first three do not fall back: whoever sets them means them.
/// Where both selections are there, the relay's counts (RFC 3527 section 2). The interface counts only for what came
/// over its own link: a broadcast, or a datagram from nowhere.
pub fn segment_of(tables: &Tables, message: &Message<'_>, meta: &Meta) -> Result<SegmentId, Silence> {
    let found = if let Some(link) = message.agent_option(code::AGENT_LINK_SELECTION) {
        <[u8; 4]>::try_from(link).ok().and_then(|link| tables.segment_of_relay(link.into()))
    } else if let Some(subnet) = subnet_selection(tables, message, meta) {
        <[u8; 4]>::try_from(subnet).ok().and_then(|subnet| tables.segment_of(subnet.into()))
    } else if let Some(giaddr) = message.giaddr() {
        tables.segment_of_relay(giaddr)
    } else {
        let from = *meta.from.ip();
        let link = Some(meta.local).filter(|_| !meta.unicast || from.is_unspecified());
        [message.ciaddr(), from].into_iter().chain(link).find_map(|address| tables.segment_of(address))
    };
    found.ok_or(Silence::NoSegment)
}

/// Option 118 of a message whose sender may choose its subnet; anybody else's is as if it were not there. The relay
/// address is judged, because answers go there, and because the source address of what a relay sends is whichever of
/// its addresses faces the server. Only what is not relayed is judged by its source.
pub fn subnet_selection<'a>(tables: &Tables, message: &Message<'a>, meta: &Meta) -> Option<&'a [u8]> {
    let octets = message.option(code::SUBNET_SELECTION)?;
    let sender = message.giaddr().unwrap_or(*meta.from.ip());
    tables.may_select_subnet(sender).then_some(octets)
}
