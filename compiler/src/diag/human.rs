//! Diagnostics for people: a headline, the lines of the files it speaks of, notes and help.
//!
//! Invariant: the output depends on diagnostics, sources and [`Look`] only, and holds no control character of
//! the estate's: a file cannot steer the terminal of whoever checks it. What looks like a secret is blacked out, also
//! where another finding shows its line: logs are read by more people than the estate.

mod snippet;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use leasehold_schemas::source::FileId;
use miette::{GraphicalReportHandler, GraphicalTheme};

use super::{Diagnostic, Label, Severity};
use crate::source::Sources;
use snippet::{Excerpt, Snippet};

/// How output looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Look {
    /// Whether ANSI colours are used.
    pub color: bool,
}

/// Longest text of a message, label, note or help, in characters; the rest is cut.
const TEXT_CHARACTERS_MAX: usize = 500;

/// Renders all diagnostics, each followed by an empty line.
pub fn human<'a>(
    sources: &Sources,
    diagnostics: impl IntoIterator<Item = &'a Diagnostic>,
    look: Look,
) -> String {
    let theme = if look.color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_links(false)
        .with_urls(false)
        .with_context_lines(1)
        .with_wrap_lines(false)
        .with_width(TEXT_CHARACTERS_MAX * 2);
    let diagnostics: Vec<&Diagnostic> = diagnostics.into_iter().collect();
    let mut excerpts: BTreeMap<FileId, Excerpt> = BTreeMap::new();
    for span in diagnostics.iter().filter(|finding| finding.rule.is_about_secrets()).map(|d| d.primary.span) {
        excerpts.entry(span.file).or_insert_with(|| Excerpt::new(sources, span.file)).black_out(span);
    }
    let mut out = String::new();
    for diagnostic in diagnostics {
        for Label { span, .. } in std::iter::once(&diagnostic.primary).chain(&diagnostic.secondary) {
            excerpts.entry(span.file).or_insert_with(|| Excerpt::new(sources, span.file));
        }
        headline(&mut out, diagnostic, look);
        let snippet = Snippet::new(diagnostic, &excerpts);
        let before = out.len();
        handler
            .render_report(&mut out, &snippet)
            .expect("rendering writes to a string and reads memory only");
        drop_headline(&mut out, before);
        for note in &diagnostic.notes {
            remark(&mut out, "note", note, look);
        }
        if let Some(help) = &diagnostic.help {
            remark(&mut out, "help", help, look);
        }
        out.push('\n');
    }
    out
}

/// `error[L302]: message`
fn headline(out: &mut String, diagnostic: &Diagnostic, look: Look) {
    let (word, color) = match diagnostic.severity {
        Severity::Error => ("error", "31"),
        Severity::Warning => ("warning", "33"),
        Severity::Information => ("information", "36"),
    };
    let code = diagnostic.rule.code;
    let message = plain(&diagnostic.message);
    let written = if look.color {
        writeln!(out, "\u{1b}[1;{color}m{word}[{code}]\u{1b}[0m\u{1b}[1m: {message}\u{1b}[0m")
    } else {
        writeln!(out, "{word}[{code}]: {message}")
    };
    written.expect("a string takes all that is written to it");
}

fn remark(out: &mut String, kind: &str, text: &str, look: Look) {
    let text = plain(text);
    let written = if look.color {
        writeln!(out, "   \u{1b}[1;34m=\u{1b}[0m \u{1b}[1m{kind}\u{1b}[0m: {text}")
    } else {
        writeln!(out, "   = {kind}: {text}")
    };
    written.expect("a string takes all that is written to it");
}

/// The snippet renderer begins with a headline of its own, empty here: everything before the first frame goes.
fn drop_headline(out: &mut String, before: usize) {
    let frame = out[before..].match_indices('\n').map(|(end, _)| before + end + 1).find(|&line| {
        let rest = &out[line..];
        rest[..rest.find('\n').unwrap_or(rest.len())].contains('╭')
    });
    out.replace_range(before..frame.unwrap_or(out.len()), "");
}

/// Text without control characters, cut to a length a terminal can bear.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len().min(TEXT_CHARACTERS_MAX));
    for (count, c) in text.chars().enumerate() {
        if count == TEXT_CHARACTERS_MAX {
            plain.push('…');
            break;
        }
        if c.is_control() { plain.extend(c.escape_default()) } else { plain.push(c) }
    }
    plain
}
