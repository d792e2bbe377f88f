//! From the files of a data directory to bindings, without a guess.
//!
//! The newest snapshot, then the segments that follow it, each named by the next as its predecessor with the place
//! where its records end. Only the last segment may end in something unsound: what was written and not synced. If a
//! later batch stands behind that place, the place itself was on disk once, and the file is damaged: refused.

use std::collections::BTreeMap;
use std::fmt;

use super::Segment;
use super::codec::{self, Malformed};
use super::disk::FileName;
use super::facts;
use super::frame::{self, Frame, Header, Identity, Kind, Start};
use super::names::{self, Named};
use crate::leases::facts::Facts;
use crate::leases::table::Bindings;

/// A file of the data directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredFile {
    /// Its name in the directory.
    pub name: FileName,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// What was read.
#[derive(Debug)]
pub struct Recovered {
    /// The bindings.
    pub bindings: Bindings,
    /// The end of the last segment that was cut, if it did not end cleanly.
    pub cut: Option<Cut>,
    /// Whose they are; absent: the directory holds no leases yet.
    pub identity: Option<Identity>,
    pub(in crate::leases) resume: Resume,
}

impl Recovered {
    /// What a server of a pair remembers of itself; absent: the directory was never a pair's.
    pub fn facts(&self) -> Option<&Facts> {
        self.resume.facts.as_ref()
    }
}

/// What was not read: a write that was under way and acknowledged to nobody.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cut {
    /// The segment.
    pub file: FileName,
    /// Where what is sound ends.
    pub offset: u64,
}

/// Where writing goes on.
#[derive(Debug)]
pub(in crate::leases) struct Resume {
    pub(super) segments: Vec<Segment>,
    pub(super) snapshot: Option<(u64, u64)>,
    pub(super) next_sequence: u64,
    pub(super) next_batch: u64,
    pub(super) obsolete: Vec<FileName>,
    pub(super) facts: Option<Facts>,
}

/// Why a data directory cannot be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RecoverError {
    /// It is another estate's or another node's.
    Foreign {
        /// Whose it is.
        found: Identity,
    },
    /// Written in a format this release does not read.
    UnknownFormat {
        /// The file.
        file: FileName,
        /// Its format.
        format: u32,
    },
    /// What once was on disk is not sound any more.
    Damaged {
        /// The file.
        file: FileName,
        /// Where.
        offset: u64,
    },
    /// A sound record that is no binding: a later release's, or a fault of ours.
    Malformed {
        /// The file.
        file: FileName,
        /// Where.
        offset: u64,
        /// What about it.
        why: Malformed,
    },
    /// A file the others need is not there.
    Missing {
        /// The file.
        file: FileName,
    },
}

impl fmt::Display for RecoverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecoverError::Foreign { found: Identity { estate, node } } => {
                write!(f, "the directory holds the leases of estate `{estate}`, node `{node}`")
            }
            RecoverError::UnknownFormat { file, format } => {
                write!(f, "{file} is written in format {format}; this release reads {}", frame::FORMAT)
            }
            RecoverError::Damaged { file, offset } => {
                write!(f, "{file} is damaged at octet {offset}, in front of records that are sound")
            }
            RecoverError::Malformed { file, offset, why } => {
                write!(f, "the record at octet {offset} of {file} cannot be read: its {} is wrong", why.field)
            }
            RecoverError::Missing { file } => write!(f, "{file} is missing"),
        }
    }
}

impl std::error::Error for RecoverError {}

