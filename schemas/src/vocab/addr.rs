//! IPv4 prefixes and ranges.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use ipnetwork::Ipv4Network;

use super::string_serde;

/// An IPv4 prefix in CIDR notation whose host bits are zero: `10.42.8.0/23`.
///
/// `ipnetwork` accepts `10.1.2.3/24`, a bare address and dotted masks; this type refuses all three.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Cidr(Ipv4Network);

/// Why a text is no [`Cidr`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CidrError {
    /// Not `a.b.c.d/n` with `n` from 0 to 32.
    Malformed,
    /// Well formed, but bits beyond the prefix are set; the prefix that was probably meant.
    HostBits(Cidr),
}

impl Cidr {
    /// The prefix of `length` bits (0 to 32) that contains `addr`.
    pub fn containing(addr: Ipv4Addr, length: u8) -> Option<Cidr> {
        let network = Ipv4Network::new(addr, length).ok()?;
        Ipv4Network::new(network.network(), length).ok().map(Cidr)
    }

    /// The network address: the first of the prefix.
    pub fn network(self) -> Ipv4Addr {
        self.0.network()
    }

    /// The last address of the prefix: its broadcast address, where the prefix has one.
    pub fn last(self) -> Ipv4Addr {
        self.0.broadcast()
    }

    /// Bits in the prefix, 0 to 32.
    pub fn length(self) -> u8 {
        self.0.prefix()
    }

    /// The netmask.
    pub fn mask(self) -> Ipv4Addr {
        self.0.mask()
    }

    /// Every address of the prefix, network and broadcast address included.
    pub fn range(self) -> AddrRange {
        AddrRange { first: self.network(), last: self.last() }
    }

    /// Whether network and broadcast address are not for hosts: up to /30 (RFC 3021 frees both on a /31).
    pub fn reserves_ends(self) -> bool {
        self.length() <= 30
    }

    /// Whether `addr` lies in the prefix.
    pub fn contains(self, addr: Ipv4Addr) -> bool {
        self.0.contains(addr)
    }

    /// Whether the two prefixes share an address.
    pub fn overlaps(self, other: Cidr) -> bool {
        self.contains(other.network()) || other.contains(self.network())
    }
}

impl PartialOrd for Cidr {
    fn partial_cmp(&self, other: &Cidr) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// By network address, then the wider prefix first.
impl Ord for Cidr {
    fn cmp(&self, other: &Cidr) -> std::cmp::Ordering {
        (self.network(), self.length()).cmp(&(other.network(), other.length()))
    }
}

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Cidr, CidrError> {
        let (addr, length) = text.split_once('/').ok_or(CidrError::Malformed)?;
        let addr: Ipv4Addr = addr.parse().map_err(|_| CidrError::Malformed)?;
        let plain = !length.is_empty() && length.len() <= 2 && length.bytes().all(|b| b.is_ascii_digit());
        if !plain || (length.len() == 2 && length.starts_with('0')) {
            return Err(CidrError::Malformed);
        }
        let length: u8 = length.parse().map_err(|_| CidrError::Malformed)?;
        let cidr = Cidr::containing(addr, length).ok_or(CidrError::Malformed)?;
        if cidr.network() == addr { Ok(cidr) } else { Err(CidrError::HostBits(cidr)) }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network(), self.length())
    }
}

impl fmt::Display for CidrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CidrError::Malformed => f.write_str("not a prefix such as `10.42.8.0/23`"),
            CidrError::HostBits(meant) => write!(f, "host bits are set; the prefix is `{meant}`"),
        }
    }
}

impl std::error::Error for CidrError {}

string_serde!(Cidr, "an IPv4 prefix such as 10.42.8.0/23");
#[cfg(feature = "source")]
super::scalar_schema!(
    Cidr,
    "Cidr",
    ["string"],
    concat!("^", super::octet!(), r"(\.", super::octet!(), "){3}/([0-9]|[12][0-9]|3[0-2])$"),
    "An IPv4 prefix in CIDR notation; host bits must be zero (RFC 4632)."
);

