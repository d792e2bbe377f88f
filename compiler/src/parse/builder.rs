//! Events to tree.
//!
//! Invariant: `items` and `entries` hold the children of the open collections only, innermost last; a collection
//! takes its own when it closes. Nothing here recurses, so nesting costs heap, and that is bounded.

use std::borrow::Cow;

use leasehold_schemas::source::Span;
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError};

use super::everyday;
use super::faults;
use super::limits::{DEPTH_MAX, FAULTS_MAX, NODES_MAX, last_fault};
use super::syntax;
use super::text::Text;
use super::tree::{self, Entry, Node, NodeId, NodeKind, Tree};
use crate::diag::{Diagnostic, Sink};

/// What parts YAML's words: no other white space does.
const BLANKS: [char; 4] = [' ', '\t', '\n', '\r'];

/// Builds one file's tree.
pub(super) struct Builder<'t, 'a> {
    text: &'t Text<'a>,
    tree: Tree<'a>,
    has_document: bool,
    open: Vec<Open<'a>>,
    items: Vec<NodeId>,
    entries: Vec<Entry<'a>>,
    faults: Vec<Diagnostic>,
    /// Byte range of the last scalar: where a syntax error often began.
    last_scalar: (usize, usize),
}

/// A collection whose end has not been seen.
struct Open<'a> {
    shape: Shape<'a>,
    /// Whether it has brackets.
    flow: bool,
    /// First byte of the content.
    start: usize,
    /// It takes in what cannot be known, and becomes poisoned when it closes.
    poisoned: bool,
}

enum Shape<'a> {
    Sequence { first: usize },
    Mapping { first: usize, slot: Slot<'a> },
}

/// What a mapping expects next.
enum Slot<'a> {
    Key,
    Value {
        key: Cow<'a, str>,
        key_span: Span,
    },
    /// The value of a key that was rejected.
    Discarded,
}

/// Why a file is given up.
pub(super) type Stop = Box<Diagnostic>;

impl<'t, 'a> Builder<'t, 'a> {
    pub(super) fn new(text: &'t Text<'a>) -> Builder<'t, 'a> {
        let root =
            Node { kind: NodeKind::Scalar { text: Cow::Borrowed(""), quoted: false }, span: text.span(0, 0) };
        Builder {
            text,
            tree: Tree::new(text.file, root),
            has_document: false,
            open: Vec::new(),
            items: Vec::new(),
            entries: Vec::new(),
            faults: Vec::new(),
            last_scalar: (0, 0),
        }
    }

