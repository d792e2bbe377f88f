//! Whether a packet passes a test: the only evaluator there is.
//!
//! Octets of the packet and of literals are looked at where they stand. What a function makes is written to the end
//! of one buffer and cut off again, so that only the first packets of a server's life allocate.

use std::net::Ipv4Addr;
use std::ops::Range;

use super::check::{Check, Value};
use super::octets::{self, NoValue};
use super::place::Found;
use super::{ClassId, Membership};

/// A value: octets that stood somewhere already, or a part of the buffer.
enum Octets<'v> {
    There(&'v [u8]),
    Made(Range<usize>),
}

impl<'v> Octets<'v> {
    fn of<'b>(&'b self, buffer: &'b [u8]) -> &'b [u8]
    where
        'v: 'b,
    {
        match self {
            Octets::There(octets) => octets,
            Octets::Made(range) => &buffer[range.clone()],
        }
    }

    fn part(self, part: Range<usize>) -> Octets<'v> {
        match self {
            Octets::There(octets) => Octets::There(&octets[part]),
            Octets::Made(range) => Octets::Made(range.start + part.start..range.start + part.end),
        }
    }
}

impl<'a> Membership<'a> {
    /// Whether the client is in the class: because a reservation says so, or by its test.
    pub(super) fn holds(&self, class: ClassId, buffer: &mut Vec<u8>) -> bool {
        self.is_reserved(class)
            || match &self.classes.classes[usize::from(class.0)].check {
                Some(check) => self.passes(check, buffer) == Ok(true),
                None => false,
            }
    }

