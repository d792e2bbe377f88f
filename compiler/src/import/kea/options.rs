//! `option-data`: what Kea sends, and how the estate language says it.
//!
//! A value is written in words where encoding those words gives the octets that Kea sends; else in hexadecimal.

use std::collections::BTreeSet;

use leasehold_schemas::source::{FileId, Keyed, Map, OptionType, OptionValue, Span, Spanned};
use leasehold_schemas::vocab::{HexBytes, Space};

use super::definitions::{Definitions, Home, KeaDefinition};
use crate::diag::Sink;
use crate::import::book::{MapView, View};
use crate::import::listing::Fate;
use crate::import::octets::{KeaType, encode, tokens, untyped};
use crate::import::yaml::Yaml;
use crate::model::Definition;
use crate::resolve::definitions::is_protocol_owned;
use crate::resolve::{option_bytes, option_text};

/// One option of a scope.
#[derive(Clone, Debug)]
pub struct Datum<'b> {
    /// Its numbering.
    pub space: Space,
    /// Its code.
    pub code: u8,
    /// Its value; absent where only the flags say something.
    pub value: Option<Yaml>,
    /// Whether it is sent unasked.
    pub always: bool,
    /// Whether it is kept back.
    pub never: bool,
    /// Classes whose members get it; none: everybody does.
    pub tags: Vec<(String, View<'b>)>,
    /// Where it stands.
    pub view: View<'b>,
}

/// An entry with its octets.
struct Raw<'b> {
    view: View<'b>,
    space: String,
    code: u8,
    definition: Option<KeaDefinition>,
    tokens: Option<Vec<String>>,
    octets: Vec<u8>,
    always: bool,
    never: bool,
    tags: Vec<(String, View<'b>)>,
}

/// Reads `option-data` of one scope; `class`: the class it belongs to.
pub fn read<'b>(
    definitions: &mut Definitions,
    class: Option<usize>,
    entries: Vec<MapView<'b>>,
) -> Vec<Datum<'b>> {
    let raws: Vec<Raw<'b>> = entries.into_iter().filter_map(|entry| raw(definitions, class, entry)).collect();
    let mut data: Vec<Datum<'b>> = Vec::new();
    for raw in &raws {
        let Some(datum) = datum(definitions, raw, &raws) else { continue };
        let same = |known: &Datum<'_>| {
            let tags = |tags: &[(String, View<'_>)]| {
                tags.iter().map(|(name, _)| name.clone()).collect::<BTreeSet<_>>()
            };
            (known.space, known.code, tags(&known.tags)) == (datum.space, datum.code, tags(&datum.tags))
        };
        if data.iter().any(same) {
            raw.view.tell(Fate::Idle, "the option is given twice here; Kea sends the first", "");
            continue;
        }
        data.push(datum);
    }
    data
}

fn raw<'b>(definitions: &Definitions, class: Option<usize>, entry: MapView<'b>) -> Option<Raw<'b>> {
    let view = entry.view;
    let name = entry.some_text("name").map(|(name, _)| name);
    let code = entry.number("code");
    let space = entry.some_text("space").map_or("dhcp4", |(space, _)| space).to_owned();
    let data = entry.text("data").unwrap_or_default();
    let csv = entry.boolean("csv-format");
    let always = entry.boolean("always-send").unwrap_or(false);
    let never = entry.boolean("never-send").unwrap_or(false);
    let tags = entry.list("client-classes").into_iter();
    let tags: Vec<_> = tags.filter_map(|tag| Some((tag.text()?.to_owned(), tag))).collect();
    entry.tell(
        &["user-context", "comment"],
        Fate::Idle,
        "a remark on an option has no place in an estate",
        "",
    );
    let lost = |reason: &str, advice: &str| {
        view.tell(Fate::Lost, reason, advice);
        None
    };
    let code = match code.map(u8::try_from) {
        Some(Ok(code @ 1..=254)) => Some(code),
        Some(_) => return lost("an option's code is from 1 to 254", "correct the code"),
        None => None,
    };
    let definition = definitions.find(class, &space, code, name).cloned();
    let Some(code) = code.or(definition.as_ref().map(|definition| definition.code)) else {
        let named = name.unwrap_or_default();
        let reason = format!("no option is called `{named}` in space `{space}`");
        return lost(&reason, "give its code, or define it in `option-def`");
    };
    let typed = definition.as_ref().filter(|_| csv != Some(false));
    if typed.is_none() && csv == Some(true) {
        return lost(
            "the option has no definition, so Kea cannot read its value",
            "define it in `option-def`",
        );
    }
    let tokens = typed.map(|_| tokens(data));
    let octets = match (typed, &tokens) {
        (Some(typed), Some(tokens)) => {
            let KeaDefinition { kind, array, fields, code, .. } = typed;
            let empty = data.is_empty() && (*kind == KeaType::Empty || never || *code == 125);
            if empty { Ok(Vec::new()) } else { encode(*kind, *array, fields, *code, tokens) }
        }
        _ => untyped(data)
            .ok_or_else(|| format!("`{}` is no string of hexadecimal octets", data.escape_debug())),
    };
    match octets {
        Ok(octets) => {
            if let (Some(typed), Some(tokens)) = (typed, &tokens) {
                note_ignored(typed, tokens, view);
            }
            Some(Raw { view, space, code, definition, tokens, octets, always, never, tags })
        }
        Err(reason) => {
            let advice = "correct the value, or give its octets in hexadecimal with `csv-format: false`";
            lost(&reason, advice)
        }
    }
}

