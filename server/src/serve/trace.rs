//! Who gave each value of a reply. In the daemon nobody listens, and the compiler removes the questions.

use leasehold_schemas::vocab::{Layer, Space};

use super::sources::Owner;

/// One value of a reply.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Slot {
    /// An option or sub-option.
    Option(Space, u8),
    /// A parameter, by its key in the estate language.
    Parameter(&'static str),
    /// The address itself.
    Address,
}

/// Hears which owner gave which value; `layer` is absent where nobody said it and a default or the protocol did.
pub trait Trace {
    /// One value was used.
    fn used(&mut self, slot: Slot, owner: Owner, layer: Option<Layer>);
}

/// Hears nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTrace;

impl Trace for NoTrace {
    #[inline]
    fn used(&mut self, _: Slot, _: Owner, _: Option<Layer>) {}
}
