//! A witness: a packet that shows what is claimed, as the arguments with which `leasehold why` makes it.

use std::collections::BTreeMap;
use std::fmt;
use std::net::Ipv4Addr;

use leasehold_schemas::artefact::{Accessor, PacketField};
use leasehold_schemas::vocab::MacAddr;

use super::search::Contents;

const MESSAGE_TYPE: u8 = 53;
const CLIENT_IDENTIFIER: u8 = 61;

/// What a client says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// DHCPDISCOVER.
    Discover,
    /// DHCPREQUEST.
    Request,
    /// DHCPINFORM.
    Inform,
}

impl Kind {
    /// Of the message type; `None` for what `leasehold why` does not make.
    fn of(octet: u8) -> Option<Kind> {
        match octet {
            1 => Some(Kind::Discover),
            3 => Some(Kind::Request),
            8 => Some(Kind::Inform),
            _ => None,
        }
    }
}

/// A packet, as far as it matters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Packet {
    /// What the client says.
    pub kind: Kind,
    /// Its hardware address.
    pub mac: MacAddr,
    /// `giaddr`.
    pub relay: Option<Ipv4Addr>,
    /// Options and sub-options of option 82 and others, without the message type.
    pub options: BTreeMap<(u8, Option<u8>), Vec<u8>>,
}

impl Packet {
    /// A packet with these contents. `None` where the arguments cannot say them.
    pub fn new(contents: &Contents, mac: MacAddr, relay: Option<Ipv4Addr>) -> Option<Packet> {
        let mut packet = Packet { kind: Kind::Discover, mac, relay, options: BTreeMap::new() };
        for (place, octets) in &contents.0 {
            let at = match place {
                Accessor::Option(MESSAGE_TYPE) => {
                    let [kind] = octets[..] else { return None };
                    packet.kind = Kind::of(kind)?;
                    continue;
                }
                Accessor::Option(code) => (*code, None),
                Accessor::SubOption(code, path) => match path[..] {
                    [inner] => (*code, Some(inner)),
                    _ => return None,
                },
                Accessor::Packet(PacketField::MessageType) => {
                    let [0, 0, 0, kind] = octets[..] else { return None };
                    packet.kind = Kind::of(kind)?;
                    continue;
                }
                Accessor::Packet(PacketField::HardwareAddress) => {
                    packet.mac = MacAddr::new(octets)?;
                    continue;
                }
                Accessor::Packet(PacketField::RelayAddress) => {
                    let relay = Ipv4Addr::from(<[u8; 4]>::try_from(octets.as_slice()).ok()?);
                    packet.relay = Some(relay).filter(|relay| !relay.is_unspecified());
                    continue;
                }
                Accessor::Vendor(_)
                | Accessor::VendorOption(..)
                | Accessor::VendorEnterprise
                | Accessor::VendorClass(_)
                | Accessor::VendorClassData(..)
                | Accessor::VendorClassEnterprise
                | Accessor::Packet(_) => return None,
            };
            packet.options.insert(at, octets.clone());
        }
        Some(packet)
    }
}

impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Packet { kind, mac, relay, options } = self;
        write!(f, "--mac {mac}")?;
        if let Some(relay) = relay {
            write!(f, " --relay {relay}")?;
        }
        match kind {
            Kind::Discover => {}
            Kind::Request => f.write_str(" --message request")?,
            Kind::Inform => f.write_str(" --message inform")?,
        }
        for ((code, inner), octets) in options {
            let value = Value(octets);
            match inner {
                None if *code == CLIENT_IDENTIFIER => write!(f, " --client-id {value}")?,
                None => write!(f, " --option {code}={value}")?,
                Some(inner) => write!(f, " --option {code}.{inner}={value}")?,
            }
        }
        Ok(())
    }
}

/// Octets as an argument that no shell changes: text if it is plain, else hexadecimal.
struct Value<'a>(&'a [u8]);

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |octet: &u8| octet.is_ascii_alphanumeric() || b"._:/+@%-".contains(octet);
        let text = std::str::from_utf8(self.0).ok().filter(|text| {
            let looks_like_hex = text.starts_with("0x") || text.starts_with("0X");
            !text.is_empty() && !looks_like_hex && !text.starts_with('-') && text.bytes().all(|b| plain(&b))
        });
        if let Some(text) = text {
            return f.write_str(text);
        }
        f.write_str("0x")?;
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_text_where_a_shell_leaves_it_alone() {
        let contents = Contents(BTreeMap::from([
            (Accessor::Option(53), vec![3]),
            (Accessor::Option(60), b"PXEClient:Arch:00007".to_vec()),
            (Accessor::Option(61), b"a b".to_vec()),
            (Accessor::Option(77), Vec::new()),
        ]));
        let mac = "52:54:00:00:00:01".parse().unwrap();
        let packet = Packet::new(&contents, mac, Some(Ipv4Addr::new(10, 42, 8, 1))).unwrap();
        assert_eq!(
            packet.to_string(),
            "--mac 52:54:00:00:00:01 --relay 10.42.8.1 --message request --option 60=PXEClient:Arch:00007 \
             --client-id 0x612062 --option 77=0x"
        );
    }
}
