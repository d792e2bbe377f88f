//! Domain names: what makes one, and its wire form (RFC 1035 section 3.1), compressed in a list (section 4.1.4,
//! as RFC 3397 section 2 has it for a search list).
//!
//! Invariant: an offset in a pointer counts from the first octet of the option's payload.

use std::collections::BTreeMap;
use std::fmt;
use std::net::Ipv4Addr;

/// Longest name in wire form, length octets and the root's included (RFC 1035 section 2.3.4).
const NAME_OCTETS_MAX: usize = 255;
/// Longest label (RFC 1035 section 2.3.4).
const LABEL_OCTETS_MAX: usize = 63;
/// Largest offset that a pointer's 14 bits can say.
const POINTER_MAX: usize = 0x3fff;

/// Why a text is no domain name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DomainNameError {
    /// Nothing, or the root alone.
    Empty,
    /// Two dots side by side, or a dot first.
    EmptyLabel,
    /// A label of more than 63 octets.
    LongLabel(String),
    /// More than 255 octets in wire form.
    Long,
    /// A label that begins or ends with a hyphen (RFC 1123 section 2.1).
    Hyphen(String),
    /// Something that is no letter, digit, hyphen or underscore.
    Character(char),
    /// An IPv4 address.
    Address,
}

impl fmt::Display for DomainNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DomainNameError::Empty => f.write_str("a domain name has at least one label"),
            DomainNameError::EmptyLabel => f.write_str("between two dots there is a label missing"),
            DomainNameError::LongLabel(label) => {
                write!(f, "label `{label}` has {} octets, more than {LABEL_OCTETS_MAX}", label.len())
            }
            DomainNameError::Long => write!(f, "longer than {NAME_OCTETS_MAX} octets on the wire"),
            DomainNameError::Hyphen(label) => write!(f, "label `{label}` begins or ends with a hyphen"),
            DomainNameError::Character(' ') => f.write_str("a domain name has no spaces"),
            DomainNameError::Character(character) => {
                write!(f, "`{}` is no letter, digit, hyphen or underscore", character.escape_debug())
            }
            DomainNameError::Address => f.write_str("this is an address, not a name"),
        }
    }
}

impl std::error::Error for DomainNameError {}

/// The name's labels, if it is one. A dot at the end is allowed. Underscores are, because service names and old
/// directory domains have them (RFC 2181 section 11 forbids no octet).
pub fn labels(text: &str) -> Result<Vec<&str>, DomainNameError> {
    let name = text.strip_suffix('.').unwrap_or(text);
    if name.is_empty() {
        return Err(DomainNameError::Empty);
    }
    if name.parse::<Ipv4Addr>().is_ok() {
        return Err(DomainNameError::Address);
    }
    let labels: Vec<&str> = name.split('.').collect();
    for label in &labels {
        check_label(label)?;
    }
    if name.len() + 2 > NAME_OCTETS_MAX {
        return Err(DomainNameError::Long);
    }
    Ok(labels)
}

fn check_label(label: &str) -> Result<(), DomainNameError> {
    let wrong = |c: &char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if label.is_empty() {
        return Err(DomainNameError::EmptyLabel);
    }
    if let Some(character) = label.chars().find(wrong) {
        return Err(DomainNameError::Character(character));
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err(DomainNameError::Hyphen(label.to_owned()));
    }
    if label.len() > LABEL_OCTETS_MAX {
        return Err(DomainNameError::LongLabel(label.to_owned()));
    }
    Ok(())
}

/// Appends the name in wire form.
pub fn append(bytes: &mut Vec<u8>, labels: &[&str]) {
    for label in labels {
        append_label(bytes, label);
    }
    bytes.push(0);
}

fn append_label(bytes: &mut Vec<u8>, label: &str) {
    bytes.push(u8::try_from(label.len()).expect("`labels` bounds a label to 63 octets"));
    bytes.extend_from_slice(label.as_bytes());
}

/// Where the names of one payload, and the tails of them, begin.
#[derive(Default)]
pub struct Compression {
    offsets: BTreeMap<String, u16>,
}

