//! Class tests as a tree. Every value is a string of octets; what is absent is the empty string.
//!
//! Some terms cannot be evaluated for every packet: a number or an address of a wrong length has no text. Then the
//! whole test fails, also under `Not`; `And`, `Or` and `IfElse` look only at the parts that they need, in order.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::vocab::{Cidr, ClassName, HexBytes};

/// A test that a packet passes or fails.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "source", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// What every packet passes, or none.
    Constant(bool),
    /// All pass.
    And(Vec<Test>),
    /// One passes.
    Or(Vec<Test>),
    /// It fails.
    Not(Box<Test>),
    /// Both give the same octets.
    Equal(Term, Term),
    /// One of the others gives the same octets as the first.
    In(Term, Vec<Term>),
    /// It gives four octets, which are an address in one of the prefixes.
    Within(Term, Vec<Cidr>),
    /// The regular expression matches the whole of it, octet by octet.
    Match(String, Term),
    /// The packet carries it.
    Exists(Accessor),
    /// The packet is in the class: a built-in, or one that stands earlier in the estate's order.
    Member(ClassName),
}

/// A string of octets.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "source", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// These octets.
    Literal(HexBytes),
    /// What the packet carries there; empty if it carries nothing.
    Value(Accessor),
    /// A part of another string.
    Substring {
        /// The whole.
        of: Box<Term>,
        /// First octet, from 0; negative: counted from the end. Outside the string: the result is empty.
        start: i32,
        /// Count of octets; negative: those before `start`; absent: all that follow.
        length: Option<i32>,
    },
    /// What stands between two delimiters.
    Split {
        /// The whole.
        of: Box<Term>,
        /// Each octet of it is a delimiter; if it is empty, the result is the whole.
        delimiters: Box<Term>,
        /// Which part, from 1. If there is none, the result is empty.
        field: i32,
    },
    /// One after the other.
    Concat(Vec<Term>),
    /// One of two.
    IfElse {
        /// Which.
        test: Box<Test>,
        /// If it passes.
        then: Box<Term>,
        /// If it fails.
        otherwise: Box<Term>,
    },
    /// With the letters A to Z in lower case.
    Lower(Box<Term>),
    /// With the letters a to z in upper case.
    Upper(Box<Term>),
    /// Each octet as two hexadecimal digits, lower case.
    HexText {
        /// The octets.
        of: Box<Term>,
        /// What stands between two of them.
        separator: Box<Term>,
    },
    /// An address as text, from 4 octets (IPv4) or 16 (IPv6). Empty stays empty.
    AddressText(Box<Term>),
    /// A number as decimal text, from as many octets as it has. Empty stays empty.
    NumberText(NumberKind, Box<Term>),
}

/// How octets are a number; the highest octet comes first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "source", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum NumberKind {
    /// One octet, two's complement.
    Int8,
    /// Two octets, two's complement.
    Int16,
    /// Four octets, two's complement.
    Int32,
    /// One octet.
    Uint8,
    /// Two octets.
    Uint16,
    /// Four octets.
    Uint32,
}

/// A place in a packet.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "source", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Accessor {
    /// An option's payload.
    Option(u8),
    /// A sub-option's payload: the option, and the way down from it, one code a level.
    SubOption(u8, Vec<u8>),
    /// Vendor-identifying vendor-specific information (option 125, RFC 3925) of one enterprise; absent: the first
    /// that the packet carries. Its payload is what the enterprise says, without its number.
    Vendor(Option<u32>),
    /// A sub-option of [`Accessor::Vendor`], and the way down.
    VendorOption(Option<u32>, Vec<u8>),
    /// The number of the first enterprise in option 125, four octets.
    VendorEnterprise,
    /// Vendor-identifying vendor class (option 124, RFC 3925) of one enterprise; absent: whichever. Its payload is
    /// the first item.
    VendorClass(Option<u32>),
    /// An item of [`Accessor::VendorClass`], counted from 0.
    VendorClassData(Option<u32>, u8),
    /// The number of the first enterprise in option 124, four octets.
    VendorClassEnterprise,
    /// What every packet has.
    Packet(PacketField),
}

