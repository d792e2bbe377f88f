//! What stands around a message: where it came from, and where an answer goes.

use std::net::{Ipv4Addr, SocketAddrV4};

use leasehold_schemas::vocab::MacAddr;

/// Where a datagram came from and how it was received.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Meta {
    /// Source address and port.
    pub from: SocketAddrV4,
    /// This server's address at which it was received (or the interface's, for a broadcast); answers leave from it.
    pub local: Ipv4Addr,
    /// Index of the interface on which it was received; 0 if unknown.
    pub interface: u32,
    /// Whether it was sent to this host alone.
    pub unicast: bool,
}

/// Who this server is to clients: start-up settings, never part of the artefact.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Config {
    /// The server identifier (option 54); absent: the address at which a datagram was received.
    pub server_id: Option<Ipv4Addr>,
    /// Former identifiers that clients may still name.
    pub also: Vec<Ipv4Addr>,
    /// Names of this machine's interfaces, in the order of their indices: what class tests call `pkt.iface`.
    pub interfaces: Vec<(u32, Box<str>)>,
}

impl Config {
    /// The identifier in answers to a datagram that came to `local`.
    pub fn identifier(&self, local: Ipv4Addr) -> Ipv4Addr {
        self.server_id.unwrap_or(local)
    }

    /// Name of the interface with this index; empty if unknown.
    pub fn interface(&self, index: u32) -> &str {
        let at = self.interfaces.binary_search_by_key(&index, |(known, _)| *known);
        at.map_or("", |at| &self.interfaces[at].1)
    }

    /// Whether a client that names `named` means this server.
    pub fn is_meant(&self, named: Ipv4Addr, local: Ipv4Addr) -> bool {
        named == self.identifier(local) || self.also.contains(&named)
    }
}

/// Where an answer goes. Clients listen at port 68, relays at 67.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Destination {
    /// To an address that can be reached: a relay, or a client that has its address.
    Unicast(SocketAddrV4),
    /// To 255.255.255.255 port 68 on the interface.
    Broadcast {
        /// Index of the interface.
        interface: u32,
    },
    /// A frame to a client that has no address yet and cannot answer ARP (RFC 2131 section 4.1).
    Frame {
        /// Index of the interface.
        interface: u32,
        /// The client's hardware address.
        hardware: MacAddr,
        /// The IP address in the frame: the one it is getting.
        address: Ipv4Addr,
    },
}

/// An answer to be sent from port 67.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outgoing {
    /// Where it goes.
    pub to: Destination,
    /// Which of this server's addresses it leaves from.
    pub from: Ipv4Addr,
    /// The message.
    pub bytes: Vec<u8>,
}
