//! Why an artefact cannot be served.

use std::fmt;
use std::net::Ipv4Addr;

use leasehold_schemas::vocab::{AddrRange, Cidr};

/// What is wrong with an artefact whose shape is right. The compiler writes none of these; a hand does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TableError {
    /// A place names a set of values that is not there.
    NoSuchValues(u32),
    /// A place names a list of meanings that is not there.
    NoSuchMeanings(u32),
    /// A class that is neither defined nor built in.
    NoSuchClass(String),
    /// Two classes of one name.
    DuplicateClass(String),
    /// A class refers to itself or to one that stands later.
    ForwardReference {
        /// Who refers.
        class: String,
        /// To whom.
        to: String,
    },
    /// Classes that refer to classes, too deep or too often for one packet: the bounds are in `classes`.
    ReferencesTooDeep(String),
    /// A regular expression that cannot be compiled.
    BadPattern {
        /// Of which class.
        class: String,
        /// The regular expression.
        pattern: String,
    },
    /// More classes than the tables count.
    TooManyClasses,
    /// A set of values has one option twice.
    DuplicateOption(u32),
    /// Two subnets share an address.
    OverlappingSubnets(Cidr, Cidr),
    /// Two pool ranges share an address.
    OverlappingPools(AddrRange, AddrRange),
    /// A pool lies outside its subnet.
    PoolOutside(AddrRange, Cidr),
    /// A reserved address lies outside its subnet.
    ReservationOutside(Ipv4Addr, Cidr),
    /// One relay address means two networks.
    AmbiguousRelay(Ipv4Addr),
    /// An identifier of more octets than an option holds.
    IdentifierTooLong(usize),
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TableError::NoSuchValues(at) => write!(f, "value set {at} is referred to and not there"),
            TableError::NoSuchMeanings(at) => write!(f, "meanings {at} are referred to and not there"),
            TableError::NoSuchClass(name) => write!(f, "class `{name}` is referred to and not defined"),
            TableError::DuplicateClass(name) => write!(f, "class `{name}` is defined twice"),
            TableError::ForwardReference { class, to } => {
                write!(f, "class `{class}` refers to `{to}`, which does not stand before it")
            }
            TableError::ReferencesTooDeep(name) => {
                write!(f, "class `{name}` refers to other classes too deeply or too often")
            }
            TableError::BadPattern { class, pattern } => {
                write!(f, "class `{class}` has a regular expression that cannot be compiled: `{pattern}`")
            }
            TableError::TooManyClasses => f.write_str("more than 65,000 classes"),
            TableError::DuplicateOption(at) => write!(f, "value set {at} has one option twice"),
            TableError::OverlappingSubnets(a, b) => write!(f, "subnets `{a}` and `{b}` overlap"),
            TableError::OverlappingPools(a, b) => write!(f, "pool ranges `{a}` and `{b}` overlap"),
            TableError::PoolOutside(range, subnet) => {
                write!(f, "pool range `{range}` is outside subnet `{subnet}`")
            }
            TableError::ReservationOutside(address, subnet) => {
                write!(f, "reserved address `{address}` is outside subnet `{subnet}`")
            }
            TableError::AmbiguousRelay(address) => write!(f, "relay `{address}` means two networks"),
            TableError::IdentifierTooLong(len) => {
                write!(f, "a reservation's identifier has {len} octets; 255 is the most")
            }
        }
    }
}

impl std::error::Error for TableError {}
