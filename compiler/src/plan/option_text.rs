//! An option's octets as they would be written in an estate; octets that are not what the definition says are shown in
//! hexadecimal.

use std::net::Ipv4Addr;

use leasehold_schemas::source::OptionType;
use leasehold_schemas::vocab::HexBytes;

use crate::model::Definition;

/// The octets in words.
pub fn option_text(definition: Option<&Definition>, octets: &[u8]) -> String {
    let shown = definition.and_then(|definition| typed(definition, octets));
    shown.unwrap_or_else(|| format!("0x{}", HexBytes(octets.to_vec())))
}

fn typed(definition: &Definition, octets: &[u8]) -> Option<String> {
    let Definition { kind, array, fields, .. } = definition;
    let mut rest = Rest { whole: octets, at: 0 };
    let mut parts = Vec::new();
    let kinds = if *kind == OptionType::Record { fields.as_slice() } else { std::slice::from_ref(kind) };
    if *kind == OptionType::Empty {
        return octets.is_empty().then(|| "set".to_owned());
    }
    loop {
        let repeated = if parts.len() < kinds.len() { parts.len() } else { kinds.len() - 1 };
        parts.push(rest.element(*kinds.get(repeated)?)?);
        if parts.len() >= kinds.len() && (rest.is_empty() || !array) {
            break;
        }
    }
    rest.is_empty().then(|| parts.join(", "))
}

/// What is still to be read.
struct Rest<'a> {
    whole: &'a [u8],
    at: usize,
}

impl<'a> Rest<'a> {
    fn is_empty(&self) -> bool {
        self.at >= self.whole.len()
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let taken = self.whole.get(self.at..self.at.checked_add(count)?)?;
        self.at += count;
        Some(taken)
    }

    fn number(&mut self, octets: usize) -> Option<u64> {
        Some(self.take(octets)?.iter().fold(0, |sum, octet| sum << 8 | u64::from(*octet)))
    }

    fn signed(&mut self, octets: usize) -> Option<String> {
        let number = self.number(octets)?;
        let shift = 64 - 8 * u32::try_from(octets).ok()?;
        Some(((number << shift).cast_signed() >> shift).to_string())
    }

    fn address(&mut self) -> Option<Ipv4Addr> {
        <[u8; 4]>::try_from(self.take(4)?).ok().map(Ipv4Addr::from)
    }

    fn text(&mut self, octets: &[u8]) -> Option<String> {
        let text = std::str::from_utf8(octets).ok()?;
        (!text.chars().any(char::is_control)).then(|| text.to_owned())
    }

    fn element(&mut self, kind: OptionType) -> Option<String> {
        match kind {
            OptionType::Binary => {
                let octets = self.take(self.whole.len() - self.at)?;
                Some(format!("0x{}", HexBytes(octets.to_vec())))
            }
            OptionType::Boolean => match self.number(1)? {
                0 => Some("false".to_owned()),
                1 => Some("true".to_owned()),
                _ => None,
            },
            OptionType::Ipv4Address => self.address().map(|address| address.to_string()),
            OptionType::String => {
                let octets = self.take(self.whole.len() - self.at)?;
                self.text(octets)
            }
            OptionType::Tuple => {
                let length = usize::try_from(self.number(1)?).ok()?;
                let octets = self.take(length)?;
                self.text(octets)
            }
            OptionType::Fqdn => {
                let (name, next) = domain_text(self.whole, self.at)?;
                self.at = next;
                Some(name)
            }
            OptionType::Uint8 => self.number(1).map(|number| number.to_string()),
            OptionType::Uint16 => self.number(2).map(|number| number.to_string()),
            OptionType::Uint32 => self.number(4).map(|number| number.to_string()),
            OptionType::Int8 => self.signed(1),
            OptionType::Int16 => self.signed(2),
            OptionType::Int32 => self.signed(4),
            OptionType::ClasslessRoute => {
                let length = u8::try_from(self.number(1)?).ok()?;
                let significant = self.take(usize::from(length.div_ceil(8)))?;
                let mut network = [0; 4];
                network.get_mut(..significant.len())?.copy_from_slice(significant);
                let router = self.address()?;
                Some(format!("{}/{length} via {router}", Ipv4Addr::from(network)))
            }
            OptionType::Record | OptionType::Empty => None,
        }
    }
}

/// A domain name in wire form from `at` on, pointers followed (RFC 1035 section 4.1.4), and where it ends.
fn domain_text(octets: &[u8], at: usize) -> Option<(String, usize)> {
    let mut labels: Vec<String> = Vec::new();
    let (mut from, mut end) = (at, None);
    loop {
        let length = usize::from(*octets.get(from)?);
        if length >= 0xc0 {
            let target = (length & 0x3f) << 8 | usize::from(*octets.get(from + 1)?);
            end = end.or(Some(from + 2));
            // A pointer leads back, so that names end.
            if target >= from {
                return None;
            }
            from = target;
            continue;
        }
        if length == 0 {
            return Some((labels.join("."), end.unwrap_or(from + 1)));
        }
        let label = std::str::from_utf8(octets.get(from + 1..from + 1 + length)?).ok()?;
        if labels.len() > 127 || label.chars().any(char::is_control) {
            return None;
        }
        labels.push(label.to_owned());
        from += 1 + length;
    }
}

#[cfg(test)]
mod tests {
    use leasehold_schemas::vocab::{OptionCode, Space};

    use super::*;
    use crate::resolve::definitions::standard;

    #[track_caller]
    fn check(code: u8, octets: &[u8], expected: &str) {
        let known =
            standard().into_iter().find(|one| (one.space, one.code) == (Space::Dhcp4, OptionCode(code)));
        assert_eq!(option_text(known.as_ref(), octets), expected);
    }

    #[test]
    fn octets_are_shown_as_they_are_written() {
        check(3, &[10, 0, 0, 1, 10, 0, 0, 2], "10.0.0.1, 10.0.0.2");
        check(15, b"example.internal", "example.internal");
        check(26, &[5, 0xdc], "1500");
        check(2, &[0xff, 0xff, 0xf1, 0xf0], "-3600");
        check(119, b"\x01a\x01b\x00\x01c\xc0\x02", "a.b, c.b");
        check(
            121,
            &[23, 10, 1, 2, 10, 0, 0, 1, 0, 10, 0, 0, 2],
            "10.1.2.0/23 via 10.0.0.1, 0.0.0.0/0 via 10.0.0.2",
        );
        check(19, &[1], "true");
        check(43, &[1, 2], "0x0102");
    }

    #[test]
    fn octets_of_another_shape_are_shown_as_they_are() {
        check(3, &[10, 0, 0], "0x0a0000");
        check(15, b"a\x00b", "0x610062");
        check(119, &[0xc0, 0x00], "0xc000");
        check(19, &[7], "0x07");
    }
}
