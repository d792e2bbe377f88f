//! The first words on a connection between the two servers, and how messages follow each other on it.
//!
//! Whoever dials says a [`Preface`]: which versions of the protocol it speaks, which lane the connection is, which
//! pair, from whom and to whom. Whoever answers says a [`Welcome`] that names the highest version both speak, or why it
//! takes no messages. Each begins with [`MAGIC`] and its length; its fields are tagged as those of a message are, so a
//! later release may add some. After the welcome come frames, each a length and one message; an empty one only keeps
//! the connection alive.
//!
//! Invariant: nothing here trusts a length it has read beyond a named limit. It knows no sockets and no encryption.
#![allow(
    unexpected_cfgs,
    reason = "the test build of the next protocol alone sets `leasehold_next_protocol`"
)]

use std::fmt;

use super::codec::MESSAGE_MAX;
use crate::leases::journal::codec::{Fields, number, put, put_number};

/// What every connection of this protocol begins with, in both directions.
pub const MAGIC: [u8; 8] = *b"LEASEHLD";
/// Octets of what comes before the fields: [`MAGIC`] and the length of the fields.
pub const HEAD: usize = MAGIC.len() + 2;
/// Octets of the fields, at most.
pub const FIELDS_MAX: usize = 1024;
/// Octets of a frame's length.
pub const FRAME_HEAD: usize = 4;

const MIN: u8 = 1;
const MAX: u8 = 2;
const LANE: u8 = 3;
const PAIR: u8 = 4;
const FROM: u8 = 5;
const TO: u8 = 6;
const VERDICT: u8 = 7;
const VERSION: u8 = 8;

/// Versions of the protocol, from the lowest to the highest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Versions {
    /// The lowest.
    pub min: u8,
    /// The highest.
    pub max: u8,
}

/// What this release speaks. A release that changes what octets mean adds a version and goes on speaking the one
/// before it, so that the servers of a pair can be upgraded one after the other.
#[cfg(not(leasehold_next_protocol))]
pub const SPOKEN: Versions = Versions { min: 1, max: 1 };
/// What a test build of a release after this one speaks (`--cfg leasehold_next_protocol`).
#[cfg(leasehold_next_protocol)]
pub const SPOKEN: Versions = Versions { min: 1, max: 2 };

impl Versions {
    /// The highest that both speak.
    pub fn common(self, other: Versions) -> Option<u8> {
        let highest = self.max.min(other.max);
        (highest >= self.min.max(other.min)).then_some(highest)
    }

    /// Whether `version` is one of them.
    pub fn contains(self, version: u8) -> bool {
        (self.min..=self.max).contains(&version)
    }
}

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.min == self.max {
            true => write!(f, "{}", self.min),
            false => write!(f, "{}-{}", self.min, self.max),
        }
    }
}

/// Which of the two connections carries a message: heartbeats never queue behind bulk.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Lane {
    /// Small and urgent: who is there, and who answers.
    Control,
    /// Records, and what is said about them.
    Data,
}

impl Lane {
    /// Both.
    pub const ALL: [Lane; 2] = [Lane::Control, Lane::Data];

    /// The lane's name in logs.
    pub fn name(self) -> &'static str {
        match self {
            Lane::Control => "control",
            Lane::Data => "data",
        }
    }
}

/// What whoever dials says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Preface {
    /// What it speaks.
    pub versions: Versions,
    /// What the connection is for.
    pub lane: Lane,
    /// What names the pair.
    pub pair: u64,
    /// The name of who dials.
    pub from: String,
    /// The name of whom it means to reach.
    pub to: String,
}

/// What whoever was dialled answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Welcome {
    /// What it speaks.
    pub versions: Versions,
    /// Its name.
    pub from: String,
    /// The version to go on with, or why not.
    pub verdict: Result<u8, Refused>,
}

/// Why no messages are taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// No version is spoken by both.
    Version,
    /// It is of another pair.
    Pair,
    /// Another server was meant: an address is wrong.
    To,
    /// It is not the partner.
    From,
    /// For a reason that this release does not know.
    Other,
}

