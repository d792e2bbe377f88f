//! The one layout of an estate's files.
//!
//! `cases/format/NAME/*.yaml` are laid out; `expected.txt` beside them holds what came of each: the text, or the findings
//! for which it was left alone. Then every estate there is, the example's and those of all other cases, and the same
//! scribbled full of comments: laid out they say what they said, with every comment, and a second time changes nothing.
#![expect(clippy::disallowed_methods, reason = "the test reads the repository")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use leasehold_compiler::diag::plain_text;
use leasehold_compiler::format::{SCHEMA_LINE, Unformattable, format};
use leasehold_compiler::grammar::Document;
use leasehold_compiler::source::{SourceFile, Sources};
use leasehold_compiler::{Cache, compile};
use leasehold_golden_tests::case::{self, repository};
use leasehold_golden_tests::estate_generator::generate;
use leasehold_golden_tests::expectation;
use leasehold_schemas::source::FileId;

/// Laid out twice; `None` if it cannot be read.
fn formatted(path: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    let lay_out = |bytes: &[u8]| match format(Document::of(path), FileId(0), bytes) {
        Ok(formatted) => Some(formatted),
        Err(Unformattable::Faulty(_)) => None,
        Err(Unformattable::Unsure) => panic!("{path}: laid out it would not say the same"),
    };
    let once = lay_out(bytes)?;
    let twice = lay_out(&once).unwrap_or_else(|| panic!("{path}: what was written cannot be read"));
    assert_eq!(String::from_utf8_lossy(&twice), String::from_utf8_lossy(&once), "{path}: twice");
    Some(once)
}

#[test]
fn cases() {
    let mut failures = Vec::new();
    for case in case::find("format") {
        let mut told = String::new();
        for (id, file) in case.estate().iter() {
            told.push_str(&format!("== {}\n", file.path));
            match format(Document::of(&file.path), id, &file.bytes) {
                Ok(formatted) => {
                    let text = String::from_utf8(formatted).expect("what is written is UTF-8");
                    told.push_str(&text.replace('\r', "␍"));
                    formatted_again(&file.path, text.as_bytes());
                }
                Err(Unformattable::Faulty(faults)) => {
                    faults.iter().for_each(|fault| {
                        told.push_str(&format!("{} {}\n", fault.rule.code, plain_text(fault)));
                    });
                }
                Err(Unformattable::Unsure) => panic!("{}: not sure of {}", case.name, file.path),
            }
        }
        failures.extend(expectation::compare(&case.folder.join("expected.txt"), &told).err());
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn formatted_again(path: &str, text: &[u8]) {
    assert_eq!(formatted(path, text).as_deref(), Some(text), "{path}");
}

#[test]
fn the_example_estate_is_formatted() {
    let mut seen = 0;
    for (_, file) in case::estate(&repository().join("sites")).iter() {
        assert_eq!(
            formatted(&file.path, &file.bytes).as_ref(),
            Some(&file.bytes),
            "{}: run `leasehold fmt`",
            file.path
        );
        seen += 1;
    }
    assert!(seen > 100);
}

#[test]
fn every_file_of_the_example_says_where_its_schema_is() {
    let sites = repository().join("sites");
    for (_, file) in case::estate(&sites).iter() {
        let text = String::from_utf8_lossy(&file.bytes);
        let path = text.lines().next().and_then(|line| line.strip_prefix(SCHEMA_LINE));
        let path = path.unwrap_or_else(|| panic!("{} does not begin with `{SCHEMA_LINE}…`", file.path));
        let here = sites.join(&file.path);
        let named = here.parent().expect("a file lies in a folder").join(path);
        let name = match Document::of(&file.path) {
            Document::Estate => "estate.schema.json",
            Document::Site => "site.schema.json",
        };
        assert!(named.ends_with(name) && named.exists(), "{}: {path}", file.path);
    }
}

/// Every estate among the cases, by its folder.
fn estates() -> BTreeMap<PathBuf, Sources> {
    let mut found = BTreeMap::new();
    let mut open = vec![repository().join("golden-tests/cases")];
    while let Some(folder) = open.pop() {
        if folder.join("estate.yaml").exists() {
            found.insert(folder.clone(), case::estate(&folder));
            continue;
        }
        let entries = fs::read_dir(&folder).expect("the repository can be read");
        let below = entries.map(|entry| entry.expect("the repository can be read").path());
        open.extend(below.filter(|path| path.is_dir()));
    }
    assert!(found.len() > 100);
    found
}

/// The estate laid out; what cannot be read stays as it is.
fn all_formatted(folder: &Path, sources: &Sources) -> Sources {
    let files = sources.iter().map(|(_, file)| {
        let shown = folder.join(&file.path).display().to_string();
        let bytes = match format(Document::of(&file.path), FileId(0), &file.bytes) {
            Ok(_) => formatted(&file.path, &file.bytes).expect("it can be read"),
            Err(Unformattable::Faulty(_)) => file.bytes.clone(),
            Err(Unformattable::Unsure) => panic!("{shown}: laid out it would not say the same"),
        };
        SourceFile { path: file.path.clone(), bytes }
    });
    Sources::new("", files.collect())
}

#[test]
fn what_an_estate_says_stays() {
    let mut compiled = 0;
    for (folder, sources) in estates() {
        let after = all_formatted(&folder, &sources);
        let findings = |sources: &Sources| {
            let compilation = compile(sources, &mut Cache::none(), case::today());
            let mut told: Vec<(&str, String)> = compilation
                .diagnostics
                .iter()
                .map(|finding| (finding.rule.code, finding.message.clone()))
                .collect();
            told.sort();
            (told, compilation.artefact.map(|artefact| artefact.bytes))
        };
        let (before, after) = (findings(&sources), findings(&after));
        compiled += usize::from(before.1.is_some());
        assert_eq!(after.1, before.1, "{}: the artefact", folder.display());
        // Where keys move, so do findings that name the first of several.
        assert_eq!(after.0.len(), before.0.len(), "{}: the findings", folder.display());
    }
    assert!(compiled > 50);
}

/// A number from a few words: the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % end as u64).expect("below a usize")
    }
}

