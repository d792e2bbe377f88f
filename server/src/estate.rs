//! An artefact turned into lookup tables, once; packets only read them.
//!
//! Invariant: every index inside [`Tables`] is in range, prefixes and pool ranges overlap nowhere and stand in order,
//! and every class name is resolved: an artefact of which that is not true is refused with a [`TableError`].
//! Tables know no bindings, so a reload replaces them whole.

mod classes;
mod error;
mod hash;
mod meaning;
mod reservations;
mod tables;
mod values;

pub use classes::{
    ClassId, Classes, Membership, NoValue, OCTETS_MAX, Pattern, PatternError, Plan, Received, fold,
    may_lack_value,
};
pub use error::TableError;
pub use hash::FastHash;
pub use meaning::Meaning;
pub use reservations::{Known, Registry, Reservation, ReservationId};
pub use tables::{PlanId, Pool, PoolId, Segment, SegmentId, Subnet, SubnetId, Tables};
pub use values::{Values, ValuesId};

#[cfg(test)]
mod tests;
