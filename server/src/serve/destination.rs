//! Where an answer goes (RFC 2131 section 4.1, RFC 8357).

use std::net::{Ipv4Addr, SocketAddrV4};

use leasehold_schemas::artefact::{ReplyPort, ReplyTo};
use leasehold_schemas::vocab::MacAddr;

use super::datagram::{Destination, Meta};
use crate::wire::{Message, MessageType, code};

const CLIENT_PORT: u16 = 68;
const RELAY_PORT: u16 = 67;
const ETHERNET: u8 = 1;

/// Where an answer of type `kind` that gives `address` goes. `reply_to` and `reply_port` are asked for relays only.
pub fn destination(
    message: &Message<'_>,
    meta: &Meta,
    kind: MessageType,
    address: Ipv4Addr,
    reply_to: ReplyTo,
    reply_port: ReplyPort,
) -> Destination {
    if let Some(giaddr) = message.giaddr() {
        return Destination::Unicast(relay_address(message, meta, giaddr, reply_to, reply_port));
    }
    let own = message.ciaddr();
    if kind == MessageType::Nak {
        // A NAK is broadcast (RFC 2131 section 4.1), unless its client sits behind a router and wrote to us alone.
        return if meta.unicast && !own.is_unspecified() && *meta.from.ip() == own {
            Destination::Unicast(SocketAddrV4::new(own, CLIENT_PORT))
        } else {
            Destination::Broadcast { interface: meta.interface }
        };
    }
    if !own.is_unspecified() {
        return Destination::Unicast(SocketAddrV4::new(own, CLIENT_PORT));
    }
    match MacAddr::new(message.chaddr()) {
        Some(hardware)
            if message.hardware_type() == ETHERNET
                && hardware.octets().len() == 6
                && !message.wants_broadcast()
                && !address.is_unspecified() =>
        {
            Destination::Frame { interface: meta.interface, hardware, address }
        }
        Some(_) | None => Destination::Broadcast { interface: meta.interface },
    }
}

/// Where the answer to an INFORM goes: straight to the client (RFC 2131 section 4.3.5), to the source address if it
/// does not say its own; who says neither can only be reached by broadcast.
pub fn inform_destination(
    message: &Message<'_>,
    meta: &Meta,
    reply_to: ReplyTo,
    reply_port: ReplyPort,
) -> Destination {
    let own = message.ciaddr();
    match message.giaddr() {
        _ if !own.is_unspecified() => Destination::Unicast(SocketAddrV4::new(own, CLIENT_PORT)),
        Some(giaddr) => Destination::Unicast(relay_address(message, meta, giaddr, reply_to, reply_port)),
        None if meta.from.ip().is_unspecified() => Destination::Broadcast { interface: meta.interface },
        None => Destination::Unicast(SocketAddrV4::new(*meta.from.ip(), CLIENT_PORT)),
    }
}

fn relay_address(
    message: &Message<'_>,
    meta: &Meta,
    giaddr: Ipv4Addr,
    reply_to: ReplyTo,
    reply_port: ReplyPort,
) -> SocketAddrV4 {
    let address = match reply_to {
        ReplyTo::Giaddr => giaddr,
        ReplyTo::Source => *meta.from.ip(),
    };
    let port = match reply_port {
        ReplyPort::Source => meta.from.port(),
        ReplyPort::Relay if message.agent_option(code::AGENT_SOURCE_PORT).is_some() => meta.from.port(),
        ReplyPort::Relay => RELAY_PORT,
    };
    SocketAddrV4::new(address, port)
}
