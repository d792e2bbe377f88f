//! What no compiler checks: nothing unfinished, no overlong file, every rule registered with its page.
#![expect(clippy::disallowed_methods, reason = "the test reads the repository")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use leasehold_compiler::check::rules::REGISTRY;
use leasehold_golden_tests::case::repository;

/// Lines a Rust file may have, unless it says `// A long file, because …`.
const LINES_MAX: usize = 500;

/// Files of the repository with one of these extensions, build results left out.
fn files(extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for room in ["compiler", "server", "schemas", "golden-tests", ".ci", ".github"] {
        collect(&repository().join(room), extensions, &mut found);
    }
    for name in
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "Cargo.toml", "clippy.toml"]
    {
        found.extend(Some(repository().join(name)).filter(|path| path.exists()));
    }
    found.sort();
    found
}

fn collect(folder: &Path, extensions: &[&str], found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("the repository can be read").path();
        let is_output = path.file_name().is_some_and(|name| name == "target" || name == "corpus");
        if path.is_dir() && !is_output {
            collect(&path, extensions, found);
        } else if path.extension().is_some_and(|e| extensions.iter().any(|wanted| e == *wanted)) {
            found.push(path);
        }
    }
}

fn read(path: &Path) -> String {
    let bytes = fs::read(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    // One case is not UTF-8 on purpose.
    String::from_utf8_lossy(&bytes).into_owned()
}

fn shown(path: &Path) -> String {
    path.strip_prefix(repository()).unwrap_or(path).display().to_string()
}

/// Every line that contains one of the words, outside this file.
fn lines_with(words: &[String], extensions: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for path in files(extensions) {
        if path.ends_with("tests/tidy.rs") {
            continue;
        }
        for (at, line) in (1..).zip(read(&path).lines()) {
            found.extend(
                words
                    .iter()
                    .filter(|word| line.contains(*word))
                    .map(|word| format!("{}:{at}: {word}", shown(&path))),
            );
        }
    }
    found
}

#[test]
fn nothing_is_left_unfinished() {
    let words =
        ["todo!", "unimplemented!", "dbg!", "#[ignore", "TODO", "FIXME", "XXX", "HACK"].map(str::to_owned);
    assert_eq!(lines_with(&words, &["rs", "md", "toml", "sh", "yml", "yaml"]), Vec::<String>::new());
}

#[test]
fn no_file_names_somebodys_machine() {
    let words = ["/work/", "/home/", "/root/"].map(str::to_owned);
    assert_eq!(lines_with(&words, &["rs", "md", "toml", "json", "txt"]), Vec::<String>::new());
}

#[test]
fn files_stay_readable() {
    let long: Vec<String> = files(&["rs"])
        .into_iter()
        .filter_map(|path| {
            let text = read(&path);
            let excepted = text.lines().any(|line| line.starts_with("// A long file, because "));
            let count = text.lines().count();
            (count > LINES_MAX && !excepted).then(|| format!("{}: {count} lines", shown(&path)))
        })
        .collect();
    assert_eq!(long, Vec::<String>::new(), "split them, or say `// A long file, because …` in them");
}

#[test]
fn rules_have_well_formed_codes_in_order() {
    let codes: Vec<&str> = REGISTRY.iter().map(|registered| registered.rule.code).collect();
    let well_formed = |code: &&str| {
        code.len() == 4 && code.starts_with('L') && code[1..].bytes().all(|byte| byte.is_ascii_digit())
    };
    assert!(codes.iter().all(well_formed), "{codes:?}");
    assert!(codes.windows(2).all(|pair| pair[0] < pair[1]), "sorted, and each once: {codes:?}");
    let slugs: BTreeSet<&str> = REGISTRY.iter().map(|registered| registered.rule.slug).collect();
    assert_eq!(slugs.len(), codes.len(), "slugs are unique");
    let kebab = |slug: &&str| slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    assert!(slugs.iter().all(kebab), "{slugs:?}");
}

#[test]
fn every_page_belongs_to_a_registered_rule_and_every_rule_has_its_page() {
    let mut pages = Vec::new();
    collect(&repository().join("compiler/src"), &["md"], &mut pages);
    for page in &pages {
        let text = read(page);
        let rule = REGISTRY.iter().find(|registered| registered.rule.page == text);
        assert!(rule.is_some(), "{} is the page of no registered rule", shown(page));
        assert!(page.with_extension("rs").exists(), "{} has no rule beside it", shown(page));
    }
    let texts: BTreeSet<&str> = REGISTRY.iter().map(|registered| registered.rule.page).collect();
    assert_eq!((texts.len(), pages.len()), (REGISTRY.len(), REGISTRY.len()), "one page a rule");
}
