//! A packet described in words: the arguments of `leasehold why`, and of every witness that a proof prints.
//!
//! Invariant: the same words give the same packet, whoever reads them. A described packet is one that a client
//! sends, or that a relay forwards; what it does not say it does not carry.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddrV4};

use clap::{Args, Parser, ValueEnum};
use leasehold_schemas::source::{FileId, OptionValue, Span, Spanned};
use leasehold_schemas::vocab::{HexBytes, MacAddr, Space};
use leasehold_server::serve::{Config, Meta};
use leasehold_server::wire::{MessageType, code};

use super::Question;
use crate::diag::{self, Sink};
use crate::model::Definition;
use crate::resolve::option_bytes;

/// The transaction of every described packet: nothing depends on it.
const TRANSACTION: u32 = 0x1ea5_e401;
const HEADER_OCTETS: usize = 236;
const COOKIE: [u8; 4] = [99, 130, 83, 99];
/// Longest value of one option that is described; longer ones come in parts (RFC 3396).
const VALUE_OCTETS_MAX: usize = 4096;

/// A packet as it is described.
#[derive(Args, Clone, Debug)]
pub struct Described {
    /// What the client says.
    #[arg(long, value_enum, default_value_t = Kind::Discover, value_name = "TYPE")]
    pub message: Kind,
    /// The client's hardware address, in any common spelling.
    #[arg(long, value_name = "MAC", value_parser = mac)]
    pub mac: Option<MacAddr>,
    /// Its client identifier (option 61): `0x` and hexadecimal digits, else text as it stands.
    #[arg(long, value_name = "VALUE")]
    pub client_id: Option<String>,
    /// The relay that forwards it (`giaddr`); without: the client sends past every relay.
    #[arg(long, value_name = "ADDR")]
    pub relay: Option<Ipv4Addr>,
    /// An option that the packet carries, such as `77=W10PROD`, `82.1=0x0a0b` or `user-class=0x0102`; may be given
    /// several times. Behind a number: `0x` and hexadecimal digits, else text as it stands. Behind a name: as the
    /// option's definition has it, lists with commas.
    #[arg(long, value_name = "CODE[.SUB]=VALUE|NAME=VALUE")]
    pub option: Vec<String>,
    /// The address that the client asks for (option 50).
    #[arg(long, value_name = "ADDR")]
    pub requested: Option<Ipv4Addr>,
    /// The client's own address (`ciaddr`): it renews its lease, or sends an INFORM.
    #[arg(long, value_name = "ADDR")]
    pub ciaddr: Option<Ipv4Addr>,
    /// The server that answers; a REQUEST names it (option 54), and so selects its offer.
    #[arg(long, value_name = "ADDR")]
    pub server_id: Option<Ipv4Addr>,
    /// The client's host name (option 12).
    #[arg(long, value_name = "NAME")]
    pub hostname: Option<String>,
}

/// What a client says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Kind {
    /// DHCPDISCOVER.
    Discover,
    /// DHCPREQUEST.
    Request,
    /// DHCPINFORM.
    Inform,
}

/// Why words describe no packet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DescriptionError {
    /// The words are none of the command's.
    Words(String),
    /// No hardware address and no client identifier is said.
    NoClient,
    /// An option is not written `CODE=VALUE` or `NAME=VALUE`.
    NotAnOption(String),
    /// No option has this name; one that has a similar one.
    UnknownOption(String, Option<String>),
    /// The option is said in another way.
    SaidElsewhere(String, &'static str),
    /// The value is not what the option's definition says.
    Value(String, String),
    /// More octets than a described option has.
    TooLong(String),
}

impl fmt::Display for DescriptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DescriptionError::Words(why) => f.write_str(why),
            DescriptionError::NoClient => {
                f.write_str("no client is described: name it with `--mac`, or show a packet with `--pcap`")
            }
            DescriptionError::NotAnOption(text) => {
                write!(f, "`--option {text}` is no option; write `77=W10PROD`, `82.1=0x0a0b` or `NAME=VALUE`")
            }
            DescriptionError::UnknownOption(name, Some(nearest)) => {
                write!(f, "no option is called `{name}`; did you mean `{nearest}`?")
            }
            DescriptionError::UnknownOption(name, None) => {
                write!(f, "no option is called `{name}`; write its code, such as `77=W10PROD`")
            }
            DescriptionError::SaidElsewhere(option, way) => {
                write!(f, "option `{option}` is said by `{way}`")
            }
            DescriptionError::Value(text, why) => write!(f, "`--option {text}`: {why}"),
            DescriptionError::TooLong(text) => write!(
                f,
                "the value of `{}…` is longer than {VALUE_OCTETS_MAX} octets",
                text.chars().take(20).collect::<String>()
            ),
        }
    }
}