    pub(super) fn passes(&self, check: &'a Check, buffer: &mut Vec<u8>) -> Result<bool, NoValue> {
        match check {
            Check::Constant(passes) => Ok(*passes),
            Check::And(checks) => {
                for check in checks {
                    if !self.passes(check, buffer)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Check::Or(checks) => {
                for check in checks {
                    if self.passes(check, buffer)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Check::Not(check) => self.passes(check, buffer).map(|passes| !passes),
            Check::Equal(left, right) => {
                let begin = buffer.len();
                let left = self.value(left, buffer)?;
                let right = self.value(right, buffer)?;
                let equal = left.of(buffer) == right.of(buffer);
                buffer.truncate(begin);
                Ok(equal)
            }
            Check::OneOf(value, literals) => self.look(value, buffer, |octets| literals.contains(octets)),
            Check::In(value, list) => self.is_one_of(value, list, buffer),
            Check::Within(value, prefixes) => self.look(value, buffer, |octets| {
                let address = <[u8; 4]>::try_from(octets).map(Ipv4Addr::from);
                address.is_ok_and(|address| prefixes.iter().any(|prefix| prefix.contains(address)))
            }),
            Check::Match(pattern, value) => self.look(value, buffer, |octets| pattern.matches(octets)),
            Check::Exists(accessor) => Ok(self.received.find(accessor).is_some()),
            Check::Member(class) => Ok(self.holds(*class, buffer)),
            Check::Known => Ok(self.known),
        }
    }

    fn is_one_of(&self, value: &'a Value, list: &'a [Value], buffer: &mut Vec<u8>) -> Result<bool, NoValue> {
        let begin = buffer.len();
        let wanted = self.value(value, buffer)?;
        for other in list {
            let other = self.value(other, buffer)?;
            if wanted.of(buffer) == other.of(buffer) {
                buffer.truncate(begin);
                return Ok(true);
            }
        }
        buffer.truncate(begin);
        Ok(false)
    }

    /// Shows a value's octets to `see`.
    pub(super) fn look<T>(
        &self,
        value: &'a Value,
        buffer: &mut Vec<u8>,
        see: impl FnOnce(&[u8]) -> T,
    ) -> Result<T, NoValue> {
        let begin = buffer.len();
        let octets = self.value(value, buffer)?;
        let seen = see(octets.of(buffer));
        buffer.truncate(begin);
        Ok(seen)
    }

    /// A value's octets; the buffer may hold more behind them than it did.
    fn value(&self, value: &'a Value, buffer: &mut Vec<u8>) -> Result<Octets<'a>, NoValue> {
        Ok(match value {
            Value::Literal(octets) => Octets::There(octets),
            Value::At(accessor) => match self.received.find(accessor) {
                None => Octets::There(&[]),
                Some(Found::Octets(octets)) => Octets::There(octets),
                Some(Found::Four(_)) => self.made(value, buffer)?,
            },
            Value::Substring { of, start, length } => {
                let whole = self.value(of, buffer)?;
                let part = octets::substring(whole.of(buffer).len(), *start, *length);
                whole.part(part)
            }
            Value::Split { of, delimiters, field } => {
                let whole = self.value(of, buffer)?;
                let delimiters = self.value(delimiters, buffer)?;
                let part = octets::split(whole.of(buffer), delimiters.of(buffer), *field);
                whole.part(part)
            }
            Value::IfElse(choice) => {
                let (check, then, otherwise) = &**choice;
                let chosen = if self.passes(check, buffer)? { then } else { otherwise };
                self.value(chosen, buffer)?
            }
            Value::Concat(_)
            | Value::Lower(_)
            | Value::Upper(_)
            | Value::HexText { .. }
            | Value::AddressText(_)
            | Value::NumberText(..) => self.made(value, buffer)?,
        })
    }

    fn made(&self, value: &'a Value, buffer: &mut Vec<u8>) -> Result<Octets<'a>, NoValue> {
        let begin = buffer.len();
        self.write(value, buffer)?;
        Ok(Octets::Made(begin..buffer.len()))
    }

    /// Appends a value's octets to the buffer, and nothing else.
    fn write(&self, value: &'a Value, buffer: &mut Vec<u8>) -> Result<(), NoValue> {
        let begin = buffer.len();
        match value {
            Value::Concat(parts) => {
                for part in parts {
                    self.write(part, buffer)?;
                    if buffer.len() - begin > octets::OCTETS_MAX {
                        return Err(NoValue);
                    }
                }
            }
            Value::Lower(of) => {
                self.write(of, buffer)?;
                buffer[begin..].make_ascii_lowercase();
            }
            Value::Upper(of) => {
                self.write(of, buffer)?;
                buffer[begin..].make_ascii_uppercase();
            }
            Value::HexText { of, separator } => {
                self.write(of, buffer)?;
                let middle = buffer.len();
                self.write(separator, buffer)?;
                octets::hex_in_place(buffer, begin, middle)?;
            }
            Value::AddressText(of) => {
                let octets = self.small(of, buffer)?;
                octets::write_address(octets.octets()?, buffer)?;
            }
            Value::NumberText(kind, of) => {
                let octets = self.small(of, buffer)?;
                octets::write_number(*kind, octets.octets()?, buffer)?;
            }
            Value::At(accessor) => match self.received.find(accessor) {
                None => {}
                Some(Found::Octets(octets)) => buffer.extend_from_slice(octets),
                Some(Found::Four(octets)) => buffer.extend_from_slice(&octets),
            },
            Value::Literal(_) | Value::Substring { .. } | Value::Split { .. } | Value::IfElse(_) => {
                match self.value(value, buffer)? {
                    Octets::There(octets) => {
                        buffer.truncate(begin);
                        buffer.extend_from_slice(octets);
                    }
                    Octets::Made(range) => {
                        buffer.copy_within(range.clone(), begin);
                        buffer.truncate(begin + range.len());
                    }
                }
            }
        }
        Ok(())
    }

    /// The octets of an address or a number, which are 16 at most.
    fn small(&self, value: &'a Value, buffer: &mut Vec<u8>) -> Result<Small, NoValue> {
        self.look(value, buffer, |octets| {
            let mut small = Small { octets: [0; 16], len: octets.len() };
            if let Some(room) = small.octets.get_mut(..octets.len()) {
                room.copy_from_slice(octets);
            }
            small
        })
    }
}

/// A few octets, copied.
struct Small {
    octets: [u8; 16],
    len: usize,
}

impl Small {
    fn octets(&self) -> Result<&[u8], NoValue> {
        self.octets.get(..self.len).ok_or(NoValue)
    }
}
