//! What is said about artefacts, as octets.

use leasehold_schemas::artefact::Digest;

use super::{COUNT, SYNC, Unreadable, read_number};
use crate::failover::terms::{Agreed, Errand, PIECE_MAX, WHY_MAX, Word};
use crate::leases::journal::codec::{put, put_number};

const RUNNING: u8 = 19;
const STAGED: u8 = 20;
const AGREED: u8 = 21;
const ROUND: u8 = 22;
const DIGEST: u8 = 23;
const OCTETS: u8 = 24;
const WHY: u8 = 25;

const READY: u64 = 64;
const PREPARED: u64 = 128;

/// The flags that belong to a word.
pub(super) fn flags(word: Option<&Word>) -> u64 {
    let ready = word.is_some_and(|word| word.ready);
    let prepared = word.is_some_and(|word| word.prepared);
    (u64::from(ready) * READY) | (u64::from(prepared) * PREPARED)
}

pub(super) fn put_word(out: &mut Vec<u8>, word: &Word) {
    // Two of its fields are flags.
    let Word { running, staged, agreed, prepared: _, round, ready: _ } = word;
    put(out, RUNNING, &running.0);
    if let Some(digest) = staged {
        put(out, STAGED, &digest.0);
    }
    if let Some(agreed) = agreed {
        put(out, AGREED, &agreed.to_octets());
    }
    put_number(out, ROUND, *round);
}

pub(super) fn put_errand(out: &mut Vec<u8>, errand: &Errand) {
    match errand {
        Errand::Want { digest, first } => {
            put(out, DIGEST, &digest.0);
            put_number(out, COUNT, *first);
        }
        Errand::Piece { digest, first, total, octets } => {
            put(out, DIGEST, &digest.0);
            put_number(out, COUNT, *first);
            put_number(out, SYNC, *total);
            put(out, OCTETS, &octets[..octets.len().min(PIECE_MAX)]);
        }
        Errand::Serve(digest) => put(out, DIGEST, &digest.0),
        Errand::Refused { digest, why } => {
            put(out, DIGEST, &digest.0);
            let mut end = why.len().min(WHY_MAX);
            while !why.is_char_boundary(end) {
                end -= 1;
            }
            put(out, WHY, &why.as_bytes()[..end]);
        }
    }
}

/// What the fields say of artefacts, before it is put together.
#[derive(Default)]
pub(super) struct Artefacts {
    running: Option<Digest>,
    staged: Option<Digest>,
    agreed: Option<Agreed>,
    round: u64,
    digest: Option<Digest>,
    octets: Vec<u8>,
    why: String,
}

impl Artefacts {
    /// Takes a field in; one that is not of artefacts, or of a later release, is skipped.
    pub(super) fn field(&mut self, tag: u8, value: &[u8]) -> Result<(), Unreadable> {
        match tag {
            RUNNING => self.running = Some(digest(value)?),
            STAGED => self.staged = Some(digest(value)?),
            AGREED => self.agreed = Some(Agreed::from_octets(value).ok_or(Unreadable::Field("digest"))?),
            ROUND => self.round = read_number(value, "number")?,
            DIGEST => self.digest = Some(digest(value)?),
            OCTETS if value.len() > PIECE_MAX => return Err(Unreadable::TooLong),
            OCTETS => self.octets = value.to_vec(),
            WHY if value.len() > WHY_MAX => return Err(Unreadable::TooLong),
            WHY => self.why = String::from_utf8(value.to_vec()).map_err(|_| Unreadable::Field("reason"))?,
            _ => {}
        }
        Ok(())
    }

    pub(super) fn word(&self, flags: u64) -> Option<Word> {
        self.running.map(|running| Word {
            running,
            staged: self.staged,
            agreed: self.agreed,
            prepared: flags & PREPARED != 0,
            round: self.round,
            ready: flags & READY != 0,
        })
    }

    /// By the message's kind; 12 to 15 are errands.
    pub(super) fn errand(self, kind: u64, [first, total]: [u64; 2]) -> Result<Errand, Unreadable> {
        let digest = self.digest.ok_or(Unreadable::Field("digest"))?;
        match kind {
            12 => Ok(Errand::Want { digest, first }),
            13 => Ok(Errand::Piece { digest, first, total, octets: self.octets }),
            14 => Ok(Errand::Serve(digest)),
            15 => Ok(Errand::Refused { digest, why: self.why }),
            kind => Err(Unreadable::Kind(kind)),
        }
    }
}

fn digest(value: &[u8]) -> Result<Digest, Unreadable> {
    <[u8; 32]>::try_from(value).map(Digest).map_err(|_| Unreadable::Field("digest"))
}
