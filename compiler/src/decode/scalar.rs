//! One scalar, read as what its key says.

use std::net::Ipv4Addr;
use std::str::FromStr;

use leasehold_schemas::source::{Address, IDENTIFIER_OCTETS_MAX, IdentifierText};
use leasehold_schemas::vocab::{AddrRange, Cidr, CidrError, HexBytes, MacAddr, RangeError};

use super::faults::{self, Meant, WrongValue};
use super::mapping::{At, Decoder};
use super::meant;
use crate::check::rules::addressing::{host_bits, reversed_range};
use crate::check::rules::form::wrong_value;
use crate::diag::{Diagnostic, Edit, nearest, only_slip};
use crate::parse::NodeKind;

/// A prefix, and whether its host bits had to be cleared to get it.
pub(super) struct Prefix {
    pub cidr: Cidr,
    pub suspect: bool,
}

impl<'t> Decoder<'t, '_> {
    /// Reports a value that is not what its key takes; what is poisoned was reported before.
    pub fn wrong(&mut self, at: At<'t>, expected: &str, example: &str) {
        self.wrong_but_meant(at, expected, example, None);
    }

    /// The same, where it can be said what was meant.
    pub fn wrong_but_meant(&mut self, at: At<'t>, expected: &str, example: &str, meant: Option<Meant>) {
        if matches!(self.tree.node(at.node).kind, NodeKind::Poisoned) {
            self.gaps.incomplete = true;
            return;
        }
        let found = faults::found(self.tree, at.node);
        let span = self.place(at);
        self.fault(WrongValue { key: at.key, span, expected, found, example, meant }.report());
    }

    /// Reports a value where a list is due.
    pub fn not_a_list(&mut self, at: At<'t>, what: &str) {
        let node = self.tree.node(at.node);
        let expected = format!("a list of {what}");
        let in_brackets = match &node.kind {
            // A text in quotes or with signs of its own would need them inside the brackets, too.
            NodeKind::Scalar { text, quoted: false } if !self.tree.is_null(at.node) => (!text
                .contains([',', '[', ']', '{', '}', '#', '\n']))
            .then(|| Meant::surely(format!("[{text}]"))),
            NodeKind::Scalar { .. } | NodeKind::Mapping(_) | NodeKind::Sequence(_) | NodeKind::Poisoned => {
                None
            }
        };
        self.wrong_but_meant(at, &expected, "", in_brackets);
    }

    /// The text of a scalar that is written at all, and whether it stands in quotes.
    pub fn scalar(&mut self, at: At<'t>, expected: &str, example: &str) -> Option<(&'t str, bool)> {
        match &self.tree.node(at.node).kind {
            NodeKind::Scalar { text, quoted } if !self.tree.is_null(at.node) => Some((text, *quoted)),
            NodeKind::Scalar { .. } | NodeKind::Sequence(_) | NodeKind::Mapping(_) | NodeKind::Poisoned => {
                self.wrong(at, expected, example);
                None
            }
        }
    }

    /// A text on one line, 1 to `chars_max` characters.
    pub fn line(&mut self, at: At<'t>, chars_max: usize, expected: &str) -> Option<String> {
        self.bounded(at, chars_max, expected, |c| !c.is_control() || !c.is_ascii())
    }

    /// A text that may have lines, 1 to `chars_max` characters.
    pub fn lines(&mut self, at: At<'t>, chars_max: usize, expected: &str) -> Option<String> {
        self.bounded(at, chars_max, expected, |c| {
            !c.is_control() || !c.is_ascii() || matches!(c, '\n' | '\t' | '\r')
        })
    }

    /// A text for a header field, 1 to `octets_max` printable ASCII characters.
    pub fn field(&mut self, at: At<'t>, octets_max: usize, expected: &str) -> Option<String> {
        self.bounded(at, octets_max, expected, |c| (' '..='~').contains(&c))
    }

    fn bounded(
        &mut self,
        at: At<'t>,
        chars_max: usize,
        expected: &str,
        allowed: impl Fn(char) -> bool,
    ) -> Option<String> {
        let (text, _) = self.scalar(at, expected, "")?;
        let plain = text.bytes().all(|b| (b' '..=b'~').contains(&b));
        let fault = if text.is_empty() {
            Some(("is empty".to_owned(), format!("{expected} is missing here")))
        } else if text.len() > chars_max && text.chars().count() > chars_max {
            Some((
                format!("is longer than {chars_max} characters"),
                format!("{} characters", text.chars().count()),
            ))
        } else if plain {
            None
        } else {
            text.chars().find(|c| !allowed(*c)).map(|c| {
                let shown = if c.is_control() { c.escape_unicode().to_string() } else { c.to_string() };
                (format!("holds a character that {expected} cannot have"), format!("`{shown}` is one"))
            })
        };
        match fault {
            None => Some(text.to_owned()),
            Some((what, label)) => {
                let message = format!("`{}` {what}", at.key);
                let place = self.place(at);
                self.fault(Diagnostic::new(&wrong_value::RULE, place, message, label));
                None
            }
        }
    }

    /// A value that its type reads from text.
    pub fn parsed<T: FromStr>(&mut self, at: At<'t>, expected: &str, example: &str) -> Option<T> {
        let (text, _) = self.scalar(at, expected, example)?;
        let value = text.parse().ok();
        if value.is_none() {
            self.wrong(at, expected, example);
        }
        value
    }

    /// A duration, in the unit of `T`.
    pub fn duration<T: FromStr + std::fmt::Display>(&mut self, at: At<'t>) -> Option<T> {
        const EXPECTED: &str = "a duration";
        let (text, _) = self.scalar(at, EXPECTED, "8h")?;
        if let Ok(duration) = text.parse() {
            return Some(duration);
        }
        let meant = meant::duration(text)
            .and_then(|text| text.parse::<T>().ok())
            .map(|value| Meant::surely(value.to_string()));
        self.wrong_but_meant(at, EXPECTED, "8h", meant);
        None
    }

    /// A whole number, plain.
    pub fn integer(&mut self, at: At<'t>, min: u32, max: u32) -> Option<u32> {
        let expected = || format!("a whole number from {min} to {max}");
        let NodeKind::Scalar { text, quoted } = &self.tree.node(at.node).kind else {
            self.wrong(at, &expected(), "");
            return None;
        };
        let number = integer(text).and_then(|number| u32::try_from(number).ok());
        match number.filter(|number| (min..=max).contains(number)) {
            Some(number) if !quoted => Some(number),
            Some(number) => {
                let place = self.place(at);
                self.fault(
                    Diagnostic::new(
                        &wrong_value::RULE,
                        place,
                        format!("`{}` takes a number, not a text", at.key),
                        "quotes make this a text",
                    )
                    .with_help(format!("write `{number}`"))
                    .with_fix_if_safe(
                        true,
                        "Remove the quotes",
                        vec![Edit { span: place, text: number.to_string() }],
                    ),
                );
                None
            }
            None => {
                let decimal = text.trim_start_matches('0').parse::<u32>().ok();
                let meant = decimal
                    .filter(|number| (min..=max).contains(number))
                    .map(|value| Meant::perhaps(value.to_string()));
                self.wrong_but_meant(at, &expected(), "", meant);
                None
            }
        }
    }

    /// A truth value, plain.
    pub fn boolean(&mut self, at: At<'t>) -> Option<bool> {
        const EXPECTED: &str = "`true` or `false`";
        let NodeKind::Scalar { text, quoted } = &self.tree.node(at.node).kind else {
            self.wrong(at, EXPECTED, "");
            return None;
        };
        match (&**text, quoted) {
            ("true" | "True" | "TRUE", false) => Some(true),
            ("false" | "False" | "FALSE", false) => Some(false),
            _ => {
                let meant = match &*text.to_ascii_lowercase() {
                    "true" | "yes" | "on" => Some(Meant::surely("true")),
                    "false" | "no" | "off" => Some(Meant::surely("false")),
                    "y" | "1" => Some(Meant::perhaps("true")),
                    "n" | "0" => Some(Meant::perhaps("false")),
                    _ => None,
                };
                let expected = if *quoted { "`true` or `false` without quotes" } else { EXPECTED };
                self.wrong_but_meant(at, expected, "", meant);
                None
            }
        }
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&mut self, at: At<'t>, choices: &[(&str, T)]) -> Option<T> {
        let words = || choices.iter().map(|(word, _)| *word);
        let expected = || faults::listed(words(), "or");
        let text = match &self.tree.node(at.node).kind {
            NodeKind::Scalar { text, .. } => &**text,
            NodeKind::Sequence(_) | NodeKind::Mapping(_) | NodeKind::Poisoned => {
                self.wrong(at, &expected(), "");
                return None;
            }
        };
        let chosen = choices.iter().find(|(word, _)| *word == text);
        if chosen.is_none() {
            let sure = only_slip(text, words()).is_some();
            let meant = nearest(text, words()).map(|word| Meant { text: word.to_owned(), sure });
            self.wrong_but_meant(at, &expected(), "", meant);
        }
        chosen.map(|(_, value)| *value)
    }

    /// An IPv4 address.
    pub fn address(&mut self, at: At<'t>) -> Option<Address> {
        const EXPECTED: &str = "an IPv4 address";
        let (text, _) = self.scalar(at, EXPECTED, "10.42.8.30")?;
        let addr = text.parse::<Ipv4Addr>().ok();
        if addr.is_none() {
            let meant = meant::address(text).map(|value| Meant::perhaps(value.to_string()));
            self.wrong_but_meant(at, EXPECTED, "10.42.8.30", meant);
        }
        addr.map(Address)
    }

    /// A prefix; one with host bits is reported and read as the prefix it lies in.
    pub fn prefix(&mut self, at: At<'t>) -> Option<Prefix> {
        const EXPECTED: &str = "a prefix in CIDR notation";
        let (text, _) = self.scalar(at, EXPECTED, "10.42.8.0/23")?;
        match text.parse() {
            Ok(cidr) => Some(Prefix { cidr, suspect: false }),
            Err(CidrError::HostBits(cidr)) => {
                self.remark(host_bits::report(self.place(at), text, cidr));
                Some(Prefix { cidr, suspect: true })
            }
            Err(CidrError::Malformed) => {
                let sure = !meant::has_leading_zero(text);
                let meant = meant::prefix(text).map(|cidr| Meant { text: cidr.to_string(), sure });
                self.wrong_but_meant(at, EXPECTED, "10.42.8.0/23", meant);
                None
            }
        }
    }

    /// A range; a reversed one is reported and dropped.
    pub fn range(&mut self, at: At<'t>) -> Option<AddrRange> {
        const EXPECTED: &str = "an address range";
        const EXAMPLE: &str = "10.42.8.20 - 10.42.9.250";
        let (text, _) = self.scalar(at, EXPECTED, EXAMPLE)?;
        match text.parse() {
            Ok(range) => Some(range),
            Err(RangeError::Reversed { first, last }) => {
                self.fault(reversed_range::report(self.place(at), first, last));
                None
            }
            Err(RangeError::Malformed) => {
                if let Err(CidrError::HostBits(cidr)) = text.trim().parse::<Cidr>() {
                    let mut report = host_bits::report(self.place(at), text.trim(), cidr);
                    // A pool of a whole prefix is seldom what an address with a mask behind it meant.
                    report.fix.iter_mut().for_each(|fix| fix.safe = false);
                    self.fault(report);
                } else {
                    let sure = !meant::has_leading_zero(text);
                    let meant = meant::range(text).map(|range| Meant { text: range.to_string(), sure });
                    self.wrong_but_meant(at, EXPECTED, EXAMPLE, meant);
                }
                None
            }
        }
    }

    /// A MAC address in any common spelling.
    pub fn mac(&mut self, at: At<'t>) -> Option<MacAddr> {
        const EXPECTED: &str = "a MAC address";
        const EXAMPLE: &str = "52:54:00:12:34:56";
        let (text, _) = self.scalar(at, EXPECTED, EXAMPLE)?;
        let mac = text.parse().ok();
        if mac.is_none() {
            let meant = meant::mac(text).map(|mac| Meant::surely(format!("\"{mac}\"")));
            self.wrong_but_meant(at, EXPECTED, EXAMPLE, meant);
        }
        mac
    }

    /// An identifier: `0x0102` or `01:02` as octets, anything else as text.
    pub fn identifier(&mut self, at: At<'t>) -> Option<IdentifierText> {
        const EXPECTED: &str = "1 to 255 octets";
        let (text, _) = self.scalar(at, EXPECTED, "0x00010203")?;
        let octets = if text.starts_with("0x") || text.starts_with("0X") {
            text.parse::<HexBytes>().ok()
        } else if text.contains(':') {
            Some(text.parse().unwrap_or_else(|_| HexBytes(text.as_bytes().to_vec())))
        } else {
            Some(HexBytes(text.as_bytes().to_vec()))
        };
        match octets {
            Some(octets) if (1..=IDENTIFIER_OCTETS_MAX).contains(&octets.0.len()) => {
                Some(IdentifierText(octets))
            }
            Some(_) => {
                self.wrong(at, EXPECTED, "0x00010203");
                None
            }
            None => {
                self.wrong(at, "pairs of hexadecimal digits after `0x`", "0x00010203");
                None
            }
        }
    }
}

/// A whole number as YAML's core schema has it: decimal, `0x…` or `0o…`. A leading zero is refused: to some
/// readers it means octal.
fn integer(text: &str) -> Option<u64> {
    let digits = |text: &str, radix| {
        let plain = !text.is_empty() && text.chars().all(|c| c.is_digit(radix));
        plain.then(|| u64::from_str_radix(text, radix).ok()).flatten()
    };
    if let Some(hex) = text.strip_prefix("0x") {
        return digits(hex, 16);
    }
    if let Some(octal) = text.strip_prefix("0o") {
        return digits(octal, 8);
    }
    let decimal = text.strip_prefix('+').unwrap_or(text);
    if decimal.len() > 1 && decimal.starts_with('0') {
        return None;
    }
    digits(decimal, 10)
}