impl std::error::Error for DescriptionError {}

/// The words of a description alone.
#[derive(Parser, Debug)]
#[command(no_binary_name = true, disable_help_flag = true)]
struct Words {
    #[command(flatten)]
    described: Described,
}

/// One option that the packet carries.
struct Carried {
    code: u8,
    octets: Vec<u8>,
}

impl Described {
    /// Reads the words that stand behind `leasehold why [TARGET]`.
    ///
    /// # Errors
    /// The first that is none of the command's.
    pub fn parse(words: &[&str]) -> Result<Described, DescriptionError> {
        match Words::try_parse_from(words) {
            Ok(words) => Ok(words.described),
            Err(error) => {
                let text = error.render().to_string();
                let first = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
                Err(DescriptionError::Words(first.to_owned()))
            }
        }
    }

    /// The packet, and the server that hears it.
    ///
    /// # Errors
    /// What describes no packet.
    pub fn question(&self, definitions: &[Definition]) -> Result<Question, DescriptionError> {
        if self.mac.is_none() && self.client_id.is_none() {
            return Err(DescriptionError::NoClient);
        }
        let unspecified = Ipv4Addr::UNSPECIFIED;
        let local = self.server_id.unwrap_or(unspecified);
        let from = match (self.relay, self.ciaddr) {
            (Some(relay), _) => SocketAddrV4::new(relay, 67),
            (None, Some(own)) => SocketAddrV4::new(own, 68),
            (None, None) => SocketAddrV4::new(unspecified, 68),
        };
        let unicast = self.relay.is_some() || self.ciaddr.is_some();
        Ok(Question {
            meta: Meta { from, local, interface: 0, unicast },
            config: Config { server_id: self.server_id, ..Config::default() },
            octets: self.octets(definitions)?,
        })
    }

    fn octets(&self, definitions: &[Definition]) -> Result<Vec<u8>, DescriptionError> {
        let kind = match self.message {
            Kind::Discover => MessageType::Discover,
            Kind::Request => MessageType::Request,
            Kind::Inform => MessageType::Inform,
        };
        let mut options = vec![Carried { code: code::MESSAGE_TYPE, octets: vec![kind.octet()] }];
        let mut carry = |code, octets| options.push(Carried { code, octets });
        if let Some(text) = &self.client_id {
            carry(code::CLIENT_IDENTIFIER, value(text)?);
        }
        if let Some(address) = self.requested {
            carry(code::REQUESTED_ADDRESS, address.octets().to_vec());
        }
        if let Some(address) = self.server_id.filter(|_| self.message == Kind::Request) {
            carry(code::SERVER_IDENTIFIER, address.octets().to_vec());
        }
        if let Some(name) = &self.hostname {
            carry(code::HOST_NAME, name.as_bytes().to_vec());
        }
        for text in &self.option {
            let Carried { code, octets } = option(text, definitions)?;
            // What is said of one option several times is its parts, or its sub-options.
            match options.iter_mut().find(|carried| carried.code == code) {
                Some(carried) => carried.octets.extend(octets),
                None => options.push(Carried { code, octets }),
            }
        }
        // Relays put their option behind the client's (RFC 3046 section 2.1).
        options.sort_by_key(|carried| carried.code == code::AGENT_INFORMATION);
        Ok(self.message_of(&options))
    }

    fn message_of(&self, options: &[Carried]) -> Vec<u8> {
        let hardware = self.mac.as_ref().map_or(&[][..], MacAddr::octets);
        let length = u8::try_from(hardware.len()).expect("a hardware address is at most 16 octets");
        let mut octets = vec![0; HEADER_OCTETS];
        octets[..4].copy_from_slice(&[1, 1, length, u8::from(self.relay.is_some())]);
        octets[4..8].copy_from_slice(&TRANSACTION.to_be_bytes());
        octets[12..16].copy_from_slice(&self.ciaddr.unwrap_or(Ipv4Addr::UNSPECIFIED).octets());
        octets[24..28].copy_from_slice(&self.relay.unwrap_or(Ipv4Addr::UNSPECIFIED).octets());
        octets[28..28 + hardware.len()].copy_from_slice(hardware);
        octets.extend_from_slice(&COOKIE);
        for Carried { code, octets: payload } in options {
            if payload.is_empty() {
                octets.extend_from_slice(&[*code, 0]);
            }
            for part in payload.chunks(255) {
                octets.extend_from_slice(&[*code, u8::try_from(part.len()).expect("parts are at most 255")]);
                octets.extend_from_slice(part);
            }
        }
        octets.push(code::END);
        octets
    }
}

