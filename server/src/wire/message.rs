//! A view of one received message. Nothing is copied.

use std::net::Ipv4Addr;

use super::code;
use super::options::OptionIndex;

/// Shortest message: the fixed fields and the magic cookie.
const LENGTH_MIN: usize = 240;
/// RFC 2131 section 3.
pub(super) const COOKIE: [u8; 4] = [99, 130, 83, 99];

/// Why bytes are no message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Malformed {
    /// Fewer than 240 octets, or more than a datagram holds.
    Length,
    /// The options do not begin with the magic cookie: BOOTP without options, or no message at all.
    Cookie,
    /// `hlen` says more than the 16 octets of `chaddr`.
    HardwareLength,
}

/// What a client says (RFC 2132 section 9.6). Only messages that a server receives or sends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum MessageType {
    /// DHCPDISCOVER.
    Discover,
    /// DHCPOFFER.
    Offer,
    /// DHCPREQUEST.
    Request,
    /// DHCPDECLINE.
    Decline,
    /// DHCPACK.
    Ack,
    /// DHCPNAK.
    Nak,
    /// DHCPRELEASE.
    Release,
    /// DHCPINFORM.
    Inform,
}

impl MessageType {
    /// Every type, in the order of its number, from 1.
    pub const ALL: [MessageType; 8] = [
        MessageType::Discover,
        MessageType::Offer,
        MessageType::Request,
        MessageType::Decline,
        MessageType::Ack,
        MessageType::Nak,
        MessageType::Release,
        MessageType::Inform,
    ];

    /// From option 53's octet.
    pub fn from_octet(octet: u8) -> Option<MessageType> {
        MessageType::ALL.get(usize::from(octet).wrapping_sub(1)).copied()
    }

    /// As option 53's octet.
    pub fn octet(self) -> u8 {
        match self {
            MessageType::Discover => 1,
            MessageType::Offer => 2,
            MessageType::Request => 3,
            MessageType::Decline => 4,
            MessageType::Ack => 5,
            MessageType::Nak => 6,
            MessageType::Release => 7,
            MessageType::Inform => 8,
        }
    }
}

/// One received message: its octets and where its options stand.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    bytes: &'a [u8],
    options: &'a OptionIndex,
    remembered_agent: Option<&'a [u8]>,
}

