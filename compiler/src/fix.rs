//! Safe fixes, made in the text.
//!
//! Invariant: every octet outside an edit stays as it is, comments and line ends included. Of two fixes that touch
//! one place one waits for the next round. A file that would parse worse than before is left as it was. Rounds end:
//! there are at most [`ROUNDS_MAX`].

mod removal;

use std::collections::{BTreeMap, BTreeSet};

use leasehold_schemas::source::{FileId, Span};
use leasehold_schemas::vocab::Date;

use crate::diag::{Column, Diagnostic, Edit, Fix, LineIndex, Rule, Sink};
use crate::parse;
use crate::source::{SourceFile, Sources};
use crate::{Cache, check};

pub(crate) use removal::propose as propose_removals;

/// Most rounds of fixing and checking again. What a fix uncovers is mended in the next.
const ROUNDS_MAX: usize = 10;

/// Most octets of a changed line that are shown.
const SHOWN_BYTES_MAX: usize = 300;

/// An estate after its safe fixes.
#[derive(Debug)]
pub struct Fixed {
    /// The files, changed or not.
    pub sources: Sources,
    /// Which of them changed.
    pub changed: BTreeSet<FileId>,
    /// What was done, in order.
    pub applied: Vec<Applied>,
}

/// One fix that was made.
#[derive(Clone, Debug)]
pub struct Applied {
    /// Whose finding it mends.
    pub rule: &'static Rule,
    /// The file, as the command names it.
    pub path: String,
    /// The line at which it begins, before the fix.
    pub line: u32,
    /// What was done.
    pub title: String,
    /// The lines as they were, shortened if they are long.
    pub before: String,
    /// The lines as they are; nothing if they are gone.
    pub after: String,
}

/// Fixes what can safely be fixed in the files that `may_change` names, until nothing more can.
pub fn fix(sources: Sources, today: Date, may_change: impl Fn(FileId) -> bool) -> Fixed {
    let mut cache = Cache::default();
    let mut fixed = Fixed { sources, changed: BTreeSet::new(), applied: Vec::new() };
    let mut left_alone: BTreeSet<FileId> = BTreeSet::new();
    for _ in 0..ROUNDS_MAX {
        let findings = check(&fixed.sources, &mut cache, today).diagnostics;
        let fixes = choose(&findings, |file| may_change(file) && !left_alone.contains(&file));
        if fixes.is_empty() {
            break;
        }
        round(&mut fixed, &fixes, &mut left_alone);
    }
    fixed
}

/// The safe fixes of which none touches what another does; earlier findings come first.
fn choose(
    findings: &[Diagnostic],
    may_change: impl Fn(FileId) -> bool,
) -> BTreeMap<FileId, Vec<(&'static Rule, &Fix)>> {
    let mut taken: BTreeMap<FileId, BTreeMap<u32, u32>> = BTreeMap::new();
    let mut chosen: BTreeMap<FileId, Vec<(&'static Rule, &Fix)>> = BTreeMap::new();
    for finding in findings {
        let Some(fix) = finding.fix.as_ref().filter(|fix| fix.safe) else { continue };
        let Some(file) = fix.edits.first().map(|edit| edit.span.file) else { continue };
        let sound = fix.edits.iter().all(|edit| edit.span.file == file) && may_change(file);
        let taken = taken.entry(file).or_default();
        if sound && fix.edits.iter().all(|edit| is_free(taken, edit)) {
            taken.extend(fix.edits.iter().map(|edit| (edit.span.start, edit.span.end)));
            chosen.entry(file).or_default().push((finding.rule, fix));
        }
    }
    chosen
}

/// Whether no place that is taken shares an octet with the edit's, or begins or inserts where it does. Places are taken
/// by where they begin and end, and none touches another, so that only the nearest before the edit's end can.
fn is_free(taken: &BTreeMap<u32, u32>, edit: &Edit) -> bool {
    let Span { start, end, .. } = edit.span;
    let before = taken.range(..end.max(start + 1)).next_back();
    before.is_none_or(|(&from, &to)| from != start && !(from < end && start < to))
}

fn round(
    fixed: &mut Fixed,
    fixes: &BTreeMap<FileId, Vec<(&'static Rule, &Fix)>>,
    left_alone: &mut BTreeSet<FileId>,
) {
    let mut files: Vec<SourceFile> = fixed.sources.iter().map(|(_, file)| file.clone()).collect();
    for (&id, fixes) in fixes {
        let file = fixed.sources.file(id);
        let edits: Vec<&Edit> = fixes.iter().flat_map(|(_, fix)| &fix.edits).collect();
        let bytes = edited(&file.bytes, &edits, 0, file.bytes.len());
        if faults(id, &bytes) > faults(id, &file.bytes) {
            left_alone.insert(id);
            continue;
        }
        let lines = LineIndex::new(&file.bytes);
        let path = fixed.sources.display_path(id);
        fixed.applied.extend(fixes.iter().map(|(rule, fix)| applied(rule, fix, &path, &file.bytes, &lines)));
        fixed.changed.insert(id);
        files[id.0 as usize].bytes = bytes;
    }
    // Paths and their order stay, so every id keeps its file.
    fixed.sources = Sources::new(fixed.sources.prefix.clone(), files);
}

/// How many faults a file has that keep it from being read.
fn faults(id: FileId, bytes: &[u8]) -> usize {
    let mut sink = Sink::default();
    parse::parse(id, bytes, &mut sink);
    sink.iter().count()
}

/// The octets from `from` to `to`, edited; every edit lies between them.
fn edited(bytes: &[u8], edits: &[&Edit], from: usize, to: usize) -> Vec<u8> {
    let mut ordered = edits.to_vec();
    ordered.sort_by_key(|edit| edit.span);
    let mut out = Vec::with_capacity(to - from);
    let mut at = from;
    for Edit { span, text } in ordered {
        out.extend_from_slice(&bytes[at..span.start as usize]);
        out.extend_from_slice(text.as_bytes());
        at = span.end as usize;
    }
    out.extend_from_slice(&bytes[at..to]);
    out
}

fn applied(rule: &'static Rule, fix: &Fix, path: &str, bytes: &[u8], lines: &LineIndex) -> Applied {
    let edits: Vec<&Edit> = fix.edits.iter().collect();
    let start = edits.iter().map(|edit| edit.span.start).min().unwrap_or(0);
    let end = edits.iter().map(|edit| edit.span.end).max().unwrap_or(start);
    let first = lines.position(start, Column::Bytes).line;
    let last = lines.position(end.max(start + 1) - 1, Column::Bytes).line;
    let from = lines.line(first).0 as usize;
    let to = (lines.line(last).1 as usize).max(end as usize);
    Applied {
        rule,
        path: path.to_owned(),
        line: first,
        title: fix.title.clone(),
        before: shown(&bytes[from..to]),
        after: shown(&edited(bytes, &edits, from, to)),
    }
}

/// Text for a terminal: without a line feed at its end, control characters and more than fits.
fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_end_matches(['\n', '\r']);
    let mut shown = String::new();
    for c in text.chars() {
        if shown.len() >= SHOWN_BYTES_MAX {
            shown.push('…');
            break;
        }
        shown.push(if c.is_control() && c != '\n' { ' ' } else { c });
    }
    shown
}

#[cfg(test)]
mod tests;
