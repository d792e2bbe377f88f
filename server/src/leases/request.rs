//! The seam between serving and storing: what serving asks for, and what it may hear.
//!
//! A store that keeps leases in a database answers the same requests after its COMMIT.

use std::net::Ipv4Addr;

use super::client::Client;
use super::record::{Binding, Details};

/// Names one request until its outcome comes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Ticket(pub u64);

/// What a client is to be granted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grant {
    /// To whom.
    pub client: Client,
    /// Until when, in milliseconds since 1970 UTC.
    pub until_wall_ms: u64,
    /// What the transaction said.
    pub details: Details,
}

/// What serving asks of the store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LeaseRequest {
    /// Bind the first of `candidates` that is free, or already this client's, to the client.
    Take {
        /// Addresses in the order of preference.
        candidates: Vec<Ipv4Addr>,
        /// What is granted.
        grant: Grant,
    },
    /// Extend the client's binding of `address`.
    Extend {
        /// The address.
        address: Ipv4Addr,
        /// What is granted.
        grant: Grant,
    },
    /// The client gives `address` back (RFC 2131 section 4.3.4).
    Release {
        /// The address.
        address: Ipv4Addr,
        /// Who; the store refuses anybody but the holder.
        client: Client,
    },
    /// The client found `address` in use (RFC 2131 section 4.3.3).
    Decline {
        /// The address.
        address: Ipv4Addr,
        /// Who; the store refuses anybody but the holder.
        client: Client,
        /// When it may be tried again, in milliseconds since 1970 UTC.
        until_wall_ms: u64,
    },
}

/// A value that is on disk. Only the leases module makes one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Durable<T>(T);

impl<T> Durable<T> {
    /// Says that a completed sync covers the value.
    pub(super) fn synced(value: T) -> Durable<T> {
        Durable(value)
    }

    /// The value.
    pub fn get(&self) -> &T {
        &self.0
    }
}

/// Why the store did not do what was asked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Unavailable {
    /// There is no such binding of that client.
    NotTheHolder,
    /// Too many changes wait for the disk.
    Overloaded,
    /// This server of a pair has no right to it at this moment.
    NoRight,
    /// The disk failed; nothing is acknowledged any more.
    Failed,
}

/// What serving hears.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Done, and on disk.
    Done(Durable<Binding>),
    /// None of the candidates could be had; the record of the first.
    Taken(Box<Binding>),
    /// Not done.
    Unavailable(Unavailable),
}
