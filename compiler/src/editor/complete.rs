//! What may be written at a place.

use std::fmt::Write as _;
use std::ops::Range;

use leasehold_schemas::source::FileId;

use super::hover::kind;
use super::scan::{Scan, Spot};
use super::{Page, manual};
use crate::check::rules::REGISTRY;
use crate::grammar::{Document, Key, Mapping, Names, Scalar, Value};
use crate::resolve::{BUILT_IN_CLASSES, definitions};
use crate::source::Sources;

/// Stands at the cursor while the text is read, so that there is a word even where nothing is written yet. It is in no
/// text: it is for private use.
const CURSOR: char = '\u{e000}';

/// What a proposal is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A key of the language.
    Key,
    /// A whole element of a list.
    Element,
    /// One of a few words.
    Choice,
    /// A class, profile, option or rule.
    Name,
}

/// Something that may be written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proposal {
    /// What it is called, and what is typed to find it.
    pub label: String,
    /// What it is.
    pub kind: Kind,
    /// A few words beside the label.
    pub detail: String,
    /// Markdown.
    pub documentation: Option<String>,
    /// What it replaces.
    pub range: Range<usize>,
    /// What is written: a snippet, in which `$1` is a place to fill in and `$0` the last. Lines behind the first are
    /// indented by as much as they are to be beyond the line they begin on.
    pub snippet: String,
}

/// What may be written at an offset of a file.
pub fn complete(sources: &Sources, file: FileId, offset: usize) -> Vec<Proposal> {
    let page = Page::new(sources, file);
    if !page.text.is_char_boundary(offset) || page.text.contains(CURSOR) {
        return Vec::new();
    }
    let text = [&page.text[..offset], CURSOR.encode_utf8(&mut [0; 4]), &page.text[offset..]].concat();
    let scan = Scan::new(&text, Document::of(&sources.file(file).path));
    let Some((at, is_key)) = scan.at(offset).filter(|found| holds_cursor(&scan, *found)) else {
        return Vec::new();
    };
    let spot = &scan.spots[at];
    let word = if is_key { &spot.key } else { &spot.scalar };
    let Some(word) = word else { return Vec::new() };
    let range = word.start..word.end - CURSOR.len_utf8();
    let line = text[..word.start].rfind('\n').map_or(0, |end| end + 1);
    let indentation = text[line..].len() - text[line..].trim_start_matches(' ').len();
    let typing = Typing {
        sources,
        scan: &scan,
        range,
        in_brackets: spot.in_brackets || text[line..word.start].trim_start().starts_with(['{', '[']),
        // A dash is no indentation to an editor.
        deeper: (word.start - line).saturating_sub(indentation),
        has_colon: is_key && !spot.bare,
    };
    if is_key {
        return typing.keys(spot.parent, scan.spots[spot.parent].value);
    }
    let mut found = typing.values(spot.value);
    // On a line of its own, a key of the value may be about to be written.
    if spot.bare && !spot.in_brackets {
        found.extend(typing.below(at, spot));
    }
    found
}

fn holds_cursor(scan: &Scan, (at, is_key): (usize, bool)) -> bool {
    let spot = &scan.spots[at];
    let word = if is_key { &spot.key } else { &spot.scalar };
    word.as_ref().is_some_and(|word| word.text.contains(CURSOR))
}

struct Typing<'t> {
    sources: &'t Sources,
    scan: &'t Scan,
    range: Range<usize>,
    in_brackets: bool,
    /// Columns between the line's indentation and the word.
    deeper: usize,
    has_colon: bool,
}

