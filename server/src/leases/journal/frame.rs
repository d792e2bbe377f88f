//! How records lie in a file: checksum, length, batch, kind, body, padded to eight octets.
//!
//! ```text
//! file    = "leasehold-leases" format:u32 0:u32 header-frame frame*
//! frame   = crc32c:u32 length:u32 batch:u64 "LH":u16 kind:u8 flags:u8 body padding
//! ```
//! Numbers are little-endian; the checksum covers everything of the frame behind itself but the padding. A batch is
//! what one sync made durable; its last frame says so. Batch n + 1 is written only after batch n was synced, so a
//! sound frame of a later batch proves that everything before it once was on disk.

use super::codec::{Fields, Malformed, number, put, put_number};

/// The format this release writes, and the only one it reads.
pub(super) const FORMAT: u32 = 1;
const MAGIC: &[u8; 16] = b"leasehold-leases";
/// Octets before the header frame.
pub(super) const PREFIX: usize = 24;
const HEAD: usize = 20;
const MARK: [u8; 2] = *b"LH";
const LAST_OF_BATCH: u8 = 1;

/// What a frame holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// A file's header.
    Header,
    /// One binding.
    Binding,
    /// The end of a snapshot: how many bindings stand before it.
    End,
    /// What a server of a pair remembers of itself; the last one counts. A single server writes none.
    Facts,
}

impl Kind {
    fn code(self) -> u8 {
        match self {
            Kind::Header => 1,
            Kind::Binding => 2,
            Kind::End => 3,
            Kind::Facts => 4,
        }
    }

    fn of(code: u8) -> Option<Kind> {
        let all = [Kind::Header, Kind::Binding, Kind::End, Kind::Facts];
        all.into_iter().find(|kind| kind.code() == code)
    }
}

/// One sound frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'a> {
    pub(super) kind: Kind,
    pub(super) batch: u64,
    pub(super) last_of_batch: bool,
    pub(super) body: &'a [u8],
    /// Octets with head and padding.
    pub(super) size: usize,
}

/// Appends a frame whose body `write` makes; gives the place where it starts.
pub(super) fn append(out: &mut Vec<u8>, kind: Kind, batch: u64, write: impl FnOnce(&mut Vec<u8>)) -> usize {
    let start = out.len();
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(&batch.to_le_bytes());
    out.extend_from_slice(&MARK);
    out.extend_from_slice(&[kind.code(), 0]);
    write(out);
    let length = u32::try_from(out.len() - start - HEAD).expect("a record is far below 4 GiB");
    out[start + 4..start + 8].copy_from_slice(&length.to_le_bytes());
    seal(out, start);
    out.resize(start + padded(out.len() - start), 0);
    start
}

/// Marks the frame at `start`, the last of `out`, as the last of its batch.
pub(super) fn end_batch(out: &mut [u8], start: usize) {
    out[start + HEAD - 1] |= LAST_OF_BATCH;
    let length = u32_at(out, start + 4).expect("a frame was appended here") as usize;
    seal(&mut out[..start + HEAD + length], start);
}

fn seal(out: &mut [u8], start: usize) {
    let checksum = crc32c::crc32c(&out[start + 4..]);
    out[start..start + 4].copy_from_slice(&checksum.to_le_bytes());
}

fn padded(length: usize) -> usize {
    length.next_multiple_of(8)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk::<4>().map(|octets| u32::from_le_bytes(*octets))
}

/// The sound frame at `at`, if one stands there.
pub(super) fn read(bytes: &[u8], at: usize) -> Option<Frame<'_>> {
    let rest = bytes.get(at..)?;
    let (head, _) = rest.split_first_chunk::<HEAD>()?;
    if head[16..18] != MARK {
        return None;
    }
    let kind = Kind::of(head[18])?;
    let length = usize::try_from(u32_at(head, 4)?).ok()?;
    let end = HEAD.checked_add(length)?;
    let body = rest.get(HEAD..end)?;
    if crc32c::crc32c(&rest[4..end]) != u32_at(head, 0)? {
        return None;
    }
    let batch = u64::from_le_bytes(*head[8..].first_chunk::<8>()?);
    Some(Frame { kind, batch, last_of_batch: head[19] & LAST_OF_BATCH != 0, body, size: padded(end) })
}