/// Reads the files of a data directory; names that are not the journal's are passed over. With `expected`, a
/// directory of anybody else is refused.
pub fn recover(expected: Option<&Identity>, files: &[StoredFile]) -> Result<Recovered, RecoverError> {
    let mut reader = Reader { expected, identity: None, obsolete: Vec::new(), highest_sequence: 0 };
    let (snapshots, segments, void) = reader.sort(files)?;
    let mut bindings = Bindings::default();
    let mut facts = None;
    let mut snapshot = None;
    for (sequence, found) in snapshots.into_iter().rev() {
        if snapshot.is_some() {
            reader.obsolete.push(found.file.name.clone());
            continue;
        }
        read_snapshot(&found, &mut bindings, &mut facts)?;
        snapshot = Some((sequence, found.file.bytes.len() as u64));
    }
    let from = snapshot.map_or(0, |(sequence, _)| sequence);
    let chain = reader.chain(segments, from, snapshot.is_some())?;
    let mut resume = Resume {
        segments: Vec::new(),
        snapshot,
        next_sequence: reader.highest_sequence + 1,
        next_batch: 1,
        obsolete: Vec::new(),
        facts: None,
    };
    let mut cut = None;
    for (at, found) in chain.iter().enumerate() {
        let stated_end = chain.get(at + 1).map(|next| next.header.previous_end);
        let read = read_segment(found, stated_end, &mut bindings, &mut facts)?;
        resume.segments.push(Segment { sequence: found.header.sequence, end: read.end as u64 });
        resume.next_batch = resume.next_batch.max(read.next_batch);
        cut = read.torn.then(|| Cut { file: found.file.name.clone(), offset: read.end as u64 });
    }
    for file in void {
        // A segment that was being begun: at most the batch that was being written stands in it.
        if let Some(batch) = frame::highest_batch_from(&file.bytes, 0) {
            if batch > resume.next_batch {
                return Err(RecoverError::Damaged { file: file.name.clone(), offset: 0 });
            }
            resume.next_batch = batch + 1;
        }
        reader.obsolete.push(file.name.clone());
    }
    resume.obsolete = reader.obsolete;
    resume.facts = facts;
    Ok(Recovered { bindings, cut, identity: reader.identity, resume })
}

struct Found<'a> {
    file: &'a StoredFile,
    header: Header,
    /// Where records begin.
    start: usize,
}

type Sorted<'a> = (BTreeMap<u64, Found<'a>>, BTreeMap<u64, Found<'a>>, Vec<&'a StoredFile>);

struct Reader<'a> {
    expected: Option<&'a Identity>,
    identity: Option<Identity>,
    obsolete: Vec<FileName>,
    highest_sequence: u64,
}

impl Reader<'_> {
    /// Snapshots and segments by number, and segments without a sound header.
    fn sort<'f>(&mut self, files: &'f [StoredFile]) -> Result<Sorted<'f>, RecoverError> {
        let (mut snapshots, mut segments, mut void) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        for file in files {
            let Some(named) = names::parse(&file.name) else { continue };
            let (Named::Segment(sequence) | Named::Snapshot(sequence)) = named else {
                self.obsolete.push(file.name.clone());
                continue;
            };
            self.highest_sequence = self.highest_sequence.max(sequence);
            let damaged = || RecoverError::Damaged { file: file.name.clone(), offset: 0 };
            let (header, start) = match Header::read(&file.bytes).map_err(|_| damaged())? {
                Start::Sound(header, _) if header.sequence != sequence => return Err(damaged()),
                Start::Sound(header, start) => (header, start),
                Start::Format(format) => {
                    return Err(RecoverError::UnknownFormat { file: file.name.clone(), format });
                }
                Start::Void if matches!(named, Named::Snapshot(_)) => return Err(damaged()),
                Start::Void => {
                    void.push(file);
                    continue;
                }
            };
            if self.expected.is_some_and(|expected| *expected != header.identity) {
                return Err(RecoverError::Foreign { found: header.identity });
            }
            self.identity = Some(header.identity.clone());
            let found = Found { file, header, start };
            if matches!(named, Named::Snapshot(_)) {
                snapshots.insert(sequence, found);
            } else {
                segments.insert(sequence, found);
            }
        }
        Ok((snapshots, segments, void))
    }

    /// The segments from number `from` on, each the predecessor the next one names.
    fn chain<'f>(
        &mut self,
        segments: BTreeMap<u64, Found<'f>>,
        from: u64,
        follows_snapshot: bool,
    ) -> Result<Vec<Found<'f>>, RecoverError> {
        let missing = |sequence| RecoverError::Missing { file: names::segment(sequence) };
        let mut chain: Vec<Found<'f>> = Vec::new();
        for (sequence, found) in segments {
            if sequence < from {
                self.obsolete.push(found.file.name.clone());
                continue;
            }
            let before = match chain.last() {
                Some(last) => last.header.sequence,
                None if follows_snapshot && sequence != from => return Err(missing(from)),
                None if follows_snapshot => found.header.previous,
                None => 0,
            };
            if found.header.previous != before {
                return Err(missing(found.header.previous));
            }
            chain.push(found);
        }
        if follows_snapshot && chain.is_empty() {
            return Err(missing(from));
        }
        Ok(chain)
    }
}