impl Typing<'_> {
    fn propose(
        &self,
        label: &str,
        kind: Kind,
        detail: String,
        documentation: Option<String>,
        snippet: String,
    ) -> Proposal {
        let range = self.range.clone();
        Proposal { label: label.to_owned(), kind, detail, documentation, range, snippet }
    }

    /// Keys of a mapping that it does not have yet.
    fn keys(&self, of: usize, value: Value) -> Vec<Proposal> {
        let present: Vec<&str> = if of == 0 && self.scan.spots.is_empty() {
            Vec::new()
        } else {
            self.scan
                .children(of)
                .filter_map(|child| child.key.as_ref())
                .map(|key| key.text.as_str())
                .collect()
        };
        match value {
            Value::Mapping(mapping) | Value::Either(_, mapping) => mapping
                .keys()
                .filter(|key| !present.contains(&key.name))
                .map(|key| {
                    let required = if manual::is_required(mapping, key.name) { ", required" } else { "" };
                    let detail = format!("{}{required}", summary(key.value));
                    self.propose(
                        key.name,
                        Kind::Key,
                        detail,
                        manual::key(mapping, key.name),
                        self.key(key, of == 0),
                    )
                })
                .collect(),
            Value::Names(Names::Options) => self.options(&present, |name, list| {
                let value = if list { "[$1]" } else { "$1" };
                if self.has_colon { name.to_owned() } else { format!("{name}: {value}") }
            }),
            Value::Names(Names::OptionDefinitions | Names::Profiles)
            | Value::Unknown
            | Value::Scalar(_)
            | Value::List(_)
            | Value::OptionValue => Vec::new(),
        }
    }

    /// What may stand as the value.
    fn values(&self, value: Value) -> Vec<Proposal> {
        let Some(scalar) = value.scalar() else { return Vec::new() };
        match scalar {
            Scalar::Choice(words) => {
                let choice = |word: &&str| {
                    let meaning = manual::choice(words, word);
                    self.propose(word, Kind::Choice, String::new(), meaning, (*word).to_owned())
                };
                words.iter().map(choice).collect()
            }
            Scalar::Boolean => ["true", "false"]
                .map(|word| self.propose(word, Kind::Choice, String::new(), None, word.to_owned()))
                .into(),
            Scalar::Class => self.classes(),
            Scalar::Profile => self.profiles(),
            Scalar::Option => self.options(&[], |name, _| name.to_owned()),
            Scalar::Rule => REGISTRY
                .iter()
                .map(|registered| registered.rule)
                .filter(|rule| rule.allowable)
                .map(|rule| {
                    self.propose(
                        rule.slug,
                        Kind::Name,
                        rule.code.to_owned(),
                        manual::rule(rule.slug),
                        rule.slug.to_owned(),
                    )
                })
                .collect(),
            Scalar::Text
            | Scalar::Mac
            | Scalar::Range
            | Scalar::Duration
            | Scalar::FineDuration
            | Scalar::ClassName => Vec::new(),
        }
    }

    /// What may begin on a line of its own: keys, or an element of a list.
    fn below(&self, at: usize, spot: &Spot) -> Vec<Proposal> {
        match spot.value {
            Value::List(element) => {
                let Some(mapping) = element.mapping() else { return Vec::new() };
                let label = format!("- {}", name(mapping));
                let snippet = format!("- {}", self.indented(&template(mapping).replace('\n', "\n  ")));
                vec![self.propose(&label, Kind::Element, "a new element".to_owned(), None, snippet)]
            }
            // An element of a list may be written as a whole.
            value if spot.key.is_none() => {
                let mut found = Vec::new();
                if let Value::Mapping(mapping) = value {
                    let snippet = self.indented(template(mapping));
                    found.push(self.propose(
                        name(mapping),
                        Kind::Element,
                        "a whole one".to_owned(),
                        None,
                        snippet,
                    ));
                }
                found.extend(self.keys(at, value));
                found
            }
            value => self.keys(at, value),
        }
    }

    fn classes(&self) -> Vec<Proposal> {
        let estate = Page::estate(self.sources);
        let mut found = Vec::new();
        if let Some(page) = &estate {
            for spot in page.scan.spots.iter().filter(|spot| spot.value == Value::Scalar(Scalar::ClassName)) {
                let Some(word) = &spot.scalar else { continue };
                let test = page
                    .scan
                    .children(spot.parent)
                    .find(|child| child.key.as_ref().is_some_and(|key| key.text == "match"));
                let test =
                    test.and_then(|test| test.scalar.as_ref()).map(|test| format!("```\n{}\n```", test.text));
                found.push(self.propose(&word.text, Kind::Name, "class".to_owned(), test, word.text.clone()));
            }
        }
        let built_in = BUILT_IN_CLASSES.iter().map(|name| {
            self.propose(name, Kind::Name, "built-in class".to_owned(), None, (*name).to_owned())
        });
        found.extend(built_in);
        found
    }

    fn profiles(&self) -> Vec<Proposal> {
        let Some(page) = Page::estate(self.sources) else { return Vec::new() };
        let is_profile = |spot: &&Spot| page.scan.spots[spot.parent].value == Value::Names(Names::Profiles);
        let named = page.scan.spots.iter().filter(is_profile).filter_map(|spot| spot.key.as_ref());
        named
            .map(|key| self.propose(&key.text, Kind::Name, "profile".to_owned(), None, key.text.clone()))
            .collect()
    }

    /// Options that are not there yet: the estate's own first.
    fn options(&self, present: &[&str], write: impl Fn(&str, bool) -> String) -> Vec<Proposal> {
        let mut found = Vec::new();
        if let Some(page) = Page::estate(self.sources) {
            for (at, spot) in page.scan.spots.iter().enumerate() {
                let Some(key) = &spot.key else { continue };
                if page.scan.spots[spot.parent].value != Value::Names(Names::OptionDefinitions) {
                    continue;
                }
                let said = |name: &str| {
                    let mut children = page.scan.children(at);
                    let child = children.find(|child| child.key.as_ref().is_some_and(|key| key.text == name));
                    child.and_then(|child| child.scalar.as_ref()).map(|word| word.text.clone())
                };
                let list = said("array").is_some_and(|array| array == "true");
                let detail = format!("the estate's own, {}", said("type").unwrap_or_default());
                found.push(self.propose(&key.text, Kind::Name, detail, None, write(&key.text, list)));
            }
        }
        for definition in definitions::standard() {
            if !definitions::is_protocol_owned(definition.code) {
                let detail = format!("{}, {}", definition.code.0, kind(&definition));
                let snippet = write(&definition.name, definition.array);
                found.push(self.propose(&definition.name, Kind::Name, detail, None, snippet));
            }
        }
        found.retain(|proposal| !present.contains(&proposal.label.as_str()));
        found
    }

    /// A key with what belongs behind it.
    fn key(&self, key: &Key, of_document: bool) -> String {
        let name = key.name;
        if self.has_colon {
            return name.to_owned();
        }
        if name == "version" {
            return "version: 1".to_owned();
        }
        let behind = match key.value {
            Value::Scalar(Scalar::Mac) => " \"$0\"".to_owned(),
            Value::Scalar(Scalar::Choice(words)) => format!(" ${{1|{}|}}", words.join(",")),
            Value::Scalar(Scalar::Boolean) => " ${1|true,false|}".to_owned(),
            Value::Scalar(_) | Value::Either(..) | Value::OptionValue | Value::Unknown => " $0".to_owned(),
            Value::List(Value::Scalar(_) | Value::Either(..)) => " [$0]".to_owned(),
            Value::List(_) if self.in_brackets => " [$0]".to_owned(),
            Value::Names(_) | Value::Mapping(_) if self.in_brackets => " {$0}".to_owned(),
            Value::List(element) => element.mapping().map_or_else(
                || " [$0]".to_owned(),
                |mapping| format!("\n  - {}", template(mapping).replace('\n', "\n    ")),
            ),
            Value::Names(Names::Options) if of_document => "\n  $0".to_owned(),
            Value::Names(Names::Options) | Value::Mapping(Mapping::ChangeLimits) => " {$0}".to_owned(),
            Value::Names(Names::OptionDefinitions) => "\n  ${1:name}: {code: $2, type: $3}".to_owned(),
            Value::Names(Names::Profiles) => "\n  ${1:name}:\n    $0".to_owned(),
            Value::Mapping(mapping) => format!("\n  {}", template(mapping).replace('\n', "\n  ")),
        };
        self.indented(&format!("{name}:{behind}"))
    }

    fn indented(&self, snippet: &str) -> String {
        snippet.replace('\n', &format!("\n{}", " ".repeat(self.deeper)))
    }
}

