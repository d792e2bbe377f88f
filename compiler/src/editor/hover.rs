//! What something means, and what holds where it stands.

use std::fmt::Write as _;
use std::ops::Range;

use leasehold_schemas::source::{FileId, OptionType};
use leasehold_schemas::vocab::Cidr;

use super::inherited::{self, Said, Setting, entry};
use super::scan::Word;
use super::symbol::{self, Mention, Symbol};
use super::{Page, manual};
use crate::diag::{Column, LineIndex};
use crate::grammar::{Mapping, Names, Scalar, Value};
use crate::model::Definition;
use crate::resolve::{BUILT_IN_CLASSES, definitions};
use crate::source::Sources;

/// Characters of a value that are shown.
const SHOWN_CHARS_MAX: usize = 80;

/// Settings of a subnet that are shown at once.
const SETTINGS_MAX: usize = 40;

/// Text for a place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hover {
    /// What it is about.
    pub range: Range<usize>,
    /// Markdown.
    pub text: String,
}

/// What stands at an offset of a file.
pub fn hover(sources: &Sources, file: FileId, offset: usize) -> Option<Hover> {
    let page = Page::new(sources, file);
    let desk = Desk { sources, estate: Page::estate(sources), page };
    let (spot, is_key) = desk.page.scan.at(offset)?;
    let word = if is_key { &desk.page.scan.spots[spot].key } else { &desk.page.scan.spots[spot].scalar };
    let mut range = word.as_ref().map(|word| word.start..word.end)?;
    let mention = symbol::at(sources, &desk.page, offset);
    if let Some(mention) = &mention {
        range = mention.range.clone();
    }
    let text = desk.text(spot, is_key, mention.as_ref())?;
    Some(Hover { range, text })
}

struct Desk<'s> {
    sources: &'s Sources,
    estate: Option<Page<'s>>,
    page: Page<'s>,
}

