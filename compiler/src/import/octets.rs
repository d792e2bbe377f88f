//! Option values as Kea reads them: text between commas to octets, by the types of Kea's definitions.

use std::net::{Ipv4Addr, Ipv6Addr};

use leasehold_schemas::vocab::Cidr;

use crate::resolve::option_bytes::domain_labels;

/// Type of a value in Kea, in Kea's words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeaType {
    Binary,
    Boolean,
    Empty,
    Fqdn,
    /// Written in a way of its own: option 121.
    Internal,
    Ipv4Address,
    Ipv6Address,
    Ipv6Prefix,
    Psid,
    Record,
    String,
    Tuple,
    Uint8,
    Uint16,
    Uint32,
    Int8,
    Int16,
    Int32,
}

/// Every type with its name.
const NAMES: [(&str, KeaType); 18] = [
    ("binary", KeaType::Binary),
    ("boolean", KeaType::Boolean),
    ("empty", KeaType::Empty),
    ("fqdn", KeaType::Fqdn),
    ("internal", KeaType::Internal),
    ("ipv4-address", KeaType::Ipv4Address),
    ("ipv6-address", KeaType::Ipv6Address),
    ("ipv6-prefix", KeaType::Ipv6Prefix),
    ("psid", KeaType::Psid),
    ("record", KeaType::Record),
    ("string", KeaType::String),
    ("tuple", KeaType::Tuple),
    ("uint8", KeaType::Uint8),
    ("uint16", KeaType::Uint16),
    ("uint32", KeaType::Uint32),
    ("int8", KeaType::Int8),
    ("int16", KeaType::Int16),
    ("int32", KeaType::Int32),
];

impl KeaType {
    /// The type of this name.
    pub fn named(name: &str) -> Option<KeaType> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
    }
}

/// The values between commas, white space around them gone; `\,` is a comma in a value.
pub fn tokens(data: &str) -> Vec<String> {
    let mut tokens = vec![String::new()];
    let mut characters = data.chars().peekable();
    while let Some(character) = characters.next() {
        let last = tokens.last_mut().expect("there is one from the beginning");
        match character {
            '\\' if characters.peek() == Some(&',') => last.extend(characters.next()),
            ',' => tokens.push(String::new()),
            character => last.push(character),
        }
    }
    tokens.iter().map(|token| token.trim().to_owned()).collect()
}

/// Octets as Kea writes them without a type: hexadecimal digits with or without `0x`, in pairs between colons or
/// spaces or all together (an odd count has a zero before it); or text in single quotes.
pub fn untyped(data: &str) -> Option<Vec<u8>> {
    let data = data.trim();
    if let Some(text) = data.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) {
        return Some(text.as_bytes().to_vec());
    }
    let digits = data.strip_prefix("0x").or_else(|| data.strip_prefix("0X")).unwrap_or(data);
    let digits = match digits.find([':', ' ']).map(|at| &digits[at..=at]) {
        Some(separator) => {
            let groups = digits.split(separator).filter(|group| !group.is_empty());
            let padded =
                groups.map(|group| if group.len() == 1 { format!("0{group}") } else { group.to_owned() });
            padded.collect::<String>()
        }
        None if digits.len() % 2 == 1 => format!("0{digits}"),
        None => digits.to_owned(),
    };
    if digits.len() % 2 == 1 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let pair = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    (0..digits.len()).step_by(2).map(pair).collect()
}

/// The octets of a value of these types. `fields` are those of a record, else empty. The error says what is wrong.
pub fn encode(
    kind: KeaType,
    array: bool,
    fields: &[KeaType],
    code: u8,
    tokens: &[String],
) -> Result<Vec<u8>, String> {
    let mut octets = Vec::new();
    let mut put = |kind: KeaType, token: &str| append(kind, code, token, &mut octets);
    match kind {
        KeaType::Empty => {}
        KeaType::Record => {
            if tokens.len() < fields.len() {
                return Err(format!(
                    "the option has {} fields, and {} are given",
                    fields.len(),
                    tokens.len()
                ));
            }
            let last = fields.last().copied().unwrap_or(KeaType::Binary);
            let count = if array { tokens.len() } else { fields.len() };
            for (at, token) in tokens.iter().take(count).enumerate() {
                put(fields.get(at).copied().unwrap_or(last), token)?;
            }
        }
        kind if array || kind == KeaType::Internal => tokens.iter().try_for_each(|token| put(kind, token))?,
        kind => put(kind, tokens.first().map_or("", String::as_str))?,
    }
    Ok(octets)
}

