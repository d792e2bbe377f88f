//! What a server loads: one canonical JSON document, the same bytes for both servers of a pair.
//!
//! `{"format":1,"digest":"sha256:…","estate":{…}}` and a line feed. The digest is over the raw bytes of the
//! last value and is checked before they are parsed. Everything is resolved (names, defaults of definitions,
//! inheritance between places), but nothing that a reply must still merge is frozen: a value keeps its space,
//! code and layer, and an unset stays a value. Equal sets are stored once.
//!
//! Invariant: [`encode`] after [`decode`] gives the same bytes. This module knows no defaults and no policy.

mod document;
mod envelope;
mod expression;

pub use document::{
    Class, Estate, HighAvailability, HighAvailabilityMode, Identifier, Identity, Layered, Meaning, Network,
    OptionValue, Parameters, Peer, PeerRole, Pool, ReplyPort, ReplyTo, Reservation, Site, Subnet, ValueSet,
};
pub use envelope::{ArtefactError, Digest, FORMAT, decode, decode_estate, encode, open_envelope, seal};
pub use expression::{Accessor, NumberKind, PacketField, Part, Term, Test};
