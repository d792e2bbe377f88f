//! Text to a spanned tree.
//!
//! Invariant: every key and every value has its span; what is broken is a poisoned node, reported once. The tree
//! knows YAML's structure and nothing of the estate: scalars stay text, because their type is the key's business.

mod tree;

pub use tree::{Entry, Node, NodeId, NodeKind, Tree};
