//! Artefact bytes, and the proof that they say what was meant.

use leasehold_schemas::artefact::{self, Digest, Estate};

/// Encodes the estate and decodes it again.
///
/// # Panics
/// If what is decoded differs from what was encoded: then this program is wrong, and no file may be written.
pub fn emit(estate: &Estate) -> (Vec<u8>, Digest) {
    let (bytes, digest) = artefact::encode(estate);
    let (again, stated) = artefact::decode(&bytes).expect("an artefact just encoded can be decoded");
    assert!(again == *estate && stated == digest, "an artefact says after encoding what it said before");
    (bytes, digest)
}