impl Compression {
    /// Appends the name, its tail as a pointer to one that already stands. Letters keep their case, so only tails
    /// of the same spelling are shared.
    pub fn append(&mut self, bytes: &mut Vec<u8>, labels: &[&str]) {
        for at in 0..labels.len() {
            let tail = labels[at..].join(".");
            if let Some(offset) = self.offsets.get(&tail) {
                bytes.extend_from_slice(&(0xc000 | offset).to_be_bytes());
                return;
            }
            if bytes.len() <= POINTER_MAX {
                let offset = u16::try_from(bytes.len()).expect("14 bits fit in 16");
                self.offsets.insert(tail, offset);
            }
            append_label(bytes, labels[at]);
        }
        bytes.push(0);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads names until the payload ends; pointers only lead backwards.
    fn decode(bytes: &[u8]) -> Vec<String> {
        let mut names = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let (name, next) = decode_one(bytes, at);
            names.push(name);
            at = next;
        }
        names
    }

    fn decode_one(bytes: &[u8], start: usize) -> (String, usize) {
        let (mut labels, mut at, mut next) = (Vec::new(), start, None);
        loop {
            let length = usize::from(bytes[at]);
            if length & 0xc0 == 0xc0 {
                let target = (length & 0x3f) << 8 | usize::from(bytes[at + 1]);
                assert!(target < at, "a pointer leads backwards");
                next = next.or(Some(at + 2));
                at = target;
            } else if length == 0 {
                return (labels.join("."), next.unwrap_or(at + 1));
            } else {
                labels.push(String::from_utf8(bytes[at + 1..=at + length].to_vec()).unwrap());
                at += 1 + length;
            }
        }
    }

    #[test]
    fn the_search_list_of_rfc_3397() {
        let mut bytes = Vec::new();
        let mut compression = Compression::default();
        for name in ["eng.apple.com.", "marketing.apple.com."] {
            compression.append(&mut bytes, &labels(name).unwrap());
        }
        assert_eq!(bytes, b"\x03eng\x05apple\x03com\x00\x09marketing\xc0\x04");
    }

    #[test]
    fn what_is_no_domain_name() {
        let error = |text: &str| labels(text).unwrap_err();
        assert_eq!(error(""), DomainNameError::Empty);
        assert_eq!(error("."), DomainNameError::Empty);
        assert_eq!(error("example..org"), DomainNameError::EmptyLabel);
        assert_eq!(error(".example"), DomainNameError::EmptyLabel);
        assert_eq!(error("-a.example"), DomainNameError::Hyphen("-a".into()));
        assert_eq!(error("a b"), DomainNameError::Character(' '));
        assert_eq!(error("b\u{fc}ro.example"), DomainNameError::Character('\u{fc}'));
        assert_eq!(error("10.0.0.1"), DomainNameError::Address);
        assert_eq!(error(&"a".repeat(64)), DomainNameError::LongLabel("a".repeat(64)));
        assert_eq!(error(&"ab.".repeat(90)), DomainNameError::Long);
    }

    #[test]
    fn a_name_of_255_octets_is_the_longest() {
        let longest = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "b".repeat(61));
        let mut bytes = Vec::new();
        append(&mut bytes, &labels(&longest).unwrap());
        assert_eq!(bytes.len(), NAME_OCTETS_MAX);
        assert_eq!(labels(&format!("{longest}b")).unwrap_err(), DomainNameError::Long);
    }

    proptest! {
        #[test]
        fn a_compressed_list_decodes_to_itself(names in prop::collection::vec("[a-c]{1,3}(\\.[a-c]{1,2}){0,4}", 0..40)) {
            let mut bytes = Vec::new();
            let mut compression = Compression::default();
            for name in &names {
                compression.append(&mut bytes, &labels(name).unwrap());
            }
            prop_assert_eq!(decode(&bytes), names);
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC*") {
            if let Ok(labels) = labels(&text) {
                let mut bytes = Vec::new();
                append(&mut bytes, &labels);
                prop_assert!(bytes.len() <= NAME_OCTETS_MAX);
            }
        }
    }
}