/// What every packet has. Numbers are four octets, whatever their size in the packet; addresses are four too.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "source", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PacketField {
    /// Name of the interface on which it was received.
    Interface,
    /// The address that it came from.
    Source,
    /// The address that it was sent to.
    Destination,
    /// Its length as Kea counts: 236 octets of header and the options, without magic cookie, pads and end.
    Length,
    /// The hardware address, as many octets as `hlen` says.
    HardwareAddress,
    /// `hlen`.
    HardwareLength,
    /// `htype`.
    HardwareType,
    /// `ciaddr`.
    ClientAddress,
    /// `giaddr`.
    RelayAddress,
    /// `yiaddr`.
    YourAddress,
    /// `siaddr`.
    ServerAddress,
    /// Message type (option 53); 0: none.
    MessageType,
    /// `xid`.
    Transaction,
}

/// The place in the language of class expressions, without `.hex` or `.exists`.
impl fmt::Display for Accessor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let enterprise = |id: &Option<u32>| id.map_or("*".to_owned(), |id| id.to_string());
        let way = |f: &mut fmt::Formatter<'_>, path: &[u8]| {
            path.iter().try_for_each(|code| write!(f, ".option[{code}]"))
        };
        match self {
            Accessor::Option(code) => write!(f, "option[{code}]"),
            Accessor::SubOption(82, path) if !path.is_empty() => {
                write!(f, "relay4[{}]", path[0])?;
                way(f, &path[1..])
            }
            Accessor::SubOption(code, path) => {
                write!(f, "option[{code}]")?;
                way(f, path)
            }
            Accessor::Vendor(id) => write!(f, "vendor[{}]", enterprise(id)),
            Accessor::VendorOption(id, path) => {
                write!(f, "vendor[{}]", enterprise(id))?;
                way(f, path)
            }
            Accessor::VendorEnterprise => f.write_str("vendor.enterprise"),
            Accessor::VendorClass(id) => write!(f, "vendor-class[{}]", enterprise(id)),
            Accessor::VendorClassData(id, item) => write!(f, "vendor-class[{}].data[{item}]", enterprise(id)),
            Accessor::VendorClassEnterprise => f.write_str("vendor-class.enterprise"),
            Accessor::Packet(field) => f.write_str(match field {
                PacketField::Interface => "pkt.iface",
                PacketField::Source => "pkt.src",
                PacketField::Destination => "pkt.dst",
                PacketField::Length => "pkt.len",
                PacketField::HardwareAddress => "pkt4.mac",
                PacketField::HardwareLength => "pkt4.hlen",
                PacketField::HardwareType => "pkt4.htype",
                PacketField::ClientAddress => "pkt4.ciaddr",
                PacketField::RelayAddress => "pkt4.giaddr",
                PacketField::YourAddress => "pkt4.yiaddr",
                PacketField::ServerAddress => "pkt4.siaddr",
                PacketField::MessageType => "pkt4.msgtype",
                PacketField::Transaction => "pkt4.transid",
            }),
        }
    }
}

/// A part of a test.
#[derive(Clone, Copy, Debug)]
pub enum Part<'a> {
    /// A test.
    Test(&'a Test),
    /// A string.
    Term(&'a Term),
    /// A place that a test or a string looks at.
    Accessor(&'a Accessor),
}

impl Test {
    /// Shows the test and every part of it.
    pub fn walk<'a>(&'a self, see: &mut dyn FnMut(Part<'a>)) {
        see(Part::Test(self));
        match self {
            Test::Constant(_) | Test::Member(_) => {}
            Test::And(tests) | Test::Or(tests) => tests.iter().for_each(|test| test.walk(see)),
            Test::Not(test) => test.walk(see),
            Test::Equal(left, right) => {
                left.walk(see);
                right.walk(see);
            }
            Test::In(term, list) => {
                term.walk(see);
                list.iter().for_each(|term| term.walk(see));
            }
            Test::Within(term, _) | Test::Match(_, term) => term.walk(see),
            Test::Exists(accessor) => see(Part::Accessor(accessor)),
        }
    }
}

impl Term {
    /// Shows the string and every part of it.
    pub fn walk<'a>(&'a self, see: &mut dyn FnMut(Part<'a>)) {
        see(Part::Term(self));
        match self {
            Term::Literal(_) => {}
            Term::Value(accessor) => see(Part::Accessor(accessor)),
            Term::Substring { of, start: _, length: _ }
            | Term::Lower(of)
            | Term::Upper(of)
            | Term::AddressText(of)
            | Term::NumberText(_, of) => of.walk(see),
            Term::Split { of, delimiters: other, field: _ } | Term::HexText { of, separator: other } => {
                of.walk(see);
                other.walk(see);
            }
            Term::Concat(parts) => parts.iter().for_each(|part| part.walk(see)),
            Term::IfElse { test, then, otherwise } => {
                test.walk(see);
                then.walk(see);
                otherwise.walk(see);
            }
        }
    }
}
