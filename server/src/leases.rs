//! Who holds which address, and the proof that it is on disk.
//!
//! Invariant: an [`Outcome::Done`] carries a [`Durable`] binding, and only this module makes one, after the sync
//! that covers it. The binding table, the record and the journal know addresses and identities, never subnets,
//! classes or packets.

mod client;
mod facts;
mod record;
mod request;

mod expiry;
mod free;
pub mod journal;
pub mod listing;
mod store;
mod table;

pub use client::{Client, ClientKey};
pub use facts::Facts;
pub use record::{Binding, Details, State, Version};
pub use request::{Durable, Grant, LeaseRequest, Outcome, Ticket, Unavailable};
pub use store::{RightCounts, Store};
pub use table::Bindings;
