//! What the server is expected to say, or to leave unsaid.

use std::net::Ipv4Addr;

use dhcproto::{Decodable, Decoder, v4};
use leasehold_server::serve::{Destination, Outgoing};
use leasehold_server::wire::{Message, MessageType, OptionIndex, sub_option};

use super::world::Answer;
use super::{assignment, octets, parse};

/// One `->` line: words that each say something of the answer.
#[derive(Clone, Debug)]
pub struct Expected {
    kind: String,
    words: Vec<String>,
}

impl Expected {
    /// From the words after the arrow.
    ///
    /// # Errors
    /// If there is none.
    pub fn parse(words: &[&str]) -> Result<Expected, String> {
        let (kind, words) = words.split_first().ok_or("say what is answered")?;
        Ok(Expected {
            kind: (*kind).to_owned(),
            words: words.iter().map(|word| (*word).to_owned()).collect(),
        })
    }

    /// Compares.
    ///
    /// # Errors
    /// The first thing that is otherwise.
    pub fn check(&self, answer: &Answer) -> Result<(), String> {
        match (self.kind.as_str(), answer) {
            ("nothing", Answer::Nothing) => Ok(()),
            ("silence", Answer::Silence(reason)) => {
                same("the reason", reason.name(), self.words.first().map_or("", String::as_str))
            }
            ("silence" | "nothing", _) | (_, Answer::Silence(_) | Answer::Nothing) => {
                Err(format!("the answer is {answer:?}"))
            }
            (kind, Answer::Reply(outgoing)) => self.check_reply(kind, outgoing),
        }
    }

    fn check_reply(&self, kind: &str, outgoing: &Outgoing) -> Result<(), String> {
        let mut index = OptionIndex::new();
        let message =
            Message::read(&outgoing.bytes, &mut index).map_err(|why| format!("unreadable: {why:?}"))?;
        agrees_with_dhcproto(&message)?;
        same("`op`", message.op(), 2)?;
        let found = message.message_type().ok().flatten();
        same("the type", found.map(name), Some(kind.to_owned()))?;
        let mut words = self.words.iter().map(String::as_str);
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("`{word}` needs a value"));
            match word {
                "yiaddr" => same("yiaddr", message.yiaddr(), parse(value()?)?)?,
                "ciaddr" => same("ciaddr", message.ciaddr(), parse(value()?)?)?,
                "siaddr" => same("siaddr", message.siaddr(), parse(value()?)?)?,
                "giaddr" => same("giaddr", message.giaddr(), Some(parse(value()?)?))?,
                "file" => same("file", field(message.file()), unquoted(value()?))?,
                "sname" => same("sname", field(message.sname()), unquoted(value()?))?,
                "to" => same("the destination", destination(outgoing.to), value()?.to_owned())?,
                "from" => same("the source", outgoing.from, parse(value()?)?)?,
                "no" => {
                    let code = parse(value()?)?;
                    same("an option that may not be there", message.option(code), None)?;
                }
                "order" => same("the order", order(&outgoing.bytes), value()?.to_owned())?,
                "size" => same("the size", outgoing.bytes.len(), parse(value()?)?)?,
                "size-max" => {
                    let most: usize = parse(value()?)?;
                    same("whether the size is at most that", outgoing.bytes.len() <= most, true)?;
                }
                "broadcast" => same("the broadcast flag", message.wants_broadcast(), true)?,
                word => option(&message, word)?,
            }
        }
        Ok(())
    }
}

fn option(message: &Message<'_>, word: &str) -> Result<(), String> {
    let (code, inner, value) = assignment(word).ok_or_else(|| format!("`{word}` is not known"))?;
    let found = message.option(code);
    let found = match inner {
        Some(inner) => found.and_then(|payload| sub_option(payload, inner)),
        None => found,
    };
    same(&format!("option {code}"), found, Some(&octets(value)?[..]))
}

fn name(kind: MessageType) -> String {
    format!("{kind:?}").to_uppercase()
}

fn unquoted(text: &str) -> String {
    text.trim_matches('\'').to_owned()
}

fn field(octets: &[u8]) -> String {
    let end = octets.iter().position(|octet| *octet == 0).unwrap_or(octets.len());
    String::from_utf8_lossy(&octets[..end]).into_owned()
}

fn destination(to: Destination) -> String {
    match to {
        Destination::Unicast(to) => to.to_string(),
        Destination::Broadcast { interface } => format!("broadcast@{interface}"),
        Destination::Frame { interface, hardware, address } => {
            format!("frame:{hardware}/{address}@{interface}")
        }
    }
}

/// The codes of the options area in the order in which they stand.
fn order(bytes: &[u8]) -> String {
    let (mut at, mut codes) = (240, Vec::new());
    while let Some([code, len]) = bytes.get(at..at + 2).filter(|head| head[0] != 255) {
        codes.push(code.to_string());
        at += 2 + usize::from(*len);
    }
    codes.join(",")
}

#[expect(clippy::needless_pass_by_value, reason = "callers compare values they have just read")]
fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what} is {found:?}, not {expected:?}")) }
}

/// The second reader: what the fixed fields and the type say must be the same.
fn agrees_with_dhcproto(message: &Message<'_>) -> Result<(), String> {
    let other = v4::Message::decode(&mut Decoder::new(message.bytes()))
        .map_err(|why| format!("dhcproto cannot read the answer: {why}"))?;
    same("yiaddr to dhcproto", other.yiaddr(), message.yiaddr())?;
    same("ciaddr to dhcproto", other.ciaddr(), message.ciaddr())?;
    same("siaddr to dhcproto", other.siaddr(), message.siaddr())?;
    same("giaddr to dhcproto", other.giaddr(), message.giaddr().unwrap_or(Ipv4Addr::UNSPECIFIED))?;
    same("xid to dhcproto", other.xid(), message.transaction())?;
    let kind = other.opts().msg_type().map(u8::from);
    same("the type to dhcproto", kind, message.message_type().ok().flatten().map(MessageType::octet))
}
