//! Which network a message comes from. Addressing alone decides it; who sends it does not matter yet.

use crate::estate::{SegmentId, Tables};
use crate::wire::{Message, code};

use super::datagram::Meta;
use super::silence::Silence;

/// Link selection (RFC 3527), else `giaddr`, else the client's own address, else the source address, else the
/// receiving interface's. Link selection and `giaddr` do not fall back: whoever sets them means them. The interface
/// counts only for what came over its own link: a broadcast, or a datagram from nowhere.
pub fn segment_of(tables: &Tables, message: &Message<'_>, meta: &Meta) -> Result<SegmentId, Silence> {
    let found = if let Some(link) = message.agent_option(code::AGENT_LINK_SELECTION) {
        <[u8; 4]>::try_from(link).ok().and_then(|link| tables.segment_of_relay(link.into()))
    } else if let Some(giaddr) = message.giaddr() {
        tables.segment_of_relay(giaddr)
    } else {
        let from = *meta.from.ip();
        let link = Some(meta.local).filter(|_| !meta.unicast || from.is_unspecified());
        [message.ciaddr(), from].into_iter().chain(link).find_map(|address| tables.segment_of(address))
    };
    found.ok_or(Silence::NoSegment)
}
