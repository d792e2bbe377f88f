//! What an old estate is known to have, so that it can adopt new rules one finding at a time.
//!
//! Invariant: a finding is known by its rule and its subject (site, network, subnet, entry), never by its line; of
//! several alike as many are known as were counted. What is known and not found any more is named, so that the
//! baseline shrinks. A baseline changes what `check` reports, never what is compiled.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::diag::{Diagnostic, identities};
use crate::source::Sources;

/// The version of the file's shape.
const VERSION: u32 = 1;

/// Findings that are known, with how many there are of each.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Baseline {
    known: BTreeMap<(String, String), u32>,
}

/// One line of a baseline: findings of one rule about one thing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The rule's code.
    pub rule: String,
    /// What it is about.
    pub subject: String,
    /// How many.
    pub count: u32,
}

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    findings: Vec<Entry>,
}

/// Why a text is no baseline.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BaselineError {
    /// It is not JSON of the right shape.
    Malformed(String),
    /// It was written by another version of the program.
    Version(u32),
    /// Two entries are of the same rule and subject.
    Repeated(String, String),
}

/// Findings, compared with a baseline.
#[derive(Debug)]
pub struct Compared {
    /// Those that are not known.
    pub new: Vec<Diagnostic>,
    /// How many are known.
    pub known: usize,
    /// What is known and was not found, with how often.
    pub gone: Vec<Entry>,
    /// The baseline without what is gone.
    pub remaining: Baseline,
}

impl Baseline {
    /// All these findings.
    pub fn of(sources: &Sources, findings: &[&Diagnostic]) -> Baseline {
        let mut baseline = Baseline::default();
        for (finding, identity) in findings.iter().zip(identities(sources, findings)) {
            let key = (finding.rule.code.to_owned(), identity.subject);
            *baseline.known.entry(key).or_insert(0) += 1;
        }
        baseline
    }

    /// Reads a file's text.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Baseline, BaselineError> {
        let document: Document =
            serde_json::from_str(text).map_err(|why| BaselineError::Malformed(why.to_string()))?;
        let Document { version, findings } = document;
        if version != VERSION {
            return Err(BaselineError::Version(version));
        }
        let mut baseline = Baseline::default();
        for Entry { rule, subject, count } in findings {
            if baseline.known.insert((rule.clone(), subject.clone()), count).is_some() {
                return Err(BaselineError::Repeated(rule, subject));
            }
        }
        Ok(baseline)
    }

    /// The file's text: an entry a line, in order, so that changes to it can be reviewed and merged.
    pub fn to_text(&self) -> String {
        let lines: Vec<String> = self.entries().map(|entry| format!("    {}", line(&entry))).collect();
        let findings =
            if lines.is_empty() { "[]".to_owned() } else { format!("[\n{}\n  ]", lines.join(",\n")) };
        format!("{{\n  \"version\": {VERSION},\n  \"findings\": {findings}\n}}\n")
    }

    /// How many findings are known.
    pub fn len(&self) -> usize {
        self.known.values().map(|count| *count as usize).sum()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Its entries, by rule and subject.
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
        self.known.iter().map(|((rule, subject), &count)| Entry {
            rule: rule.clone(),
            subject: subject.clone(),
            count,
        })
    }

    /// Takes the known findings out; of several alike the first are the known ones.
    pub fn compare(&self, sources: &Sources, findings: Vec<Diagnostic>) -> Compared {
        let identities = identities(sources, &findings.iter().collect::<Vec<_>>());
        let mut left = self.known.clone();
        let mut compared =
            Compared { new: Vec::new(), known: 0, gone: Vec::new(), remaining: Baseline::default() };
        for (finding, identity) in findings.into_iter().zip(identities) {
            let key = (finding.rule.code.to_owned(), identity.subject);
            match left.get_mut(&key) {
                Some(count) if *count > 0 => {
                    *count -= 1;
                    compared.known += 1;
                    *compared.remaining.known.entry(key).or_insert(0) += 1;
                }
                Some(_) | None => compared.new.push(finding),
            }
        }
        left.retain(|_, count| *count > 0);
        compared.gone = Baseline { known: left }.entries().collect();
        compared
    }
}

fn line(entry: &Entry) -> String {
    serde_json::to_string(entry).expect("an entry has only string keys and no failing serialiser")
}

impl fmt::Display for BaselineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BaselineError::Malformed(why) => write!(f, "it is no baseline ({why})"),
            BaselineError::Version(version) => write!(f, "it is of version {version}, not {VERSION}"),
            BaselineError::Repeated(rule, subject) => {
                write!(f, "two entries are of rule {rule} and `{}`", subject.escape_debug())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;
    use crate::{Cache, check};

    fn findings(site: &str) -> (Sources, Vec<Diagnostic>) {
        let file = |path: &str, text: &str| SourceFile { path: path.to_owned(), bytes: text.into() };
        let files = vec![file("a.yaml", site), file("estate.yaml", "version: 1\nestate: x\n")];
        let sources = Sources::new("", files);
        let found = check(&sources, &mut Cache::none(), "2026-11-01".parse().unwrap()).diagnostics;
        (sources, found)
    }

    const SITE: &str = "\
version: 1
site: A
networks:
  - name: user
    subnets:
      - subnet: 11.1.0.0/24
        pools: [11.1.0.20 - 11.1.0.60]
";

    #[test]
    fn what_is_known_stays_known_wherever_it_stands_and_what_is_new_is_told() {
        let (sources, found) = findings(SITE);
        assert_eq!(found.len(), 1, "{found:?}");
        let baseline = Baseline::of(&sources, &found.iter().collect::<Vec<_>>());
        assert_eq!(Baseline::parse(&baseline.to_text()), Ok(baseline.clone()));
        let moved = format!("# moved\n\n{SITE}      - subnet: 12.1.0.0/24\n        pools: [12.1.0.9]\n");
        let (sources, found) = findings(&moved);
        let compared = baseline.compare(&sources, found);
        assert_eq!((compared.new.len(), compared.known, compared.gone.len()), (1, 1, 0));
        assert!(compared.new[0].message.contains("12.1.0.0/24"));
    }

    #[test]
    fn what_is_gone_is_named_and_leaves_the_baseline() {
        let (sources, found) = findings(SITE);
        let baseline = Baseline::of(&sources, &found.iter().collect::<Vec<_>>());
        let (sources, found) = findings(&SITE.replace("11.1", "10.1"));
        let compared = baseline.compare(&sources, found);
        assert_eq!((compared.known, compared.gone.len(), compared.remaining.len()), (0, 1, 0));
        assert_eq!(compared.gone[0].subject, "A.networks[user].subnets[11.1.0.0/24].subnet");
        assert_eq!(compared.remaining.to_text(), "{\n  \"version\": 1,\n  \"findings\": []\n}\n");
    }

    #[test]
    fn damage_is_named() {
        let error = |text: &str| Baseline::parse(text).unwrap_err().to_string();
        assert!(error("{").starts_with("it is no baseline (EOF"));
        assert_eq!(error(r#"{"version":2,"findings":[]}"#), "it is of version 2, not 1");
        let entry = r#"{"rule":"L302","subject":"A","count":1}"#;
        let twice = format!(r#"{{"version":1,"findings":[{entry},{entry}]}}"#);
        assert_eq!(error(&twice), "two entries are of rule L302 and `A`");
    }
}
