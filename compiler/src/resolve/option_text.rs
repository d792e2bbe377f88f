//! An option's octets as people read them: what [`super::option_bytes`] wrote, read back as its definition says.
//!
//! Invariant: total, and the text holds no control character. Octets that do not fit the definition are shown in
//! hexadecimal, so nothing is shown that is not there.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use leasehold_schemas::source::OptionType;
use leasehold_schemas::vocab::{Cidr, HexBytes, Space};

use crate::model::Definition;

/// The value in words; elements of a list stand behind one another with commas between them.
pub fn readable(definition: &Definition, octets: &[u8]) -> String {
    typed(definition, octets).unwrap_or_else(|| hex(octets))
}

/// Octets in hexadecimal behind `0x`.
pub fn hex(octets: &[u8]) -> String {
    format!("0x{}", HexBytes(octets.to_vec()))
}

/// The octets as text, if all of them are printable.
pub fn text(octets: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(octets).ok()?;
    (!text.is_empty() && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

fn typed(definition: &Definition, octets: &[u8]) -> Option<String> {
    let mut reader = Reader { definition, octets, at: 0 };
    if definition.kind == OptionType::Empty {
        return octets.is_empty().then(|| "present".to_owned());
    }
    let mut shown = String::new();
    let mut put = |element: &str| {
        let separator = if shown.is_empty() { "" } else { ", " };
        write!(shown, "{separator}{element}").expect("a string takes all that is written to it");
    };
    let kinds = match definition.kind {
        OptionType::Record => definition.fields.as_slice(),
        _ => std::slice::from_ref(&definition.kind),
    };
    for kind in kinds {
        put(&reader.element(*kind)?);
    }
    while definition.array && reader.at < octets.len() {
        put(&reader.element(*kinds.last()?)?);
    }
    (reader.at == octets.len()).then_some(shown)
}

struct Reader<'a> {
    definition: &'a Definition,
    octets: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let taken = self.octets.get(self.at..self.at.checked_add(count)?)?;
        self.at += count;
        Some(taken)
    }

    fn rest(&mut self) -> &'a [u8] {
        let rest = &self.octets[self.at..];
        self.at = self.octets.len();
        rest
    }

    /// `count` octets as a whole number.
    fn number(&mut self, count: usize) -> Option<u32> {
        let octets = self.take(count)?;
        Some(octets.iter().fold(0, |number, octet| number << 8 | u32::from(*octet)))
    }

    fn address(&mut self) -> Option<Ipv4Addr> {
        self.number(4).map(Ipv4Addr::from)
    }

    fn element(&mut self, kind: OptionType) -> Option<String> {
        Some(match kind {
            OptionType::Binary => hex(self.rest()),
            OptionType::Boolean => match self.number(1)? {
                0 => "false".to_owned(),
                1 => "true".to_owned(),
                _ => return None,
            },
            OptionType::Fqdn => self.name()?,
            OptionType::Ipv4Address => self.address()?.to_string(),
            OptionType::String => text(self.rest())?,
            OptionType::Tuple => self.tuple()?,
            OptionType::Uint8 => self.number(1)?.to_string(),
            OptionType::Uint16 => self.number(2)?.to_string(),
            OptionType::Uint32 => self.number(4)?.to_string(),
            OptionType::Int8 => (self.number(1)?.to_le_bytes()[0].cast_signed()).to_string(),
            OptionType::Int16 => u16::try_from(self.number(2)?).ok()?.cast_signed().to_string(),
            OptionType::Int32 => self.number(4)?.cast_signed().to_string(),
            OptionType::ClasslessRoute => self.route()?,
            OptionType::Empty | OptionType::Record => return None,
        })
    }

    /// A length, of two octets in option 143 (RFC 8572 section 8.1), and text.
    fn tuple(&mut self) -> Option<String> {
        let wide = self.definition.space == Space::Dhcp4 && self.definition.code.0 == 143;
        let length = self.number(if wide { 2 } else { 1 })?;
        text(self.take(usize::try_from(length).ok()?)?)
    }

    /// The prefix's length, its significant octets, the router (RFC 3442).
    fn route(&mut self) -> Option<String> {
        let length = u8::try_from(self.number(1)?).ok()?;
        let significant = self.take(usize::from(length.div_ceil(8)))?;
        let mut network = [0; 4];
        network.get_mut(..significant.len())?.copy_from_slice(significant);
        let to = Cidr::containing(network.into(), length).filter(|to| to.network().octets() == network)?;
        Some(format!("{to} via {}", self.address()?))
    }

    /// A domain name; pointers lead to what stands before (RFC 1035 section 4.1.4), so following them ends.
    fn name(&mut self) -> Option<String> {
        let (mut labels, mut at, mut behind) = (Vec::new(), self.at, None);
        let mut limit = self.at;
        loop {
            let length = *self.octets.get(at)?;
            match length {
                0 => break,
                1..=63 => {
                    let label = self.octets.get(at + 1..at + 1 + usize::from(length))?;
                    labels.push(text(label)?);
                    at += 1 + usize::from(length);
                }
                0xc0.. => {
                    let low = *self.octets.get(at + 1)?;
                    let to = usize::from(length & 0x3f) << 8 | usize::from(low);
                    behind.get_or_insert(at + 2);
                    if to >= limit {
                        return None;
                    }
                    (at, limit) = (to, to);
                }
                64..=0xbf => return None,
            }
        }
        self.at = behind.unwrap_or(at + 1);
        if labels.is_empty() { Some(".".to_owned()) } else { Some(labels.join(".")) }
    }
}

