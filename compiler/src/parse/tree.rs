//! The arena of one file's nodes.

use std::borrow::Cow;

use leasehold_schemas::source::{FileId, Span};

/// A node of a [`Tree`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct NodeId(u32);

/// A node and where it stands.
#[derive(Clone, Debug)]
pub struct Node<'a> {
    /// What it is.
    pub kind: NodeKind<'a>,
    /// Where it stands: a scalar with its quotes; a collection from its first to its last element, for a flow
    /// collection with its brackets.
    pub span: Span,
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum NodeKind<'a> {
    /// A scalar.
    Scalar {
        /// Its text, quotes and escapes resolved; borrowed from the file where it stands there as it is.
        text: Cow<'a, str>,
        /// Whether it was quoted or a block scalar: then it is text, never null, number or truth value.
        quoted: bool,
    },
    /// A sequence.
    Sequence(Vec<NodeId>),
    /// A mapping, in the order written; keys are distinct (of a repeated key the first stays, the rest are
    /// reported and dropped).
    Mapping(Vec<Entry<'a>>),
    /// Broken and already reported: whoever meets it stays silent.
    Poisoned,
}

/// A key and its value.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// The key's text.
    pub key: Cow<'a, str>,
    /// Where the key stands.
    pub key_span: Span,
    /// The value.
    pub value: NodeId,
}

/// One file's tree.
#[derive(Clone, Debug)]
pub struct Tree<'a> {
    /// The file.
    pub file: FileId,
    nodes: Vec<Node<'a>>,
    root: NodeId,
}

impl<'a> Tree<'a> {
    /// A tree of a single node; further nodes are added with [`Tree::push`].
    pub fn new(file: FileId, root: Node<'a>) -> Tree<'a> {
        Tree { file, nodes: vec![root], root: NodeId(0) }
    }

    /// Adds a node.
    pub fn push(&mut self, node: Node<'a>) -> NodeId {
        self.nodes.push(node);
        NodeId(u32::try_from(self.nodes.len() - 1).expect("the parser bounds a file's nodes far below 2^32"))
    }

    /// Count of nodes.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no node; never so, since a tree is made with its first.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Makes `id` the document's node.
    pub fn set_root(&mut self, id: NodeId) {
        self.root = id;
    }

    /// The document's node.
    pub fn root(&self) -> NodeId {
        self.root
    }

    /// A node.
    pub fn node(&self, id: NodeId) -> &Node<'a> {
        &self.nodes[id.0 as usize]
    }

    /// A node, to be changed while the tree is built.
    pub fn node_mut(&mut self, id: NodeId) -> &mut Node<'a> {
        &mut self.nodes[id.0 as usize]
    }

    /// Whether the node is a plain `null`: empty, `~` or `null`, not quoted.
    pub fn is_null(&self, id: NodeId) -> bool {
        match &self.node(id).kind {
            NodeKind::Scalar { text, quoted: false } => {
                matches!(&**text, "" | "~" | "null" | "Null" | "NULL")
            }
            NodeKind::Scalar { quoted: true, .. }
            | NodeKind::Sequence(_)
            | NodeKind::Mapping(_)
            | NodeKind::Poisoned => false,
        }
    }
}

/// The tree of a file nobody can read, so that its followers stay silent.
pub(super) fn poisoned(span: Span) -> Tree<'static> {
    Tree::new(span.file, Node { kind: NodeKind::Poisoned, span })
}
