//! Options as Kea writes them: readable where both sides read the same text as the same octets, else in hexadecimal.

use std::net::Ipv4Addr;

use leasehold_schemas::source::OptionType;
use leasehold_schemas::vocab::Space;
use serde_json::{Map, Value, json};

use crate::model::Definition;

/// One option's entry in `option-data`.
pub(super) fn option_data(
    definition: Option<&Definition>,
    space: Space,
    code: u8,
    octets: &[u8],
    always: bool,
) -> Value {
    let mut entry = Map::new();
    let text = definition.filter(|one| is_known(one)).and_then(|one| Some((one, plain_text(one, octets)?)));
    match text {
        Some((definition, text)) => {
            entry.insert("name".to_owned(), definition.name.as_str().into());
            entry.insert("data".to_owned(), text.into());
        }
        None => {
            entry.insert("code".to_owned(), code.into());
            entry.insert("csv-format".to_owned(), false.into());
            let digits: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
            entry.insert("data".to_owned(), digits.into());
        }
    }
    match space {
        Space::Dhcp4 | Space::Vendor43 => {}
        Space::Vendor125(enterprise) => {
            entry.insert("space".to_owned(), format!("vendor-{enterprise}").into());
        }
    }
    if always {
        entry.insert("always-send".to_owned(), true.into());
    }
    Value::Object(entry)
}

/// An option of the estate's own, as Kea defines one; only what is an option by itself.
pub(super) fn option_definition(definition: &Definition) -> Option<Value> {
    let Definition { name, space, code, kind, array, fields, span } = definition;
    if span.is_none() || *space != Space::Dhcp4 || is_standard(code.0) {
        return None;
    }
    let mut entry = json!({"name": name, "code": code.0, "type": kind_name(*kind)?, "array": array});
    if !fields.is_empty() {
        let fields: Option<Vec<&str>> = fields.iter().map(|field| kind_name(*field)).collect();
        entry["record-types"] = fields?.join(", ").into();
    }
    Some(entry)
}

/// Kea's name of a type, which is ours; what it has no type for goes as octets.
fn kind_name(kind: OptionType) -> Option<&'static str> {
    (kind != OptionType::ClasslessRoute).then(|| kind.name())
}

/// Whether every release of Kea since 2.2 defines the code itself, so that nobody else may.
fn is_standard(code: u8) -> bool {
    matches!(code, 1..=101 | 108 | 112..=114 | 116..=119 | 124 | 125 | 136..=138 | 141 | 143 | 146 | 159 | 212 | 213)
}

/// Whether Kea reads a text for this option as it is read here.
fn is_known(definition: &Definition) -> bool {
    let standard = matches!(definition.code.0, 3..=15 | 17..=19 | 22 | 23 | 26 | 28 | 40..=42 | 44..=46 | 66 | 67 | 69 | 70);
    let own = definition.span.is_some() && option_definition(definition).is_some();
    definition.space == Space::Dhcp4 && (standard || own)
}

/// The octets as text, where that text can mean nothing else.
fn plain_text(definition: &Definition, octets: &[u8]) -> Option<String> {
    let Definition { kind, array, .. } = definition;
    let number = || octets.iter().fold(0_u64, |sum, octet| sum << 8 | u64::from(*octet)).to_string();
    match (kind, array) {
        (OptionType::Ipv4Address, _) if !octets.is_empty() && octets.len().is_multiple_of(4) => {
            let (addresses, _) = octets.as_chunks::<4>();
            let texts: Vec<String> =
                addresses.iter().map(|octets| Ipv4Addr::from(*octets).to_string()).collect();
            (*array || texts.len() == 1).then(|| texts.join(", "))
        }
        (OptionType::String, false) if !octets.is_empty() => {
            let plain = |octet: &u8| octet.is_ascii_alphanumeric() || b"-._:/@#+=()".contains(octet);
            octets.iter().all(plain).then(|| String::from_utf8_lossy(octets).into_owned())
        }
        (OptionType::Uint8, false) if octets.len() == 1 => Some(number()),
        (OptionType::Uint16, false) if octets.len() == 2 => Some(number()),
        (OptionType::Uint32, false) if octets.len() == 4 => Some(number()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::definitions::standard;

    #[track_caller]
    fn check(code: u8, octets: &[u8], expected: &Value) {
        let known = standard().into_iter().find(|one| one.code.0 == code);
        assert_eq!(option_data(known.as_ref(), Space::Dhcp4, code, octets, false), *expected);
    }

    #[test]
    fn plain_values_are_readable_and_all_others_exact() {
        check(3, &[10, 0, 0, 1], &json!({"name": "routers", "data": "10.0.0.1"}));
        check(15, b"a.example", &json!({"name": "domain-name", "data": "a.example"}));
        check(67, b"a, b", &json!({"code": 67, "csv-format": false, "data": "612c2062"}));
        check(121, &[0, 10, 0, 0, 1], &json!({"code": 121, "csv-format": false, "data": "000a000001"}));
        check(234, &[1], &json!({"code": 234, "csv-format": false, "data": "01"}));
    }
}
