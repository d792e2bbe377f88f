//! Hardware addresses.

use std::fmt;
use std::str::FromStr;

use super::string_serde;

/// A hardware address of 1 to 16 octets (RFC 2131, `chaddr`); Ethernet's is 6.
///
/// A length other than 6 is well formed here; rule `bad-mac` judges what a reservation may name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MacAddr {
    octets: [u8; 16],
    len: u8,
}

/// A text is no hardware address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MacError;

impl MacAddr {
    /// From 1 to 16 octets.
    pub fn new(octets: &[u8]) -> Option<MacAddr> {
        let len = u8::try_from(octets.len()).ok().filter(|len| (1..=16).contains(len))?;
        let mut padded = [0; 16];
        padded[..octets.len()].copy_from_slice(octets);
        Some(MacAddr { octets: padded, len })
    }

    /// The octets, without padding.
    pub fn octets(&self) -> &[u8] {
        &self.octets[..usize::from(self.len)]
    }
}

impl FromStr for MacAddr {
    type Err = MacError;

    /// Any common spelling: `52:54:00:12:34:56`, `52-54-00-12-34-56`, `5254.0012.3456`, `525400123456`.
    fn from_str(text: &str) -> Result<MacAddr, MacError> {
        let text = text.trim();
        let groups: Vec<&str> = match text.bytes().find(|b| !b.is_ascii_hexdigit()) {
            Some(b':') => text.split(':').collect(),
            Some(b'-') => text.split('-').collect(),
            Some(b'.') => text.split('.').collect(),
            Some(_) => return Err(MacError),
            None => vec![text],
        };
        let mut octets = Vec::with_capacity(8);
        for group in &groups {
            let short = groups.len() > 1 && group.len() == 1;
            if short {
                octets.push(u8::from_str_radix(group, 16).map_err(|_| MacError)?);
                continue;
            }
            if group.is_empty() || group.len() % 2 == 1 || !group.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err(MacError);
            }
            for at in (0..group.len()).step_by(2) {
                octets.push(u8::from_str_radix(&group[at..at + 2], 16).map_err(|_| MacError)?);
            }
        }
        MacAddr::new(&octets).ok_or(MacError)
    }
}

impl fmt::Display for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, octet) in self.octets().iter().enumerate() {
            let separator = if at == 0 { "" } else { ":" };
            write!(f, "{separator}{octet:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for MacError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a MAC address such as `52:54:00:12:34:56`")
    }
}

impl std::error::Error for MacError {}

string_serde!(MacAddr, "a MAC address such as 52:54:00:12:34:56");
#[cfg(feature = "source")]
super::scalar_schema!(
    MacAddr,
    "MacAddr",
    r"^\s*([0-9A-Fa-f]{1,2}([:-][0-9A-Fa-f]{1,2})*|[0-9A-Fa-f]{4}(\.[0-9A-Fa-f]{4})*|([0-9A-Fa-f]{2})+)\s*$",
    "A MAC address in any common spelling; `leasehold fmt` writes it in lower case with colons."
);
