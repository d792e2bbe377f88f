//! What looks like a password, key or token.

use std::borrow::Cow;

use leasehold_schemas::source::Span;

use super::needle::{Clue, Needle, clues};
use super::wording;
use crate::diag::{Diagnostic, Rule, Severity};
use crate::parse::{Entry, NodeId, NodeKind, Tree};

/// L801.
pub static RULE: Rule = Rule {
    code: "L801",
    slug: "secret-in-estate",
    severity: Severity::Error,
    allowable: true,
    page: include_str!("secret_in_estate.md"),
};

/// Looks at every key, value and comment of a file, whatever it means: what was dropped as broken is in the file all
/// the same.
pub fn find(text: &[u8], tree: &Tree<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if clues(text).next().is_some() {
        look(tree, tree.root(), None, &mut found);
        comments(text, tree, &mut found);
    }
    found
}

/// Comments are what stands behind a `#` at the beginning of a line or behind a blank, and in no text. Where the file
/// cannot be read, nothing says which texts there are.
fn comments(text: &[u8], tree: &Tree<'_>, found: &mut Vec<Diagnostic>) {
    let Ok(text) = std::str::from_utf8(text) else { return };
    let mut texts: Vec<(u32, u32)> = Vec::new();
    if !gather_texts(tree, tree.root(), &mut texts) {
        return;
    }
    texts.sort_unstable();
    let in_text = |at: usize| {
        let behind = texts.partition_point(|(start, _)| (*start as usize) <= at);
        behind.checked_sub(1).is_some_and(|before| at < texts[before].1 as usize)
    };
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let begins = |(at, _): &(usize, &str)| {
            (*at == 0 || line[..*at].ends_with([' ', '\t'])) && !in_text(start + at)
        };
        if let Some((at, _)) = line.match_indices('#').find(begins) {
            let comment = line[at..].trim_end();
            if let Some(what) = self::in_text(comment.trim_start_matches('#')) {
                let end = start + at + comment.len();
                let [from, to] = [start + at, end].map(|at| u32::try_from(at).unwrap_or(u32::MAX));
                let span = Span { file: tree.file, start: from, end: to };
                found.push(finding_at(span, format!("what looks like {what} stands in a comment")));
            }
        }
        start += line.len();
    }
}

/// Where the texts of a tree stand; false where a part of it is broken.
fn gather_texts(tree: &Tree<'_>, id: NodeId, texts: &mut Vec<(u32, u32)>) -> bool {
    let node = tree.node(id);
    match &node.kind {
        NodeKind::Scalar { .. } => {
            texts.push((node.span.start, node.span.end));
            true
        }
        NodeKind::Sequence(nodes) => nodes.iter().all(|&node| gather_texts(tree, node, texts)),
        NodeKind::Mapping(entries) => entries.iter().all(|entry| {
            texts.push((entry.key_span.start, entry.key_span.end));
            gather_texts(tree, entry.value, texts)
        }),
        NodeKind::Poisoned => false,
    }
}

/// Looks at the value of an option that stands under its number: its name, which may say that it is a secret, is in
/// another file. What shows by itself was found when the file was read.
pub fn under_number(name: &str, key: Span, value: Span, text: &str) -> Option<Diagnostic> {
    let what = of_key(name)?;
    let text = text.trim_matches(['"', '\'']);
    let said = wording::is_value(text) && text != "~" && in_text(text).is_none();
    said.then(|| {
        let message = format!("what looks like {what} stands in `{}`", shortened(name));
        finding_at(value, message).with_secondary(key, format!("this is the number of option `{name}`"))
    })
}

/// Takes out findings on what a secret's finding points at: with the secret they go, and they might repeat it.
pub fn silence_followers(findings: &mut Vec<Diagnostic>) {
    let is_secret = |finding: &Diagnostic| finding.rule.code == RULE.code;
    let places = |finding: &Diagnostic| {
        let labels = std::iter::once(&finding.primary).chain(&finding.secondary);
        labels.map(|label| label.span).collect::<Vec<Span>>()
    };
    let mut secrets: Vec<Span> =
        findings.iter().filter(|finding| is_secret(finding)).flat_map(places).collect();
    secrets.sort_unstable();
    let covered = |span: Span| {
        let behind = secrets.partition_point(|secret| (secret.file, secret.start) <= (span.file, span.start));
        behind.checked_sub(1).is_some_and(|at| secrets[at].contains(span))
    };
    findings.retain(|finding| is_secret(finding) || !covered(finding.primary.span));
}

