//! What a finding says, as one text: for formats that have a single field for it.

use super::Diagnostic;

/// Longest text of one finding in a format for other programs, in characters; the rest is cut.
const CHARACTERS_MAX: usize = 4_000;

/// Message, label, notes and help, a line each, without control characters.
pub fn text(diagnostic: &Diagnostic) -> String {
    let mut text = diagnostic.message.clone();
    if !diagnostic.primary.text.is_empty() {
        text.push_str(": ");
        text.push_str(&diagnostic.primary.text);
    }
    for note in &diagnostic.notes {
        text.push_str("\nnote: ");
        text.push_str(note);
    }
    if let Some(help) = &diagnostic.help {
        text.push_str("\nhelp: ");
        text.push_str(help);
    }
    printable(&text)
}

/// The text without control characters but line feeds, and no longer than a reader can bear.
pub(super) fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for (count, c) in text.chars().enumerate() {
        if count == CHARACTERS_MAX {
            printable.push('…');
            break;
        }
        if c.is_control() && c != '\n' { printable.extend(c.escape_default()) } else { printable.push(c) }
    }
    printable
}
