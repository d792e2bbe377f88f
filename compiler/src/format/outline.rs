//! A file as elements with their comments: what is laid out anew.
//!
//! Invariant: every comment of the file belongs to exactly one element, in the order of the file as far as one element
//! goes. A comment on a line of its own belongs to what follows it; at the end of a block to the innermost block that it is
//! indented into. A comment behind something belongs to that.

use super::trivia::{Comment, Mark, is_blank_above, line_end, line_start, marks};
use crate::grammar::Value;
use crate::parse::{NodeId, NodeKind, Tree};

/// How a scalar is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Style {
    Plain,
    Quoted,
    Block { folded: bool },
}

/// A scalar: as it is written, and what it says.
#[derive(Clone, Debug)]
pub(super) struct Word<'a> {
    /// As written, with quotes. Of a block scalar its lines without their indentation's last part.
    pub source: &'a str,
    pub text: &'a str,
    pub style: Style,
    /// The column of a block scalar's first line.
    pub column: usize,
}

#[derive(Clone, Debug)]
pub(super) enum Content<'a> {
    Scalar(Word<'a>),
    Sequence(Vec<usize>),
    Mapping(Vec<usize>),
}

/// The document, an entry of a mapping, or an element of a sequence.
#[derive(Clone, Debug)]
pub(super) struct Element<'a> {
    pub parent: usize,
    pub key: Option<Word<'a>>,
    pub content: Content<'a>,
    /// What stands here by the estate's language.
    pub value: Value,
    /// Comments above it.
    pub leading: Vec<Comment<'a>>,
    /// Whether an empty line stands above it, below those.
    pub blank: bool,
    /// Comments on its line.
    pub trailing: Vec<&'a str>,
    /// Comments behind the last of its children.
    pub end: Vec<Comment<'a>>,
    /// Whether it has brackets.
    flow: bool,
    /// The column in which its children begin.
    column: usize,
}

/// A whole file; the first element is the document.
#[derive(Debug)]
pub(super) struct Outline<'a> {
    pub elements: Vec<Element<'a>>,
}

/// A scalar or an empty collection, in the order of the file.
struct Leaf {
    start: usize,
    end: usize,
    element: usize,
    is_key: bool,
    /// The first of the elements that begin with it, outermost first; they end with `element`.
    begins: Option<usize>,
}

struct Builder<'t> {
    text: &'t str,
    tree: &'t Tree<'t>,
    elements: Vec<Element<'t>>,
    leaves: Vec<Leaf>,
    /// The first element that has begun since the last leaf.
    begun: Option<usize>,
}

impl<'t> Outline<'t> {
    /// The outline of a text and its tree, which has no fault.
    pub fn new(text: &'t str, tree: &'t Tree<'t>, value: Value) -> Outline<'t> {
        let mut builder = Builder { text, tree, elements: Vec::new(), leaves: Vec::new(), begun: None };
        builder.visit(0, None, tree.root(), value);
        builder.attach();
        Outline { elements: builder.elements }
    }

    /// Every comment of the file, sorted.
    pub fn comments(&self) -> Vec<&'t str> {
        let of = |element: &Element<'t>| {
            let lines = element.leading.iter().chain(&element.end).map(|comment| comment.text);
            lines.chain(element.trailing.iter().copied()).collect::<Vec<_>>()
        };
        let mut all: Vec<&str> = self.elements.iter().flat_map(of).collect();
        all.sort_unstable();
        all
    }
}