fn mac(text: &str) -> Result<MacAddr, String> {
    text.parse().map_err(|error: leasehold_schemas::vocab::MacError| error.to_string())
}

/// `0x` and hexadecimal digits, else text as it stands.
fn value(text: &str) -> Result<Vec<u8>, DescriptionError> {
    let octets = match hexadecimal(text) {
        Some(octets) => octets,
        None => text.as_bytes().to_vec(),
    };
    if octets.len() > VALUE_OCTETS_MAX {
        return Err(DescriptionError::TooLong(text.to_owned()));
    }
    Ok(octets)
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    if digits.is_empty() {
        return Some(Vec::new());
    }
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then_some(())?;
    digits.parse::<HexBytes>().ok().map(|octets| octets.0)
}

fn option(text: &str, definitions: &[Definition]) -> Result<Carried, DescriptionError> {
    let malformed = || DescriptionError::NotAnOption(text.to_owned());
    let (name, said) = text.split_once('=').ok_or_else(malformed)?;
    if !name.starts_with(|first: char| first.is_ascii_digit()) {
        return by_name(text, name, said, definitions);
    }
    let (outer, inner) = match name.split_once('.') {
        Some((outer, inner)) => (outer, Some(inner)),
        None => (name, None),
    };
    let outer: u8 = outer.parse().map_err(|_| malformed())?;
    refuse_own(outer, name)?;
    let octets = value(said)?;
    let Some(inner) = inner else { return Ok(Carried { code: outer, octets }) };
    let inner: u8 = inner.parse().map_err(|_| malformed())?;
    let length = u8::try_from(octets.len()).map_err(|_| DescriptionError::TooLong(text.to_owned()))?;
    let mut framed = vec![inner, length];
    framed.extend(octets);
    Ok(Carried { code: outer, octets: framed })
}

/// What frames options, and what has an argument of its own.
fn refuse_own(code: u8, name: &str) -> Result<(), DescriptionError> {
    let way = match code {
        code::PAD | code::END | code::OVERLOAD => {
            return Err(DescriptionError::NotAnOption(format!("{name}=…")));
        }
        code::MESSAGE_TYPE => "--message",
        _ => return Ok(()),
    };
    Err(DescriptionError::SaidElsewhere(name.to_owned(), way))
}

fn by_name(
    text: &str,
    name: &str,
    said: &str,
    definitions: &[Definition],
) -> Result<Carried, DescriptionError> {
    let Some(definition) = definitions.iter().find(|known| known.name == name) else {
        let names = definitions.iter().map(|known| known.name.as_str());
        let nearest = diag::nearest(name, names).map(str::to_owned);
        return Err(DescriptionError::UnknownOption(name.to_owned(), nearest));
    };
    refuse_own(definition.code.0, name)?;
    let octets = match hexadecimal(said) {
        Some(octets) => octets,
        None => typed(text, said, definition)?,
    };
    if octets.len() > VALUE_OCTETS_MAX {
        return Err(DescriptionError::TooLong(text.to_owned()));
    }
    let code = definition.code.0;
    let length = || u8::try_from(octets.len()).map_err(|_| DescriptionError::TooLong(text.to_owned()));
    Ok(match definition.space {
        Space::Dhcp4 => Carried { code, octets },
        Space::Vendor43 => {
            let head = vec![code, length()?];
            Carried { code: code::VENDOR_SPECIFIC, octets: [head, octets].concat() }
        }
        Space::Vendor125(enterprise) => {
            let whole =
                u8::try_from(octets.len() + 2).map_err(|_| DescriptionError::TooLong(text.to_owned()))?;
            let head = [&enterprise.to_be_bytes()[..], &[whole, code, length()?]].concat();
            Carried { code: code::VENDOR_IDENTIFYING, octets: [head, octets].concat() }
        }
    })
}

