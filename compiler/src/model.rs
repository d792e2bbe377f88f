//! The estate as an arena: typed ids, provenance, names resolved. What rules read and `lower` writes from.
//!
//! Invariant: everything in it was said by somebody, and its span says where. A poisoned element (reported as
//! broken by an earlier phase) is not in it, so that no rule reports it again. It holds no defaults: what was
//! not said is [`Said::Absent`].
//!
//! [`Said::Absent`]: leasehold_schemas::source::Said::Absent

mod arena;
mod estate;
mod inheritance;
mod values;
mod view;

pub use arena::{Arena, Id};
pub use estate::{
    Allow, Class, Common, Definition, Device, Estate, Exclusion, Guard, Network, Pool, ProbableUses, Profile,
    Reservation, Scope, Site, Subnet,
};
pub use values::{Assignment, Meaning, Parameters, Sparse, Values};
pub use view::{Client, Ranked, View};
