//! What the functions of class expressions do with strings of octets, as Kea does it.
//!
//! Total functions without a packet: the evaluator uses them, and so does whoever folds constants.

use std::io::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use leasehold_schemas::artefact::NumberKind;

/// Longest string that a function makes: no packet is longer. Without it, nested functions could multiply lengths.
pub const OCTETS_MAX: usize = 65_535;

/// A term has no value for this packet, so that the class has no member.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoValue;

/// Which octets of `len` a substring is. A negative start counts from the end, a negative length takes what stands
/// before the start, and a start outside the string gives nothing.
pub fn substring(len: usize, start: i32, length: Option<i32>) -> Range<usize> {
    let len = i64::try_from(len).unwrap_or(i64::MAX);
    let start = if start < 0 { i64::from(start) + len } else { i64::from(start) };
    if start < 0 || start >= len {
        return 0..0;
    }
    let (from, to) = match length.map(i64::from) {
        None => (start, len),
        Some(length) if length >= 0 => (start, (start + length).min(len)),
        Some(length) => ((start + length).max(0), start),
    };
    let at = |count: i64| usize::try_from(count).unwrap_or(0);
    at(from)..at(to)
}

/// Which octets are the `field`-th between delimiters, counted from 1; nothing if there are fewer. Two delimiters
/// side by side have an empty field between them.
pub fn split(whole: &[u8], delimiters: &[u8], field: i32) -> Range<usize> {
    if delimiters.is_empty() {
        return 0..whole.len();
    }
    let Some(wanted) = usize::try_from(field).ok().and_then(|field| field.checked_sub(1)) else {
        return 0..0;
    };
    let mut ends = [false; 256];
    delimiters.iter().for_each(|octet| ends[usize::from(*octet)] = true);
    let mut fields = whole.split(|octet| ends[usize::from(*octet)]);
    let start = fields.by_ref().take(wanted).map(|before| before.len() + 1).sum();
    fields.next().map_or(0..0, |found| start..start + found.len())
}

/// Puts hexadecimal digits in the place of the octets from `begin` to `middle`, with what stands behind them, to the
/// end, between two of them.
pub fn hex_in_place(buffer: &mut Vec<u8>, begin: usize, middle: usize) -> Result<(), NoValue> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let (count, end) = (middle - begin, buffer.len());
    if count.saturating_mul(2 + end - middle) > OCTETS_MAX {
        return Err(NoValue);
    }
    for at in begin..middle {
        if at > begin {
            buffer.extend_from_within(middle..end);
        }
        let octet = buffer[at];
        buffer.extend([DIGITS[usize::from(octet >> 4)], DIGITS[usize::from(octet & 15)]]);
    }
    buffer.drain(begin..end);
    Ok(())
}

/// Appends an address as text. No octets have no text; any other count but 4 and 16 has no value.
pub fn write_address(octets: &[u8], into: &mut Vec<u8>) -> Result<(), NoValue> {
    let written = if octets.is_empty() {
        Ok(())
    } else if let Ok(octets) = <[u8; 4]>::try_from(octets) {
        write!(into, "{}", Ipv4Addr::from(octets))
    } else if let Ok(octets) = <[u8; 16]>::try_from(octets) {
        write!(into, "{}", Ipv6Addr::from(octets))
    } else {
        return Err(NoValue);
    };
    written.expect("a vector takes everything");
    Ok(())
}

/// Appends a number as text. No octets have no text; any count but the number's own has no value.
pub fn write_number(kind: NumberKind, octets: &[u8], into: &mut Vec<u8>) -> Result<(), NoValue> {
    if octets.is_empty() {
        return Ok(());
    }
    let number = match kind {
        NumberKind::Int8 => i8::from_be_bytes(exactly(octets)?).into(),
        NumberKind::Int16 => i16::from_be_bytes(exactly(octets)?).into(),
        NumberKind::Int32 => i32::from_be_bytes(exactly(octets)?).into(),
        NumberKind::Uint8 => u8::from_be_bytes(exactly(octets)?).into(),
        NumberKind::Uint16 => u16::from_be_bytes(exactly(octets)?).into(),
        NumberKind::Uint32 => i64::from(u32::from_be_bytes(exactly(octets)?)),
    };
    write!(into, "{number}").expect("a vector takes everything");
    Ok(())
}

fn exactly<const N: usize>(octets: &[u8]) -> Result<[u8; N], NoValue> {
    octets.try_into().map_err(|_| NoValue)
}