fn read_snapshot(
    found: &Found<'_>,
    bindings: &mut Bindings,
    facts: &mut Option<Facts>,
) -> Result<(), RecoverError> {
    let name = &found.file.name;
    bindings.reserve(frame::records_of_snapshot(&found.file.bytes));
    let mut at = found.start;
    let mut count = 0_u64;
    loop {
        let damaged = RecoverError::Damaged { file: name.clone(), offset: at as u64 };
        let Some(frame) = frame::read(&found.file.bytes, at) else { return Err(damaged) };
        match frame.kind {
            Kind::Binding => {
                put(&frame, name, at, bindings)?;
                count += 1;
            }
            Kind::Facts => *facts = Some(read_facts(&frame, name, at)?),
            Kind::End if frame.body == count.to_le_bytes() => return Ok(()),
            Kind::End | Kind::Header => return Err(damaged),
        }
        at += frame.size;
    }
}

struct SegmentRead {
    end: usize,
    next_batch: u64,
    torn: bool,
}

/// Reads a segment up to the end its successor states, or, without a successor, to the first unsound place.
fn read_segment(
    found: &Found<'_>,
    stated_end: Option<u64>,
    bindings: &mut Bindings,
    facts: &mut Option<Facts>,
) -> Result<SegmentRead, RecoverError> {
    let bytes = &found.file.bytes;
    let damaged = |at: usize| RecoverError::Damaged { file: found.file.name.clone(), offset: at as u64 };
    let mut at = found.start;
    let mut expected = found.header.first_batch;
    loop {
        if stated_end == Some(at as u64) {
            return Ok(SegmentRead { end: at, next_batch: expected + 1, torn: false });
        }
        let frame = frame::read(bytes, at);
        let Some(frame) = frame.filter(|frame| frame.batch == expected) else { break };
        match frame.kind {
            Kind::Binding => put(&frame, &found.file.name, at, bindings)?,
            Kind::Facts => *facts = Some(read_facts(&frame, &found.file.name, at)?),
            Kind::Header | Kind::End => break,
        }
        at += frame.size;
        expected += u64::from(frame.last_of_batch);
    }
    if stated_end.is_some() {
        return Err(damaged(at));
    }
    let beyond = frame::highest_batch_from(bytes, at);
    if beyond.is_some_and(|batch| batch > expected) {
        return Err(damaged(at));
    }
    let torn = bytes.get(at..).is_some_and(|rest| rest.iter().any(|&octet| octet != 0));
    Ok(SegmentRead { end: at, next_batch: expected + 1, torn })
}

fn read_facts(frame: &Frame<'_>, file: &str, at: usize) -> Result<Facts, RecoverError> {
    facts::decode(frame.body).map_err(|why| RecoverError::Malformed {
        file: file.to_owned(),
        offset: at as u64,
        why,
    })
}

fn put(frame: &Frame<'_>, file: &str, at: usize, bindings: &mut Bindings) -> Result<(), RecoverError> {
    let binding = codec::decode(frame.body).map_err(|why| RecoverError::Malformed {
        file: file.to_owned(),
        offset: at as u64,
        why,
    })?;
    bindings.put(binding);
    Ok(())
}
