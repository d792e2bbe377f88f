//! One mapping, read key by key; and the decoder that reads it.

use std::cmp::Ordering;

use leasehold_schemas::source::{Gaps, Said, Span, Spanned};

use super::faults;
use crate::diag::{Diagnostic, Sink, nearest, only_slip};
use crate::parse::limits::{self, FAULTS_MAX};
use crate::parse::{Entry, NodeId, NodeKind, Tree};

/// Keys that one kind of mapping may have: `estate.yaml` itself has the most.
const KEYS_MAX: usize = 32;

/// Reads one file's tree.
pub(super) struct Decoder<'t, 's> {
    pub tree: &'t Tree<'t>,
    pub gaps: Gaps,
    sink: &'s mut Sink,
    /// Faults reported so far.
    faults: usize,
}

/// A value, by the key it stands under; an element of a list has the list's key.
#[derive(Clone, Copy)]
pub(super) struct At<'t> {
    pub key: &'t str,
    pub key_span: Span,
    pub node: NodeId,
}

/// A mapping while it is read. It learns which keys there are from being asked for them, so the keys that are
/// offered to people are those that are read.
pub(super) struct Fields<'t> {
    /// What the mapping is: `a reservation`.
    pub what: &'static str,
    /// Where a fault of the whole mapping is shown: its first key, or its brackets.
    pub place: Span,
    entries: &'t [Entry<'t>],
    untaken: usize,
    known: [&'static str; KEYS_MAX],
    known_count: usize,
    missing: Vec<(&'static str, &'static str)>,
}

impl<'t> Fields<'t> {
    /// The value of `key`, if it is there; `key` is known from now on.
    pub fn take(&mut self, key: &'static str) -> Option<At<'t>> {
        debug_assert!(!self.known().contains(&key), "`{key}` is read twice");
        self.known[self.known_count] = key;
        self.known_count += 1;
        if self.untaken == 0 {
            return None;
        }
        let entry = self.entries.iter().find(|entry| &*entry.key == key)?;
        self.untaken -= 1;
        Some(At { key: &entry.key, key_span: entry.key_span, node: entry.value })
    }

    /// Whether every key that is there was asked for: no further one can be found, and none is unknown.
    pub fn is_exhausted(&self) -> bool {
        self.untaken == 0
    }

    /// Says that `key` must be there; `example` shows what to write.
    pub fn need(&mut self, key: &'static str, example: &'static str) {
        self.missing.push((key, example));
    }

    fn known(&self) -> &[&'static str] {
        &self.known[..self.known_count]
    }

    /// The known keys that the mapping does not have. Found once a mapping: it may have as many keys as a file.
    fn absent(&self) -> Vec<&'static str> {
        let is_absent = |key: &&&str| !self.entries.iter().any(|entry| *entry.key == ***key);
        self.known().iter().filter(is_absent).copied().collect()
    }
}

impl<'t, 's> Decoder<'t, 's> {
    pub fn new(tree: &'t Tree<'t>, sink: &'s mut Sink) -> Decoder<'t, 's> {
        Decoder { tree, gaps: Gaps::default(), sink, faults: 0 }
    }

    /// Reports what is wrong, up to [`FAULTS_MAX`] times a file; what it is wrong with is about to be dropped.
    pub fn fault(&mut self, diagnostic: Diagnostic) {
        self.gaps.incomplete = true;
        self.faults += 1;
        match self.faults.cmp(&FAULTS_MAX) {
            Ordering::Less => self.sink.push(diagnostic),
            Ordering::Equal => self.sink.push(limits::last_fault(diagnostic)),
            Ordering::Greater => {}
        }
    }

    /// Reports what is wrong but can be read nevertheless.
    pub fn remark(&mut self, diagnostic: Diagnostic) {
        self.sink.push(diagnostic);
    }

    /// Where the value stands; its key, where nothing is written.
    pub fn place(&self, at: At<'t>) -> Span {
        let span = self.tree.node(at.node).span;
        if span.start == span.end { at.key_span } else { span }
    }

