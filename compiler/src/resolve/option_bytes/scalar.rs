//! One scalar to octets, and how its type is said in words.

use std::net::Ipv4Addr;

use leasehold_schemas::source::OptionType;
use leasehold_schemas::vocab::{Seconds, Space};

use super::domain_name::{self, Compression, DomainNameError};
use super::{Fault, hex};
use crate::check::rules::option::bad_domain_name;
use crate::model::Definition;

/// Appends the octets of `text` as a value of `kind`; on a fault what was appended is to be dropped.
pub fn append(
    definition: &Definition,
    kind: OptionType,
    text: &str,
    names: Option<&mut Compression>,
    bytes: &mut Vec<u8>,
) -> Result<(), Fault> {
    let wrong = || misfit(definition, kind, text);
    let integer = || bounded(definition, kind, text);
    match kind {
        OptionType::Binary => bytes.extend(octets(text).ok_or_else(wrong)?),
        OptionType::Boolean => bytes.push(u8::from(truth(text).ok_or_else(wrong)?)),
        OptionType::Empty => return empty(definition, text),
        OptionType::Fqdn => {
            let labels = domain_name::labels(text).map_err(|error| bad_name(definition, text, &error))?;
            match names {
                Some(compression) => compression.append(bytes, &labels),
                None => domain_name::append(bytes, &labels),
            }
        }
        OptionType::Ipv4Address => {
            bytes.extend(text.parse::<Ipv4Addr>().map_err(|_| wrong())?.octets());
        }
        OptionType::String => bytes.extend(string(definition, text)?),
        OptionType::Tuple => tuple(definition, text, bytes)?,
        OptionType::Uint8 | OptionType::Int8 => bytes.extend(&integer()?.to_be_bytes()[7..]),
        OptionType::Uint16 | OptionType::Int16 => bytes.extend(&integer()?.to_be_bytes()[6..]),
        OptionType::Uint32 | OptionType::Int32 => bytes.extend(&integer()?.to_be_bytes()[4..]),
        OptionType::Record | OptionType::ClasslessRoute => return Err(wrong()),
    }
    Ok(())
}

/// RFC 3397 compresses the search list; a list of names that the estate defines follows it. Other standards ask
/// for no compression, and every client reads names without it.
pub fn is_compressed(definition: &Definition) -> bool {
    let search_list = definition.space == Space::Dhcp4 && definition.code.0 == 119;
    definition.kind == OptionType::Fqdn && definition.array && (search_list || definition.span.is_some())
}

fn octets(text: &str) -> Option<Vec<u8>> {
    hex(text).map(|octets| octets.0).filter(|octets| !octets.is_empty())
}

fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => Some(true),
        "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

fn empty(definition: &Definition, text: &str) -> Result<(), Fault> {
    match truth(text) {
        Some(true) => Ok(()),
        Some(false) => Err(misfit(definition, OptionType::Empty, text)
            .help(format!("write `{}: null` to remove an inherited value", definition.name))),
        None => Err(misfit(definition, OptionType::Empty, text)),
    }
}

fn string<'t>(definition: &Definition, text: &'t str) -> Result<&'t [u8], Fault> {
    let name = &definition.name;
    if text.is_empty() {
        // RFC 2132 gives every text option a minimum length of 1.
        return Err(Fault::value(format!("option `{name}` is given no text"), "the text is empty")
            .help(format!("write `{name}: null` to remove an inherited value")));
    }
    if text.contains('\0') {
        // RFC 2132 section 2: options are not terminated by NUL, and clients cut at one.
        return Err(Fault::value(format!("option `{name}` holds a NUL"), "clients would cut the text at it"));
    }
    if definition.space == Space::Dhcp4 && definition.code.0 == 15 {
        domain_name::labels(text).map_err(|error| bad_name(definition, text, &error))?;
    }
    Ok(text.as_bytes())
}

/// A tuple's length is one octet, but two in option 143 (RFC 8572 section 8.1).
fn tuple(definition: &Definition, text: &str, bytes: &mut Vec<u8>) -> Result<(), Fault> {
    let text = string(definition, text)?;
    let long = |max: usize| {
        let label = format!("{} octets, at most {max} fit", text.len());
        Fault::value(format!("option `{}` is given too long a text", definition.name), label)
    };
    if definition.space == Space::Dhcp4 && definition.code.0 == 143 {
        bytes.extend(u16::try_from(text.len()).map_err(|_| long(65_535))?.to_be_bytes());
    } else {
        bytes.push(u8::try_from(text.len()).map_err(|_| long(255))?);
    }
    bytes.extend_from_slice(text);
    Ok(())
}

/// A whole number within the type's range, and within what RFC 2132 allows the option.
fn bounded(definition: &Definition, kind: OptionType, text: &str) -> Result<i64, Fault> {
    let (min, max) = match kind {
        OptionType::Uint8 => (0, i64::from(u8::MAX)),
        OptionType::Uint16 => (0, i64::from(u16::MAX)),
        OptionType::Int8 => (i64::from(i8::MIN), i64::from(i8::MAX)),
        OptionType::Int16 => (i64::from(i16::MIN), i64::from(i16::MAX)),
        OptionType::Int32 => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (0, i64::from(u32::MAX)),
    };
    let duration = || match kind {
        OptionType::Uint32 => text.parse().ok().map(|Seconds(seconds)| i64::from(seconds)),
        _ => None,
    };
    let number = integer(text).or_else(duration).filter(|number| (min..=max).contains(number));
    let number = number.ok_or_else(|| misfit(definition, kind, text))?;
    match narrower(definition) {
        Some((allowed, expected)) if !allowed(number) => {
            let message = format!("`{text}` is no value for option `{}`", definition.name);
            Err(Fault::value(message, format!("expected {expected}")))
        }
        _ => Ok(number),
    }
}