    /// Reads the file if it is everyday YAML without a fault.
    pub(super) fn build_everyday(mut self) -> Option<Tree<'a>> {
        everyday::read(&mut self)?;
        self.faults.is_empty().then_some(self.tree)
    }

    /// The text that is read.
    pub(super) fn content(&self) -> &'a str {
        self.text.content
    }

    /// Reads all events. A fault that ends the reading replaces those found before it: the file has one.
    pub(super) fn build(mut self, sink: &mut Sink) -> Tree<'a> {
        match self.read() {
            Ok(()) => {
                self.faults.into_iter().for_each(|fault| sink.push(fault));
                self.tree
            }
            Err(stop) => {
                sink.push(*stop);
                tree::poisoned(self.text.span(0, self.text.content.len()))
            }
        }
    }

    fn read(&mut self) -> Result<(), Stop> {
        let mut parser = Parser::new_from_str(self.text.content);
        while let Some(next) = parser.next_event() {
            match next {
                Ok((event, span)) => self.event(event, span)?,
                Err(error) => return Err(self.syntax_error(&error)),
            }
        }
        Ok(())
    }

    fn event(&mut self, event: Event<'_>, at: saphyr_parser::Span) -> Result<(), Stop> {
        let start = self.text.byte(at.start.index());
        let end = self.text.byte(at.end.index()).max(start);
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) if self.has_document => Err(Box::new(self.second_document(start))),
            Event::DocumentStart(_) => {
                self.has_document = true;
                Ok(())
            }
            Event::Alias(_) => {
                self.alias(start);
                Ok(())
            }
            Event::Scalar(value, style, anchor, tag) => {
                let start = self.properties(start, end, anchor != 0, tag.is_some());
                self.scalar(value, style, start, end)
            }
            Event::SequenceStart(anchor, tag) => {
                let start = self.properties(start, end, anchor != 0, tag.is_some());
                self.open(start, end, false, tag.is_some())
            }
            Event::MappingStart(anchor, tag) => {
                let start = self.properties(start, end, anchor != 0, tag.is_some());
                self.open(start, end, true, tag.is_some())
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.close(start);
                Ok(())
            }
        }
    }

    fn scalar(
        &mut self,
        value: Cow<'_, str>,
        style: ScalarStyle,
        start: usize,
        end: usize,
    ) -> Result<(), Stop> {
        let content = self.text.content;
        let (start, end, quoted) = match style {
            // The scanner places an empty value at its indicator; it stands behind it.
            ScalarStyle::Plain if value.is_empty() => {
                let behind = start + usize::from(content.as_bytes().get(start) == Some(&b':'));
                (behind, behind, false)
            }
            ScalarStyle::Plain => (start, end, false),
            ScalarStyle::SingleQuoted => (start, start + quoted_length(&content[start..end], false), true),
            ScalarStyle::DoubleQuoted => (start, start + quoted_length(&content[start..end], true), true),
            ScalarStyle::Literal | ScalarStyle::Folded => {
                (start, start + content[start..end].trim_end_matches(BLANKS).len(), true)
            }
        };
        self.take_scalar(Cow::Owned(value.into_owned()), quoted, start, end)
    }

    /// A scalar whose content is certain: a key where one is due, else a value.
    pub(super) fn take_scalar(
        &mut self,
        value: Cow<'a, str>,
        quoted: bool,
        start: usize,
        end: usize,
    ) -> Result<(), Stop> {
        self.last_scalar = (start, end);
        let span = self.text.span(start, end);
        if let Some(Open { shape: Shape::Mapping { slot: slot @ Slot::Key, .. }, poisoned, .. }) =
            self.open.last_mut()
        {
            match &*value {
                "<<" if !quoted => {
                    *slot = Slot::Discarded;
                    *poisoned = true;
                    self.fault(faults::merge_key(span));
                }
                "" if !quoted => {
                    *slot = Slot::Discarded;
                    self.fault(faults::missing_key(span));
                }
                _ => *slot = Slot::Value { key: value, key_span: span },
            }
            return Ok(());
        }
        self.attach(Node { kind: NodeKind::Scalar { text: value, quoted }, span })
    }

    /// An alias: a key that is one is dropped with its value, a value that is one is poisoned. Behind a merge key
    /// it is part of that mistake.
    fn alias(&mut self, start: usize) {
        let end = start + property_length(&self.text.content[start..]);
        let span = self.text.span(start, end);
        match self.open.last_mut().map(|open| &mut open.shape) {
            Some(Shape::Mapping { slot: slot @ Slot::Key, .. }) => *slot = Slot::Discarded,
            Some(Shape::Mapping { slot: slot @ Slot::Discarded, .. }) => {
                *slot = Slot::Key;
                return;
            }
            Some(Shape::Mapping { slot: Slot::Value { .. }, .. } | Shape::Sequence { .. }) | None => {
                self.put(Node { kind: NodeKind::Poisoned, span });
            }
        }
        self.fault(faults::alias(span));
    }

    /// Reports an anchor and a tag before a node, and returns where the node itself begins.
    fn properties(&mut self, start: usize, end: usize, anchor: bool, tag: bool) -> usize {
        if !anchor && !tag {
            return start;
        }
        let mut at = start;
        loop {
            let rest = &self.text.content[at..end];
            at += rest.len() - rest.trim_start_matches(BLANKS).len();
            let rest = rest.trim_start_matches(BLANKS);
            let length = property_length(rest);
            let span = self.text.span(at, at + length);
            match rest.as_bytes().first() {
                Some(b'&') => self.fault(faults::anchored(span)),
                Some(b'!') => self.fault(faults::tagged(span)),
                Some(b'#') => {
                    at += rest.find('\n').unwrap_or(rest.len());
                    continue;
                }
                _ => return at,
            }
            at += length;
        }
    }

    pub(super) fn open(&mut self, start: usize, end: usize, mapping: bool, tagged: bool) -> Result<(), Stop> {
        if self.open.len() == DEPTH_MAX {
            return Err(Box::new(faults::too_deep(self.text.span(start, end))));
        }
        let flow = end > start && matches!(self.text.content.as_bytes()[start], b'[' | b'{');
        if let Some(Open { shape: Shape::Mapping { slot: Slot::Key, .. }, .. }) = self.open.last() {
            self.fault(faults::collection_key(self.text.span(start, start + usize::from(flow))));
        }
        let shape = if mapping {
            Shape::Mapping { first: self.entries.len(), slot: Slot::Key }
        } else {
            Shape::Sequence { first: self.items.len() }
        };
        self.open.push(Open { shape, flow, start, poisoned: tagged });
        Ok(())
    }

    /// Closes the innermost collection; if it has brackets, the last of them stands at `end`.
    pub(super) fn close(&mut self, end: usize) {
        let Open { shape, flow, start, poisoned } =
            self.open.pop().expect("the parser ends only collections it began");
        let (kind, first, last) = match shape {
            Shape::Sequence { first } => {
                let span = |item: &NodeId| self.tree.node(*item).span;
                let children = &self.items[first..];
                let (head, tail) = (children.first().map(span), children.last().map(span));
                (NodeKind::Sequence(self.items.split_off(first)), head, tail)
            }
            Shape::Mapping { first, .. } => {
                let children = &self.entries[first..];
                let head = children.first().map(|entry| entry.key_span);
                let tail = children.last().map(|entry| self.tree.node(entry.value).span);
                self.reject_repeated_keys(first);
                (NodeKind::Mapping(self.entries.split_off(first)), head, tail)
            }
        };
        let own = self.text.span(start, if flow { (end + 1).min(self.text.content.len()) } else { start });
        let span = if flow {
            own
        } else {
            Span {
                start: first.map_or(own.start, |span| span.start),
                end: last.map_or(own.end, |span| span.end),
                ..own
            }
        };
        let kind = if poisoned { NodeKind::Poisoned } else { kind };
        self.put(Node { kind, span });
    }

    fn attach(&mut self, node: Node<'a>) -> Result<(), Stop> {
        if self.tree.len() >= NODES_MAX {
            return Err(Box::new(faults::too_many_nodes(node.span)));
        }
        self.put(node);
        Ok(())
    }

    /// Hands a finished node to whatever is open around it.
    fn put(&mut self, node: Node<'a>) {
        let Some(parent) = self.open.last_mut() else {
            let root = self.tree.root();
            *self.tree.node_mut(root) = node;
            return;
        };
        match &mut parent.shape {
            Shape::Sequence { .. } => self.items.push(self.tree.push(node)),
            Shape::Mapping { slot, .. } => match std::mem::replace(slot, Slot::Key) {
                // The node was a key itself, and has been reported: its value follows and goes with it.
                Slot::Key => *slot = Slot::Discarded,
                Slot::Discarded => {}
                Slot::Value { key, key_span } => {
                    let value = self.tree.push(node);
                    self.entries.push(Entry { key, key_span, value });
                }
            },
        }
    }

    /// Reports keys of the innermost mapping that stand twice and keeps the first of each.
    fn reject_repeated_keys(&mut self, first: usize) {
        let entries = &self.entries[first..];
        let repeats = if entries.len() <= 16 { repeats_of_few(entries) } else { repeats_of_many(entries) };
        for &(original, repeat) in &repeats {
            let entry = &self.entries[first + repeat];
            let fault =
                faults::repeated_key(&entry.key, entry.key_span, self.entries[first + original].key_span);
            self.fault(fault);
        }
        if repeats.is_empty() {
            return;
        }
        let mut repeats = repeats.into_iter().map(|(_, repeat)| first + repeat).peekable();
        let mut at = 0;
        self.entries.retain(|_| {
            let repeated = repeats.next_if_eq(&at).is_some();
            at += 1;
            !repeated
        });
    }

    /// Takes a fault, up to [`FAULTS_MAX`] of them; the last one says that there may be more.
    fn fault(&mut self, fault: Diagnostic) {
        if self.faults.len() + 1 < FAULTS_MAX {
            self.faults.push(fault);
        } else if self.faults.len() < FAULTS_MAX {
            self.faults.push(last_fault(fault));
        }
    }

    fn syntax_error(&self, error: &ScanError) -> Stop {
        let bracket = self.open.iter().rev().find(|open| open.flow).map(|open| open.start);
        let at = self.text.byte(error.marker().index());
        if error.info() == "recursion limit exceeded" {
            return Box::new(faults::too_deep(self.text.span(at, at)));
        }
        Box::new(syntax::explain(self.text, error.info(), at, bracket, self.last_scalar))
    }

    fn second_document(&self, start: usize) -> Diagnostic {
        let end = start + property_length(&self.text.content[start..]);
        faults::unsupported(
            self.text.span(start, end),
            "a file holds one document",
            "a second document begins here",
        )
        .with_help("remove the line, or give each site a file of its own")
    }
}

