//! Names that are defined in one place and used in others: classes, profiles, options.

use std::ops::Range;

use leasehold_schemas::source::{FileId, Span};
use leasehold_schemas::vocab::OptionCode;

use super::Page;
use super::scan::{Spot, Word};
use crate::grammar::{Mapping, Names, Scalar, Value};
use crate::resolve::definitions;
use crate::source::Sources;

/// Something with a name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Symbol {
    /// A client class.
    Class(String),
    /// A profile.
    Profile(String),
    /// An option, by its name where it has one.
    Option(String),
    /// A rule, by its name or code.
    Rule(String),
}

/// A name where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mention {
    /// Whose name it is.
    pub symbol: Symbol,
    /// Where it stands.
    pub range: Range<usize>,
    /// Whether it is defined here.
    pub defines: bool,
}

/// The name at an offset, and the estate's own names for its options.
pub fn at(sources: &Sources, page: &Page<'_>, offset: usize) -> Option<Mention> {
    let options = Options::of(sources);
    let (spot, is_key) = page.scan.at(offset)?;
    let spot = &page.scan.spots[spot];
    if let Some(word) = spot.scalar.as_ref().filter(|_| !is_key && is_expression(page, spot)) {
        let mentions = in_expression(page.text, word, &options);
        return mentions
            .into_iter()
            .find(|mention| mention.range.start <= offset && offset <= mention.range.end);
    }
    if is_key { key(page, spot, &options) } else { scalar(spot, &options) }
}

/// Where the name at an offset is defined.
pub fn definition(sources: &Sources, file: FileId, offset: usize) -> Vec<Span> {
    mentions(sources, file, offset, |mention| mention.defines)
}

/// Where the name at an offset stands, with or without the place at which it is defined.
pub fn references(sources: &Sources, file: FileId, offset: usize, with_definition: bool) -> Vec<Span> {
    mentions(sources, file, offset, |mention| with_definition || !mention.defines)
}

fn mentions(sources: &Sources, file: FileId, offset: usize, wanted: impl Fn(&Mention) -> bool) -> Vec<Span> {
    let page = Page::new(sources, file);
    let Some(Mention { symbol, .. }) = at(sources, &page, offset) else { return Vec::new() };
    let options = Options::of(sources);
    let mut found = Vec::new();
    for (file, _) in sources.iter() {
        let page = Page::new(sources, file);
        for spot in &page.scan.spots {
            found.extend(
                of(&page, spot, &options)
                    .into_iter()
                    .filter(|mention| mention.symbol == symbol && wanted(mention))
                    .map(|mention| span(file, &mention.range)),
            );
        }
    }
    found
}

fn span(file: FileId, range: &Range<usize>) -> Span {
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span { file, start: offset(range.start), end: offset(range.end) }
}

/// The names that a place says.
fn of(page: &Page<'_>, spot: &Spot, options: &Options) -> Vec<Mention> {
    let mut found: Vec<Mention> = key(page, spot, options).into_iter().collect();
    match &spot.scalar {
        Some(word) if is_expression(page, spot) => found.extend(in_expression(page.text, word, options)),
        Some(_) => found.extend(scalar(spot, options)),
        None => {}
    }
    found
}

/// The name that an entry's key is.
fn key(page: &Page<'_>, spot: &Spot, options: &Options) -> Option<Mention> {
    let word = spot.key.as_ref()?;
    let (symbol, defines) = match page.scan.spots[spot.parent].value {
        Value::Names(Names::Options) => (options.symbol(&word.text), false),
        Value::Names(Names::OptionDefinitions) => (Symbol::Option(word.text.clone()), true),
        Value::Names(Names::Profiles) => (Symbol::Profile(word.text.clone()), true),
        Value::Unknown
        | Value::Scalar(_)
        | Value::Mapping(_)
        | Value::Either(..)
        | Value::List(_)
        | Value::OptionValue => return None,
    };
    Some(Mention { symbol, range: inside(page.text, word), defines })
}

