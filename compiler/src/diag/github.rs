//! Findings as GitHub shows them beside a pull request: workflow commands that become annotations, and a table for
//! the job's summary.
//!
//! Invariant: no text of the estate becomes a command. Annotations are few ([`ANNOTATIONS_MAX`] of a kind a step),
//! so errors come first and the table has everything, as far as it fits.

use std::fmt::Write as _;

use super::line_index::Column;
use super::locator::{Locator, Range};
use super::text::{printable, text};
use super::{Diagnostic, Severity};
use crate::source::Sources;

/// Annotations of one severity that GitHub keeps of a step; it drops the others without a word.
pub const ANNOTATIONS_MAX: usize = 10;

/// Largest summary of a step, in octets; of a larger one GitHub shows nothing at all.
pub const SUMMARY_BYTES_MAX: usize = 1 << 20;

/// Room in the summary for the line that says how many findings are left out.
const REST_BYTES: usize = 200;

/// What is printed in a workflow, and what is put into its summary.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Workflow {
    /// For standard output: annotations, then plain lines for the findings that get none.
    pub commands: String,
    /// Markdown, to be appended to the file that `GITHUB_STEP_SUMMARY` names.
    pub summary: String,
}

/// Annotations and summary; `room` is what the summary may take, in octets, and `lines_max` how many findings without
/// an annotation are printed.
pub fn github(sources: &Sources, diagnostics: &[&Diagnostic], room: usize, lines_max: usize) -> Workflow {
    let mut ordered: Vec<&Diagnostic> = diagnostics.to_vec();
    ordered.sort_by_key(|diagnostic| diagnostic.severity);
    let mut places = Locator::new(sources, Column::Characters);
    let (mut commands, mut lines) = (String::new(), String::new());
    let mut left_out = 0;
    for kind in ordered.chunk_by(|a, b| a.severity == b.severity) {
        for (at, diagnostic) in kind.iter().enumerate() {
            if at < ANNOTATIONS_MAX {
                annotation(&mut commands, diagnostic, &places.range(diagnostic.primary.span));
            } else if at - ANNOTATIONS_MAX < lines_max {
                plain_line(&mut lines, diagnostic, &places.range(diagnostic.primary.span));
            } else {
                left_out += 1;
            }
        }
    }
    if left_out > 0 {
        lines.push_str(&format!("{left_out} more findings; `--max-findings 0` prints them all\n"));
    }
    Workflow { commands: commands + &lines, summary: summary(&mut places, &ordered, room) }
}

/// `::error file=…,line=…,col=…,endLine=…,endColumn=…,title=…::message`. Columns are left out where a finding has
/// several lines: GitHub then refuses them.
fn annotation(out: &mut String, diagnostic: &Diagnostic, place: &Range<'_>) {
    let Range { path, start, end } = place;
    let command = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Information => "notice",
    };
    let file = property(path.strip_prefix("./").unwrap_or(path));
    let columns = match start.line == end.line {
        true => format!(",col={},endColumn={}", start.column, end.column.max(start.column)),
        false => String::new(),
    };
    let title = property(&format!("{} {}", diagnostic.rule.code, diagnostic.rule.slug));
    let (line, end_line, message) = (start.line, end.line, data(&text(diagnostic)));
    writeln!(out, "::{command} file={file},line={line},endLine={end_line}{columns},title={title}::{message}")
        .expect("a string takes all that is written to it");
}

/// `path:line:column: error[L302] message`, so that the runner sees no command in it.
fn plain_line(out: &mut String, diagnostic: &Diagnostic, place: &Range<'_>) {
    let Range { path, start, end: _ } = place;
    let (word, code) = (diagnostic.severity.word(), diagnostic.rule.code);
    let line = format!(
        "{word}[{code}] {path}:{}:{}: {}",
        start.line,
        start.column,
        printable(&diagnostic.message).replace('\n', " ")
    );
    // A runner takes `##[command]` anywhere in a line for a command.
    writeln!(out, "{}", line.replace("##[", "## [")).expect("a string takes all that is written to it");
}

/// A command's message: what would end the line, or begin an escape, is escaped.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A command's property: what would end it is escaped as well.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

fn summary(places: &mut Locator<'_>, ordered: &[&Diagnostic], room: usize) -> String {
    let count = |severity| ordered.iter().filter(|diagnostic| diagnostic.severity == severity).count();
    let counts = [
        (count(Severity::Error), "error", "errors"),
        (count(Severity::Warning), "warning", "warnings"),
        (count(Severity::Information), "note", "notes"),
    ];
    let counts = counts.map(|(count, one, many)| format!("{count} {}", if count == 1 { one } else { many }));
    let mut out = format!("### leasehold: {}\n\n", counts.join(", "));
    if ordered.is_empty() {
        return out;
    }
    out.push_str("| | Rule | Where | Finding |\n|---|---|---|---|\n");
    let room = room.saturating_sub(REST_BYTES);
    for (at, diagnostic) in ordered.iter().enumerate() {
        let Range { path, start, end: _ } = places.range(diagnostic.primary.span);
        let row = format!(
            "| {} | {} {} | {}:{} | {} |\n",
            diagnostic.severity.word(),
            diagnostic.rule.code,
            diagnostic.rule.slug,
            cell(path),
            start.line,
            cell(&text(diagnostic))
        );
        if out.len() + row.len() > room {
            out.push_str(&format!("\n{} more findings do not fit here.\n", ordered.len() - at));
            break;
        }
        out.push_str(&row);
    }
    out
}

/// A table's cell: what is in backticks becomes code, and nothing else is markup.
fn cell(text: &str) -> String {
    let mut cell = String::with_capacity(text.len());
    let mut in_code = false;
    for c in printable(text).chars() {
        match c {
            '\n' => cell.push_str("<br>"),
            '`' => {
                cell.push_str(if in_code { "</code>" } else { "<code>" });
                in_code = !in_code;
            }
            '|' | '<' | '>' | '&' | '[' | ']' | '(' | ')' | '*' | '_' | '#' | '~' | '\\' | '@' | '!'
            | ':' => {
                write!(cell, "&#{};", u32::from(c)).expect("a string takes all that is written to it");
            }
            _ => cell.push(c),
        }
    }
    cell + if in_code { "</code>" } else { "" }
}
