//! How a scalar is written.
//!
//! Invariant: what is written says what the scalar said, and stays text where it was text. Where a key's values have one
//! good spelling (hardware addresses, ranges, durations) it is that one; else the writer's own stays as far as it can.

use std::borrow::Cow;
use std::fmt::Write as _;

use leasehold_schemas::vocab::{AddrRange, MacAddr, Millis, Seconds};

use super::outline::{Style, Word};
use crate::grammar::{Scalar, Value};

/// What a scalar means, for comparison: equal before and after.
pub(super) fn meaning(text: &str, quoted: bool, value: Value) -> (Cow<'_, str>, bool) {
    match spelling(text, quoted, value) {
        // In its one spelling, a value is text or not as its key says.
        Some(text) => (Cow::Owned(text), false),
        None if is_null(text, quoted) => (Cow::Borrowed(""), false),
        None => (Cow::Borrowed(text), quoted),
    }
}

/// A scalar on one line; `None` if it has several. In brackets fewer characters may stand without quotes.
pub(super) fn one_line<'a>(word: &Word<'a>, value: Value, in_brackets: bool) -> Option<Cow<'a, str>> {
    let quoted = word.style != Style::Plain;
    if let Some(text) = spelling(word.text, quoted, value) {
        return Some(Cow::Owned(text));
    }
    match word.style {
        Style::Plain if is_null(word.text, false) => {
            let is_empty = word.text.is_empty() && !in_brackets;
            Some(Cow::Borrowed(if is_empty { "" } else { "null" }))
        }
        Style::Plain if word.source.contains('\n') => None,
        Style::Plain if in_brackets && !is_plain_in_brackets(word.source) => {
            Some(Cow::Owned(quote(word.text)))
        }
        Style::Plain => Some(Cow::Borrowed(word.source)),
        Style::Quoted if word.source.contains('\n') => None,
        Style::Quoted => Some(double(word)),
        Style::Block { .. } if lines(word).is_none() => Some(Cow::Owned(quote(word.text))),
        Style::Block { .. } => None,
    }
}

/// A key.
pub(super) fn key<'a>(word: &Word<'a>, in_brackets: bool) -> Cow<'a, str> {
    let text = word.text;
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    let is_open = in_brackets && word.style == Style::Plain && !is_plain_in_brackets(word.source);
    if is_word {
        Cow::Borrowed(text)
    } else if word.source.contains('\n') || is_open || word.style == (Style::Block { folded: false }) {
        Cow::Owned(quote(text))
    } else if word.style == Style::Quoted {
        double(word)
    } else {
        Cow::Borrowed(word.source)
    }
}

/// The sign and the lines of a block scalar, without indentation; and whether empty lines behind it belong to it. `None`
/// if it is written better in quotes.
pub(super) fn lines<'a>(word: &Word<'a>) -> Option<(String, Vec<&'a str>, bool)> {
    let Style::Block { folded } = word.style else { return None };
    let content = word.text.trim_end_matches('\n');
    let is_odd = |line: &str| !line.is_empty() && line.chars().all(char::is_whitespace);
    if content.is_empty() || word.text.lines().any(is_odd) || word.text.contains('\r') {
        return None;
    }
    let leading = content.len() - content.trim_start_matches('\n').len();
    let mut lines: Vec<&str> = vec![""; leading];
    if folded {
        let mut source = word.source.split('\n');
        lines.extend(source.next());
        for line in source {
            let indented = line.bytes().take(word.column).take_while(|octet| *octet == b' ').count();
            let line = &line[indented..];
            if is_odd(line) {
                return None;
            }
            lines.push(line);
        }
    } else {
        lines.extend(content[leading..].split('\n'));
    }
    let ends = word.text.len() - content.len();
    let mut sign = String::from(if folded { ">" } else { "|" });
    if content[leading..].starts_with(' ') {
        sign.push('2');
    }
    match ends {
        0 => sign.push('-'),
        1 => {}
        _ => {
            sign.push('+');
            lines.extend(vec![""; ends - 1]);
        }
    }
    Some((sign, lines, ends > 1))
}

/// The lines of a scalar that is plain or in quotes and has several.
pub(super) fn continued<'a>(word: &Word<'a>) -> Vec<&'a str> {
    let count = word.source.matches('\n').count();
    let whole = |(at, line): (usize, &'a str)| {
        let line = if at == 0 { line } else { line.trim_start_matches([' ', '\t']) };
        if at == count {
            return line;
        }
        let trimmed = line.trim_end_matches([' ', '\t']);
        // A blank behind a backslash is escaped.
        let backslashes = trimmed.len() - trimmed.trim_end_matches('\\').len();
        if word.style == Style::Quoted && backslashes % 2 == 1 && trimmed.len() < line.len() {
            &line[..=trimmed.len()]
        } else {
            trimmed
        }
    };
    word.source.split('\n').enumerate().map(whole).collect()
}

/// The one spelling of a value.
fn spelling(text: &str, quoted: bool, value: Value) -> Option<String> {
    if is_null(text, quoted) {
        return None;
    }
    match value.scalar()? {
        Scalar::Mac => text.parse::<MacAddr>().ok().map(|mac| format!("\"{mac}\"")),
        Scalar::Range if text.contains('/') => None,
        Scalar::Range => text.parse::<AddrRange>().ok().map(|range| range.to_string()),
        Scalar::Duration => {
            let seconds = text.parse::<Seconds>().ok()?;
            Some(if is_bare(text) { seconds.to_string() } else { text.trim().to_owned() })
        }
        Scalar::FineDuration => {
            let duration = text.parse::<Millis>().ok()?;
            Some(if is_bare(text) { duration.to_string() } else { text.trim().to_owned() })
        }
        Scalar::Text
        | Scalar::Boolean
        | Scalar::Choice(_)
        | Scalar::Class
        | Scalar::ClassName
        | Scalar::Profile
        | Scalar::Option
        | Scalar::Rule => None,
    }
}

/// Whether a duration has no unit.
fn is_bare(text: &str) -> bool {
    text.trim().bytes().all(|octet| octet.is_ascii_digit())
}

fn is_null(text: &str, quoted: bool) -> bool {
    !quoted && matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// Whether a text that stands without quotes may do so in brackets too.
fn is_plain_in_brackets(source: &str) -> bool {
    !source.contains([',', '[', ']', '{', '}']) && !source.starts_with(['?', ':']) && !source.ends_with(':')
}

/// Double quotes instead of single ones, where the text needs no escapes in them.
fn double<'a>(word: &Word<'a>) -> Cow<'a, str> {
    let is_simple = word.source.starts_with('\'') && !word.text.contains(['"', '\\', '\n', '\t']);
    if is_simple { Cow::Owned(format!("\"{}\"", word.text)) } else { Cow::Borrowed(word.source) }
}

/// Whether a text means something else where it stands without quotes: null, a number, a truth value.
pub(super) fn is_ambiguous(text: &str) -> bool {
    let is_truth =
        ["true", "false", "yes", "no", "on", "off"].iter().any(|word| text.eq_ignore_ascii_case(word));
    is_null(text, false)
        || is_truth
        || text.starts_with("0x")
        || text.starts_with("0o")
        || text.parse::<f64>().is_ok()
}

/// A text in double quotes.
pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => {
                write!(quoted, "\\u{:04X}", u32::from(c)).expect("a string takes all that is written to it");
            }
            _ => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