/// Addresses from `first` to `last`, both included; never reversed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct AddrRange {
    first: Ipv4Addr,
    last: Ipv4Addr,
}

/// Why a text is no [`AddrRange`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RangeError {
    /// Not `first - last`, one address, or a prefix.
    Malformed,
    /// The last address comes before the first.
    Reversed {
        /// The address that was written first.
        first: Ipv4Addr,
        /// The address that was written last.
        last: Ipv4Addr,
    },
}

impl AddrRange {
    /// A range, unless it is reversed.
    pub fn new(first: Ipv4Addr, last: Ipv4Addr) -> Result<AddrRange, RangeError> {
        if first <= last { Ok(AddrRange { first, last }) } else { Err(RangeError::Reversed { first, last }) }
    }

    /// The range of one address.
    pub fn single(addr: Ipv4Addr) -> AddrRange {
        AddrRange { first: addr, last: addr }
    }

    /// Lowest address.
    pub fn first(self) -> Ipv4Addr {
        self.first
    }

    /// Highest address.
    pub fn last(self) -> Ipv4Addr {
        self.last
    }

    /// Count of addresses, 1 to 2^32.
    pub fn size(self) -> u64 {
        u64::from(self.last.to_bits()) - u64::from(self.first.to_bits()) + 1
    }

    /// Whether `addr` lies in the range.
    pub fn contains(self, addr: Ipv4Addr) -> bool {
        self.first <= addr && addr <= self.last
    }

    /// Whether every address of `other` lies in this range.
    pub fn covers(self, other: AddrRange) -> bool {
        self.first <= other.first && other.last <= self.last
    }

    /// The addresses both have.
    pub fn intersection(self, other: AddrRange) -> Option<AddrRange> {
        AddrRange::new(self.first.max(other.first), self.last.min(other.last)).ok()
    }

    /// What is left of this range without `other`: the part before it and the part after it.
    pub fn without(self, other: AddrRange) -> [Option<AddrRange>; 2] {
        if self.intersection(other).is_none() {
            return [Some(self), None];
        }
        let before = other.first.to_bits().checked_sub(1).map(Ipv4Addr::from_bits);
        let after = other.last.to_bits().checked_add(1).map(Ipv4Addr::from_bits);
        [
            before.and_then(|last| AddrRange::new(self.first, last).ok()),
            after.and_then(|first| AddrRange::new(first, self.last).ok()),
        ]
    }
}

impl FromStr for AddrRange {
    type Err = RangeError;

    /// `10.0.0.10 - 10.0.0.20` (spaces optional), `10.0.0.10`, or `10.0.0.0/28` (all of the prefix).
    fn from_str(text: &str) -> Result<AddrRange, RangeError> {
        let addr = |text: &str| text.trim().parse::<Ipv4Addr>().map_err(|_| RangeError::Malformed);
        if let Some((first, last)) = text.split_once('-') {
            return AddrRange::new(addr(first)?, addr(last)?);
        }
        if text.contains('/') {
            return text.trim().parse::<Cidr>().map(Cidr::range).map_err(|_| RangeError::Malformed);
        }
        addr(text).map(AddrRange::single)
    }
}

impl fmt::Display for AddrRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{} - {}", self.first, self.last)
        }
    }
}

impl fmt::Display for RangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RangeError::Malformed => f.write_str("not a range such as `10.42.8.20 - 10.42.9.250`"),
            RangeError::Reversed { first, last } => write!(f, "`{last}` comes before `{first}`"),
        }
    }
}

impl std::error::Error for RangeError {}

string_serde!(AddrRange, "an address range such as 10.42.8.20 - 10.42.9.250");
#[cfg(feature = "source")]
super::scalar_schema!(
    AddrRange,
    "AddrRange",
    ["string"],
    concat!(
        r"^\s*",
        super::octet!(),
        r"(\.",
        super::octet!(),
        r"){3}(\s*-\s*",
        super::octet!(),
        r"(\.",
        super::octet!(),
        r"){3}|/([0-9]|[12][0-9]|3[0-2]))?\s*$"
    ),
    "Addresses, both ends included: `first - last`, one address, or a prefix for all of it."
);
