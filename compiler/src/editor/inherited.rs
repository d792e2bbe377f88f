//! What is said of a setting around a place: the nearest wins, and what it overrides stands behind it.
//!
//! Invariant: in an estate without faults these are the lines that the model finds, in its order.

use leasehold_schemas::source::FileId;

use super::Page;
use crate::grammar::{Mapping, Names, Value};

/// Something that is inherited.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Setting {
    /// A key of a place's settings that is neither of these.
    Key(&'static str),
    /// One of the three lease times: `default`, `min`, `max`.
    Lease(&'static str),
    /// An option, by the name under which it is written.
    Option(String),
}

/// A place that says it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Said {
    /// At which level: `subnet`, `profile court`.
    pub level: String,
    pub file: FileId,
    /// Where the value stands, or its key where nothing is written behind it.
    pub offset: usize,
    /// The value as it is written.
    pub text: String,
    /// Whether it takes away what is inherited.
    pub removes: bool,
}

/// A place with settings: its page, its number there, and what people call it.
struct Level<'p, 's> {
    page: &'p Page<'s>,
    spot: usize,
    name: String,
}

/// Everyone who says the setting around a place, the nearest first.
pub(super) fn said(page: &Page<'_>, estate: Option<&Page<'_>>, spot: usize, setting: &Setting) -> Vec<Said> {
    let levels = levels(page, estate, spot);
    levels.iter().filter_map(|level| said_by(level, setting)).collect()
}

/// Every setting that is said around a place: times, then other keys, then options.
pub(super) fn settings(page: &Page<'_>, estate: Option<&Page<'_>>, spot: usize) -> Vec<Setting> {
    let levels = levels(page, estate, spot);
    let mut found: Vec<Setting> = ["default", "min", "max"].map(Setting::Lease).into();
    found.extend(keys().filter(|key| *key != "lease").map(Setting::Key));
    found.retain(|setting| levels.iter().any(|level| said_by(level, setting).is_some()));
    let mut options: Vec<Setting> = Vec::new();
    for level in &levels {
        let of = level.page.scan.spots.iter().enumerate().filter(|(_, child)| child.parent == level.spot);
        for (at, _) in of.filter(|(_, child)| child.value == Value::Names(Names::Options)) {
            let keys = level.page.scan.children(at).filter_map(|option| option.key.as_ref());
            options.extend(keys.map(|key| Setting::Option(key.text.clone())));
        }
    }
    options.sort();
    options.dedup();
    found.extend(options);
    found
}

/// Keys of a place's settings, options and what classes mean left out.
pub(super) fn keys() -> impl Iterator<Item = &'static str> {
    let is_setting = |key: &&crate::grammar::Key| !matches!(key.name, "options" | "classes" | "allow");
    Mapping::Profile.keys().filter(is_setting).map(|key| key.name)
}

/// The places around one, the nearest first.
fn levels<'p, 's>(page: &'p Page<'s>, estate: Option<&'p Page<'s>>, spot: usize) -> Vec<Level<'p, 's>> {
    let spots = &page.scan.spots;
    let mut levels = Vec::new();
    let mut at = spot;
    loop {
        let name = match spots[at].value.mapping() {
            Some(Mapping::Reservation | Mapping::Device) => Some("the reservation".to_owned()),
            Some(Mapping::ClassMeaning) => Some("the class here".to_owned()),
            Some(Mapping::ClassDefinition) => Some("the class".to_owned()),
            // A pool that is only a range says nothing.
            Some(Mapping::Pool) if spots[at].scalar.is_none() => Some("the pool".to_owned()),
            Some(Mapping::Subnet) => Some("the subnet".to_owned()),
            Some(Mapping::Network) => Some("the network".to_owned()),
            Some(Mapping::Site) => Some("the site".to_owned()),
            Some(Mapping::Profile) => {
                let name = spots[at].key.as_ref().map_or("", |key| &key.text);
                Some(format!("profile `{name}`"))
            }
            Some(Mapping::Estate) => Some("the estate".to_owned()),
            Some(
                Mapping::OptionDefinition
                | Mapping::HighAvailability
                | Mapping::Server
                | Mapping::Pool
                | Mapping::Exclusion
                | Mapping::Allow
                | Mapping::LeaseTimes
                | Mapping::ChangeLimits,
            )
            | None => None,
        };
        levels.extend(name.map(|name| Level { page, spot: at, name }));
        if at == 0 {
            break;
        }
        at = spots[at].parent;
    }
    if spots[0].value == Value::Mapping(Mapping::Site)
        && let Some(estate) = estate
    {
        let profile = entry(page, 0, "profile").and_then(|at| spots[at].scalar.as_ref());
        let named = profile.and_then(|profile| {
            let all = entry(estate, 0, "profiles")?;
            Some((entry(estate, all, &profile.text)?, &profile.text))
        });
        levels.extend(named.map(|(spot, name)| Level {
            page: estate,
            spot,
            name: format!("profile `{name}`"),
        }));
        levels.push(Level { page: estate, spot: 0, name: "the estate".to_owned() });
    }
    levels
}