/// Decimal digits with an optional minus, or hexadecimal behind `0x`.
fn integer(text: &str) -> Option<i64> {
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        let all_digits = digits.bytes().all(|b| b.is_ascii_hexdigit());
        return all_digits.then(|| i64::from_str_radix(digits, 16).ok()).flatten();
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let all_digits = digits.bytes().all(|b| b.is_ascii_digit());
    all_digits.then(|| text.parse().ok()).flatten()
}

type Allowed = (fn(i64) -> bool, &'static str);

/// What RFC 2132 (sections 4 to 8) and RFC 2563 allow less than the type would.
fn narrower(definition: &Definition) -> Option<Allowed> {
    if definition.space != Space::Dhcp4 {
        return None;
    }
    match definition.code.0 {
        22 => Some((|n| n >= 576, "a datagram size of at least 576")),
        23 | 37 => Some((|n| n >= 1, "a hop count from 1 to 255")),
        25 | 26 => Some((|n| n >= 68, "a size of at least 68")),
        46 => Some((|n| matches!(n, 1 | 2 | 4 | 8), "1 (B-node), 2 (P-node), 4 (M-node) or 8 (H-node)")),
        116 => Some((|n| matches!(n, 0 | 1), "0 or 1")),
        _ => None,
    }
}

fn bad_name(definition: &Definition, text: &str, error: &DomainNameError) -> Fault {
    let mut fault = Fault::value(format!("`{}` is no domain name", text.escape_debug()), error.to_string());
    fault.rule = &bad_domain_name::RULE;
    let names: Vec<&str> = text.split([' ', ',']).filter(|name| !name.is_empty()).collect();
    let several = names.len() > 1 && names.iter().all(|name| domain_name::labels(name).is_ok());
    match error {
        DomainNameError::Character(' ' | ',') if several && definition.array => {
            fault.help(format!("write a list: `[{}]`", names.join(", ")))
        }
        DomainNameError::Character(' ' | ',') if several && definition.code.0 == 15 => {
            fault.help(format!("write the search list as `domain-search: [{}]`", names.join(", ")))
        }
        _ => match mended(text) {
            Some(name) => fault.help(format!("write `{name}`")),
            None => fault.help("write a name such as `example.internal`"),
        },
    }
}

/// The name without empty labels and without hyphens at a label's ends, if that makes one.
fn mended(text: &str) -> Option<String> {
    let labels =
        text.split('.').map(|label| label.trim_matches(['-', ' '])).filter(|label| !label.is_empty());
    Some(labels.collect::<Vec<_>>().join(".")).filter(|name| domain_name::labels(name).is_ok())
}

/// `text` is not what `kind` wants.
pub fn misfit(definition: &Definition, kind: OptionType, text: &str) -> Fault {
    let fault = Fault::value(
        format!("`{}` is no value for option `{}`", text.escape_debug(), definition.name),
        format!("expected {}", expected_of(definition, kind)),
    );
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    if definition.array && parts.len() > 1 && !parts.contains(&"") {
        return fault.help(format!("write a list: `[{}]`", parts.join(", ")));
    }
    fault
}

fn expected_of(definition: &Definition, kind: OptionType) -> String {
    match kind {
        OptionType::Record => expected_record(definition),
        _ => expected(kind).to_owned(),
    }
}

/// What a value of the type is, in words.
pub fn expected(kind: OptionType) -> &'static str {
    match kind {
        OptionType::Binary => "octets in hexadecimal such as `0x0102`",
        OptionType::Boolean => "`true` or `false`",
        OptionType::Empty => "`true`",
        OptionType::Fqdn => "a domain name such as `example.org`",
        OptionType::Ipv4Address => "an IPv4 address such as `10.42.8.1`",
        OptionType::String => "text",
        OptionType::Tuple => "text of at most 255 octets",
        OptionType::Uint8 => "a whole number from 0 to 255",
        OptionType::Uint16 => "a whole number from 0 to 65535",
        OptionType::Uint32 => "a whole number from 0 to 4294967295, or a duration such as `8h`",
        OptionType::Int8 => "a whole number from -128 to 127",
        OptionType::Int16 => "a whole number from -32768 to 32767",
        OptionType::Int32 => "a whole number from -2147483648 to 2147483647",
        OptionType::Record => "a list of fields",
        OptionType::ClasslessRoute => "a route such as `{to: 10.0.0.0/8, via: 10.42.8.2}`",
    }
}

/// What a record's value is, in words.
pub fn expected_record(definition: &Definition) -> String {
    let fields: Vec<&str> = definition.fields.iter().map(|kind| kind.name()).collect();
    let more = if definition.array { ", the last of them repeated" } else { "" };
    format!("the fields [{}]{more}", fields.join(", "))
}

/// The option and its type, for a note.
pub fn describe(definition: &Definition) -> String {
    let Definition { name: option, space, code, kind, array, fields: _, span: _ } = definition;
    let of = match space {
        Space::Dhcp4 => String::new(),
        Space::Vendor43 | Space::Vendor125(_) => format!(" of space {space}"),
    };
    let kind = match (kind, array) {
        (OptionType::Record, _) => return format!("option `{option}` ({code}{of}) is a record"),
        (kind, true) => format!("a list of type {}", kind.name()),
        (kind, false) => format!("of type {}", kind.name()),
    };
    format!("option `{option}` ({code}{of}) is {kind}")
}
