//! From a message to a proposal, and from an outcome to a reply: one step a file, all of them pure.
//!
//! Datagram -> [`segment`] -> [`situation`] (who, known how, in which classes) -> [`decide`] -> a request to the
//! store -> [`reply`]. Invariant: every step is total; where nothing is answered, a [`Silence`] says why. An ACK for
//! an address is built only from a [`crate::leases::Durable`] binding.

mod choose;
mod datagram;
mod decide;
mod defaults;
mod destination;
mod explain;
mod holds;
mod reply;
mod segment;
mod silence;
mod situation;
mod sources;
mod trace;

pub use datagram::{Config, Destination, Meta, Outgoing};
pub use decide::{Decision, Goal, decide, grant_of};
pub use defaults::{DEFAULTS, Defaults};
pub use explain::{Answer, Denial, Explanation, Guard, Guarded, Unsent, UnsentReason, Used, explain};
pub use holds::{HOLD_MS, HOLDS_MAX, Holds};
pub use reply::{Scratch, acknowledge, inform, nak, offer};
pub use segment::Selection;
pub use silence::Silence;
pub use situation::{Notes, Place, Situation};
pub use sources::{Owner, Said, Sayer, Sources};
pub use trace::{NoTrace, Slot, Trace};
