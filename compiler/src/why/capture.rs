//! A captured frame to the DHCP message in it: Ethernet with VLAN tags, Linux "cooked" captures, or bare IPv4.
//!
//! Invariant: total over any octets, and nothing is copied. It reads one frame, and knows no file format.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddrV4};

use leasehold_server::serve::{Config, Meta};
use leasehold_server::wire::{Message, OptionIndex, code};

use super::Question;

const ETHERTYPE_IPV4: u16 = 0x0800;
/// 802.1Q, 802.1ad, and what came before it.
const ETHERTYPES_VLAN: [u16; 3] = [0x8100, 0x88a8, 0x9100];
const VLAN_TAGS_MAX: usize = 4;
const UDP: u8 = 17;

/// What a frame begins with; the numbers are the registry's of capture files (LINKTYPE).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LinkType {
    /// 1: Ethernet.
    Ethernet,
    /// 113: Linux cooked capture.
    Cooked,
    /// 276: Linux cooked capture, version 2.
    Cooked2,
    /// 101, 228, and 12 of some systems: IPv4 without a link layer.
    Raw,
}

impl LinkType {
    /// By its number, if frames of this type can be read.
    pub fn from_number(number: i32) -> Option<LinkType> {
        match number {
            1 => Some(LinkType::Ethernet),
            113 => Some(LinkType::Cooked),
            276 => Some(LinkType::Cooked2),
            12 | 101 | 228 => Some(LinkType::Raw),
            _ => None,
        }
    }
}

/// Why a frame holds no DHCP message that can be asked about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FrameError {
    /// It ends before the message does: the capture was told to keep only the first octets of each frame.
    CutShort,
    /// Something else than IPv4.
    NotIpv4,
    /// A part of a larger datagram.
    Fragment,
    /// Something else than UDP from or to a DHCP port.
    NotDhcp,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FrameError::CutShort => "was not captured whole; capture whole frames (`tcpdump -s 0`)",
            FrameError::NotIpv4 => "is no IPv4 packet",
            FrameError::Fragment => "is a fragment of a larger packet, which is not put together",
            FrameError::NotDhcp => "is no DHCP message: it is not from or to UDP port 67 or 68",
        })
    }
}

impl std::error::Error for FrameError {}

/// A DHCP message and the addresses it went between.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Captured<'a> {
    /// Source.
    pub from: SocketAddrV4,
    /// Destination.
    pub to: SocketAddrV4,
    /// The UDP payload.
    pub octets: &'a [u8],
}

impl Captured<'_> {
    /// The question what a server answers: the one that `server_id` names, else the one that the client names, else
    /// the one that the frame went to.
    pub fn question(&self, server_id: Option<Ipv4Addr>) -> Question {
        let mut index = OptionIndex::new();
        let message = Message::read(self.octets, &mut index).ok();
        let named = || message.and_then(|message| message.address_option(code::SERVER_IDENTIFIER));
        let server_id = server_id.or_else(named);
        let to = *self.to.ip();
        let unicast = !to.is_broadcast();
        let local = if unicast { to } else { server_id.unwrap_or(Ipv4Addr::UNSPECIFIED) };
        Question {
            meta: Meta { from: self.from, local, interface: 0, unicast },
            config: Config { server_id, ..Config::default() },
            octets: self.octets.to_vec(),
        }
    }

    /// Whether a client or its relay sent it.
    pub fn is_clients(&self) -> bool {
        self.octets.first() == Some(&1)
    }
}

/// The DHCP message in a frame.
///
/// # Errors
/// Why there is none.
pub fn captured(link: LinkType, frame: &[u8]) -> Result<Captured<'_>, FrameError> {
    let (kind_at, header) = match link {
        LinkType::Ethernet => (12, 14),
        LinkType::Cooked => (14, 16),
        LinkType::Cooked2 => (0, 20),
        LinkType::Raw => return packet(frame),
    };
    let mut kind = number(frame, kind_at)?;
    let mut rest = frame.get(header..).ok_or(FrameError::CutShort)?;
    for _ in 0..VLAN_TAGS_MAX {
        if !ETHERTYPES_VLAN.contains(&kind) {
            break;
        }
        kind = number(rest, 2)?;
        rest = rest.get(4..).ok_or(FrameError::CutShort)?;
    }
    if kind == ETHERTYPE_IPV4 { packet(rest) } else { Err(FrameError::NotIpv4) }
}

/// Two octets.
fn number(octets: &[u8], at: usize) -> Result<u16, FrameError> {
    let two = octets.get(at..at + 2).ok_or(FrameError::CutShort)?;
    Ok(u16::from_be_bytes([two[0], two[1]]))
}

fn address(octets: &[u8], at: usize) -> Result<Ipv4Addr, FrameError> {
    let four = octets.get(at..at + 4).ok_or(FrameError::CutShort)?;
    Ok(Ipv4Addr::new(four[0], four[1], four[2], four[3]))
}