/// What people write first in a mapping, with places to fill in.
fn template(mapping: Mapping) -> &'static str {
    match mapping {
        Mapping::Estate => "version: 1\nestate: $1",
        Mapping::Site => "version: 1\nsite: $1",
        Mapping::ClassDefinition => "name: $1\nmatch: $2",
        Mapping::OptionDefinition => "{code: $1, type: $2}",
        Mapping::Profile => "$0",
        Mapping::HighAvailability => {
            "mode: ${1|hot-standby,load-balancing,passive-backup|}\nservers:\n  - {name: primary, role: primary, peer-address: \"$2:8647\"}\n  \
             - {name: secondary, role: ${3|standby,secondary,backup|}, peer-address: \"$4:8647\"}"
        }
        Mapping::Server => {
            "{name: $1, role: ${2|primary,standby,secondary,backup|}, peer-address: \"$3:8647\"}"
        }
        Mapping::Network => "name: $1\nsubnets:\n  - subnet: $2",
        Mapping::Subnet => "subnet: $1\npools: [$2]\noptions: {routers: [$3]}",
        Mapping::Pool => "{range: $1, only: [$2]}",
        Mapping::Exclusion => "{range: $1, reason: $2}",
        Mapping::Reservation => "{mac: \"$1\", ip: $2, hostname: $3}",
        Mapping::Device => "{mac: \"$1\", classes: [$2]}",
        Mapping::ClassMeaning => "class: $1\noptions: {$2}",
        Mapping::Allow => "{rule: $1, reason: $2}",
        Mapping::LeaseTimes => "{default: $1, max: $2}",
        Mapping::ChangeLimits => "{reservations-removed: $1}",
    }
}