fn append(kind: KeaType, code: u8, token: &str, octets: &mut Vec<u8>) -> Result<(), String> {
    let wrong = |expected: &str| format!("`{}` is not {expected}", token.escape_debug());
    let whole = |min: i64, max: i64| {
        number(token)
            .filter(|number| (min..=max).contains(number))
            .ok_or_else(|| wrong(&format!("a whole number from {min} to {max}")))
    };
    match kind {
        KeaType::Binary => octets.extend(untyped(token).ok_or_else(|| wrong("hexadecimal octets"))?),
        KeaType::Boolean => octets.push(match token {
            "true" | "1" => 1,
            "false" | "0" => 0,
            _ => return Err(wrong("`true` or `false`")),
        }),
        KeaType::Empty => {}
        KeaType::Fqdn => domain_name(token, octets).ok_or_else(|| wrong("a domain name"))?,
        KeaType::Internal => {
            route(token, octets).ok_or_else(|| wrong("a route such as `10.0.0.0/8 - 10.42.8.1`"))?;
        }
        KeaType::Ipv4Address => {
            octets.extend(token.parse::<Ipv4Addr>().map_err(|_| wrong("an IPv4 address"))?.octets());
        }
        KeaType::Ipv6Address => {
            octets.extend(token.parse::<Ipv6Addr>().map_err(|_| wrong("an IPv6 address"))?.octets());
        }
        KeaType::Ipv6Prefix => prefix(token, octets).ok_or_else(|| wrong("an IPv6 prefix"))?,
        KeaType::Psid => psid(token, octets).ok_or_else(|| wrong("a port set such as `3/4`"))?,
        KeaType::Record => return Err("a record in a record has no meaning".to_owned()),
        KeaType::String => octets.extend_from_slice(token.as_bytes()),
        KeaType::Tuple if code == 143 => {
            // RFC 8572 section 8.1.
            let length = u16::try_from(token.len()).map_err(|_| wrong("at most 65535 octets long"))?;
            octets.extend(length.to_be_bytes());
            octets.extend_from_slice(token.as_bytes());
        }
        KeaType::Tuple => {
            octets.push(u8::try_from(token.len()).map_err(|_| wrong("at most 255 octets long"))?);
            octets.extend_from_slice(token.as_bytes());
        }
        KeaType::Uint8 => octets.extend(&whole(0, 0xff)?.to_be_bytes()[7..]),
        KeaType::Uint16 => octets.extend(&whole(0, 0xffff)?.to_be_bytes()[6..]),
        KeaType::Uint32 => octets.extend(&whole(0, 0xffff_ffff)?.to_be_bytes()[4..]),
        KeaType::Int8 => octets.extend(&whole(-0x80, 0x7f)?.to_be_bytes()[7..]),
        KeaType::Int16 => octets.extend(&whole(-0x8000, 0x7fff)?.to_be_bytes()[6..]),
        KeaType::Int32 => octets.extend(&whole(-0x8000_0000, 0x7fff_ffff)?.to_be_bytes()[4..]),
    }
    Ok(())
}

/// Decimal, or hexadecimal behind `0x`.
fn number(token: &str) -> Option<i64> {
    match token.strip_prefix("0x").or_else(|| token.strip_prefix("0X")) {
        Some(digits) if !digits.starts_with(['-', '+']) => i64::from_str_radix(digits, 16).ok(),
        Some(_) => None,
        None => token.parse().ok(),
    }
}