impl Desk<'_> {
    fn text(&self, spot: usize, is_key: bool, mention: Option<&Mention>) -> Option<String> {
        if let Some(Mention { symbol, .. }) = mention {
            return match symbol {
                Symbol::Class(name) => Some(self.class(name)),
                Symbol::Profile(name) => Some(self.profile(name)),
                Symbol::Option(name) => Some(self.option(name, is_key.then_some(spot))),
                Symbol::Rule(name) => manual::rule(name),
            };
        }
        let place = &self.page.scan.spots[spot];
        let word = place.key.as_ref();
        let within = self.page.scan.spots[place.parent].value.mapping();
        if !is_key {
            if within == Some(Mapping::Subnet) && word.is_some_and(|key| key.text == "subnet") {
                return self.subnet(place.parent);
            }
            if let (Some(Scalar::Choice(words)), Some(scalar)) = (place.value.scalar(), &place.scalar)
                && let Some(meaning) = manual::choice(words, &scalar.text)
            {
                return Some(format!("`{}`: {meaning}", scalar.text));
            }
        }
        let key = &word?.text;
        let mut text = format!("**`{key}`**\n\n{}", manual::key(within?, key)?);
        text.push_str(&self.effective(place.parent, within?, key));
        Some(text)
    }

    /// Who says a setting around a place.
    fn effective(&self, spot: usize, within: Mapping, key: &str) -> String {
        let mut text = String::new();
        let settings: Vec<Setting> = match (within, key) {
            (Mapping::LeaseTimes, _) => ["default", "min", "max"]
                .into_iter()
                .filter(|part| *part == key)
                .map(Setting::Lease)
                .collect(),
            (_, "lease") => ["default", "min", "max"].map(Setting::Lease).into(),
            _ => inherited::keys().filter(|setting| *setting == key).map(Setting::Key).collect(),
        };
        // In `estate.yaml`, nothing is wider.
        for setting in &settings {
            let said = inherited::said(&self.page, self.estate.as_ref(), spot, setting);
            text.push_str(&self.told(setting, &said));
        }
        if text.is_empty() { text } else { format!("\n\nHere:\n{text}") }
    }

    /// `- min: 10m, said by the estate (estate.yaml:5)` and what it overrides.
    fn told(&self, setting: &Setting, said: &[Said]) -> String {
        let Some((winner, overridden)) = said.split_first() else { return String::new() };
        let name = match setting {
            Setting::Key(key) => (*key).to_owned(),
            Setting::Lease(part) => format!("lease {part}"),
            Setting::Option(name) => format!("option {name}"),
        };
        let value =
            if winner.removes { "taken away".to_owned() } else { format!("`{}`", shown(&winner.text)) };
        let mut text = format!("\n- {name}: {value}, by {} ({})", winner.level, self.place(winner));
        if !overridden.is_empty() {
            let list: Vec<String> = overridden
                .iter()
                .map(|said| format!("`{}` of {} ({})", shown(&said.text), said.level, self.place(said)))
                .collect();
            write!(text, "; over {}", list.join(", ")).expect("a string takes all that is written to it");
        }
        text
    }

    /// `sites/wales/FITS-0042.yaml:14`
    fn place(&self, said: &Said) -> String {
        let lines = LineIndex::new(&self.sources.file(said.file).bytes);
        let offset = u32::try_from(said.offset).unwrap_or(u32::MAX);
        let line = lines.position(offset, Column::Bytes).line;
        format!("{}:{line}", self.sources.display_path(said.file))
    }

    fn subnet(&self, spot: usize) -> Option<String> {
        let prefix = entry(&self.page, spot, "subnet")?;
        let written = self.page.scan.spots[prefix].scalar.as_ref()?;
        let mut text = format!("**subnet `{}`**", written.text);
        if let Ok(prefix) = written.text.parse::<Cidr>() {
            let range = prefix.range();
            let number =
                entry(&self.page, spot, "id").and_then(|id| self.page.scan.spots[id].scalar.as_ref());
            let number = number.map_or_else(|| prefix.network().to_bits().to_string(), |id| id.text.clone());
            write!(text, "\n\n{} - {}, {} addresses, id {number}", range.first(), range.last(), range.size())
                .expect("a string takes all that is written to it");
        }
        let count =
            |key: &str| entry(&self.page, spot, key).map_or(0, |list| self.page.scan.children(list).count());
        let (pools, reservations) = (count("pools"), count("reservations"));
        write!(text, "\n\npools: {pools}, reservations: {reservations}")
            .expect("a string takes all that is written to it");
        let settings = inherited::settings(&self.page, self.estate.as_ref(), spot);
        text.push_str("\n\nWhat holds here:\n");
        for setting in settings.iter().take(SETTINGS_MAX) {
            let said = inherited::said(&self.page, self.estate.as_ref(), spot, setting);
            text.push_str(&self.told(setting, &said[..said.len().min(1)]));
        }
        Some(text)
    }

    fn class(&self, name: &str) -> String {
        let mut text = format!("**class `{name}`**");
        if BUILT_IN_CLASSES.contains(&name) {
            text.push_str("\n\n");
            text.push_str(match name {
                "ALL" => "Built in: every client.",
                "KNOWN" => "Built in: clients with a reservation.",
                "UNKNOWN" => "Built in: clients without a reservation.",
                _ => "Members get no answer.",
            });
        }
        let Some(estate) = &self.estate else { return text };
        let defined = estate.scan.spots.iter().position(|spot| {
            spot.value == Value::Scalar(Scalar::ClassName)
                && spot.scalar.as_ref().is_some_and(|word| word.text == name)
        });
        let Some(class) = defined.map(|at| estate.scan.spots[at].parent) else { return text };
        match entry(estate, class, "match").and_then(|at| estate.scan.spots[at].scalar.as_ref()) {
            Some(test) => {
                write!(text, "\n\n```\n{}\n```", test.text)
                    .expect("a string takes all that is written to it");
            }
            None => text.push_str("\n\nOnly clients whose reservation says so."),
        }
        text.push_str(&self.says(estate, class, &["name", "match"]));
        text
    }

    fn profile(&self, name: &str) -> String {
        let mut text = format!("**profile `{name}`**");
        if let Some(estate) = &self.estate
            && let Some(profile) = entry(estate, 0, "profiles").and_then(|all| entry(estate, all, name))
        {
            text.push_str(&self.says(estate, profile, &[]));
        }
        text
    }

    /// The settings that a class or profile says itself.
    fn says(&self, page: &Page<'_>, spot: usize, but: &[&str]) -> String {
        let mut text = String::new();
        for setting in inherited::settings(page, None, spot) {
            let said = inherited::said(page, None, spot, &setting);
            // What the estate says around it is not its own.
            let own: Vec<Said> = said.into_iter().take(1).filter(|said| said.level != "the estate").collect();
            let is_wanted = !matches!(&setting, Setting::Key(key) if but.contains(key));
            if is_wanted {
                text.push_str(&self.told(&setting, &own));
            }
        }
        if text.is_empty() { text } else { format!("\n\nSays:\n{text}") }
    }

    fn option(&self, name: &str, spot: Option<usize>) -> String {
        let mut text = format!("**option `{name}`**");
        let standard = definitions::standard().into_iter().find(|option| option.name == name);
        match (standard, self.own_option(name)) {
            (_, Some(own)) => text.push_str(&own),
            (Some(definition), None) => {
                write!(text, "\n\ncode {}: {}", definition.code.0, kind(&definition))
                    .expect("a string takes all that is written to it");
                let protocol = definitions::is_protocol_owned(definition.code);
                text.push_str(if protocol { "; the protocol itself decides it" } else { "" });
            }
            (None, None) => {}
        }
        if let Some(spot) = spot {
            let place = &self.page.scan.spots[self.page.scan.spots[spot].parent];
            let written = self.page.scan.spots[spot].key.as_ref().map_or("", |key| &key.text);
            if place.value == Value::Names(Names::Options) {
                let setting = Setting::Option(written.to_owned());
                let said = inherited::said(&self.page, self.estate.as_ref(), place.parent, &setting);
                let told = self.told(&setting, &said);
                if !told.is_empty() {
                    write!(text, "\n\nHere:\n{told}").expect("a string takes all that is written to it");
                }
            }
        }
        text
    }

    /// An option of the estate's own, as it is defined.
    fn own_option(&self, name: &str) -> Option<String> {
        let estate = self.estate.as_ref()?;
        let option = entry(estate, entry(estate, 0, "option-definitions")?, name)?;
        let said =
            |key: &str| -> Option<&Word> { estate.scan.spots[entry(estate, option, key)?].scalar.as_ref() };
        let of = |key: &str| said(key).map_or("?", |word| word.text.as_str());
        let space = said("space").map_or(String::new(), |space| format!(" of space {}", space.text));
        let list = if of("array") == "true" { ", a list" } else { "" };
        let place = Said {
            level: String::new(),
            file: estate.file,
            offset: estate.scan.spots[option].key.as_ref().map_or(0, |key| key.start),
            text: String::new(),
            removes: false,
        };
        Some(format!(
            "\n\ncode {}{space}: {}{list}; defined in {}",
            of("code"),
            of("type"),
            self.place(&place)
        ))
    }
}

/// `a list of ipv4-address`
pub(super) fn kind(definition: &Definition) -> String {
    let one = |kind: OptionType| kind.name().to_owned();
    let value = match definition.kind {
        OptionType::Record => {
            format!(
                "a record of {}",
                definition.fields.iter().copied().map(one).collect::<Vec<_>>().join(", ")
            )
        }
        kind => one(kind),
    };
    if definition.array { format!("a list of {value}") } else { value }
}

/// A value on one line, shortened, safe between backticks.
fn shown(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('`', "'");
    match line.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
