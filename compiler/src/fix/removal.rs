//! Entries of lists that may go: an `allow` that silences nothing, a line that stands twice letter for letter.
//!
//! Invariant: no comment goes with an entry. Where one stands beside or in it, nothing is proposed. A list that
//! would be left empty goes with its key.

use std::collections::BTreeMap;

use leasehold_schemas::source::{FileId, Span};

use crate::diag::{Diagnostic, Edit, Redundant, Sink};
use crate::parse::{self, Entry, NodeId, NodeKind, Tree};
use crate::source::Sources;

/// Gives every finding that says its entry is redundant a fix that takes the entry out, where that is safe.
pub(crate) fn propose(sources: &Sources, findings: &mut [Diagnostic]) {
    let mut files: BTreeMap<FileId, Vec<&mut Diagnostic>> = BTreeMap::new();
    for finding in findings.iter_mut().filter(|finding| finding.redundant.is_some()) {
        files.entry(finding.primary.span.file).or_default().push(finding);
    }
    for (id, findings) in files {
        let bytes = &sources.file(id).bytes;
        let Ok(text) = std::str::from_utf8(bytes) else { continue };
        let tree = parse::parse(id, bytes, &mut Sink::default());
        for finding in findings {
            let Some(entry) = list_entry(&tree, finding.primary.span) else { continue };
            let agreed = match finding.redundant {
                Some(Redundant::Always) => true,
                Some(Redundant::IfTwin) => {
                    finding.secondary.first().is_some_and(|first| is_twin(&tree, text, &entry, first.span))
                }
                None => false,
            };
            if let Some((start, end)) = entry.removal(&tree, text).filter(|_| agreed) {
                let edit = Edit { span: Span { file: id, start, end }, text: String::new() };
                finding.propose_fix(true, "Remove the entry", vec![edit]);
            }
        }
    }
}

/// Whether another entry of the same list says the same, letter for letter.
fn is_twin(tree: &Tree<'_>, text: &str, entry: &ListEntry, other: Span) -> bool {
    let Some(other) = list_entry(tree, other) else { return false };
    let said = |node: NodeId| slice(text, tree.node(node).span);
    other.list == entry.list && other.index != entry.index && said(other.node) == said(entry.node)
}

fn slice(text: &str, span: Span) -> &str {
    text.get(span.start as usize..span.end as usize).unwrap_or_default()
}

/// The innermost entry of a list around a place.
struct ListEntry {
    /// The entry.
    node: NodeId,
    /// Its place in the list.
    index: usize,
    /// The list.
    list: NodeId,
    /// The mapping that has the list, and under which of its keys.
    owner: Option<(NodeId, usize)>,
}

fn list_entry(tree: &Tree<'_>, span: Span) -> Option<ListEntry> {
    let (mut at, mut owner, mut found) = (tree.root(), None, None);
    loop {
        match &tree.node(at).kind {
            NodeKind::Mapping(entries) => {
                let behind = entries.partition_point(|entry| entry.key_span.start <= span.start);
                let Some(index) = behind.checked_sub(1) else { return found };
                owner = Some((at, index));
                at = entries[index].value;
            }
            NodeKind::Sequence(nodes) => {
                let behind = nodes.partition_point(|node| tree.node(*node).span.start <= span.start);
                let Some(index) = behind.checked_sub(1) else { return found };
                found = Some(ListEntry { node: nodes[index], index, list: at, owner });
                owner = None;
                at = nodes[index];
            }
            NodeKind::Scalar { .. } | NodeKind::Poisoned => return found,
        }
    }
}

impl ListEntry {
    /// The octets to remove.
    fn removal(&self, tree: &Tree<'_>, text: &str) -> Option<(u32, u32)> {
        let NodeKind::Sequence(nodes) = &tree.node(self.list).kind else { return None };
        if nodes.len() > 1 {
            let part = |index: usize| nodes.get(index).map(|node| tree.node(*node).span);
            return removal(text, tree.node(self.list).span, part, self.index, "- ");
        }
        let (mapping, index) = self.owner?;
        let NodeKind::Mapping(entries) = &tree.node(mapping).kind else { return None };
        let whole = |entry: &Entry<'_>| Span { end: tree.node(entry.value).span.end, ..entry.key_span };
        let part = |index: usize| entries.get(index).map(whole);
        if entries.len() == 1 { None } else { removal(text, tree.node(mapping).span, part, index, "") }
    }
}

/// Takes one part out of a collection: between brackets with its comma, else with its lines. A part's neighbours are
/// asked for, not listed: a list may have as many redundant entries as entries.
fn removal(
    text: &str,
    whole: Span,
    at: impl Fn(usize) -> Option<Span>,
    index: usize,
    mark: &str,
) -> Option<(u32, u32)> {
    let part = at(index)?;
    let in_brackets = text.get(whole.start as usize..).is_some_and(|text| text.starts_with(['[', '{']));
    let (start, end) = if in_brackets {
        match (at(index + 1), index.checked_sub(1).and_then(&at)) {
            (Some(next), _) => (part.start, next.start),
            (None, Some(before)) => (before.end, part.end),
            (None, None) => return None,
        }
    } else {
        whole_lines(text, part, mark)?
    };
    let removed = text.get(start as usize..end as usize)?;
    (!removed.contains('#')).then_some((start, end))
}

/// The lines of a part that has them for itself: `mark` alone stands before it, nothing behind it.
fn whole_lines(text: &str, part: Span, mark: &str) -> Option<(u32, u32)> {
    let line_start = text.get(..part.start as usize)?.rfind('\n').map_or(0, |end| end + 1);
    let before = text.get(line_start..part.start as usize)?;
    if before.strip_suffix(mark)?.bytes().any(|octet| octet != b' ') {
        return None;
    }
    let behind = text.get(part.end as usize..)?;
    let rest = behind.find('\n').map_or(behind.len(), |end| end + 1);
    if !behind[..rest].trim().is_empty() {
        return None;
    }
    Some((u32::try_from(line_start).ok()?, part.end + u32::try_from(rest).ok()?))
}
