//! Artefact bytes, and the proof that they say what was meant.
//!
//! The sites are nearly all of an artefact, so each is encoded and proved for itself, all of them side by side: a list
//! is its elements with commas between. The bytes are those of [`artefact::encode`].

pub mod kea;

use leasehold_schemas::artefact::{self, Digest, Estate, Site};
use rayon::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What precedes the sites: they are an estate's last field.
const NO_SITES: &[u8] = b"\"sites\":[";

/// Octets, at most, that follow the last site.
const LONGEST_END: usize = 8;

/// Encodes the estate and decodes it again; while that lasts, its sites are elsewhere.
///
/// # Panics
/// If what is decoded differs from what was encoded: then this program is wrong, and no file may be written.
pub fn emit(estate: &mut Estate) -> (Vec<u8>, Digest) {
    put_together(estate, proved, proved)
}

/// The same bytes without the proof: for a digest alone.
pub fn encode(estate: &mut Estate) -> (Vec<u8>, Digest) {
    put_together(estate, encoded, encoded)
}

fn put_together(
    estate: &mut Estate,
    encode_site: fn(&Site) -> Vec<u8>,
    encode_common: fn(&Estate) -> Vec<u8>,
) -> (Vec<u8>, Digest) {
    let sites = std::mem::take(&mut estate.sites);
    let encoded: Vec<Vec<u8>> = sites.par_iter().map(encode_site).collect();
    let common = encode_common(estate);
    estate.sites = sites;
    let common = common.strip_suffix(b"]}").expect("an object that ends in a list");
    assert!(common.ends_with(NO_SITES), "the sites are the last thing an estate says");
    let mut bytes = artefact::open_envelope();
    bytes
        .reserve_exact(common.len() + encoded.iter().map(|site| site.len() + 1).sum::<usize>() + LONGEST_END);
    bytes.extend_from_slice(common);
    for (at, site) in encoded.into_iter().enumerate() {
        if at > 0 {
            bytes.push(b',');
        }
        bytes.extend(site);
    }
    bytes.extend_from_slice(b"]}");
    artefact::seal(bytes)
}

fn encoded<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("an estate has only string keys and no failing serialiser")
}

fn proved<T: Serialize + DeserializeOwned + PartialEq>(value: &T) -> Vec<u8> {
    let bytes = encoded(value);
    let again: T = serde_json::from_slice(&bytes).expect("what was just encoded can be decoded");
    assert!(again == *value, "an artefact says after encoding what it said before");
    bytes
}
