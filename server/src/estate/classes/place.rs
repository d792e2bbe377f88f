//! Where in a packet a test looks, and what stands there.
//!
//! As in Kea, an empty host name or vendor class counts as absent, and NULs at the end of a host name are no part of
//! it. Of vendor-identifying options a malformed one counts as absent, whole. Beyond Kea, which looks at the first
//! enterprise only, `vendor[id]` finds its enterprise wherever in the option it stands.

use std::net::Ipv4Addr;

use leasehold_schemas::artefact::{Accessor, PacketField};

use crate::wire::{Message, MessageType, code, sub_option};

/// Octets of the fixed fields, as Kea counts a packet's length: the magic cookie is not among them.
const HEADER_LENGTH: usize = 236;

/// A message and how it came: everything that a test may look at.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    /// The message.
    pub message: &'a Message<'a>,
    /// Name of the interface on which it came; empty if unknown.
    pub interface: &'a str,
    /// Where it came from.
    pub source: Ipv4Addr,
    /// Where it was sent to; 255.255.255.255 for a broadcast.
    pub destination: Ipv4Addr,
}

/// What stands in a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Found<'a> {
    /// Octets of the packet.
    Octets(&'a [u8]),
    /// A number or an address, highest octet first.
    Four([u8; 4]),
}

impl<'a> Received<'a> {
    /// What stands there, if anything does.
    pub(super) fn find(&self, accessor: &Accessor) -> Option<Found<'a>> {
        let octets = match accessor {
            Accessor::Option(code) => self.option(*code)?,
            Accessor::SubOption(code, path) => descend(self.option(*code)?, path)?,
            Accessor::Vendor(enterprise) => self.vendor(code::VENDOR_IDENTIFYING, *enterprise)?.next()?,
            Accessor::VendorOption(enterprise, path) => {
                self.vendor(code::VENDOR_IDENTIFYING, *enterprise)?.find_map(|block| descend(block, path))?
            }
            Accessor::VendorEnterprise => return self.enterprise(code::VENDOR_IDENTIFYING),
            Accessor::VendorClass(enterprise) => {
                self.vendor(code::VENDOR_IDENTIFYING_CLASS, *enterprise)?.next()?
            }
            Accessor::VendorClassData(enterprise, item) => {
                let blocks = blocks(self.option(code::VENDOR_IDENTIFYING_CLASS)?)?;
                let mut blocks = blocks.filter(|(found, _)| enterprise.is_none_or(|wanted| wanted == *found));
                blocks.nth(usize::from(*item))?.1
            }
            Accessor::VendorClassEnterprise => return self.enterprise(code::VENDOR_IDENTIFYING_CLASS),
            Accessor::Packet(field) => return Some(self.field(*field)),
        };
        Some(Found::Octets(octets))
    }

    fn option(&self, code: u8) -> Option<&'a [u8]> {
        let octets = self.message.option(code)?;
        match code {
            code::HOST_NAME => {
                let len = octets.iter().rposition(|octet| *octet != 0)? + 1;
                Some(&octets[..len])
            }
            code::VENDOR_CLASS => Some(octets).filter(|text| !text.is_empty()),
            _ => Some(octets),
        }
    }

    /// The blocks of one enterprise, or the first block of all.
    fn vendor(&self, code: u8, enterprise: Option<u32>) -> Option<impl Iterator<Item = &'a [u8]>> {
        let first = if enterprise.is_none() { 1 } else { usize::MAX };
        let wanted = move |found: u32| enterprise.is_none_or(|wanted| wanted == found);
        let blocks = blocks(self.option(code)?)?.take(first);
        Some(blocks.filter(move |(found, _)| wanted(*found)).map(|(_, block)| block))
    }

    fn enterprise(&self, code: u8) -> Option<Found<'a>> {
        let (enterprise, _) = blocks(self.option(code)?)?.next()?;
        Some(Found::Four(enterprise.to_be_bytes()))
    }

    fn field(&self, field: PacketField) -> Found<'a> {
        let message = self.message;
        let number = |number: u32| Found::Four(number.to_be_bytes());
        match field {
            PacketField::Interface => Found::Octets(self.interface.as_bytes()),
            PacketField::Source => Found::Four(self.source.octets()),
            PacketField::Destination => Found::Four(self.destination.octets()),
            PacketField::Length => number(length(message)),
            PacketField::HardwareAddress => Found::Octets(message.chaddr()),
            PacketField::HardwareLength => number(u32::try_from(message.chaddr().len()).unwrap_or(u32::MAX)),
            PacketField::HardwareType => number(message.hardware_type().into()),
            PacketField::ClientAddress => Found::Four(message.ciaddr().octets()),
            PacketField::RelayAddress => {
                Found::Four(message.giaddr().unwrap_or(Ipv4Addr::UNSPECIFIED).octets())
            }
            PacketField::YourAddress => Found::Four(message.yiaddr().octets()),
            PacketField::ServerAddress => Found::Four(message.siaddr().octets()),
            PacketField::MessageType => {
                let kind = message.message_type().ok().flatten();
                number(kind.map_or(0, MessageType::octet).into())
            }
            PacketField::Transaction => number(message.transaction()),
        }
    }
}

/// The sub-option at the end of a way through encapsulated payloads.
fn descend<'a>(payload: &'a [u8], path: &[u8]) -> Option<&'a [u8]> {
    path.iter().try_fold(payload, |payload, code| sub_option(payload, *code))
}

/// An enterprise's number and what it says.
type Block<'a> = (u32, &'a [u8]);

/// The enterprises of a vendor-identifying option (RFC 3925 sections 3 and 4): number, length, octets, again and
/// again. `None` if it is not made of them.
fn blocks(payload: &[u8]) -> Option<impl Iterator<Item = Block<'_>>> {
    let mut rest = payload;
    while !rest.is_empty() {
        rest = block(rest)?.1;
    }
    let mut rest = payload;
    Some(std::iter::from_fn(move || {
        let (found, after) = block(rest)?;
        rest = after;
        Some(found)
    }))
}

/// The first block, and what follows it.
fn block(payload: &[u8]) -> Option<(Block<'_>, &[u8])> {
    let (enterprise, rest) = payload.split_first_chunk::<4>()?;
    let (len, rest) = rest.split_first()?;
    let (inner, rest) = rest.split_at_checked(usize::from(*len))?;
    Some(((u32::from_be_bytes(*enterprise), inner), rest))
}

/// Header and options; an option of more than 255 octets has several headings.
fn length(message: &Message<'_>) -> u32 {
    let options = message.option_codes().filter_map(|code| message.option(code));
    let options: usize = options.map(|octets| octets.len() + 2 * octets.len().div_ceil(255).max(1)).sum();
    u32::try_from(HEADER_LENGTH + options).unwrap_or(u32::MAX)
}