/// Of an option with one value Kea sends what stands before the first comma.
fn note_ignored(definition: &KeaDefinition, tokens: &[String], view: View<'_>) {
    let single = match definition.kind {
        KeaType::Record => !definition.array && tokens.len() > definition.fields.len(),
        KeaType::Empty | KeaType::Internal => false,
        _ => !definition.array && tokens.len() > 1,
    };
    if single {
        let advice = "if the comma belongs to the text, Kea wants it written as `\\\\,`";
        view.note(
            Fate::Changed,
            "Kea sends only what stands before the comma, and so does the estate",
            advice,
        );
    }
}

fn datum<'b>(definitions: &mut Definitions, raw: &Raw<'b>, all: &[Raw<'b>]) -> Option<Datum<'b>> {
    let Raw { view, space: _, code, definition, tokens, octets, always, never, tags } = raw;
    let made = |space: Space, value: Option<Yaml>| Datum {
        space,
        code: *code,
        value,
        always: *always,
        never: *never,
        tags: tags.clone(),
        view: *view,
    };
    let space = space_of(definitions, raw, all)?;
    let encapsulates = definition.as_ref().map_or("", |definition| definition.encapsulates.as_str());
    match (space, code) {
        (Space::Dhcp4, 43) if octets.is_empty() => return Some(made(space, None)),
        (Space::Dhcp4, 125) => return Some(made(space, enterprises(definitions, raw, all))),
        (Space::Dhcp4, _) if !encapsulates.is_empty() && *code != 43 => {
            let whole = [octets.clone(), carried(encapsulates, all, 0)].concat();
            return Some(made(space, Some(hexadecimal(&whole)))).filter(|_| !whole.is_empty());
        }
        _ => {}
    }
    let ours = if space == Space::Dhcp4 {
        definitions.ours(space, *code)
    } else {
        definitions.ensure(space, *code, definition.as_ref())
    };
    let Some(ours) = ours else {
        view.tell(Fate::Lost, format!("code {code} cannot be an option here"), "codes run from 1 to 254");
        return None;
    };
    if *never && octets.is_empty() {
        return Some(made(space, None));
    }
    match value(&ours, tokens.as_deref(), octets) {
        Some(value) => Some(made(space, Some(value))),
        None => {
            view.tell(
                Fate::Lost,
                "an option without octets cannot be said here",
                "leave it out, or give it a value",
            );
            None
        }
    }
}

/// The space that the entry belongs to here; nothing if it is said in another way or not at all, and that is told.
fn space_of(definitions: &Definitions, raw: &Raw<'_>, all: &[Raw<'_>]) -> Option<Space> {
    let Raw { view, space: kea_space, code, .. } = raw;
    let space = match definitions.home(kea_space) {
        Home::In(space) => space,
        Home::Folded => {
            let carried = |other: &Raw<'_>| {
                other.definition.as_ref().is_some_and(|definition| definition.encapsulates == *kea_space)
            };
            if !all.iter().any(carried) {
                view.tell(
                    Fate::Idle,
                    "the option that carries this space is not given here, so Kea does not send it",
                    "",
                );
            }
            return None;
        }
        Home::Nowhere => {
            view.tell(Fate::Idle, "no option carries this space, so Kea never sends it", "");
            return None;
        }
    };
    if space == Space::Dhcp4 && is_protocol_owned(leasehold_schemas::vocab::OptionCode(*code)) {
        let advice = match code {
            51 => "say `lease`",
            58 => "say `renew-after`",
            59 => "say `rebind-after`",
            _ => {
                "remove it; if a client needs another value than the server's own, say which and why to its makers"
            }
        };
        view.tell(
            Fate::Lost,
            format!("option {code} is the protocol's: the server gives its value itself"),
            advice,
        );
        return None;
    }
    Some(space)
}

/// Option 125 of one enterprise: its sub-options are said one by one, and the server puts the number before them. Only
/// the number is said where there are none.
fn enterprises(definitions: &Definitions, raw: &Raw<'_>, all: &[Raw<'_>]) -> Option<Yaml> {
    let Raw { octets, tokens, .. } = raw;
    let number: Option<[u8; 4]> = octets.as_slice().try_into().ok().filter(|_| tokens.is_some());
    match number {
        Some(number) => {
            let space = format!("vendor-{}", u32::from_be_bytes(number));
            let defined =
                definitions.own().iter().any(|own| own.space == Space::Vendor125(u32::from_be_bytes(number)));
            let said = all.iter().any(|other| other.space == space);
            (!defined && !said).then(|| hexadecimal(&[&number[..], &[0]].concat()))
        }
        None if octets.is_empty() => None,
        None => Some(hexadecimal(octets)),
    }
}