impl<'t> Builder<'t> {
    /// Adds an element and everything in it.
    fn visit(
        &mut self,
        parent: usize,
        key: Option<(usize, usize, &'t str)>,
        node: NodeId,
        value: Value,
    ) -> usize {
        let (tree, element) = (self.tree, self.elements.len());
        let place = tree.node(node);
        let (start, end) = (place.span.start as usize, place.span.end as usize);
        self.elements.push(Element {
            parent,
            key: key.map(|(from, to, text)| self.word(from, to, text)),
            content: Content::Sequence(Vec::new()),
            value,
            leading: Vec::new(),
            blank: false,
            trailing: Vec::new(),
            end: Vec::new(),
            flow: false,
            column: 0,
        });
        if element > 0 {
            self.begun = self.begun.or(Some(element));
        }
        if let Some((from, to, _)) = key {
            self.leaf(from, to, element, true);
        }
        let content = match &place.kind {
            NodeKind::Scalar { text, .. } => {
                self.leaf(start, end, element, false);
                Content::Scalar(self.word(start, end, text))
            }
            // A fault, of which the text has none.
            NodeKind::Poisoned => {
                self.leaf(start, end, element, false);
                Content::Sequence(Vec::new())
            }
            NodeKind::Sequence(nodes) => {
                let first = nodes.first().map(|node| tree.node(*node).span.start as usize);
                self.collection(element, (start, end), first);
                let below =
                    |builder: &mut Self, node: &NodeId| builder.visit(element, None, *node, value.element());
                Content::Sequence(nodes.iter().map(|node| below(self, node)).collect())
            }
            NodeKind::Mapping(entries) => {
                let first = entries.first().map(|entry| entry.key_span.start as usize);
                self.collection(element, (start, end), first);
                let mut children = Vec::with_capacity(entries.len());
                for entry in entries {
                    let (from, to) = (entry.key_span.start as usize, entry.key_span.end as usize);
                    let below = value.under(&entry.key);
                    children.push(self.visit(element, Some((from, to, &entry.key)), entry.value, below));
                }
                Content::Mapping(children)
            }
        };
        self.elements[element].content = content;
        element
    }

    /// Notes whether a collection has brackets, and where its children begin; an empty one is a leaf.
    fn collection(&mut self, element: usize, (start, end): (usize, usize), first: Option<usize>) {
        let flow = first.is_none_or(|first| first > start);
        let below = &mut self.elements[element];
        below.flow = flow;
        match first {
            None => self.leaf(start, end, element, false),
            Some(_) if flow => {}
            Some(first) => below.column = first - line_start(self.text, first),
        }
    }

    fn leaf(&mut self, start: usize, end: usize, element: usize, is_key: bool) {
        let begins = self.begun.take();
        self.leaves.push(Leaf { start, end, element, is_key, begins });
    }

    fn word(&self, start: usize, end: usize, text: &'t str) -> Word<'t> {
        let source = self.text.get(start..end).unwrap_or_default();
        let style = if source.starts_with(['"', '\'']) { Style::Quoted } else { Style::Plain };
        Word { source, text, style, column: 0 }
    }

    /// Gives every comment to its element.
    fn attach(&mut self) {
        let leaves = std::mem::take(&mut self.leaves);
        for at in 0..=leaves.len() {
            let before = at.checked_sub(1).map(|before| &leaves[before]);
            let next = leaves.get(at);
            if let Some(leaf) = before {
                self.inside(leaf);
            }
            self.between(before, next);
        }
    }

    /// Comments inside an empty collection, or behind the sign of a block scalar without a line.
    fn inside(&mut self, leaf: &Leaf) {
        let is_opaque = match &self.elements[leaf.element].content {
            Content::Scalar(word) => word.style != Style::Plain || !word.source.starts_with(['|', '>']),
            Content::Sequence(_) | Content::Mapping(_) => false,
        };
        if leaf.is_key || is_opaque {
            return;
        }
        for mark in marks(self.text, leaf.start, leaf.end) {
            match mark {
                Mark::Comment(comment) if comment.own_line => {
                    self.elements[leaf.element].leading.push(comment);
                }
                Mark::Comment(comment) => self.elements[leaf.element].trailing.push(comment.text),
                Mark::Block { folded } => self.make_block(leaf, folded),
                Mark::Dash(_) | Mark::Open | Mark::Close => {}
            }
        }
    }

    fn make_block(&mut self, leaf: &Leaf, folded: bool) {
        let (text, start) = (self.text, leaf.start);
        if let Content::Scalar(word) = &mut self.elements[leaf.element].content {
            word.style = Style::Block { folded };
            word.column = start - line_start(text, start);
            word.source = &text[start..line_end(text, leaf.end)];
        }
    }

    /// What stands between two leaves.
    fn between(&mut self, before: Option<&Leaf>, next: Option<&Leaf>) {
        let from = before.map_or(0, |leaf| leaf.end);
        let to = next.map_or(self.text.len(), |leaf| leaf.start).max(from);
        let marks = marks(self.text, from, to);
        let closing = marks.iter().filter(|mark| matches!(mark, Mark::Close)).count();
        let mut gap = Gap {
            before,
            next,
            from,
            closed: 0,
            closing,
            opened: false,
            block: before.map(|leaf| leaf.element),
        };
        let mut items =
            next.and_then(|leaf| leaf.begins.map(|first| first..=leaf.element)).into_iter().flatten();
        let mut first_dash = None;
        for mark in marks {
            match mark {
                Mark::Comment(comment) => self.comment(&mut gap, comment),
                Mark::Open => gap.opened = true,
                Mark::Close => gap.closed += 1,
                Mark::Dash(at) => {
                    gap.opened = true;
                    first_dash = first_dash.or(Some(at));
                    // Elements of sequences that begin here have their dashes here, the outermost first.
                    if let Some(item) = items.find(|item| self.elements[*item].key.is_none()) {
                        let parent = self.elements[item].parent;
                        self.elements[parent].column = at - line_start(self.text, at);
                    }
                }
                Mark::Block { folded } => {
                    if let Some(leaf) = next {
                        self.make_block(leaf, folded);
                    }
                }
            }
        }
        if let Some(next) = next
            && let Some(first) = next.begins
        {
            let at = first_dash.unwrap_or(next.start);
            self.elements[first].blank = is_blank_above(self.text, from, at);
        }
    }

    fn comment(&mut self, gap: &mut Gap<'_>, comment: Comment<'t>) {
        let elements = &mut self.elements;
        let before = match gap.before {
            Some(before) if !gap.opened => before,
            Some(_) | None => return gap.follower(elements).push(comment),
        };
        // The value of a key that was just read has not begun.
        let innermost = if before.is_key { elements[before.element].parent } else { before.element };
        if !comment.own_line {
            let line_goes_on =
                !self.text[gap.from..].bytes().take_while(|octet| *octet != b'#').any(|octet| octet == b'\n');
            if gap.closed > 0 {
                let closed = flows(elements, innermost).nth(gap.closed - 1).unwrap_or(innermost);
                elements[closed].trailing.push(comment.text);
            } else if line_goes_on {
                elements[before.element].trailing.push(comment.text);
            } else {
                gap.follower(elements).push(comment);
            }
            return;
        }
        let open = flows(elements, innermost).nth(gap.closed);
        match open {
            Some(_) if gap.closed == gap.closing && gap.next.is_some() => {
                gap.follower(elements).push(comment);
            }
            Some(open) => elements[open].end.push(comment),
            None => gap.block(elements, comment),
        }
    }
}

/// A place between two leaves, while it is read.
struct Gap<'l> {
    before: Option<&'l Leaf>,
    next: Option<&'l Leaf>,
    from: usize,
    /// Brackets closed so far, and in all.
    closed: usize,
    closing: usize,
    /// What follows has begun.
    opened: bool,
    /// The innermost element that a further comment may still belong to the end of.
    block: Option<usize>,
}

impl Gap<'_> {
    /// Where comments above what follows are kept.
    fn follower<'e, 'a>(&self, elements: &'e mut [Element<'a>]) -> &'e mut Vec<Comment<'a>> {
        match self.next {
            Some(leaf) => &mut elements[leaf.begins.unwrap_or(leaf.element)].leading,
            None => &mut elements[0].end,
        }
    }

    /// A comment on its own line outside brackets: at the end of a block that it is indented into, or above what follows.
    fn block<'a>(&mut self, elements: &mut [Element<'a>], comment: Comment<'a>) {
        let goes_on = self.next.map(|leaf| match leaf.begins {
            Some(first) => elements[first].parent,
            None => leaf.element,
        });
        let floor = goes_on.map(|element| elements[element].column);
        while let Some(at) = self.block {
            if Some(at) == goes_on {
                self.block = None;
                break;
            }
            let element = &elements[at];
            let has_children = match &element.content {
                Content::Scalar(_) => false,
                Content::Sequence(children) | Content::Mapping(children) => !children.is_empty(),
            };
            let is_in = element.column <= comment.column && floor.is_none_or(|floor| element.column > floor);
            // Dashes may stand as far left as the key they belong to: then what follows belongs to the key's mapping.
            let stands_out = at == 0 || element.column > elements[element.parent].column;
            if has_children && !element.flow && is_in && stands_out {
                elements[at].end.push(comment);
                return;
            }
            self.block = (at > 0).then_some(element.parent);
        }
        self.follower(elements).push(comment);
    }
}

/// The collections with brackets around a leaf, innermost first.
fn flows(elements: &[Element<'_>], from: usize) -> impl Iterator<Item = usize> {
    let chain = std::iter::successors(Some(from), |at| (*at > 0).then(|| elements[*at].parent));
    let is_open = |element: &Element<'_>| {
        element.flow
            && match &element.content {
                Content::Scalar(_) => false,
                Content::Sequence(children) | Content::Mapping(children) => !children.is_empty(),
            }
    };
    chain.filter(move |at| is_open(&elements[*at]))
}