/// The name that a place's scalar is.
fn scalar(spot: &Spot, options: &Options) -> Option<Mention> {
    let word = spot.scalar.as_ref()?;
    let name = word.text.clone();
    let (symbol, defines) = match spot.value.scalar()? {
        Scalar::Class => (Symbol::Class(name), false),
        Scalar::ClassName => (Symbol::Class(name), true),
        Scalar::Profile => (Symbol::Profile(name), false),
        Scalar::Option => (options.symbol(&name), false),
        Scalar::Rule => (Symbol::Rule(name), false),
        Scalar::Text
        | Scalar::Boolean
        | Scalar::Choice(_)
        | Scalar::Mac
        | Scalar::Range
        | Scalar::Duration
        | Scalar::FineDuration => return None,
    };
    let quotes = usize::from(word.end - word.start == word.text.len() + 2);
    Some(Mention { symbol, range: word.start + quotes..word.end - quotes, defines })
}

/// A word without its quotes.
fn inside(text: &str, word: &Word) -> Range<usize> {
    let quotes =
        usize::from(text[word.start..word.end].starts_with(['"', '\'']) && word.end - word.start > 1);
    word.start + quotes..word.end - quotes
}

/// Whether the place is whom a class matches.
fn is_expression(page: &Page<'_>, spot: &Spot) -> bool {
    spot.key.as_ref().is_some_and(|key| key.text == "match")
        && page.scan.spots[spot.parent].value.mapping() == Some(Mapping::ClassDefinition)
}

/// Classes and options that an expression names: `member('voip')`, `option[77]`.
fn in_expression(text: &str, word: &Word, options: &Options) -> Vec<Mention> {
    let mut found = Vec::new();
    let whole = &text[word.start..word.end];
    let mut named = |begin: &str, symbol: &dyn Fn(&str) -> Symbol| {
        for (at, _) in whole.match_indices(begin) {
            let from = at + begin.len();
            let rest = whole[from..].trim_start_matches([' ', '\'']);
            let from = whole.len() - rest.len();
            let name = rest.split(['\'', ']', ')', ' ', '"', '\n']).next().unwrap_or_default();
            if !name.is_empty() {
                let range = word.start + from..word.start + from + name.len();
                found.push(Mention { symbol: symbol(name), range, defines: false });
            }
        }
    };
    named("member(", &|name| Symbol::Class(name.to_owned()));
    named("option[", &|name| options.symbol(name));
    found
}

/// What options are called.
pub(super) struct Options {
    /// The estate's own: name and code, as far as they can be read.
    own: Vec<(String, Option<u8>)>,
}

impl Options {
    pub(super) fn of(sources: &Sources) -> Options {
        let own = Page::estate(sources).map_or_else(Vec::new, |page| {
            let defined = page.scan.spots.iter().enumerate().filter(|(_, spot)| {
                page.scan.spots[spot.parent].value == Value::Names(Names::OptionDefinitions)
            });
            let code = |at: usize| {
                let child = |name: &str| {
                    let of = page.scan.children(at);
                    of.filter(|child| child.key.as_ref().is_some_and(|key| key.text == name))
                        .find_map(|child| child.scalar.as_ref().map(|word| word.text.clone()))
                };
                // In another space the code means something else.
                let is_standard = child("space").is_none_or(|space| space == "dhcp4");
                child("code").filter(|_| is_standard).and_then(|code| code.parse().ok())
            };
            defined.filter_map(|(at, spot)| Some((spot.key.as_ref()?.text.clone(), code(at)))).collect()
        });
        Options { own }
    }

    /// The option that is called so, or has this code.
    fn symbol(&self, name: &str) -> Symbol {
        let Ok(code) = name.parse::<u8>() else { return Symbol::Option(name.to_owned()) };
        let own = self.own.iter().find(|(_, own)| *own == Some(code)).map(|(name, _)| name.clone());
        let standard = || {
            let standard = definitions::standard().into_iter().find(|option| option.code == OptionCode(code));
            standard.map(|option| option.name)
        };
        Symbol::Option(own.or_else(standard).unwrap_or_else(|| name.to_owned()))
    }
}