/// Labels and a zero (RFC 1035 section 3.1).
fn domain_name(token: &str, octets: &mut Vec<u8>) -> Option<()> {
    if token != "." {
        for label in domain_labels(token).ok()? {
            octets.push(u8::try_from(label.len()).ok()?);
            octets.extend_from_slice(label.as_bytes());
        }
    }
    octets.push(0);
    Some(())
}

/// `10.0.0.0/8 - 10.42.8.1` (RFC 3442).
fn route(token: &str, octets: &mut Vec<u8>) -> Option<()> {
    let (to, via) = token.split_once('-')?;
    let (to, via): (Cidr, Ipv4Addr) = (to.trim().parse().ok()?, via.trim().parse().ok()?);
    octets.push(to.length());
    octets.extend(&to.network().octets()[..usize::from(to.length().div_ceil(8))]);
    octets.extend(via.octets());
    Some(())
}

/// Its length and its significant octets.
fn prefix(token: &str, octets: &mut Vec<u8>) -> Option<()> {
    let (address, length) = token.split_once('/')?;
    let (address, length): (Ipv6Addr, u8) = (address.trim().parse().ok()?, length.trim().parse().ok()?);
    (length <= 128).then_some(())?;
    let kept = u128::MAX.checked_shl(u32::from(128 - length)).unwrap_or(0);
    octets.push(length);
    octets.extend(&(address.to_bits() & kept).to_be_bytes()[..usize::from(length.div_ceil(8))]);
    Some(())
}

/// `3/4`: the length, and the number in the upper bits of 16 (RFC 7618).
fn psid(token: &str, octets: &mut Vec<u8>) -> Option<()> {
    let (number, length) = token.split_once('/')?;
    let (number, length): (u16, u8) = (number.trim().parse().ok()?, length.trim().parse().ok()?);
    (length <= 16 && (length == 16 || number >> length == 0)).then_some(())?;
    let shifted = number.checked_shl(u32::from(16 - length)).unwrap_or(0);
    octets.push(length);
    octets.extend(shifted.to_be_bytes());
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: KeaType, array: bool, data: &str, expected: &str) {
        let octets = encode(kind, array, &[], 200, &tokens(data)).unwrap();
        let shown: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
        assert_eq!(shown, expected, "{data}");
    }

    #[test]
    fn values_are_the_octets_that_kea_sends() {
        check(KeaType::Ipv4Address, true, "192.0.2.1, 192.0.2.2", "c0000201c0000202");
        check(KeaType::String, false, "a\\,b, c", "612c62");
        check(KeaType::Uint16, true, "1,0x2", "00010002");
        check(KeaType::Int8, false, "-1", "ff");
        check(KeaType::Fqdn, false, "a.example.", "0161076578616d706c6500");
        check(KeaType::Ipv6Prefix, false, "2001:db8:ffff::/33", "2120010db880");
        check(KeaType::Psid, false, "3/4", "043000");
        check(KeaType::Tuple, false, "ab", "026162");
        check(
            KeaType::Internal,
            true,
            "10.0.0.0/8 - 10.42.8.1, 0.0.0.0/0 - 10.42.8.2",
            "080a0a2a0801000a2a0802",
        );
        check(KeaType::Empty, false, "", "");
        let record = [KeaType::Uint8, KeaType::Ipv6Address, KeaType::Ipv4Address];
        let octets =
            encode(KeaType::Record, true, &record, 212, &tokens("1, ::1, 192.0.2.1, 192.0.2.2")).unwrap();
        assert_eq!(octets.len(), 1 + 16 + 8);
        assert!(encode(KeaType::Record, false, &record, 212, &tokens("1, ::1")).is_err());
        assert!(encode(KeaType::Uint8, false, &[], 200, &tokens("256")).is_err());
    }

    #[test]
    fn octets_have_many_spellings() {
        for text in ["0x0102ff", "01:02:ff", "01 02 FF", "102ff", "0x102ff", "1:2:ff"] {
            assert_eq!(untyped(text), Some(vec![1, 2, 255]), "{text}");
        }
        assert_eq!(untyped("'ab'"), Some(b"ab".to_vec()));
        assert_eq!(untyped("zz"), None);
        assert_eq!(untyped(""), Some(Vec::new()));
    }
}
