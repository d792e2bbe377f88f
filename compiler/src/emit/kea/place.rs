//! What clients are told in one place, rewritten for Kea's order of precedence.
//!
//! Leasehold lets a class win over a place; Kea lets a place win over classes, and its classes win in the order in
//! which a client is put into them. So what a class means in a place becomes a class of its own, which is looked at
//! only for clients of that place and after the address is known, and what the place says of an option that a class
//! says too becomes the last of those classes. What no class contradicts stays with the place.
//!
//! Nothing here knows where a place lies.

use std::collections::{BTreeMap, BTreeSet};

use leasehold_schemas::artefact::{Layered, Meaning, OptionValue, Parameters, ValueSet};
use leasehold_schemas::vocab::{ClassName, OptionCode, Space};

use super::condition::Condition;
use crate::lower::Parameter;

/// Options that the protocol owns in both programs: no value of the estate stands in for them.
const OWN: [u8; 17] = [0, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 61, 80, 81, 82, 118, 255];
/// The mask, which both make of the prefix.
const MASK: u8 = 1;
/// What Kea sends whether or not it is asked for.
const BASIC: [u8; 3] = [3, 6, 15];
const VENDOR_43: u8 = 43;
const VENDOR_125: u8 = 125;
/// Classes whose shares of one option 43 are put together beforehand, at most: two to the power of it variants.
const SHARERS_MAX: usize = 6;

/// Whether Kea sends the option whether or not it is asked for.
pub(super) fn is_basic(code: u8) -> bool {
    BASIC.contains(&code)
}

/// One whose word counts: a class, or, last, the place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    pub(super) class: Option<&'a ClassName>,
    pub(super) values: &'a ValueSet,
}

impl<'a> Source<'a> {
    fn member(&self) -> Condition {
        self.class.map_or(Condition::Always, Condition::member)
    }

    fn option(&self, space: Space, code: u8) -> Option<&'a OptionValue> {
        self.values.options.iter().find(|option| (option.space, option.code.0) == (space, code))
    }
}

/// Everyone whose word counts in a place, the one who wins first.
pub(super) fn sources<'a>(meanings: &'a [Meaning], sets: &'a [ValueSet], values: u32) -> Vec<Source<'a>> {
    let set = |at: u32| &sets[usize::try_from(at).expect("an index into memory")];
    let classes =
        meanings.iter().map(|meaning| Source { class: Some(&meaning.class), values: set(meaning.values) });
    classes.chain(std::iter::once(Source { class: None, values: set(values) })).collect()
}

/// One value, and for whom it holds. Who stands earlier wins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Emission {
    /// Whose word it is, counted from the one who wins; the place is the last.
    pub(super) rank: usize,
    /// For whom.
    pub(super) when: Condition,
    /// The octets.
    pub(super) octets: Vec<u8>,
    /// For whom also unasked.
    pub(super) unasked: Condition,
}

/// A header field of an answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Field {
    NextServer,
    ServerHostname,
    BootFileName,
}

impl Field {
    pub(super) const ALL: [Field; 3] = [Field::NextServer, Field::ServerHostname, Field::BootFileName];

    /// Its key, which is the same in both languages.
    pub(super) fn key(self) -> &'static str {
        match self {
            Field::NextServer => "next-server",
            Field::ServerHostname => "server-hostname",
            Field::BootFileName => "boot-file-name",
        }
    }

    /// Its name where origins are asked for.
    pub(super) fn parameter(self) -> Parameter {
        match self {
            Field::NextServer => Parameter::NextServer,
            Field::ServerHostname => Parameter::ServerHostname,
            Field::BootFileName => Parameter::BootFileName,
        }
    }

    /// What is said of it; empty: nothing is sent.
    pub(super) fn said(self, parameters: &Parameters) -> Option<String> {
        let text =
            |said: &Option<Layered<String>>| said.as_ref().map(|said| said.value.clone().unwrap_or_default());
        match self {
            Field::NextServer => parameters.next_server.map(|said| {
                said.value
                    .filter(|address| !address.is_unspecified())
                    .map_or_else(String::new, |a| a.to_string())
            }),
            Field::ServerHostname => text(&parameters.server_hostname),
            Field::BootFileName => text(&parameters.boot_file_name),
        }
    }
}

/// A header field's value, and for whom it holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct FieldEmission {
    pub(super) rank: usize,
    pub(super) when: Condition,
    pub(super) value: String,
}

/// What a place says that cannot be rewritten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unsaid {
    /// A mask of its own.
    Mask,
    /// Option 43 as octets and as sub-options.
    Both43,
    /// Option 43 put together from too many classes' shares.
    Shares43,
    /// Option 125 as octets.
    Plain125,
    /// T1 and T2 that are never sent.
    NeverTimers,
}