/// Octets of an anchor, alias or tag: the scanner counts what follows it as well.
fn property_length(rest: &str) -> usize {
    rest.find([' ', '\t', '\n', '\r', ',', '[', ']', '{', '}']).unwrap_or(rest.len())
}

/// Octets from the opening to the closing quote: the scanner counts blanks and a comment behind it as well.
fn quoted_length(covered: &str, escapes: bool) -> usize {
    let octets = covered.as_bytes();
    let mut at = 1;
    while at < octets.len() {
        match octets[at] {
            b'\\' if escapes => at += 2,
            b'"' if escapes => return at + 1,
            b'\'' if !escapes && octets.get(at + 1) == Some(&b'\'') => at += 2,
            b'\'' if !escapes => return at + 1,
            _ => at += 1,
        }
    }
    octets.len()
}

/// Pairs of first occurrence and repeat, by comparing every pair.
fn repeats_of_few(entries: &[Entry<'_>]) -> Vec<(usize, usize)> {
    let mut repeats = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        if let Some(original) = entries[..at].iter().position(|earlier| earlier.key == entry.key) {
            repeats.push((original, at));
        }
    }
    repeats
}

/// The same in time that grows with the count of entries and no faster than its logarithm beside.
fn repeats_of_many(entries: &[Entry<'_>]) -> Vec<(usize, usize)> {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by(|&a, &b| entries[a].key.cmp(&entries[b].key));
    let mut repeats = Vec::new();
    for group in order.chunk_by(|&a, &b| entries[a].key == entries[b].key) {
        repeats.extend(group[1..].iter().map(|&repeat| (group[0], repeat)));
    }
    repeats.sort_unstable_by_key(|&(_, repeat)| repeat);
    repeats
}