/// How many records a snapshot states at its end, where that can be: none takes fewer octets than a head.
pub(super) fn records_of_snapshot(bytes: &[u8]) -> usize {
    let end = bytes.len().checked_sub(padded(HEAD + 8)).and_then(|at| read(bytes, at));
    let stated = end.filter(|frame| frame.kind == Kind::End).and_then(|frame| frame.body.first_chunk::<8>());
    let stated = stated.and_then(|octets| usize::try_from(u64::from_le_bytes(*octets)).ok());
    stated.unwrap_or(0).min(bytes.len() / HEAD)
}

/// The highest batch of any sound frame at or after `at`. Frames start at multiples of eight.
pub(super) fn highest_batch_from(bytes: &[u8], at: usize) -> Option<u64> {
    let mut at = at.next_multiple_of(8);
    let mut highest = None;
    while at + HEAD <= bytes.len() {
        match read(bytes, at) {
            Some(frame) => {
                highest = highest.max(Some(frame.batch));
                at += frame.size;
            }
            None => at += 8,
        }
    }
    highest
}

/// Whose leases a directory holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// The estate's name.
    pub estate: String,
    /// The node's name.
    pub node: String,
}

/// What a file says of itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Header {
    pub(super) identity: Identity,
    /// Its number: of a segment, or of the first segment that a snapshot does not include.
    pub(super) sequence: u64,
    /// The segment before it, and where that one's records end. 0: none.
    pub(super) previous: u64,
    pub(super) previous_end: u64,
    /// The batch of its first record.
    pub(super) first_batch: u64,
}

const ESTATE: u8 = 1;
const NODE: u8 = 2;
const SEQUENCE: u8 = 3;
const PREVIOUS: u8 = 4;
const PREVIOUS_END: u8 = 5;

/// What the first octets of a file say.
pub(super) enum Start {
    /// A sound header; records start at the offset.
    Sound(Header, usize),
    /// A format this release does not read.
    Format(u32),
    /// No sound header: never written, torn, or damaged.
    Void,
}

impl Header {
    /// The first octets of a file.
    pub(super) fn encode(&self) -> Vec<u8> {
        let Header { identity: Identity { estate, node }, sequence, previous, previous_end, first_batch } =
            self;
        let mut out = Vec::with_capacity(256);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&FORMAT.to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        append(&mut out, Kind::Header, *first_batch, |out| {
            put(out, ESTATE, estate.as_bytes());
            put(out, NODE, node.as_bytes());
            put_number(out, SEQUENCE, *sequence);
            put_number(out, PREVIOUS, *previous);
            put_number(out, PREVIOUS_END, *previous_end);
        });
        out
    }

    /// Reads what stands at the start of a file.
    pub(super) fn read(bytes: &[u8]) -> Result<Start, Malformed> {
        if !bytes.starts_with(MAGIC) {
            return Ok(Start::Void);
        }
        match u32_at(bytes, MAGIC.len()) {
            Some(FORMAT) => {}
            None | Some(0) => return Ok(Start::Void),
            Some(format) => return Ok(Start::Format(format)),
        }
        let Some(frame) = read(bytes, PREFIX).filter(|frame| frame.kind == Kind::Header) else {
            return Ok(Start::Void);
        };
        let mut header = Header {
            identity: Identity { estate: String::new(), node: String::new() },
            sequence: 0,
            previous: 0,
            previous_end: 0,
            first_batch: frame.batch,
        };
        for field in Fields(frame.body) {
            let (tag, value) = field?;
            match tag {
                ESTATE => header.identity.estate = String::from_utf8_lossy(value).into_owned(),
                NODE => header.identity.node = String::from_utf8_lossy(value).into_owned(),
                SEQUENCE => header.sequence = number(value, "sequence")?,
                PREVIOUS => header.previous = number(value, "previous segment")?,
                PREVIOUS_END => header.previous_end = number(value, "end of the previous segment")?,
                _ => {}
            }
        }
        Ok(Start::Sound(header, PREFIX + frame.size))
    }
}