/// The value's octets as the option's definition has them; lists and records with commas.
fn typed(text: &str, said: &str, definition: &Definition) -> Result<Vec<u8>, DescriptionError> {
    let span = Span { file: FileId(0), start: 0, end: 0 };
    let scalar = |part: &str| Spanned { value: OptionValue::Scalar(part.trim().to_owned()), span };
    let several = definition.array || !definition.fields.is_empty();
    let value = if several {
        Spanned { value: OptionValue::List(said.split(',').map(scalar).collect()), span }
    } else {
        Spanned { value: OptionValue::Scalar(said.to_owned()), span }
    };
    let mut sink = Sink::default();
    let encoded = option_bytes::encode(definition, &value, &mut sink);
    let first = || sink.into_sorted().into_iter().next();
    encoded.map(|encoded| encoded.bytes).ok_or_else(|| {
        let why = first()
            .map_or_else(String::new, |finding| format!("{}, {}", finding.message, finding.primary.text));
        DescriptionError::Value(text.to_owned(), why)
    })
}

#[cfg(test)]
mod tests {
    use leasehold_server::wire::{Message, OptionIndex};

    use super::*;
    use crate::resolve::definitions;

    fn question(words: &[&str]) -> Result<Question, DescriptionError> {
        Described::parse(words)?.question(&definitions::standard())
    }

    #[test]
    fn words_become_a_packet() {
        let words = [
            "--mac",
            "5254.0012.3456",
            "--relay",
            "10.42.8.1",
            "--option",
            "82.1=0x0a0b",
            "--option",
            "77=W10PROD",
            "--option",
            "dhcp-parameter-request-list=1,3,6",
            "--option",
            "82.5=0x0a2a0800",
            "--client-id",
            "0x01ff",
            "--hostname",
            "pc-1",
        ];
        let question = question(&words).expect("good words");
        let mut index = OptionIndex::new();
        let message = Message::read(&question.octets, &mut index).expect("a message");
        assert_eq!(message.chaddr(), [0x52, 0x54, 0, 0x12, 0x34, 0x56]);
        assert_eq!(message.giaddr(), Some(Ipv4Addr::new(10, 42, 8, 1)));
        assert_eq!(message.option(77), Some(&b"W10PROD"[..]));
        assert_eq!(message.option(55), Some(&[1, 3, 6][..]));
        assert_eq!(message.option(61), Some(&[1, 0xff][..]));
        assert_eq!(message.option(12), Some(&b"pc-1"[..]));
        assert_eq!(message.agent_option(1), Some(&[0x0a, 0x0b][..]));
        assert_eq!(message.agent_option(5), Some(&[10, 42, 8, 0][..]));
        assert_eq!(message.option_order().last(), Some(&82), "the relay's option is the last");
        assert_eq!(question.meta.from.to_string(), "10.42.8.1:67");
    }

    #[track_caller]
    fn check_refused(words: &[&str], expected: &str) {
        let shown = question(words).expect_err("words that describe nothing").to_string();
        assert_eq!(shown, expected);
    }

    #[test]
    fn what_describes_no_packet_says_why() {
        let mac = ["--mac", "525400123456", "--option"];
        let refused =
            |option: &str, expected: &str| check_refused(&[mac[0], mac[1], mac[2], option], expected);
        check_refused(
            &["--relay", "10.1.1.1"],
            "no client is described: name it with `--mac`, or show a packet with `--pcap`",
        );
        check_refused(
            &["--mac", "zz"],
            "invalid value 'zz' for '--mac <MAC>': not a MAC address such as `52:54:00:12:34:56`",
        );
        refused("77", "`--option 77` is no option; write `77=W10PROD`, `82.1=0x0a0b` or `NAME=VALUE`");
        refused("300=x", "`--option 300=x` is no option; write `77=W10PROD`, `82.1=0x0a0b` or `NAME=VALUE`");
        refused("user-clas=x", "no option is called `user-clas`; did you mean `user-class`?");
        refused("53=0x01", "option `53` is said by `--message`");
        refused(
            "routers=10.1.1",
            "`--option routers=10.1.1`: `10.1.1` is no value for option `routers`, expected an IPv4 address such as `10.42.8.1`",
        );
        let long = format!("77=0x{}", "00".repeat(4097));
        refused(&long, "the value of `0x000000000000000000…` is longer than 4096 octets");
    }
}
