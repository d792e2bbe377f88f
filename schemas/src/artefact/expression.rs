//! Class tests as a tree. Every value is a string of octets; what is absent is the empty string.

use serde::{Deserialize, Serialize};

use crate::vocab::{ClassName, HexBytes};

/// A test that a packet passes or fails.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "source", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// All pass.
    And(Vec<Test>),
    /// One passes.
    Or(Vec<Test>),
    /// It fails.
    Not(Box<Test>),
    /// Both give the same octets.
    Equal(Term, Term),
    /// The packet carries it.
    Exists(Accessor),
    /// The packet is in the class: a built-in, or one that stands earlier in the estate's order.
    Member(ClassName),
}

/// A string of octets.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "source", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// These octets.
    Literal(HexBytes),
    /// What the packet carries there; empty if it carries nothing.
    Value(Accessor),
    /// A part of another string.
    Substring {
        /// The whole.
        of: Box<Term>,
        /// First octet, from 0; negative: counted from the end. Outside the string: the result is empty.
        start: i32,
        /// Count of octets; negative: those before `start`; absent: all that follow.
        length: Option<i32>,
    },
}

/// A place in a packet.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "source", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Accessor {
    /// An option's payload.
    Option(u8),
    /// A sub-option's payload: option, sub-option.
    SubOption(u8, u8),
}
