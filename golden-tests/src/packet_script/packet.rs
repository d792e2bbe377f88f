//! What a client or relay sends.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};

use leasehold_schemas::vocab::MacAddr;
use leasehold_server::serve::Meta;
use leasehold_server::wire::MessageType;

use super::{assignment, octets, parse};

/// The address at which the server of a script receives.
pub const LOCAL: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 5);

/// One message and how it comes.
#[derive(Clone, Debug)]
pub struct Packet {
    /// How it comes.
    pub meta: Meta,
    /// The message.
    pub bytes: Vec<u8>,
}

struct Fields {
    kind: Option<u8>,
    op: u8,
    relay: Ipv4Addr,
    from: Option<SocketAddrV4>,
    local: Ipv4Addr,
    unicast: bool,
    mac: Vec<u8>,
    transaction: u32,
    secs: u16,
    ciaddr: Ipv4Addr,
    broadcast: bool,
    options: Vec<(u8, Vec<u8>)>,
    containers: BTreeMap<u8, Vec<u8>>,
}

impl Packet {
    /// From the words after the time.
    ///
    /// # Errors
    /// The word that cannot be read.
    pub fn parse(words: &[&str]) -> Result<Packet, String> {
        let mut fields = Fields {
            kind: None,
            op: 1,
            relay: Ipv4Addr::UNSPECIFIED,
            from: None,
            local: LOCAL,
            unicast: false,
            mac: Vec::new(),
            transaction: 1,
            secs: 0,
            ciaddr: Ipv4Addr::UNSPECIFIED,
            broadcast: false,
            options: Vec::new(),
            containers: BTreeMap::new(),
        };
        let mut words = words.iter().copied();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("`{word}` needs a value"));
            match word {
                "relay" => fields.relay = parse(value()?)?,
                "from" => fields.from = Some(parse(value()?)?),
                "local" => fields.local = parse(value()?)?,
                "unicast" => fields.unicast = true,
                "mac" => fields.mac = parse::<MacAddr>(value()?)?.octets().to_vec(),
                "secs" => fields.secs = parse(value()?)?,
                "xid" => fields.transaction = parse(value()?)?,
                "ciaddr" => fields.ciaddr = parse(value()?)?,
                "broadcast" => fields.broadcast = true,
                "op" => fields.op = parse(value()?)?,
                "BOOTP" => fields.kind = None,
                "prl" => {
                    let list = value()?.split(',').map(parse).collect::<Result<Vec<u8>, _>>()?;
                    fields.options.push((55, list));
                }
                word => fields.other(word)?,
            }
        }
        Ok(fields.build())
    }
}

impl Fields {
    fn other(&mut self, word: &str) -> Result<(), String> {
        if let Some((code, inner, value)) = assignment(word) {
            let value = octets(value)?;
            match inner {
                None => self.options.push((code, value)),
                Some(inner) => {
                    let container = self.containers.entry(code).or_default();
                    let len = u8::try_from(value.len()).map_err(|_| "a sub-option is too long".to_owned())?;
                    container.extend_from_slice(&[inner, len]);
                    container.extend_from_slice(&value);
                }
            }
            return Ok(());
        }
        let kind = MessageType::ALL.into_iter().find(|kind| format!("{kind:?}").to_uppercase() == word);
        self.kind = Some(kind.ok_or_else(|| format!("`{word}` is not known"))?.octet());
        Ok(())
    }

    fn build(self) -> Packet {
        let mut bytes = vec![0; 240];
        bytes[0] = self.op;
        bytes[1] = 1;
        bytes[2] = u8::try_from(self.mac.len()).expect("at most 16 octets");
        bytes[4..8].copy_from_slice(&self.transaction.to_be_bytes());
        bytes[8..10].copy_from_slice(&self.secs.to_be_bytes());
        bytes[10] = if self.broadcast { 0x80 } else { 0 };
        bytes[12..16].copy_from_slice(&self.ciaddr.octets());
        bytes[24..28].copy_from_slice(&self.relay.octets());
        bytes[28..28 + self.mac.len()].copy_from_slice(&self.mac);
        bytes[236..240].copy_from_slice(&[99, 130, 83, 99]);
        let kind = self.kind.map(|kind| (53, vec![kind]));
        for (code, value) in kind.into_iter().chain(self.options).chain(self.containers) {
            for part in value.chunks(255) {
                bytes.extend_from_slice(&[code, u8::try_from(part.len()).expect("at most 255")]);
                bytes.extend_from_slice(part);
            }
            if value.is_empty() {
                bytes.extend_from_slice(&[code, 0]);
            }
        }
        bytes.push(255);
        let relayed = !self.relay.is_unspecified();
        let port = if relayed { 67 } else { 68 };
        let source = if relayed { self.relay } else { self.ciaddr };
        let from = self.from.unwrap_or(SocketAddrV4::new(source, port));
        let meta = Meta { from, local: self.local, interface: 3, unicast: relayed || self.unicast };
        Packet { meta, bytes }
    }
}