/// The text with marked comments on and between its lines, and empty lines.
fn scribbled(text: &str, dice: &mut Dice) -> (String, usize) {
    let mut marks = 0;
    let mut mark = || {
        marks += 1;
        format!("# mark {marks}.")
    };
    let mut out = String::new();
    for line in text.lines() {
        match dice.below(12) {
            0 => out.push_str(&format!("{}{}\n", " ".repeat(dice.below(14)), mark())),
            1 => out.push_str(&format!("\n{}{}\n\n", " ".repeat(2 * dice.below(6)), mark())),
            2 => out.push('\n'),
            _ => {}
        }
        out.push_str(line);
        if dice.below(8) == 0 {
            out.push_str(&format!("{}{}", " ".repeat(1 + dice.below(4)), mark()));
        }
        out.push('\n');
    }
    (out, marks)
}

#[test]
fn every_comment_stays_wherever_it_is() {
    let (mut read, mut marked) = (0, 0);
    let mut texts: Vec<(String, String)> = estates()
        .into_values()
        .flat_map(|sources| sources.iter().map(|(_, file)| file.clone()).collect::<Vec<_>>())
        .filter_map(|file| Some((file.path, String::from_utf8(file.bytes).ok()?)))
        .collect();
    texts.extend(generate(1, None).into_iter().step_by(7));
    let mut dice = Dice(0);
    for (path, text) in &texts {
        for _ in 0..3 {
            let (scribbled, marks) = scribbled(text, &mut dice);
            let Some(formatted) = formatted(path, scribbled.as_bytes()) else { continue };
            let formatted = String::from_utf8(formatted).expect("what is written is UTF-8");
            read += 1;
            marked += marks;
            for number in 1..=marks {
                let mark = format!("# mark {number}.");
                assert_eq!(
                    formatted.matches(&mark).count(),
                    1,
                    "`{mark}` of {path}:\n{scribbled}\n==\n{formatted}"
                );
            }
        }
    }
    assert!(read > 500 && marked > 2_000, "{read} texts, {marked} marks");
}
