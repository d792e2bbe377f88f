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

const DIGITS: &[u8; 16] = b"0123456789abcdef";

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
        let text = text.trim().as_bytes();
        let separator = text.iter().copied().find(|b| !b.is_ascii_hexdigit());
        // Digits in one group: with colons or hyphens one octet, of which a leading zero may be missing.
        let (digits_min, digits_max) = match separator {
            Some(b':' | b'-') => (1, 2),
            Some(b'.') => (4, 4),
            None => (2, 32),
            Some(_) => return Err(MacError),
        };
        let (mut octets, mut len) = ([0; 16], 0);
        for group in text.split(|b| Some(*b) == separator) {
            if !(digits_min..=digits_max).contains(&group.len()) || (group.len() > 1 && group.len() % 2 == 1)
            {
                return Err(MacError);
            }
            for pair in group.chunks(2) {
                let value = pair.iter().try_fold(0, |value, b| {
                    let digit = char::from(*b).to_digit(16).ok_or(MacError)?;
                    Ok(value * 16 + digit)
                })?;
                *octets.get_mut(len).ok_or(MacError)? = u8::try_from(value).map_err(|_| MacError)?;
                len += 1;
            }
        }
        MacAddr::new(&octets[..len]).ok_or(MacError)
    }
}

impl fmt::Display for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An estate has as many of them as reservations: one piece of text costs a tenth of many small ones.
        let mut text = [b':'; 3 * 16];
        for (place, octet) in text.chunks_exact_mut(3).zip(self.octets()) {
            place[0] = DIGITS[usize::from(octet >> 4)];
            place[1] = DIGITS[usize::from(octet & 0xf)];
        }
        let length = 3 * self.octets().len() - 1;
        f.write_str(std::str::from_utf8(&text[..length]).expect("digits and colons are ASCII"))
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
    r"^\s*([0-9A-Fa-f]{1,2}((:[0-9A-Fa-f]{1,2}){1,15}|(-[0-9A-Fa-f]{1,2}){1,15})|[0-9A-Fa-f]{4}(\.[0-9A-Fa-f]{4}){1,7}|([0-9A-Fa-f]{2}){1,16})\s*$",
    "A MAC address in any common spelling; `leasehold fmt` writes it in lower case with colons."
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_common_spelling_is_read_and_nothing_else() {
        for text in [
            "52:54:00:12:34:56",
            "52-54-00-12-34-56",
            "5254.0012.3456",
            "525400123456",
            "52:54:0:12:34:56",
            " 52:54:00:12:34:56 ",
        ] {
            assert_eq!(
                text.parse::<MacAddr>().map(|mac| mac.to_string()).as_deref(),
                Ok("52:54:00:12:34:56"),
                "{text}"
            );
        }
        for text in ["", ":", "52:", "5", "525", "52:54-00", "52:540:0", "5254.00.12", "zz", "52:5g", "é"] {
            assert_eq!(text.parse::<MacAddr>(), Err(MacError), "{text}");
        }
        assert!("00".repeat(16).parse::<MacAddr>().is_ok());
        assert_eq!("00".repeat(17).parse::<MacAddr>(), Err(MacError));
    }
}
