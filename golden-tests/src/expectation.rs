//! What a case expects, beside its inputs; blessed with `UPDATE_GOLDEN=1`.
#![expect(clippy::disallowed_methods, reason = "the harness reads and blesses expectations on disk")]

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

/// Lines around a difference that are shown.
const CONTEXT_LINES: usize = 3;

/// Whether expectations are to be written instead of compared.
pub fn blessing() -> bool {
    env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1")
}

/// Compares with the file, or writes it if blessing.
///
/// # Errors
/// What differs, and how to accept it.
pub fn compare(expected: &Path, actual: &str) -> Result<(), String> {
    let on_disk = fs::read_to_string(expected).ok();
    if on_disk.as_deref() == Some(actual) {
        return Ok(());
    }
    if blessing() {
        return fs::write(expected, actual).map_err(|why| format!("{}: {why}", expected.display()));
    }
    let what = match &on_disk {
        None => format!("{} is missing; actual:\n{actual}", expected.display()),
        Some(on_disk) => {
            format!("{} differs (- expected, + actual):\n{}", expected.display(), difference(on_disk, actual))
        }
    };
    Err(format!("{what}\nIf this is right, accept it with UPDATE_GOLDEN=1 cargo test and review the diff."))
}

/// The lines that differ, between what begins and what ends alike.
fn difference(expected: &str, actual: &str) -> String {
    let expected: Vec<&str> = expected.lines().collect();
    let actual: Vec<&str> = actual.lines().collect();
    let alike = |pairs: &mut dyn Iterator<Item = (&&str, &&str)>| pairs.take_while(|(a, b)| a == b).count();
    let start = alike(&mut expected.iter().zip(&actual));
    let end = alike(&mut expected[start..].iter().rev().zip(actual[start..].iter().rev()));
    let mut out = String::new();
    let mut write =
        |sign: char, line: &str| writeln!(out, "{sign} {line}").expect("a string takes every write");
    for line in &expected[start.saturating_sub(CONTEXT_LINES)..start] {
        write(' ', line);
    }
    for line in &expected[start..expected.len() - end] {
        write('-', line);
    }
    for line in &actual[start..actual.len() - end] {
        write('+', line);
    }
    let behind = expected.len() - end;
    for line in &expected[behind..expected.len().min(behind + CONTEXT_LINES)] {
        write(' ', line);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_shown() {
        assert_eq!(difference("a\nb\nc\n", "a\nx\nc\n"), "  a\n- b\n+ x\n  c\n");
        assert_eq!(difference("a\n", "a\na\n"), "  a\n+ a\n");
        assert_eq!(difference("a\nb\n", "b\n"), "- a\n  b\n");
    }

    #[test]
    fn a_missing_or_different_expectation_is_an_error() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("expected.txt");
        assert!(compare(&path, "a\n").is_err());
        fs::write(&path, "a\n").expect("a temporary file");
        assert_eq!(compare(&path, "a\n"), Ok(()));
        assert!(compare(&path, "b\n").is_err_and(|why| why.contains("- a\n+ b")));
    }
}