/// What an element of a list is called.
fn name(mapping: Mapping) -> &'static str {
    match mapping {
        Mapping::Estate => "estate",
        Mapping::Site => "site",
        Mapping::ClassDefinition => "class",
        Mapping::OptionDefinition => "option definition",
        Mapping::Profile => "profile",
        Mapping::HighAvailability => "pair",
        Mapping::Server => "server",
        Mapping::Network => "network",
        Mapping::Subnet => "subnet",
        Mapping::Pool => "pool",
        Mapping::Exclusion => "exclusion",
        Mapping::Reservation | Mapping::Device => "reservation",
        Mapping::ClassMeaning => "meaning of a class",
        Mapping::Allow => "silenced finding",
        Mapping::LeaseTimes => "lease times",
        Mapping::ChangeLimits => "limits of a change",
    }
}

/// What stands under a key, in a few words.
fn summary(value: Value) -> String {
    let mut text = String::new();
    let words = match value {
        Value::Unknown | Value::OptionValue | Value::Scalar(Scalar::Text) => "text",
        Value::Scalar(Scalar::Boolean) => "true or false",
        Value::Scalar(Scalar::Choice(words)) => {
            write!(text, "{}", words.join(" | ")).expect("a string takes all that is written to it");
            return text;
        }
        Value::Scalar(Scalar::Mac) => "MAC address",
        Value::Scalar(Scalar::Range) => "address range",
        Value::Scalar(Scalar::Duration | Scalar::FineDuration) => "duration",
        Value::Scalar(Scalar::Class | Scalar::ClassName) => "class",
        Value::Scalar(Scalar::Profile) => "profile",
        Value::Scalar(Scalar::Option) => "option",
        Value::Scalar(Scalar::Rule) => "rule",
        Value::Mapping(mapping) => name(mapping),
        Value::Either(Scalar::Range, _) => "range, or a mapping with one",
        Value::Either(..) => "duration, or a mapping",
        Value::List(element) => return format!("list: {}", summary(*element)),
        Value::Names(Names::Options) => "options by name",
        Value::Names(Names::OptionDefinitions) => "definitions by name",
        Value::Names(Names::Profiles) => "profiles by name",
    };
    words.to_owned()
}