impl<'a> Message<'a> {
    /// Checks length, cookie and `hlen`, and walks the options once, into `index`.
    pub fn read(bytes: &'a [u8], index: &'a mut OptionIndex) -> Result<Message<'a>, Malformed> {
        if bytes.len() < LENGTH_MIN || bytes.len() > usize::from(u16::MAX) {
            return Err(Malformed::Length);
        }
        if bytes[236..240] != COOKIE {
            return Err(Malformed::Cookie);
        }
        if bytes[2] > 16 {
            return Err(Malformed::HardwareLength);
        }
        index.fill(bytes);
        Ok(Message { bytes, options: index, remembered_agent: None })
    }

    /// The message as it came.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// `op`: 1 is a request, 2 a reply.
    pub fn op(&self) -> u8 {
        self.bytes[0]
    }

    /// `htype` (RFC 1700).
    pub fn hardware_type(&self) -> u8 {
        self.bytes[1]
    }

    /// `hops`.
    pub fn hops(&self) -> u8 {
        self.bytes[3]
    }

    /// `xid`.
    pub fn transaction(&self) -> u32 {
        u32::from_be_bytes([self.bytes[4], self.bytes[5], self.bytes[6], self.bytes[7]])
    }

    /// `secs`: seconds since the client began.
    pub fn secs(&self) -> u16 {
        u16::from_be_bytes([self.bytes[8], self.bytes[9]])
    }

    /// `flags`; the highest bit asks for a broadcast answer.
    pub fn flags(&self) -> u16 {
        u16::from_be_bytes([self.bytes[10], self.bytes[11]])
    }

    /// Whether the client cannot receive unicast before it has an address (RFC 2131 section 4.1).
    pub fn wants_broadcast(&self) -> bool {
        self.flags() & 0x8000 != 0
    }

    fn address_at(&self, at: usize) -> Ipv4Addr {
        Ipv4Addr::new(self.bytes[at], self.bytes[at + 1], self.bytes[at + 2], self.bytes[at + 3])
    }

    /// `ciaddr`.
    pub fn ciaddr(&self) -> Ipv4Addr {
        self.address_at(12)
    }

    /// `yiaddr`.
    pub fn yiaddr(&self) -> Ipv4Addr {
        self.address_at(16)
    }

    /// `siaddr`.
    pub fn siaddr(&self) -> Ipv4Addr {
        self.address_at(20)
    }

    /// `giaddr`, if a relay filled it in.
    pub fn giaddr(&self) -> Option<Ipv4Addr> {
        Some(self.address_at(24)).filter(|addr| !addr.is_unspecified())
    }

    /// `chaddr`, as many octets as `hlen` says.
    pub fn chaddr(&self) -> &'a [u8] {
        &self.bytes[28..28 + usize::from(self.bytes[2])]
    }

    /// All 16 octets of `chaddr`.
    pub fn chaddr_field(&self) -> [u8; 16] {
        self.bytes[28..44].try_into().expect("44 - 28 = 16")
    }

    /// `file`, all 128 octets.
    pub fn file(&self) -> &'a [u8] {
        &self.bytes[108..236]
    }

    /// `sname`, all 64 octets.
    pub fn sname(&self) -> &'a [u8] {
        &self.bytes[44..108]
    }

    /// The payload of an option, joined if it came in parts.
    pub fn option(&self, code: u8) -> Option<&'a [u8]> {
        let Message { bytes, options, remembered_agent } = *self;
        match options.get(bytes, code) {
            None if code == code::AGENT_INFORMATION => remembered_agent,
            found => found,
        }
    }

    /// The same message, read as if it carried this option 82 where it carries none.
    pub fn with_remembered_agent(self, agent: &'a [u8]) -> Message<'a> {
        Message { remembered_agent: Some(agent), ..self }
    }

    /// Option 82 as this very message carries it: what a reply echoes (RFC 3046 section 2.2).
    pub fn received_agent(&self) -> Option<&'a [u8]> {
        self.options.get(self.bytes, code::AGENT_INFORMATION)
    }

    /// An option that must be one address.
    pub fn address_option(&self, code: u8) -> Option<Ipv4Addr> {
        let octets: [u8; 4] = self.option(code)?.try_into().ok()?;
        Some(Ipv4Addr::from(octets))
    }

    /// An option that must be 32 bits.
    pub fn u32_option(&self, code: u8) -> Option<u32> {
        Some(u32::from_be_bytes(self.option(code)?.try_into().ok()?))
    }

    /// An option that must be 16 bits.
    pub fn u16_option(&self, code: u8) -> Option<u16> {
        Some(u16::from_be_bytes(self.option(code)?.try_into().ok()?))
    }

    /// The codes of all options, lowest first.
    pub fn option_codes(&self) -> impl Iterator<Item = u8> + 'a {
        let options = self.options;
        options.codes()
    }

    /// The codes of all options, each once, in the order in which they stand.
    pub fn option_order(&self) -> Vec<u8> {
        self.options.order(self.bytes)
    }

    /// A sub-option of option 82 (RFC 3046).
    pub fn agent_option(&self, code: u8) -> Option<&'a [u8]> {
        sub_option(self.option(code::AGENT_INFORMATION)?, code)
    }

    /// Option 53; `Ok(None)` is BOOTP, `Err` an octet that is no type a server speaks, or no single octet.
    pub fn message_type(&self) -> Result<Option<MessageType>, u8> {
        match self.option(code::MESSAGE_TYPE) {
            None => Ok(None),
            Some(&[octet]) => MessageType::from_octet(octet).map(Some).ok_or(octet),
            Some(_) => Err(0),
        }
    }
}

/// The first sub-option `code` of an encapsulated payload (RFC 3046 section 2.0, RFC 2132 section 8.4).
pub fn sub_option(payload: &[u8], code: u8) -> Option<&[u8]> {
    sub_options(payload).find(|(found, _)| *found == code).map(|(_, payload)| payload)
}

/// The sub-options of an encapsulated payload; a truncated one ends them. There is neither pad nor end here.
pub fn sub_options(mut payload: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (&[code, len], rest) = payload.split_first_chunk::<2>()?;
        let (inner, rest) = rest.split_at_checked(usize::from(len))?;
        payload = rest;
        Some((code, inner))
    })
}
