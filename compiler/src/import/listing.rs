//! What an import says of each thing that it did not carry as it stood.

use std::fmt::Write as _;

use serde::Serialize;

/// What became of something that is not in the estate as it was in the source.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// Its meaning is not in the estate.
    Lost,
    /// It is in the estate in another form.
    Changed,
    /// It says how a server runs, not what clients get: the start-up settings of `leasehold-server`.
    Setting,
    /// Without it clients get the same.
    Idle,
}

impl Fate {
    /// Every fate, in the order in which a list shows them.
    pub const ALL: [Fate; 4] = [Fate::Lost, Fate::Changed, Fate::Setting, Fate::Idle];

    fn title(self) -> &'static str {
        match self {
            Fate::Lost => "not carried",
            Fate::Changed => "carried in another form",
            Fate::Setting => "start-up settings of the server, not part of an estate",
            Fate::Idle => "left out: clients get the same without it",
        }
    }
}

/// One thing.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct Item {
    /// What became of it.
    pub fate: Fate,
    /// The file it stands in.
    pub file: String,
    /// Its line, from 1.
    pub line: u32,
    /// Its column, from 1.
    pub column: u32,
    /// What it is: the path in a JSON document, else the column of a table.
    pub path: String,
    /// Why it was not carried as it stood, one clause.
    pub reason: String,
    /// What to do, if there is anything to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

/// How many things have each fate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Counts {
    /// Of [`Fate::Lost`].
    pub lost: usize,
    /// Of [`Fate::Changed`].
    pub changed: usize,
    /// Of [`Fate::Setting`].
    pub settings: usize,
    /// Of [`Fate::Idle`].
    pub idle: usize,
}

/// Counts the items of each fate.
pub fn counts(items: &[Item]) -> Counts {
    let mut counts = Counts::default();
    for item in items {
        match item.fate {
            Fate::Lost => counts.lost += 1,
            Fate::Changed => counts.changed += 1,
            Fate::Setting => counts.settings += 1,
            Fate::Idle => counts.idle += 1,
        }
    }
    counts
}

/// The list for people: each fate with what has it, in the order of the source. Of one reason at most `shown_max` paths
/// are shown (0: all).
pub fn human(items: &[Item], shown_max: usize) -> String {
    let mut text = String::new();
    for fate in Fate::ALL {
        let of_fate: Vec<&Item> = items.iter().filter(|item| item.fate == fate).collect();
        if of_fate.is_empty() {
            continue;
        }
        writeln!(text, "{} ({}):", fate.title(), of_fate.len()).expect("a string takes every write");
        for alike in alike(&of_fate) {
            write_alike(&mut text, &alike, shown_max);
        }
        text.push('\n');
    }
    text
}

/// Items with one reason and one advice together, in the order of the first.
fn alike<'i>(items: &[&'i Item]) -> Vec<Vec<&'i Item>> {
    let mut groups: Vec<Vec<&Item>> = Vec::new();
    let mut known: std::collections::BTreeMap<(&str, Option<&str>), usize> =
        std::collections::BTreeMap::new();
    for item in items {
        let at = *known.entry((&item.reason, item.advice.as_deref())).or_insert(groups.len());
        match groups.get_mut(at) {
            Some(group) => group.push(item),
            None => groups.push(vec![item]),
        }
    }
    groups
}

fn write_alike(text: &mut String, items: &[&Item], shown_max: usize) {
    let shown = if shown_max == 0 { items.len() } else { shown_max.min(items.len()) };
    for Item { file, line, column, path, .. } in &items[..shown] {
        writeln!(text, "  {path} ({file}:{line}:{column})").expect("a string takes every write");
    }
    if shown < items.len() {
        writeln!(text, "  and {} more", items.len() - shown).expect("a string takes every write");
    }
    let Some(first) = items.first() else { return };
    writeln!(text, "      {}", first.reason).expect("a string takes every write");
    if let Some(advice) = &first.advice {
        writeln!(text, "      = help: {advice}").expect("a string takes every write");
    }
}