/// Goes through a node. `under` is the entry it belongs to; an element of a list belongs to the list's.
fn look(tree: &Tree<'_>, id: NodeId, under: Option<&Entry<'_>>, found: &mut Vec<Diagnostic>) {
    let node = tree.node(id);
    match &node.kind {
        NodeKind::Scalar { text, .. } => {
            let named = under.and_then(|entry| Some((entry, of_key(&entry.key)?)));
            if let Some(what) = in_text(text) {
                found.push(finding(what, under, node.span));
            } else if let Some((entry, what)) = named.filter(|_| wording::is_value(text) && !tree.is_null(id))
            {
                let finding = finding(what, under, node.span);
                found.push(finding.with_secondary(entry.key_span, "named as one here"));
            }
        }
        NodeKind::Sequence(nodes) => nodes.iter().for_each(|&node| look(tree, node, under, found)),
        NodeKind::Mapping(entries) => {
            for entry in entries {
                if let Some(what) = in_text(&entry.key) {
                    found.push(finding(what, None, entry.key_span));
                    look(tree, entry.value, None, found);
                    continue;
                }
                // Octets in hexadecimal and the fields of a record are said under keys that mean nothing themselves.
                let nameless = entry.key == "hex" || entry.key.bytes().all(|b| b.is_ascii_digit());
                let inherits = nameless && under.is_some_and(|outer| of_key(&outer.key).is_some());
                look(tree, entry.value, if inherits { under } else { Some(entry) }, found);
            }
        }
        NodeKind::Poisoned => {}
    }
}

/// What a key says that it names, if that is a secret.
fn of_key(key: &str) -> Option<&'static str> {
    clues(key.as_bytes()).next().and_then(|_| wording::of_key(key))
}

/// What a text holds.
fn in_text(text: &str) -> Option<&'static str> {
    clues(text.as_bytes()).find_map(|(at, Needle { text: needle, clue })| {
        let from = at + needle.len();
        // Another needle may be found inside a character: all are ASCII, so that both ends are borders.
        let rest = &text[from..];
        let joined = text[..at].ends_with(|c: char| c.is_ascii_alphabetic());
        match clue {
            Clue::Token(token) => token.judge(text, at, from, needle),
            Clue::Address => wording::has_user_password(rest).then_some("a password in an address"),
            Clue::Key => {
                let what = wording::key_of(&wording::word_before(text, at)?)?;
                wording::follows(rest, false).then_some(what)
            }
            Clue::Word(what) => {
                let capital = text[at..].starts_with(|c: char| c.is_ascii_uppercase());
                let whole = !joined || capital || needle == "password" || needle == "passwd";
                let what = if needle == "community" {
                    wording::word_before(text, at).filter(|word| word == "snmp").map(|_| what)?
                } else {
                    what
                };
                let joins = matches!(needle, "password" | "passwd" | "passphrase" | "psk" | "bearer");
                (whole && wording::follows(rest, joins)).then_some(what)
            }
        }
    })
}

fn finding(what: &str, under: Option<&Entry<'_>>, span: Span) -> Diagnostic {
    let place = match under.map(|entry| shortened(&entry.key)) {
        Some(key) => format!("in `{key}`"),
        None => "in a key".to_owned(),
    };
    finding_at(span, format!("what looks like {what} stands {place}"))
}

fn finding_at(span: Span, message: String) -> Diagnostic {
    Diagnostic::new(&RULE, span, message, "everyone who has the estate can read it here")
        .with_note(
            "no part of an estate is secret: its files, their history and the artefact are copied and kept",
        )
        .with_help("remove it here, and change it where it is used, because copies of it remain")
}

fn shortened(key: &str) -> Cow<'_, str> {
    const CHARS_MAX: usize = 60;
    match key.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => Cow::Owned(format!("{}…", &key[..end])),
        None => Cow::Borrowed(key),
    }
}

#[cfg(test)]
mod tests;