    /// The value as a mapping that is `what`.
    pub fn fields(&mut self, at: At<'t>, what: &'static str) -> Option<Fields<'t>> {
        let node = self.tree.node(at.node);
        let NodeKind::Mapping(entries) = &node.kind else {
            self.wrong(at, what, "");
            return None;
        };
        Some(Fields {
            what,
            place: entries.first().map_or(node.span, |first| first.key_span),
            entries,
            untaken: entries.len(),
            known: [""; KEYS_MAX],
            known_count: 0,
            missing: Vec::new(),
        })
    }

    /// Reports the keys that nobody asked for and those that are missing; returns what the unknown ones were
    /// probably meant to be. A key that is missing only because it is misspelt is no second fault.
    pub fn finish(&mut self, fields: &Fields<'t>) -> Vec<&'static str> {
        let mut meant = Vec::new();
        if fields.untaken > 0 {
            let absent = fields.absent();
            for entry in fields.entries.iter().filter(|entry| !fields.known().contains(&&*entry.key)) {
                if self.faults >= FAULTS_MAX {
                    return meant;
                }
                let suggestion = faults::foreign_key(&entry.key)
                    .filter(|key| fields.known().contains(key))
                    .or_else(|| nearest(&entry.key, absent.iter().copied()));
                let key =
                    suggestion.and_then(|key| fields.known().iter().copied().find(|known| *known == key));
                meant.extend(key);
                let sure = key.is_some() && only_slip(&entry.key, absent.iter().copied()) == key;
                self.fault(faults::unknown_key(entry, fields.what, key, sure, fields.known()));
            }
        }
        let mut missing = fields.missing.clone();
        missing.retain(|(key, _)| !meant.contains(key));
        if !missing.is_empty() {
            self.fault(faults::missing_keys(fields.place, fields.what, &missing));
        }
        meant
    }

    /// A key that may be absent.
    pub fn optional<T>(
        &mut self,
        fields: &mut Fields<'t>,
        key: &'static str,
        read: impl FnOnce(&mut Self, At<'t>) -> Option<T>,
    ) -> Option<Spanned<T>> {
        let at = fields.take(key)?;
        self.spanned(at, read)
    }

    /// A key that must be there.
    pub fn required<T>(
        &mut self,
        fields: &mut Fields<'t>,
        key: &'static str,
        example: &'static str,
        read: impl FnOnce(&mut Self, At<'t>) -> Option<T>,
    ) -> Option<Spanned<T>> {
        let Some(at) = fields.take(key) else {
            fields.need(key, example);
            return None;
        };
        self.spanned(at, read)
    }

    /// A key whose `null` removes what would be inherited.
    pub fn said<T>(
        &mut self,
        fields: &mut Fields<'t>,
        key: &'static str,
        read: impl FnOnce(&mut Self, At<'t>) -> Option<T>,
    ) -> Said<T> {
        match fields.take(key) {
            None => Said::Absent,
            Some(at) => self.said_at(at, read),
        }
    }

    /// The same for a value that was found.
    pub fn said_at<T>(&mut self, at: At<'t>, read: impl FnOnce(&mut Self, At<'t>) -> Option<T>) -> Said<T> {
        if self.tree.is_null(at.node) {
            return Said::Unset(self.place(at));
        }
        self.spanned(at, read).map_or(Said::Broken, Said::Set)
    }

    /// A value with its place.
    pub fn spanned<T>(
        &mut self,
        at: At<'t>,
        read: impl FnOnce(&mut Self, At<'t>) -> Option<T>,
    ) -> Option<Spanned<T>> {
        let span = self.tree.node(at.node).span;
        read(self, at).map(|value| Spanned::new(value, span))
    }

    /// The elements of a list that may be absent; those that are broken are left out.
    pub fn list<T>(
        &mut self,
        fields: &mut Fields<'t>,
        key: &'static str,
        what: &'static str,
        read: impl FnMut(&mut Self, At<'t>) -> Option<T>,
    ) -> Vec<T> {
        let Some(at) = fields.take(key) else { return Vec::new() };
        self.elements(at, what, read).unwrap_or_default()
    }

    /// The elements of a list; nothing if the value is no list.
    pub fn elements<T>(
        &mut self,
        at: At<'t>,
        what: &'static str,
        mut read: impl FnMut(&mut Self, At<'t>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let NodeKind::Sequence(nodes) = &self.tree.node(at.node).kind else {
            self.not_a_list(at, what);
            return None;
        };
        let mut values = Vec::with_capacity(nodes.len());
        values.extend(nodes.iter().filter_map(|node| read(self, At { node: *node, ..at })));
        Some(values)
    }

    /// The entries of a mapping whose keys people choose; nothing if the value is no mapping.
    pub fn entries(&mut self, at: At<'t>, what: &'static str) -> &'t [Entry<'t>] {
        match &self.tree.node(at.node).kind {
            NodeKind::Mapping(entries) => entries,
            NodeKind::Scalar { .. } | NodeKind::Sequence(_) | NodeKind::Poisoned => {
                self.wrong(at, what, "");
                &[]
            }
        }
    }
}
