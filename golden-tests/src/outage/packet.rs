//! What clients say, as the relay forwards it or as it leaves them, and what they hear.

use std::net::Ipv4Addr;

use dhcproto::v4::{
    Decodable as _, Decoder, DhcpOption, Encodable as _, Message, MessageType, Opcode, OptionCode,
};

/// A question.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ask {
    /// Who has an address?
    Discover,
    /// The offered one is taken.
    Select { address: Ipv4Addr, server: Ipv4Addr },
    /// Is the old one still right?
    Reboot { address: Ipv4Addr },
    /// May it be kept for longer?
    Renew { address: Ipv4Addr },
    /// The same, to whoever hears.
    Rebind { address: Ipv4Addr },
    /// It is given back.
    Release { address: Ipv4Addr, server: Ipv4Addr },
}

/// What a server says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Answer {
    pub kind: MessageType,
    pub xid: u32,
    pub address: Ipv4Addr,
    pub server: Ipv4Addr,
    /// In seconds.
    pub lease: u32,
    pub renew: u32,
    pub rebind: u32,
}

impl Ask {
    /// Whether it goes through the relay; the others go to one server from the client's own address.
    pub fn is_relayed(self) -> bool {
        !matches!(self, Ask::Renew { .. } | Ask::Release { .. })
    }

    /// Its octets; `waited` seconds have passed since the client began.
    pub fn octets(self, number: u32, xid: u32, waited: u16, relay: Ipv4Addr) -> Vec<u8> {
        let [_, a, b, c] = number.to_be_bytes();
        let hardware = [2, 0x7e, 0, a, b, c];
        let mut message = Message::new(
            Ipv4Addr::UNSPECIFIED,
            Ipv4Addr::UNSPECIFIED,
            Ipv4Addr::UNSPECIFIED,
            Ipv4Addr::UNSPECIFIED,
            &hardware,
        );
        message.set_opcode(Opcode::BootRequest).set_xid(xid).set_secs(waited);
        if self.is_relayed() {
            message.set_giaddr(relay).set_hops(1);
        }
        let options = message.opts_mut();
        let kind = match self {
            Ask::Discover => MessageType::Discover,
            Ask::Release { .. } => MessageType::Release,
            Ask::Select { .. } | Ask::Reboot { .. } | Ask::Renew { .. } | Ask::Rebind { .. } => {
                MessageType::Request
            }
        };
        options.insert(DhcpOption::MessageType(kind));
        match self {
            Ask::Discover | Ask::Renew { .. } | Ask::Rebind { .. } => {}
            Ask::Reboot { address } => {
                options.insert(DhcpOption::RequestedIpAddress(address));
            }
            Ask::Select { address, server } => {
                options.insert(DhcpOption::RequestedIpAddress(address));
                options.insert(DhcpOption::ServerIdentifier(server));
            }
            Ask::Release { server, .. } => {
                options.insert(DhcpOption::ServerIdentifier(server));
            }
        }
        if let Ask::Renew { address } | Ask::Rebind { address } | Ask::Release { address, .. } = self {
            message.set_ciaddr(address);
        }
        message.to_vec().expect("a small message can be encoded")
    }
}

impl Answer {
    /// Reads one; nothing else is answered to a client.
    pub fn read(octets: &[u8]) -> Option<Answer> {
        let message = Message::decode(&mut Decoder::new(octets)).ok()?;
        let options = message.opts();
        let seconds = |code| match options.get(code) {
            Some(
                DhcpOption::AddressLeaseTime(seconds)
                | DhcpOption::Renewal(seconds)
                | DhcpOption::Rebinding(seconds),
            ) => Some(*seconds),
            _ => None,
        };
        let lease = seconds(OptionCode::AddressLeaseTime).unwrap_or(0);
        Some(Answer {
            kind: options.msg_type()?,
            xid: message.xid(),
            address: message.yiaddr(),
            server: match options.get(OptionCode::ServerIdentifier) {
                Some(DhcpOption::ServerIdentifier(server)) => *server,
                _ => Ipv4Addr::UNSPECIFIED,
            },
            lease,
            renew: seconds(OptionCode::Renewal).unwrap_or(lease / 2),
            rebind: seconds(OptionCode::Rebinding).unwrap_or(lease / 8 * 7),
        })
    }
}
