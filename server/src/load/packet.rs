//! Client packets as a relay forwards them, and as much of a reply as the load generator needs.
//!
//! Written apart from the server's wire module on purpose: a fault there must not hide here.

use std::net::Ipv4Addr;

use crate::arguments::RawOption;

const COOKIE: [u8; 4] = [99, 130, 83, 99];
const HEADER: usize = 240;
const SIZE_MIN: usize = 300;
const DISCOVER: u8 = 1;
const OFFER: u8 = 2;
const REQUEST: u8 = 3;
const ACK: u8 = 5;
const NAK: u8 = 6;

/// What a client says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Message {
    /// It looks for a server.
    Discover,
    /// It takes an offer: the address, and the server that made it.
    Select(Ipv4Addr, Ipv4Addr),
    /// It renews through its relay.
    Rebind(Ipv4Addr),
    /// It comes back and asks for the address it had.
    Reboot(Ipv4Addr),
}

/// What a server says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// An address, and the server that offers it.
    Offer(Ipv4Addr, Ipv4Addr),
    /// The address is the client's.
    Ack(Ipv4Addr),
    /// It is not.
    Nak,
}

/// What all packets of a run share.
pub struct Template {
    /// Options of every packet.
    pub options: Vec<RawOption>,
    /// Whether option 82.19 asks for answers at the source port.
    pub relay_port: bool,
}

impl Template {
    /// One packet of client `client`, forwarded by `relay` from the link `link`.
    pub fn write(
        &self,
        out: &mut Vec<u8>,
        message: Message,
        xid: u32,
        client: u32,
        relay: Ipv4Addr,
        link: Option<Ipv4Addr>,
    ) {
        out.clear();
        out.resize(HEADER, 0);
        out[0..4].copy_from_slice(&[1, 1, 6, 1]);
        out[4..8].copy_from_slice(&xid.to_be_bytes());
        if let Message::Rebind(address) = message {
            out[12..16].copy_from_slice(&address.octets());
        }
        out[24..28].copy_from_slice(&relay.octets());
        out[28..34].copy_from_slice(&mac(client));
        out[236..240].copy_from_slice(&COOKIE);
        let kind = if message == Message::Discover { DISCOVER } else { REQUEST };
        out.extend_from_slice(&[53, 1, kind]);
        match message {
            Message::Discover | Message::Rebind(_) => {}
            Message::Select(address, server) => {
                push(out, 50, &address.octets());
                push(out, 54, &server.octets());
            }
            Message::Reboot(address) => push(out, 50, &address.octets()),
        }
        push(out, 55, &[1, 3, 6, 15, 28, 42, 51, 58, 59]);
        for option in &self.options {
            push(out, option.code, &option.payload);
        }
        let mut agent = Vec::with_capacity(16);
        if let Some(link) = link {
            push(&mut agent, 5, &link.octets());
        }
        if self.relay_port {
            push(&mut agent, 19, &[]);
        }
        if !agent.is_empty() {
            push(out, 82, &agent);
        }
        out.push(255);
        out.resize(out.len().max(SIZE_MIN), 0);
    }
}

fn push(out: &mut Vec<u8>, code: u8, payload: &[u8]) {
    let length = u8::try_from(payload.len()).expect("the load generator's options are short");
    out.extend_from_slice(&[code, length]);
    out.extend_from_slice(payload);
}

/// The client's hardware address: locally administered, one a client.
pub fn mac(client: u32) -> [u8; 6] {
    let [a, b, c, d] = client.to_be_bytes();
    [0x02, 0x4c, a, b, c, d]
}

/// The transaction and what the server says in it; `None`: not an answer.
pub fn read(bytes: &[u8]) -> Option<(u32, Answer)> {
    if bytes.len() < HEADER || bytes[0] != 2 || bytes[236..240] != COOKIE {
        return None;
    }
    let address = |at: usize| Ipv4Addr::new(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]);
    let xid = transaction(bytes)?;
    let (mut kind, mut server) = (0, Ipv4Addr::UNSPECIFIED);
    let mut at = HEADER;
    while at + 1 < bytes.len() && bytes[at] != 255 {
        if bytes[at] == 0 {
            at += 1;
            continue;
        }
        let (code, length) = (bytes[at], usize::from(bytes[at + 1]));
        if at + 2 + length > bytes.len() {
            return None;
        }
        match (code, length) {
            (53, 1) => kind = bytes[at + 2],
            (54, 4) => server = address(at + 2),
            _ => {}
        }
        at += 2 + length;
    }
    match kind {
        OFFER => Some((xid, Answer::Offer(address(16), server))),
        ACK => Some((xid, Answer::Ack(address(16)))),
        NAK => Some((xid, Answer::Nak)),
        _ => None,
    }
}

/// The transaction of any packet long enough to have one.
pub fn transaction(bytes: &[u8]) -> Option<u32> {
    bytes.get(4..8).map(|xid| u32::from_be_bytes([xid[0], xid[1], xid[2], xid[3]]))
}