/// The sub-options of a space, as they stand in the octets of the option that carries it.
fn carried(space: &str, all: &[Raw<'_>], depth: u8) -> Vec<u8> {
    let mut octets = Vec::new();
    for raw in all.iter().filter(|raw| raw.space == space) {
        let inner = raw.definition.as_ref().map_or("", |definition| definition.encapsulates.as_str());
        let mut payload = raw.octets.clone();
        if !inner.is_empty() && depth < 8 {
            payload.extend(carried(inner, all, depth + 1));
        }
        let chunks: Vec<&[u8]> = if payload.is_empty() { vec![&[]] } else { payload.chunks(255).collect() };
        for chunk in chunks {
            octets.push(raw.code);
            octets.push(u8::try_from(chunk.len()).expect("chunks are at most 255 octets"));
            octets.extend_from_slice(chunk);
        }
    }
    octets
}

fn hexadecimal(octets: &[u8]) -> Yaml {
    Yaml::map([("hex", Yaml::text(format!("0x{}", HexBytes(octets.to_vec()))))])
}

/// The value in words if they say these octets, else in hexadecimal.
fn value(definition: &Definition, tokens: Option<&[String]>, octets: &[u8]) -> Option<Yaml> {
    let names = definition.kind == OptionType::Fqdn || definition.fields.contains(&OptionType::Fqdn);
    let says = |value: &Yaml| {
        let encoded = option_bytes::encode(definition, &option_value(value), &mut Sink::default());
        // Names are compressed here and there in other ways, and mean the same.
        encoded.is_some_and(|encoded| encoded.bytes == octets || (names && tokens.is_some()))
    };
    let plain = tokens.map(|tokens| in_words(definition, tokens));
    let decoded = words(definition, octets);
    let hex = Yaml::text(format!("0x{}", HexBytes(octets.to_vec())));
    let hex = match definition.kind {
        OptionType::Binary => hex,
        _ => Yaml::map([("hex", hex)]),
    };
    plain.into_iter().chain(decoded).chain([hex]).find(says)
}

/// The words between Kea's commas, as the definition wants them.
fn in_words(definition: &Definition, tokens: &[String]) -> Yaml {
    let kinds = match definition.kind {
        OptionType::Record => definition.fields.as_slice(),
        _ => std::slice::from_ref(&definition.kind),
    };
    let last = kinds.last().copied().unwrap_or(OptionType::Binary);
    let word = |at: usize, token: &String| {
        let kind = kinds.get(at).copied().unwrap_or(last);
        Yaml::text(match (kind, token.as_str()) {
            (OptionType::Boolean, "1") => "true".to_owned(),
            (OptionType::Boolean, "0") => "false".to_owned(),
            (OptionType::Binary, token) => {
                let octets = untyped(token).unwrap_or_default();
                format!("0x{}", HexBytes(octets))
            }
            (OptionType::Empty, _) => "true".to_owned(),
            (OptionType::ClasslessRoute, token) => match token.split_once('-') {
                Some((to, via)) => format!("{} - {}", to.trim(), via.trim()),
                None => token.to_owned(),
            },
            (_, token) => token.to_owned(),
        })
    };
    let mut words = tokens.iter().enumerate().map(|(at, token)| word(at, token));
    if definition.array {
        return Yaml::List(words.collect());
    }
    match definition.kind {
        OptionType::Record => Yaml::List(words.take(definition.fields.len()).collect()),
        _ => words.next().unwrap_or(Yaml::Null),
    }
}

/// The words that people read for these octets, where the types are simple.
fn words(definition: &Definition, octets: &[u8]) -> Option<Yaml> {
    match definition.kind {
        OptionType::Empty => Some(Yaml::text("true")),
        OptionType::String => option_text::text(octets).map(Yaml::Text),
        OptionType::Record | OptionType::Tuple | OptionType::ClasslessRoute | OptionType::Binary => None,
        OptionType::Boolean
        | OptionType::Fqdn
        | OptionType::Ipv4Address
        | OptionType::Uint8
        | OptionType::Uint16
        | OptionType::Uint32
        | OptionType::Int8
        | OptionType::Int16
        | OptionType::Int32 => {
            let shown = option_text::readable(definition, octets);
            Some(if definition.array { Yaml::texts(shown.split(", ")) } else { Yaml::text(shown) })
        }
    }
}

/// What decoding this YAML gives.
pub fn option_value(value: &Yaml) -> Spanned<OptionValue> {
    let span = Span { file: FileId(0), start: 0, end: 0 };
    let value = match value {
        Yaml::Null => OptionValue::Null,
        Yaml::Text(text) | Yaml::Quoted(text) => OptionValue::Scalar(text.clone()),
        Yaml::List(items) => OptionValue::List(items.iter().map(option_value).collect()),
        Yaml::Map(entries) => {
            let entry = |(key, value): &(String, Yaml)| Keyed {
                key: Spanned::new(key.clone(), span),
                value: option_value(value),
            };
            OptionValue::Mapping(Map(entries.iter().map(entry).collect()))
        }
        Yaml::Remarked(_, value) => return option_value(value),
    };
    Spanned::new(value, span)
}