/// What clients are told in a place.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    /// Options, each with who says it, the winner first.
    pub(super) options: BTreeMap<(Space, u8), Vec<Emission>>,
    /// Header fields.
    pub(super) fields: BTreeMap<Field, Vec<FieldEmission>>,
    /// What is lost, and the class that says it; none: the place.
    pub(super) unsaid: Vec<(Unsaid, Option<ClassName>)>,
    /// Count of those whose word counts.
    pub(super) ranks: usize,
}

/// For whom an option is never sent in a place.
pub(super) fn never(sources: &[Source<'_>], code: u8) -> Condition {
    listed(sources, |said| said.never_send.as_ref(), code)
}

/// Rewrites what is said in a place.
pub(super) fn told(sources: &[Source<'_>]) -> Told {
    let mut told = Told { ranks: sources.len(), ..Told::default() };
    let said = sources.iter().flat_map(|source| &source.values.options);
    let codes: BTreeSet<(Space, u8)> = said.map(|option| (option.space, option.code.0)).collect();
    for (space, code) in &codes {
        match (space, *code) {
            (Space::Dhcp4, code) if OWN.contains(&code) => {}
            (Space::Dhcp4, MASK) => lose(&mut told, sources, Space::Dhcp4, MASK, &Unsaid::Mask),
            (Space::Dhcp4, VENDOR_43) => plain_43(&mut told, sources, &codes),
            (Space::Dhcp4, VENDOR_125) => {
                lose(&mut told, sources, Space::Dhcp4, VENDOR_125, &Unsaid::Plain125);
            }
            (Space::Dhcp4, code) => {
                let emissions = emissions(sources, Space::Dhcp4, code, &unasked(sources, code));
                told.options.insert((Space::Dhcp4, code), emissions);
            }
            (Space::Vendor43, _) => {}
            (Space::Vendor125(_), code) => {
                let emissions = emissions(sources, *space, code, &Condition::Always);
                told.options.insert((*space, code), emissions);
            }
        }
    }
    if codes.iter().any(|(space, _)| *space == Space::Vendor43) && !codes.contains(&(Space::Dhcp4, VENDOR_43))
    {
        shares_43(&mut told, sources);
    }
    enterprises(&mut told, sources);
    for field in Field::ALL {
        let emissions = field_emissions(sources, field);
        if !emissions.is_empty() {
            told.fields.insert(field, emissions);
        }
    }
    for source in sources {
        let never = source.values.parameters.never_send.as_ref().and_then(|said| said.value.as_ref());
        if never.is_some_and(|codes| codes.iter().any(|code| matches!(code.0, 58 | 59))) {
            told.unsaid.push((Unsaid::NeverTimers, source.class.cloned()));
        }
    }
    told
}

fn lose(told: &mut Told, sources: &[Source<'_>], space: Space, code: u8, what: &Unsaid) {
    let said =
        sources.iter().filter(|source| source.option(space, code).is_some_and(|said| said.value.is_some()));
    told.unsaid.extend(said.map(|source| (what.clone(), source.class.cloned())));
}

/// For whom the list that holds names the option: that of the first who says one.
fn listed<'a>(
    sources: &[Source<'a>],
    read: impl Fn(&'a Parameters) -> Option<&'a Layered<Vec<OptionCode>>>,
    code: u8,
) -> Condition {
    sources.iter().rev().fold(Condition::Never, |wider, source| {
        let Some(said) = read(&source.values.parameters) else { return wider };
        let named = said.value.as_ref().is_some_and(|codes| codes.contains(&OptionCode(code)));
        if named { source.member().or(wider) } else { source.member().not().and(wider) }
    })
}

/// For whom an option is sent unasked: who names no list gets everything.
pub(super) fn unasked(sources: &[Source<'_>], code: u8) -> Condition {
    if BASIC.contains(&code) {
        return Condition::Always;
    }
    listed(sources, |said| said.always_send.as_ref(), code).or(Condition::without_list())
}

/// Who says an option, and for whom: neither whom somebody nearer took it from, nor whom it is never sent.
fn emissions(sources: &[Source<'_>], space: Space, code: u8, unasked: &Condition) -> Vec<Emission> {
    let never = match space {
        Space::Dhcp4 => listed(sources, |said| said.never_send.as_ref(), code),
        Space::Vendor43 | Space::Vendor125(_) => Condition::Never,
    };
    let mut taken = Condition::Never;
    let mut found = Vec::new();
    for (rank, source) in sources.iter().enumerate() {
        match source.option(space, code).map(|said| &said.value) {
            None => {}
            Some(None) => taken = taken.or(source.member()),
            Some(Some(octets)) => {
                let when = source.member().and(taken.clone().not()).and(never.clone().not());
                if when != Condition::Never {
                    let unasked = unasked.clone();
                    found.push(Emission { rank, when, octets: octets.0.clone(), unasked });
                }
            }
        }
    }
    found
}

fn field_emissions(sources: &[Source<'_>], field: Field) -> Vec<FieldEmission> {
    let mut taken = Condition::Never;
    let mut found = Vec::new();
    for (rank, source) in sources.iter().enumerate() {
        match field.said(&source.values.parameters) {
            None => {}
            Some(value) if value.is_empty() => taken = taken.or(source.member()),
            Some(value) => {
                let when = source.member().and(taken.clone().not());
                if when != Condition::Never {
                    found.push(FieldEmission { rank, when, value });
                }
            }
        }
    }
    found
}

fn plain_43(told: &mut Told, sources: &[Source<'_>], codes: &BTreeSet<(Space, u8)>) {
    if codes.iter().any(|(space, _)| *space == Space::Vendor43) {
        lose(told, sources, Space::Dhcp4, VENDOR_43, &Unsaid::Both43);
    }
    let emissions = emissions(sources, Space::Dhcp4, VENDOR_43, &unasked(sources, VENDOR_43));
    told.options.insert((Space::Dhcp4, VENDOR_43), emissions);
}

/// Option 43 from the shares that classes and the place have in it: one value for each set of classes that a client
/// may be in.
fn shares_43(told: &mut Told, sources: &[Source<'_>]) {
    let shares =
        |source: &&Source<'_>| source.values.options.iter().any(|said| said.space == Space::Vendor43);
    let (classes, place): (Vec<&Source<'_>>, Vec<&Source<'_>>) =
        sources.iter().filter(shares).partition(|source| source.class.is_some());
    if classes.len() > SHARERS_MAX {
        told.unsaid.push((Unsaid::Shares43, classes[0].class.cloned()));
        return;
    }
    let never = listed(sources, |said| said.never_send.as_ref(), VENDOR_43);
    let unasked = unasked(sources, VENDOR_43);
    let mut found = Vec::new();
    for members in (0..1_usize << classes.len()).rev() {
        let is_in = |at: usize| members & (1 << at) != 0;
        let mut when = never.clone().not();
        for (at, source) in classes.iter().enumerate() {
            when = when.and(if is_in(at) { source.member() } else { source.member().not() });
        }
        let saying = classes.iter().enumerate().filter(|(at, _)| is_in(*at)).map(|(_, source)| *source);
        let octets = together(saying.chain(place.iter().copied()));
        if !octets.is_empty() && when != Condition::Never {
            // They exclude each other, so their order is free; only the place's own may stay with it.
            let rank = if classes.is_empty() { told.ranks - 1 } else { 0 };
            found.push(Emission { rank, when, octets, unasked: unasked.clone() });
        }
    }
    told.options.insert((Space::Dhcp4, VENDOR_43), found);
}

/// The sub-options that hold, in the order of their codes, as the server puts them together.
fn together<'a>(sources: impl Iterator<Item = &'a Source<'a>>) -> Vec<u8> {
    let mut said: BTreeMap<u8, Option<&[u8]>> = BTreeMap::new();
    for source in sources {
        for option in source.values.options.iter().filter(|option| option.space == Space::Vendor43) {
            let octets = option.value.as_ref().map(|octets| octets.0.as_slice());
            said.entry(option.code.0).or_insert(octets);
        }
    }
    let mut octets = Vec::new();
    for (code, payload) in said.into_iter().filter_map(|(code, payload)| Some((code, payload?))) {
        if payload.is_empty() {
            octets.extend_from_slice(&[code, 0]);
        }
        for part in payload.chunks(255) {
            octets
                .extend_from_slice(&[code, u8::try_from(part.len()).expect("a part is at most 255 octets")]);
            octets.extend_from_slice(part);
        }
    }
    octets
}

/// Option 125 names the enterprises of which something is said; their sub-options stand beside it.
fn enterprises(told: &mut Told, sources: &[Source<'_>]) {
    let of = |space: &Space| match space {
        Space::Vendor125(enterprise) => Some(*enterprise),
        Space::Dhcp4 | Space::Vendor43 => None,
    };
    let said: BTreeSet<u32> = told.options.keys().filter_map(|(space, _)| of(space)).collect();
    let never = listed(sources, |said| said.never_send.as_ref(), VENDOR_125);
    let unasked = listed(sources, |said| said.always_send.as_ref(), VENDOR_125);
    for enterprise in said {
        let who = sources.iter().rev().filter(|source| {
            source
                .values
                .options
                .iter()
                .any(|option| of(&option.space) == Some(enterprise) && option.value.is_some())
        });
        let when =
            who.fold(Condition::Never, |when, source| source.member().or(when)).and(never.clone().not());
        let rank = if when == Condition::Always { told.ranks - 1 } else { 0 };
        let emission =
            Emission { rank, when, octets: enterprise.to_be_bytes().to_vec(), unasked: unasked.clone() };
        told.options.entry((Space::Dhcp4, VENDOR_125)).or_default().push(emission);
    }
}