/// The entry of this key in a mapping.
pub(super) fn entry(page: &Page<'_>, of: usize, key: &str) -> Option<usize> {
    let is_it = |(at, spot): &(usize, &super::scan::Spot)| {
        *at > 0 && spot.parent == of && spot.key.as_ref().is_some_and(|word| word.text == key)
    };
    page.scan.spots.iter().enumerate().skip(of).find(is_it).map(|(at, _)| at)
}

fn said_by(level: &Level<'_, '_>, setting: &Setting) -> Option<Said> {
    let Level { page, spot, name } = level;
    let at = match setting {
        Setting::Key(key) => entry(page, *spot, key)?,
        Setting::Option(option) => entry(page, entry(page, *spot, "options")?, option)?,
        Setting::Lease(part) => {
            let lease = entry(page, *spot, "lease")?;
            // A bare duration is the default; `null` takes all three away.
            match (&page.scan.spots[lease].scalar, *part) {
                (None, part) => entry(page, lease, part)?,
                (Some(word), _) if is_null(&word.text) => lease,
                (Some(_), "default") => lease,
                (Some(_), _) => return None,
            }
        }
    };
    let key = page.scan.spots[at].key.as_ref()?;
    let range = value(page, at);
    let text = page.text[range.clone()].trim();
    Some(Said {
        level: name.clone(),
        file: page.file,
        offset: if text.is_empty() { key.start } else { range.start },
        removes: is_null(text),
        text: text.to_owned(),
    })
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// Where the value of an entry stands: its scalar, its brackets, or the lines of its block.
fn value(page: &Page<'_>, at: usize) -> std::ops::Range<usize> {
    let spots = &page.scan.spots;
    if let Some(word) = &spots[at].scalar {
        return word.start..word.end;
    }
    let key_end = spots[at].key.as_ref().map_or(0, |key| key.end);
    let behind = page.text[key_end..].find(':').map_or(key_end, |colon| key_end + colon + 1);
    let rest = &page.text[behind..];
    let start = behind + rest.len() - rest.trim_start_matches([' ', '\t']).len();
    // Places come in the order of the text: what is inside stands behind it and before its next sibling.
    let inside = |other: usize| {
        std::iter::successors(Some(other), |at| Some(spots[*at].parent)).take(64).any(|up| up == at)
    };
    let last = (at + 1..spots.len()).take_while(|other| inside(*other)).last();
    let last_word = last.and_then(|last| spots[last].scalar.as_ref().or(spots[last].key.as_ref()));
    let end = match page.text[start..].chars().next() {
        Some('[' | '{') => {
            let from = last_word.map_or(start + 1, |word| word.end);
            let line = page.text[from..].find(['\n', '#']).map_or(page.text.len(), |end| from + end);
            let closes = |c: char| matches!(c, ']' | '}');
            // As many brackets close behind the last word as open before it.
            let open = page.text[start..from].chars().filter(|c| matches!(c, '[' | '{')).count();
            let closed = page.text[start..from].chars().filter(|c| closes(*c)).count();
            let needed = open.saturating_sub(closed).max(1);
            let mut ends = page.text[from..line].char_indices().filter(|(_, c)| closes(*c));
            ends.nth(needed - 1).map_or(from, |(end, _)| from + end + 1)
        }
        _ => last_word.map_or(start, |word| word.end),
    };
    start..end.max(start)
}
