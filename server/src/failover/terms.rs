//! What of an artefact both servers of a pair must hold alike, and the addresses of which two artefacts differ.
//!
//! A server acts freely only where what it serves says the same as every artefact that its partner may act by
//! ([`Frozen`]). As both keep an artefact in common among those they may act by, neither begins a binding that the
//! other's artefact would let the other begin.

use std::net::Ipv4Addr;
use std::sync::Arc;

use leasehold_schemas::artefact::{Digest, HighAvailabilityMode};
use leasehold_schemas::vocab::AddrRange;

use super::home::Ownership;
use super::mutant::Rule;
use crate::estate::Meaning;

/// What both servers must hold alike.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Terms {
    /// Of which artefact.
    pub digest: Digest,
    /// What each address means.
    pub meaning: Arc<Meaning>,
    /// How addresses are shared.
    pub ownership: Ownership,
    /// Maximum client lead time, in milliseconds.
    pub lead_ms: u64,
    /// Who answers.
    pub mode: HighAvailabilityMode,
}

/// An artefact that both servers confirmed, as it is remembered and told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Agreed {
    /// Which.
    pub digest: Digest,
    /// Its maximum client lead time, in milliseconds.
    pub lead_ms: u64,
}

impl Agreed {
    /// Octets of one.
    const LENGTH: usize = 40;

    /// The digest, then the lead time.
    pub(crate) fn to_octets(self) -> [u8; Agreed::LENGTH] {
        let mut octets = [0; Agreed::LENGTH];
        octets[..32].copy_from_slice(&self.digest.0);
        octets[32..].copy_from_slice(&self.lead_ms.to_le_bytes());
        octets
    }

    /// Absent: they are none.
    pub(crate) fn from_octets(octets: &[u8]) -> Option<Agreed> {
        let (digest, lead) = octets.split_first_chunk::<32>()?;
        let lead_ms = u64::from_le_bytes(<[u8; 8]>::try_from(lead).ok()?);
        Some(Agreed { digest: Digest(*digest), lead_ms })
    }
}

/// What a server says of its artefacts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Word {
    /// What it serves.
    pub running: Digest,
    /// What it has at hand, to serve next.
    pub staged: Option<Digest>,
    /// The last that both confirmed; absent: its memory is lost, or there was none.
    pub agreed: Option<Agreed>,
    /// It has confirmed another, and waits for the primary's word.
    pub prepared: bool,
    /// Of the primary: its present proposal. Of the standby: the proposal of the primary's present life that it has
    /// confirmed; 0: none.
    pub round: u64,
    /// The partner has had every record that it wrote before it served what it serves.
    pub ready: bool,
}

/// Octets of an artefact in one message, at most.
pub const PIECE_MAX: usize = 32 << 10;
/// Octets of a sentence that says why an artefact is refused, at most.
pub const WHY_MAX: usize = 1 << 10;

/// What one server asks or tells the other about an artefact. None of it changes any right.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Errand {
    /// Send it, from this octet on.
    Want {
        /// Which.
        digest: Digest,
        /// The first octet that is wanted.
        first: u64,
    },
    /// A piece of it; at most [`PIECE_MAX`] octets.
    Piece {
        /// Of which.
        digest: Digest,
        /// Where the piece begins.
        first: u64,
        /// Octets of the whole.
        total: u64,
        /// The piece.
        octets: Vec<u8>,
    },
    /// An operator says: serve it. Whoever is told has it staged, or served it before.
    Serve(Digest),
    /// It is not staged or served, and why; at most [`WHY_MAX`] octets of it are told.
    Refused {
        /// Which.
        digest: Digest,
        /// A clause.
        why: String,
    },
}

/// Addresses of which what a server serves does not say the same as what its partner may act by.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Frozen {
    everything: bool,
    /// In order, none touching another.
    ranges: Vec<AddrRange>,
    /// Addresses whose home is another by one than by the other.
    homes: Vec<[Ownership; 2]>,
}

impl Frozen {
    /// Compares what is served with everything that the partner may act by; absent: nobody knows what that says.
    pub fn between<'a>(running: &Terms, others: impl Iterator<Item = Option<&'a Terms>>) -> Frozen {
        let mut frozen = Frozen::default();
        for other in others {
            let Some(other) = other else {
                return Frozen { everything: true, ..Frozen::default() };
            };
            if other.digest == running.digest {
                continue;
            }
            frozen.ranges.extend(running.meaning.differing(&other.meaning));
            if other.ownership != running.ownership {
                frozen.homes.push([running.ownership, other.ownership]);
            }
        }
        frozen.ranges.sort_unstable();
        frozen.ranges.dedup_by(|next, before| {
            let touch = next.first() <= before.last();
            if touch && next.last() > before.last() {
                *before = AddrRange::new(before.first(), next.last()).expect("joining moves the end up");
            }
            touch
        });
        frozen
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        !self.everything && self.ranges.is_empty() && self.homes.is_empty()
    }

    /// Whether it holds every address.
    pub fn is_everything(&self) -> bool {
        self.everything
    }

    /// Whether an address is in it.
    pub fn contains(&self, address: Ipv4Addr) -> bool {
        if self.is_empty() || !Rule::FrozenWhileArtefactsDiffer.holds() {
            return false;
        }
        let behind = self.ranges.partition_point(|range| range.first() <= address);
        self.everything
            || behind.checked_sub(1).is_some_and(|at| self.ranges[at].contains(address))
            || self.homes.iter().any(|[mine, theirs]| mine.home(address) != theirs.home(address))
    }

    /// Count of addresses that mean something else; those whose home alone differs are not counted.
    pub fn addresses(&self) -> u64 {
        self.ranges.iter().map(|range| range.size()).sum()
    }

    /// Whether homes differ.
    pub fn moves_homes(&self) -> bool {
        !self.homes.is_empty()
    }
}