#[cfg(test)]
mod tests {
    use leasehold_schemas::source::{FileId, OptionValue, Span, Spanned};
    use leasehold_schemas::vocab::OptionCode;
    use proptest::prelude::*;

    use super::*;
    use crate::diag::Sink;
    use crate::resolve::{definitions, option_bytes};

    fn named(name: &str) -> Definition {
        definitions::standard().into_iter().find(|known| known.name == name).expect("a standard option")
    }

    #[track_caller]
    fn check_round_trip(name: &str, items: &[&str], expected: &str) {
        let span = Span { file: FileId(0), start: 0, end: 0 };
        let spanned = |value| Spanned { value, span };
        let scalar = |text: &&str| spanned(OptionValue::Scalar((*text).to_owned()));
        let value = match items {
            [one] => scalar(one),
            several => spanned(OptionValue::List(several.iter().map(scalar).collect())),
        };
        let definition = named(name);
        let encoded = option_bytes::encode(&definition, &value, &mut Sink::default()).expect("a good value");
        assert_eq!(readable(&definition, &encoded.bytes), expected, "{name}");
    }

    #[test]
    fn what_was_written_is_read_back() {
        check_round_trip("routers", &["10.42.8.1", "10.42.8.2"], "10.42.8.1, 10.42.8.2");
        check_round_trip("domain-name", &["example.internal"], "example.internal");
        check_round_trip("interface-mtu", &["1500"], "1500");
        check_round_trip("time-offset", &["-3600"], "-3600");
        check_round_trip("ip-forwarding", &["yes"], "true");
        let search = ["a.example.org", "b.example.org", "example.org"];
        check_round_trip("domain-search", &search, "a.example.org, b.example.org, example.org");
        check_round_trip("classless-static-route", &["10.0.0.0/8 - 10.42.8.2"], "10.0.0.0/8 via 10.42.8.2");
        check_round_trip("slp-service-scope", &["true", "x"], "true, x");
        check_round_trip("v4-sztp-redirect", &["https://a.example"], "https://a.example");
        check_round_trip("user-class", &["0x0102"], "0x0102");
    }

    #[test]
    fn what_does_not_fit_its_definition_is_octets() {
        assert_eq!(readable(&named("routers"), &[10, 0, 0]), "0x0a0000");
        assert_eq!(readable(&named("routers"), &[]), "0x");
        assert_eq!(readable(&named("domain-name"), b"a\x1b[2J"), "0x611b5b324a");
        assert_eq!(readable(&named("domain-search"), &[0xc0, 0]), "0xc000", "a name that leads to itself");
        assert_eq!(readable(&named("classless-static-route"), &[33, 1, 2, 3, 4, 5]), "0x210102030405");
    }

    proptest! {
        #[test]
        fn any_octets_are_shown(octets in proptest::collection::vec(any::<u8>(), 0..40), array: bool, code: u8) {
            for mut definition in definitions::standard() {
                definition.array = array;
                definition.code = OptionCode(code);
                prop_assert!(!readable(&definition, &octets).chars().any(char::is_control));
            }
        }
    }
}
