//! What a server of a pair must remember of itself, beside its bindings.

use crate::failover::Agreed;

/// The durable facts of one server of a pair. Times are milliseconds since 1970 UTC; 0 is never.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Facts {
    /// How often it started: tells a message from this life apart from one of an earlier life.
    pub boot: u64,
    /// The pair's epoch as far as this server took part in it. Each taking of SOLE powers begins the next.
    pub epoch: u64,
    /// It has taken SOLE powers in this epoch and not given them back.
    pub sole: bool,
    /// From when on SOLE powers may be used: the fence, and the maximum client lead time after it, padded.
    pub powers_from_wall_ms: u64,
    /// It has given up its rights until the partner says Hello again.
    pub given_up: bool,
    /// Its disk was lost or restored: what it knows is not all it once said, until the partner's snapshot has come.
    pub amnesic: bool,
    /// Its own free addresses rest until then: an earlier life may have given them away.
    pub rest_until_wall_ms: u64,
    /// The latest this server has known it to be: a clock that is set back across a restart is seen by it.
    pub clock_wall_ms: u64,
    /// The last artefact that both servers confirmed; absent: unknown.
    pub agreed: Option<Agreed>,
    /// One that this server has confirmed beside it: its partner may act by it already.
    pub prepared: Option<Agreed>,
    /// The arbiter's row that this server goes by, where it goes by one; 0: it has seen none.
    pub arbiter: u64,
    /// The row that the partner said last that it goes by; 0: none.
    pub partners_arbiter: u64,
}
