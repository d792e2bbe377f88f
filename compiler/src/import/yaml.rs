//! Values of the estate language, and the YAML they are written as.
//!
//! Layout: two columns a level; lists of scalars and small maps on one line; a comment stands above what it is about.
//! Text is quoted only where plain text would mean something else.

use std::fmt::Write as _;

/// Columns that a line with braces or brackets may fill.
const WIDTH: usize = 100;
/// Columns that a reservation on one line may fill: they are read as a table.
const ROW_WIDTH: usize = 180;

/// A value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Yaml {
    /// `null`: an inherited value is removed.
    Null,
    /// Text, a number or anything else on one line; quoted where it must be.
    Text(String),
    /// Text that is always quoted, as MAC addresses are.
    Quoted(String),
    /// A list.
    List(Vec<Yaml>),
    /// A map, in its order.
    Map(Vec<(String, Yaml)>),
    /// A value with remarks above it; only in lists.
    Remarked(Vec<String>, Box<Yaml>),
}

impl Yaml {
    /// Text.
    pub fn text(text: impl Into<String>) -> Yaml {
        Yaml::Text(text.into())
    }

    /// A list of texts.
    pub fn texts<T: ToString>(texts: impl IntoIterator<Item = T>) -> Yaml {
        Yaml::List(texts.into_iter().map(|text| Yaml::Text(text.to_string())).collect())
    }