impl Refused {
    /// What there is to be said about it.
    pub fn reason(self) -> &'static str {
        match self {
            Refused::Version => "no version of the protocol is spoken by both",
            Refused::Pair => "it serves another estate",
            Refused::To => "another server was meant",
            Refused::From => "it is not the partner",
            Refused::Other => "a later release knows why",
        }
    }

    fn code(self) -> u64 {
        match self {
            Refused::Version => 1,
            Refused::Pair => 2,
            Refused::To => 3,
            Refused::From => 4,
            Refused::Other => 5,
        }
    }
}

/// Why octets are no preface.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotOurs {
    /// They begin an encrypted connection.
    Encrypted,
    /// They begin something else.
    Strange,
    /// A field is wrong or missing, or there are too many of them.
    Field(&'static str),
}

impl fmt::Display for NotOurs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotOurs::Encrypted => write!(f, "the other end speaks TLS, and this one plain text"),
            NotOurs::Strange => write!(f, "the other end does not speak the protocol of a pair"),
            NotOurs::Field(field) => write!(f, "the {field} of the other end's first words is wrong"),
        }
    }
}

impl std::error::Error for NotOurs {}

/// Judges the first [`HEAD`] octets; gives how many octets of fields follow.
pub fn head(octets: &[u8; HEAD]) -> Result<usize, NotOurs> {
    let (magic, length) = octets.split_at(MAGIC.len());
    if magic != MAGIC {
        // Records of TLS begin with their type and 3, 1 or 3, 3 (RFC 8446 section 5.1).
        return Err(if is_encrypted(octets) { NotOurs::Encrypted } else { NotOurs::Strange });
    }
    let length = usize::from(u16::from_le_bytes([length[0], length[1]]));
    if length > FIELDS_MAX { Err(NotOurs::Field("length")) } else { Ok(length) }
}

/// Whether a connection that begins with these octets is encrypted.
pub fn is_encrypted(octets: &[u8]) -> bool {
    matches!(octets, [20..=23, 3, ..])
}

fn whole(fields: &[u8]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    let length = u16::try_from(fields.len()).expect("names are short");
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(fields);
    out
}

/// What the fields of either say, before they are put together.
#[derive(Default)]
struct Read {
    min: u8,
    max: u8,
    lane: u64,
    pair: u64,
    from: String,
    to: String,
    verdict: u64,
    version: u8,
}

impl Read {
    fn of(fields: &[u8]) -> Result<Read, NotOurs> {
        let mut read = Read::default();
        for field in Fields(fields) {
            let (tag, value) = field.map_err(|why| NotOurs::Field(why.field))?;
            match tag {
                MIN => read.min = version(value)?,
                MAX => read.max = version(value)?,
                LANE => read.lane = count(value, "lane")?,
                PAIR => read.pair = count(value, "pair")?,
                FROM => read.from = name(value)?,
                TO => read.to = name(value)?,
                VERDICT => read.verdict = count(value, "verdict")?,
                VERSION => read.version = version(value)?,
                _ => {}
            }
        }
        if read.min == 0 || read.min > read.max {
            return Err(NotOurs::Field("range of versions"));
        }
        Ok(read)
    }

    fn versions(&self) -> Versions {
        Versions { min: self.min, max: self.max }
    }
}

fn count(value: &[u8], field: &'static str) -> Result<u64, NotOurs> {
    number(value, field).map_err(|why| NotOurs::Field(why.field))
}

fn version(value: &[u8]) -> Result<u8, NotOurs> {
    u8::try_from(count(value, "version")?).map_err(|_| NotOurs::Field("version"))
}

/// A name, as it may stand in a log.
fn name(value: &[u8]) -> Result<String, NotOurs> {
    let text = std::str::from_utf8(value).map_err(|_| NotOurs::Field("name"))?;
    match text.len() <= 64 && text.bytes().all(|b| b.is_ascii_graphic()) {
        true => Ok(text.to_owned()),
        false => Err(NotOurs::Field("name")),
    }
}

