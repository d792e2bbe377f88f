//! The envelope: format, digest, and the estate's canonical bytes.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::document::Estate;

/// The format this release writes. A server reads its own format and the one before; 1 is the first.
pub const FORMAT: u32 = 1;

const BEFORE_FORMAT: &str = "{\"format\":";
const BEFORE_DIGEST: &str = ",\"digest\":\"sha256:";
const BEFORE_ESTATE: &str = "\",\"estate\":";
const AFTER_ESTATE: &str = "}\n";

/// SHA-256 of the estate's canonical bytes: what a pair compares.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Of the bytes of an artefact's `estate`.
    pub fn of(bytes: &[u8]) -> Digest {
        Digest(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Why bytes are no artefact that can be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ArtefactError {
    /// Not an artefact at all.
    NotAnArtefact,
    /// Written in a format this program does not read.
    UnknownFormat(u32),
    /// The bytes were altered or cut after they were written.
    WrongDigest {
        /// What the file says.
        stated: String,
        /// What its bytes give.
        actual: Digest,
    },
    /// The digest is right, but the estate has not the shape of its format.
    Malformed(String),
}

impl fmt::Display for ArtefactError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ArtefactError::NotAnArtefact => {
                f.write_str("not an artefact; `leasehold compile` writes one from an estate")
            }
            ArtefactError::UnknownFormat(format) => write!(
                f,
                "artefact format {format} is not one this release reads (it reads {FORMAT}); \
                 use the release that compiled it, or compile again with this one"
            ),
            ArtefactError::WrongDigest { stated, actual } => write!(
                f,
                "the artefact was altered or cut short: it states digest sha256:{stated}, its content has {actual}; \
                 copy it again, or compile again"
            ),
            ArtefactError::Malformed(why) => write!(f, "the artefact's content is malformed: {why}"),
        }
    }
}

impl std::error::Error for ArtefactError {}

/// Writes an artefact. The same estate gives the same bytes everywhere.
pub fn encode(estate: &Estate) -> (Vec<u8>, Digest) {
    let mut bytes = open_envelope();
    serde_json::to_writer(&mut bytes, estate)
        .expect("an estate has only string keys, and memory takes what is written");
    seal(bytes)
}

/// The envelope with nothing in it yet. An estate's canonical bytes are appended, then it is [sealed](seal); an
/// artefact can be large, and so it is never copied into its envelope.
pub fn open_envelope() -> Vec<u8> {
    let nothing = Digest([0; 32]);
    format!("{BEFORE_FORMAT}{FORMAT},\"digest\":\"{nothing}{BEFORE_ESTATE}").into_bytes()
}

/// Writes the digest of what follows into the envelope, and closes it.
///
/// # Panics
/// If the bytes do not begin with an [open envelope](open_envelope).
pub fn seal(mut bytes: Vec<u8>) -> (Vec<u8>, Digest) {
    let head = open_envelope().len();
    let digest = Digest::of(&bytes[head..]);
    let stated = digest.to_string();
    let end = head - BEFORE_ESTATE.len();
    bytes[end - stated.len()..end].copy_from_slice(stated.as_bytes());
    bytes.extend_from_slice(AFTER_ESTATE.as_bytes());
    (bytes, digest)
}

/// Reads an artefact: format first, then digest, then shape.
pub fn decode(bytes: &[u8]) -> Result<(Estate, Digest), ArtefactError> {
    let rest = bytes.strip_prefix(BEFORE_FORMAT.as_bytes()).ok_or(ArtefactError::NotAnArtefact)?;
    let digits = rest.iter().take(10).take_while(|b| b.is_ascii_digit()).count();
    let format = std::str::from_utf8(&rest[..digits]).ok().and_then(|text| text.parse::<u32>().ok());
    let format = format.ok_or(ArtefactError::NotAnArtefact)?;
    if format != FORMAT {
        return Err(ArtefactError::UnknownFormat(format));
    }
    let rest = rest[digits..].strip_prefix(BEFORE_DIGEST.as_bytes()).ok_or(ArtefactError::NotAnArtefact)?;
    let (stated, rest) = rest.split_at_checked(64).ok_or(ArtefactError::NotAnArtefact)?;
    let stated = std::str::from_utf8(stated).map_err(|_| ArtefactError::NotAnArtefact)?;
    let body = rest.strip_prefix(BEFORE_ESTATE.as_bytes()).ok_or(ArtefactError::NotAnArtefact)?;
    let body = body.strip_suffix(AFTER_ESTATE.as_bytes()).unwrap_or(body);
    let actual = Digest::of(body);
    if actual.to_string().strip_prefix("sha256:") != Some(stated) {
        return Err(ArtefactError::WrongDigest { stated: stated.to_owned(), actual });
    }
    decode_estate(body).map(|estate| (estate, actual))
}

/// Reads the canonical bytes of an `estate`, without its envelope.
pub fn decode_estate(body: &[u8]) -> Result<Estate, ArtefactError> {
    serde_json::from_slice(body).map_err(|error| ArtefactError::Malformed(error.to_string()))
}
