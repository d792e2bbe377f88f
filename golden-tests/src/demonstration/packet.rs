//! What the demonstration's client says, as its relay forwards it, and what it hears.
//!
//! Link selection (option 82.5, RFC 3527) names the client's subnet, so the relay's own address may be on loopback;
//! the relay source port (82.19, RFC 8357) makes port 67 unnecessary. Both together need no root.

use std::net::Ipv4Addr;

const HEADER: usize = 240;
const COOKIE: [u8; 4] = [99, 130, 83, 99];

/// A client and where it stands.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Its hardware address.
    pub mac: [u8; 6],
    /// Its user class (option 77), if it sends one.
    pub user_class: Option<&'static str>,
    /// An address of its subnet.
    pub link: Ipv4Addr,
    /// The relay's address.
    pub relay: Ipv4Addr,
    /// The transaction.
    pub xid: u32,
}

/// What a packet is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wish {
    /// DISCOVER.
    Discover,
    /// REQUEST of an offered address, from the server that offered it.
    Select(Ipv4Addr, Ipv4Addr),
}

impl Wish {
    /// Whether it is an answer to this, and not to what was asked before under the same transaction.
    pub fn is_answered_by(self, reply: &Reply) -> bool {
        let kind = reply.option(53);
        match self {
            Wish::Discover => kind == Some(&[2]),
            Wish::Select(..) => kind == Some(&[5]) || kind == Some(&[6]),
        }
    }
}

impl Ask {
    /// The packet as the relay forwards it.
    pub fn packet(&self, wish: Wish) -> Vec<u8> {
        let mut bytes = vec![0; HEADER];
        bytes[..4].copy_from_slice(&[1, 1, 6, 1]);
        bytes[4..8].copy_from_slice(&self.xid.to_be_bytes());
        bytes[24..28].copy_from_slice(&self.relay.octets());
        bytes[28..34].copy_from_slice(&self.mac);
        bytes[236..].copy_from_slice(&COOKIE);
        let mut option = |code: u8, payload: &[u8]| {
            bytes.extend([code, u8::try_from(payload.len()).expect("the demonstration's options are short")]);
            bytes.extend(payload);
        };
        match wish {
            Wish::Discover => option(53, &[1]),
            Wish::Select(address, server) => {
                option(53, &[3]);
                option(50, &address.octets());
                option(54, &server.octets());
            }
        }
        option(55, &[1, 3, 6, 12, 15, 42, 51, 58, 59, 66, 119, 234]);
        if let Some(class) = self.user_class {
            option(77, class.as_bytes());
        }
        let [a, b, c, d] = self.link.octets();
        option(82, &[5, 4, a, b, c, d, 19, 0]);
        bytes.push(255);
        bytes
    }
}

/// A server's answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The whole message.
    pub octets: Vec<u8>,
    /// The address (`yiaddr`).
    pub address: Ipv4Addr,
    /// Options in the order sent.
    pub options: Vec<(u8, Vec<u8>)>,
}

impl Reply {
    /// Reads an answer to `xid`; `None` for anything else.
    pub fn read(bytes: &[u8], xid: u32) -> Option<Reply> {
        if bytes.len() < HEADER
            || bytes[0] != 2
            || bytes[4..8] != xid.to_be_bytes()
            || bytes[236..240] != COOKIE
        {
            return None;
        }
        let mut options = Vec::new();
        let mut rest = &bytes[HEADER..];
        while let [code, length, tail @ ..] = rest {
            if *code == 255 {
                break;
            }
            let (payload, tail) = tail.split_at_checked(usize::from(*length))?;
            options.push((*code, payload.to_vec()));
            rest = tail;
        }
        let address = Ipv4Addr::new(bytes[16], bytes[17], bytes[18], bytes[19]);
        Some(Reply { octets: bytes.to_vec(), address, options })
    }

    /// An option's payload.
    pub fn option(&self, code: u8) -> Option<&[u8]> {
        self.options.iter().find(|(other, _)| *other == code).map(|(_, payload)| payload.as_slice())
    }

    /// An option that holds an address.
    pub fn address_option(&self, code: u8) -> Option<Ipv4Addr> {
        let octets: [u8; 4] = self.option(code)?.try_into().ok()?;
        Some(octets.into())
    }
}