impl Preface {
    /// As octets.
    pub fn encode(&self) -> Vec<u8> {
        let Preface { versions, lane, pair, from, to } = self;
        let mut fields = Vec::new();
        put_number(&mut fields, MIN, u64::from(versions.min));
        put_number(&mut fields, MAX, u64::from(versions.max));
        put_number(&mut fields, LANE, *lane as u64);
        put_number(&mut fields, PAIR, *pair);
        put(&mut fields, FROM, from.as_bytes());
        put(&mut fields, TO, to.as_bytes());
        whole(&fields)
    }

    /// From the fields that [`head`] announced; total on any octets.
    pub fn decode(fields: &[u8]) -> Result<Preface, NotOurs> {
        let read = Read::of(fields)?;
        let lane = match read.lane {
            0 => Lane::Control,
            1 => Lane::Data,
            _ => return Err(NotOurs::Field("lane")),
        };
        Ok(Preface { versions: read.versions(), lane, pair: read.pair, from: read.from, to: read.to })
    }

    /// What `me` of `pair`, whose partner is `partner` and who speaks `versions`, answers.
    pub fn judge(&self, versions: Versions, pair: u64, me: &str, partner: &str) -> Welcome {
        let verdict = if self.to != me {
            Err(Refused::To)
        } else if self.from != partner {
            Err(Refused::From)
        } else if self.pair != pair {
            Err(Refused::Pair)
        } else {
            self.versions.common(versions).ok_or(Refused::Version)
        };
        Welcome { versions, from: me.to_owned(), verdict }
    }
}

impl Welcome {
    /// As octets.
    pub fn encode(&self) -> Vec<u8> {
        let Welcome { versions, from, verdict } = self;
        let mut fields = Vec::new();
        put_number(&mut fields, MIN, u64::from(versions.min));
        put_number(&mut fields, MAX, u64::from(versions.max));
        put(&mut fields, FROM, from.as_bytes());
        match verdict {
            Ok(version) => put_number(&mut fields, VERSION, u64::from(*version)),
            Err(refused) => put_number(&mut fields, VERDICT, refused.code()),
        }
        whole(&fields)
    }

    /// From the fields that [`head`] announced; total on any octets.
    pub fn decode(fields: &[u8]) -> Result<Welcome, NotOurs> {
        let read = Read::of(fields)?;
        let verdict = match read.verdict {
            0 if read.version == 0 => return Err(NotOurs::Field("version")),
            0 => Ok(read.version),
            1 => Err(Refused::Version),
            2 => Err(Refused::Pair),
            3 => Err(Refused::To),
            4 => Err(Refused::From),
            _ => Err(Refused::Other),
        };
        Ok(Welcome { versions: read.versions(), from: read.from, verdict })
    }
}

/// Appends a frame with `message`, whose first octet is its version: it becomes the one that both speak.
pub fn put_frame(out: &mut Vec<u8>, version: u8, message: &[u8]) {
    assert!(message.len() <= MESSAGE_MAX, "messages are bounded where they are made");
    let length = u32::try_from(message.len()).expect("a message is far shorter");
    out.extend_from_slice(&length.to_le_bytes());
    if let Some((_, fields)) = message.split_first() {
        out.push(version);
        out.extend_from_slice(fields);
    }
}

/// A message, cut off what came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Frame<'a> {
    /// The message; empty: the connection is only kept alive.
    pub message: &'a [u8],
    /// What comes after it.
    pub rest: &'a [u8],
}

/// Cuts the first frame off `octets`. Absent: more octets are needed.
pub fn next_frame(octets: &[u8]) -> Result<Option<Frame<'_>>, TooLong> {
    let Some((head, rest)) = octets.split_first_chunk::<FRAME_HEAD>() else { return Ok(None) };
    let length = u32::from_le_bytes(*head) as usize;
    if length > MESSAGE_MAX {
        return Err(TooLong);
    }
    Ok(rest.split_at_checked(length).map(|(message, rest)| Frame { message, rest }))
}

/// A frame announces more than [`MESSAGE_MAX`] octets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooLong;

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a message of more than {MESSAGE_MAX} octets is announced")
    }
}

impl std::error::Error for TooLong {}

#[cfg(test)]
mod tests;