/// RFC 791 section 3.1.
fn packet(octets: &[u8]) -> Result<Captured<'_>, FrameError> {
    let first = *octets.first().ok_or(FrameError::CutShort)?;
    let header = usize::from(first & 0x0f) * 4;
    if first >> 4 != 4 || header < 20 {
        return Err(FrameError::NotIpv4);
    }
    let length = usize::from(number(octets, 2)?);
    // More fragments, or not the first.
    if number(octets, 6)? & 0x3fff != 0 {
        return Err(FrameError::Fragment);
    }
    let (from, to) = (address(octets, 12)?, address(octets, 16)?);
    if octets.get(9) != Some(&UDP) {
        return Err(FrameError::NotDhcp);
    }
    // What is sent by an interface that splits packets itself may be captured before its length is known.
    let end = if length == 0 { octets.len() } else { length };
    let datagram = octets.get(header..);
    let datagram = datagram.filter(|datagram| datagram.len() >= 8).ok_or(FrameError::CutShort)?;
    let ports = (number(datagram, 0)?, number(datagram, 2)?);
    if ![ports.0, ports.1].iter().any(|port| matches!(port, 67 | 68)) {
        return Err(FrameError::NotDhcp);
    }
    let whole = octets.get(header..end).filter(|datagram| datagram.len() >= 8).ok_or(FrameError::CutShort)?;
    let length = usize::from(number(whole, 4)?);
    let payload = whole.get(8..length.max(8)).ok_or(FrameError::CutShort)?;
    Ok(Captured {
        from: SocketAddrV4::new(from, ports.0),
        to: SocketAddrV4::new(to, ports.1),
        octets: payload,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An IPv4 packet with a UDP datagram from port 68 to `port`.
    fn ipv4(port: u16, payload: &[u8]) -> Vec<u8> {
        let length = u16::try_from(28 + payload.len()).unwrap();
        let mut packet = vec![0x45, 0];
        packet.extend(length.to_be_bytes());
        packet.extend([0, 0, 0x40, 0, 64, 17, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255]);
        packet.extend(68_u16.to_be_bytes());
        packet.extend(port.to_be_bytes());
        packet.extend((length - 20).to_be_bytes());
        packet.extend([0, 0]);
        packet.extend(payload);
        packet
    }

    fn ethernet(tags: &[u16], packet: &[u8]) -> Vec<u8> {
        let mut frame = vec![2; 12];
        for tag in tags {
            frame.extend(tag.to_be_bytes());
            frame.extend([0, 7]);
        }
        frame.extend(ETHERTYPE_IPV4.to_be_bytes());
        frame.extend(packet);
        frame
    }

    #[test]
    fn every_link_layer_is_taken_off() {
        let packet = ipv4(67, b"hello");
        let cooked = [&[0; 14][..], &[8, 0], &packet].concat();
        let cooked2 = [&[8, 0][..], &[0; 18], &packet].concat();
        for (link, frame) in [
            (LinkType::Raw, packet.clone()),
            (LinkType::Ethernet, ethernet(&[], &packet)),
            (LinkType::Ethernet, ethernet(&[0x8100], &packet)),
            (LinkType::Ethernet, ethernet(&[0x88a8, 0x8100], &packet)),
            (LinkType::Cooked, cooked),
            (LinkType::Cooked2, cooked2),
        ] {
            let captured = captured(link, &frame).unwrap();
            assert_eq!((captured.octets, captured.to.port()), (&b"hello"[..], 67), "{link:?}");
        }
        let padded = [ethernet(&[], &packet), vec![0; 20]].concat();
        assert_eq!(captured(LinkType::Ethernet, &padded).unwrap().octets, b"hello");
    }

    #[test]
    fn what_is_no_message_is_named() {
        let refused = |frame: &[u8]| captured(LinkType::Raw, frame).unwrap_err();
        let packet = ipv4(67, b"hello");
        let with = |at: usize, octet: u8| {
            let mut packet = packet.clone();
            packet[at] = octet;
            refused(&packet)
        };
        assert_eq!(refused(&packet[..packet.len() - 1]), FrameError::CutShort);
        assert_eq!(refused(&[]), FrameError::CutShort);
        assert_eq!(with(0, 0x65), FrameError::NotIpv4);
        assert_eq!(with(6, 0x20), FrameError::Fragment);
        assert_eq!(with(7, 1), FrameError::Fragment);
        assert_eq!(with(9, 6), FrameError::NotDhcp);
        let mut elsewhere = ipv4(53, b"hello");
        elsewhere[21] = 53;
        assert_eq!(refused(&elsewhere), FrameError::NotDhcp);
        let arp = [&[2; 12][..], &[8, 6], &[0; 28]].concat();
        assert_eq!(captured(LinkType::Ethernet, &arp), Err(FrameError::NotIpv4));
    }

    proptest! {
        #[test]
        fn any_octets_are_read(octets in proptest::collection::vec(any::<u8>(), 0..80)) {
            for link in [LinkType::Ethernet, LinkType::Cooked, LinkType::Cooked2, LinkType::Raw] {
                let _ = captured(link, &octets);
            }
        }
    }
}