    /// A map.
    pub fn map<const COUNT: usize>(entries: [(&str, Yaml); COUNT]) -> Yaml {
        Yaml::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    /// With remarks above it, if there are any.
    pub fn remarked(self, remarks: Vec<String>) -> Yaml {
        if remarks.is_empty() { self } else { Yaml::Remarked(remarks, Box::new(self)) }
    }
}

/// A document: a map, with remarks at its head.
pub fn document(remarks: &[String], entries: &[(String, Yaml)]) -> String {
    let mut out = String::new();
    write_remarks(&mut out, 0, remarks);
    write_map(&mut out, 0, entries);
    out
}

fn write_remarks(out: &mut String, depth: usize, remarks: &[String]) {
    for line in remarks.iter().flat_map(|remark| remark.lines()) {
        let line: String = line.chars().filter(|c| !c.is_control()).collect();
        push_line(out, depth, &format!("# {}", line.trim()));
    }
}

fn push_line(out: &mut String, depth: usize, text: &str) {
    writeln!(out, "{:1$}{text}", "", depth * 2).expect("a string takes every write");
}

fn write_map(out: &mut String, depth: usize, entries: &[(String, Yaml)]) {
    for (key, value) in entries {
        write_entry(out, depth, "", key, value);
    }
}

/// One key and its value; `lead` is `- ` behind which a list's element begins.
fn write_entry(out: &mut String, depth: usize, lead: &str, key: &str, value: &Yaml) {
    let named = format!("{lead}{}:", key_text(key));
    let inner = depth + lead.len() / 2;
    let flow = format!("{named} {}", flow(value));
    if is_flow(key, value) && (inner * 2 + flow.chars().count() <= WIDTH || is_scalar(value)) {
        return push_line(out, depth, &flow);
    }
    push_line(out, depth, &named);
    match value {
        Yaml::Map(entries) => write_map(out, inner + 1, entries),
        Yaml::List(items) => items.iter().for_each(|item| write_item(out, inner + 1, key, item)),
        Yaml::Null | Yaml::Text(_) | Yaml::Quoted(_) | Yaml::Remarked(..) => {}
    }
}

fn write_item(out: &mut String, depth: usize, of: &str, item: &Yaml) {
    let item = match item {
        Yaml::Remarked(remarks, item) => {
            write_remarks(out, depth, remarks);
            item
        }
        item => item,
    };
    let flow = format!("- {}", flow(item));
    let width = if of == "reservations" { ROW_WIDTH } else { WIDTH };
    let short = depth * 2 + flow.chars().count() <= width;
    match item {
        Yaml::Map(entries) if !(short && is_row(of, entries)) => {
            for (at, (key, value)) in entries.iter().enumerate() {
                match at {
                    0 => write_entry(out, depth, "- ", key, value),
                    _ => write_entry(out, depth + 1, "", key, value),
                }
            }
        }
        _ => push_line(out, depth, &flow),
    }
}

fn is_scalar(value: &Yaml) -> bool {
    match value {
        Yaml::Null | Yaml::Text(_) | Yaml::Quoted(_) => true,
        Yaml::List(items) => items.is_empty(),
        Yaml::Map(entries) => entries.is_empty(),
        Yaml::Remarked(..) => false,
    }
}

/// Whether a key's value may stand behind it on the line.
fn is_flow(key: &str, value: &Yaml) -> bool {
    match value {
        Yaml::List(items) => items.iter().all(is_scalar),
        Yaml::Map(entries) if key == "options" => {
            entries.len() < 2 && entries.iter().all(|(_, value)| is_small(value))
        }
        // A definition or a lease is one line; a profile is one if it says one thing.
        Yaml::Map(entries) => entries
            .iter()
            .all(|(_, value)| is_scalar(value) || matches!(value, Yaml::List(_)) && is_small(value)),
        Yaml::Null | Yaml::Text(_) | Yaml::Quoted(_) => true,
        Yaml::Remarked(..) => false,
    }
}

/// Whether an element of a list may stand on one line.
fn is_row(of: &str, entries: &[(String, Yaml)]) -> bool {
    let nested = |value: &Yaml| match value {
        Yaml::Map(inner) => inner.iter().all(|(_, value)| is_small(value)),
        Yaml::List(items) => items.iter().all(is_scalar),
        value => is_scalar(value),
    };
    match of {
        "networks" | "subnets" => false,
        _ => !entries.iter().any(|(key, _)| key == "match") && entries.iter().all(|(_, value)| nested(value)),
    }
}

fn is_small(value: &Yaml) -> bool {
    match value {
        Yaml::List(items) => items.iter().all(is_scalar),
        Yaml::Map(entries) => entries.iter().all(|(_, value)| is_scalar(value)),
        value => is_scalar(value),
    }
}

/// On one line, with braces and brackets.
fn flow(value: &Yaml) -> String {
    flow_in(value, false)
}

fn flow_in(value: &Yaml, inside: bool) -> String {
    match value {
        Yaml::Null => "null".to_owned(),
        Yaml::Text(text) => scalar(text, inside),
        Yaml::Quoted(text) => quoted(text),
        Yaml::List(items) => {
            let items: Vec<String> = items.iter().map(|item| flow_in(item, true)).collect();
            format!("[{}]", items.join(", "))
        }
        Yaml::Map(entries) => {
            let entry =
                |(key, value): &(String, Yaml)| format!("{}: {}", key_text(key), flow_in(value, true));
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        Yaml::Remarked(_, value) => flow_in(value, inside),
    }
}

/// A scalar, quoted where plain text would not be read as this text. `inside`: within braces or brackets.
pub fn scalar(text: &str, inside: bool) -> String {
    if is_plain(text, inside) { text.to_owned() } else { quoted(text) }
}

/// A key; one that is a number is quoted, so that every reader takes it for text.
fn key_text(key: &str) -> String {
    if key.bytes().all(|byte| byte.is_ascii_digit()) { quoted(key) } else { scalar(key, true) }
}

fn is_plain(text: &str, inside: bool) -> bool {
    let Some(first) = text.chars().next() else { return false };
    let indicator = "-?:,[]{}#&*!|>'\"%@`=~";
    let number = text.len() > 1 && first == '-' && text[1..].starts_with(|c: char| c.is_ascii_digit());
    let starts = !indicator.contains(first) || number;
    let word = text.to_ascii_lowercase();
    starts
        && !text.starts_with(' ')
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.chars().any(|c| c.is_control() || (inside && "[]{},".contains(c)) || !is_printable(c))
        && !(inside && text.contains(':'))
        && !matches!(word.as_str(), "null" | "<<" | "---" | "...")
        && !text.starts_with("--- ")
}

fn is_printable(c: char) -> bool {
    !matches!(c, '\u{85}' | '\u{a0}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() || !is_printable(c) => {
                let code = u32::from(c);
                write!(out, "\\u{code:04x}").expect("a string takes every write");
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_is_quoted_where_it_must_be() {
        let check = |text: &str, expected: &str| assert_eq!(scalar(text, true), expected);
        check("example.internal", "example.internal");
        check("10.42.8.20 - 10.42.9.250", "10.42.8.20 - 10.42.9.250");
        check("-3600", "-3600");
        check("a, b", "\"a, b\"");
        check("12:34", "\"12:34\"");
        check("", "\"\"");
        check("null", "\"null\"");
        check("# no", "\"# no\"");
        check("say \"so\"", "say \"so\"");
        check("a\nb", "\"a\\nb\"");
        assert_eq!(scalar("10.0.0.1:8647", false), "10.0.0.1:8647");
    }

    #[test]
    fn small_things_stand_on_one_line() {
        let options = |count: usize| {
            let entry = |at| (format!("option-{at}"), Yaml::texts(["10.0.0.1"]));
            Yaml::Map((0..count).map(entry).collect())
        };
        let entries = [
            ("version".to_owned(), Yaml::text("1")),
            ("options".to_owned(), options(1)),
            (
                "networks".to_owned(),
                Yaml::List(vec![
                    Yaml::map([("name", Yaml::text("user")), ("options", options(2))])
                        .remarked(vec!["the ground floor".to_owned()]),
                ]),
            ),
        ];
        let expected = "version: 1\noptions: {option-0: [10.0.0.1]}\nnetworks:\n  # the ground floor\n  - name: user\n    \
                        options:\n      option-0: [10.0.0.1]\n      option-1: [10.0.0.1]\n";
        assert_eq!(document(&[], &entries), expected);
    }

    proptest! {
        #[test]
        fn any_text_is_read_back(text in "\\PC{1,12}|[ -~\\n\\t]{1,12}") {
            let written = document(&[], &[("a".to_owned(), Yaml::List(vec![Yaml::text(&text)]))]);
            let read: serde_yaml::Value = serde_yaml::from_str(&written).expect("YAML");
            let item = &read["a"][0];
            // Another reader guesses types; what it takes for text must be this text.
            if let Some(read) = item.as_str() {
                prop_assert_eq!(read, text);
            }
        }
    }
}
