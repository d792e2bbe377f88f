//! The journal: what is appended is on disk before anybody hears of it.
//!
//! Sans-IO: it gives [`Operation`]s and takes [`Completion`]s. One sync is in flight at a time; records gather
//! meanwhile and share the next. Segments are made ready ahead, snapshots are written in steps between commits, and
//! old segments go when a snapshot stands, so that the files stay proportional to the bindings. Invariant: batch
//! n + 1 is issued only after the sync of batch n has completed. Knows nothing of who waits.

mod begin;
pub(crate) mod codec;
mod disk;
mod facts;
mod frame;
mod names;
mod recover;
mod snapshot;

use std::collections::VecDeque;

use super::facts::Facts;
use super::record::Binding;
use super::table::Bindings;

pub use begin::begin_with;
pub use codec::Malformed;

pub use disk::{Completion, DiskAction, DiskError, FileName, Operation, OperationId};
pub use frame::Identity;
pub use recover::{Cut, RecoverError, Recovered, StoredFile, recover};

use frame::{Header, Kind};
pub(super) use recover::Resume;
use snapshot::Snapshot;

/// Sizes; the defaults suit a server, smaller ones a test.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sizes {
    /// Octets of a segment.
    pub segment_bytes: u64,
    /// Octets one background step writes; its sync, at the latest after a segment's size, is what a commit may
    /// have to wait for.
    pub step_bytes: usize,
    /// Octets of records one commit writes; at most a quarter of a segment.
    pub batch_bytes: usize,
    /// A snapshot begins when the segments hold more than this and than twice the last snapshot.
    pub compact_bytes: u64,
    /// Requests that may wait for the disk; more are refused.
    pub waiting_max: usize,
}

impl Default for Sizes {
    fn default() -> Sizes {
        Sizes {
            segment_bytes: 4 << 20,
            step_bytes: 256 << 10,
            batch_bytes: 512 << 10,
            compact_bytes: 16 << 20,
            waiting_max: 65_536,
        }
    }
}

/// A batch that gathers or waits to be written.
#[derive(Debug)]
struct Batch {
    number: u64,
    bytes: Vec<u8>,
    last_frame: usize,
}

/// A segment on disk; `end` is where its records end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    pub(super) sequence: u64,
    pub(super) end: u64,
}

/// Work between commits, one step at a time.
#[derive(Debug)]
enum Background {
    /// Filling the next segment with zeros, so that a commit changes no metadata.
    Prepare { sequence: u64, written: u64 },
    /// Writing all bindings.
    Snapshot(Snapshot),
}

/// What a completion brought.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Progress {
    /// Nothing anybody waits for.
    Nothing,
    /// Everything up to this batch is on disk.
    Committed(u64),
    /// The disk failed; nothing will be committed any more.
    Failed(DiskError),
}

/// The writing half.
#[derive(Debug)]
pub(super) struct Journal {
    identity: Identity,
    sizes: Sizes,
    next_operation: u64,
    issued: Vec<Operation>,
    /// Batches in order; the last one gathers.
    gathering: VecDeque<Batch>,
    next_batch: u64,
    /// The sync of the batch that is being written.
    commit: Option<(OperationId, u64)>,
    /// All segments, the current one last.
    segments: Vec<Segment>,
    next_sequence: u64,
    prepared: Option<u64>,
    background: Option<Background>,
    /// The operation that ends the background step under way.
    step: Option<OperationId>,
    snapshot: Option<(u64, u64)>,
    /// The last facts that were appended or recovered: a snapshot carries them.
    facts: Option<Facts>,
    failed: bool,
}

impl Journal {
    /// Goes on where recovery ended: always in a new segment, once what was read is certainly on disk.
    pub(super) fn open(identity: Identity, sizes: Sizes, resume: Resume) -> Journal {
        let Resume { segments, snapshot, next_sequence, next_batch, obsolete, facts } = resume;
        let mut journal = Journal {
            identity,
            sizes,
            next_operation: 0,
            issued: Vec::new(),
            gathering: VecDeque::new(),
            next_batch,
            commit: None,
            segments,
            next_sequence,
            prepared: None,
            background: None,
            step: None,
            snapshot,
            facts,
            failed: false,
        };
        if let Some(last) = journal.segments.last() {
            let file = names::segment(last.sequence);
            journal.issue(DiskAction::Sync { file });
            journal.issue(DiskAction::SyncDir);
        }
        journal.begin_segment();
        let file = names::segment(journal.current().sequence);
        let sync = journal.issue(DiskAction::Sync { file });
        // What was read counts as a batch of its own: nothing that rests on it is said before this sync.
        journal.commit = Some((sync, journal.next_batch - 1));
        for file in obsolete {
            journal.issue(DiskAction::Remove { file });
        }
        journal
    }

    /// Adds a record to the batch that gathers; gives that batch.
    pub(super) fn append(&mut self, binding: &Binding) -> u64 {
        self.append_frame(Kind::Binding, |out| codec::encode(binding, out))
    }

    /// Adds what a server of a pair remembers of itself to the batch that gathers; gives that batch.
    pub(super) fn append_facts(&mut self, facts: &Facts) -> u64 {
        self.facts = Some(facts.clone());
        self.append_frame(Kind::Facts, |out| facts::encode(facts, out))
    }

    /// What a server of a pair remembered of itself last.
    pub(super) fn facts(&self) -> Option<&Facts> {
        self.facts.as_ref()
    }

    fn append_frame(&mut self, kind: Kind, write: impl FnOnce(&mut Vec<u8>)) -> u64 {
        let full = self.gathering.back().is_none_or(|batch| batch.bytes.len() >= self.sizes.batch_bytes);
        if full {
            self.gathering.push_back(Batch { number: self.next_batch, bytes: Vec::new(), last_frame: 0 });
            self.next_batch += 1;
        }
        let batch = self.gathering.back_mut().expect("a batch was added where none gathered");
        batch.last_frame = frame::append(&mut batch.bytes, kind, batch.number, write);
        batch.number
    }

    /// The last batch that is not on disk yet.
    pub(super) fn unsynced(&self) -> Option<u64> {
        self.gathering.back().map(|batch| batch.number).or(self.commit.map(|(_, batch)| batch))
    }

    /// Starts the next commit if none is in flight, and the next step of work between commits.
    pub(super) fn flush(&mut self, bindings: &Bindings) {
        if self.failed {
            return;
        }
        if self.commit.is_none()
            && let Some(batch) = self.gathering.pop_front()
        {
            self.write(batch);
        }
        if self.step.is_none() {
            self.work(bindings);
        }
    }

    /// What is to be done on the disk, in this order.
    pub(super) fn take_operations(&mut self) -> Vec<Operation> {
        std::mem::take(&mut self.issued)
    }

    /// Takes what came of an operation.
    pub(super) fn completed(&mut self, completion: Completion) -> Progress {
        let Completion { id, result } = completion;
        if self.failed {
            return Progress::Nothing;
        }
        if let Err(error) = result {
            self.failed = true;
            self.issued.clear();
            return Progress::Failed(error);
        }
        if self.step == Some(id) {
            self.step = None;
        }
        match self.commit {
            Some((sync, batch)) if sync == id => {
                self.commit = None;
                Progress::Committed(batch)
            }
            Some(_) | None => Progress::Nothing,
        }
    }

    fn write(&mut self, batch: Batch) {
        let Batch { number, mut bytes, last_frame } = batch;
        frame::end_batch(&mut bytes, last_frame);
        let size = bytes.len() as u64;
        if self.current().end + size > self.sizes.segment_bytes {
            // What gathered meanwhile has later numbers, so the header must name this batch.
            self.begin_segment_at(number);
        }
        let Segment { sequence, end } = self.current();
        let file = names::segment(sequence);
        self.issue(DiskAction::Write { file: file.clone(), offset: end, bytes });
        let sync = self.issue(DiskAction::Sync { file });
        self.segments.last_mut().expect("a journal has a current segment").end += size;
        self.commit = Some((sync, number));
    }

    fn begin_segment(&mut self) {
        let first = self.gathering.front().map_or(self.next_batch, |batch| batch.number);
        self.begin_segment_at(first);
    }

    /// Makes the next segment the current one. Its header says where the one before it ends, so nothing that may
    /// lie beyond counts.
    fn begin_segment_at(&mut self, first_batch: u64) {
        let sequence = match self.prepared.take() {
            Some(sequence) => sequence,
            None => {
                let sequence = match self.background.take() {
                    // One that is half made ready is made anew: numbers follow each other.
                    Some(Background::Prepare { sequence, .. }) => sequence,
                    other => {
                        self.background = other;
                        self.take_sequence()
                    }
                };
                let file = names::segment(sequence);
                self.issue(DiskAction::Create { file: file.clone(), size: self.sizes.segment_bytes });
                self.issue(DiskAction::Sync { file });
                self.issue(DiskAction::SyncDir);
                sequence
            }
        };
        let previous = self.segments.last().copied().unwrap_or(Segment { sequence: 0, end: 0 });
        let header = Header {
            identity: self.identity.clone(),
            sequence,
            previous: previous.sequence,
            previous_end: previous.end,
            first_batch,
        };
        let bytes = header.encode();
        self.segments.push(Segment { sequence, end: bytes.len() as u64 });
        self.issue(DiskAction::Write { file: names::segment(sequence), offset: 0, bytes });
    }

    fn take_sequence(&mut self) -> u64 {
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        sequence
    }

    fn current(&self) -> Segment {
        *self.segments.last().expect("a journal has a current segment")
    }

    fn issue(&mut self, action: DiskAction) -> OperationId {
        let id = OperationId(self.next_operation);
        self.next_operation += 1;
        self.issued.push(Operation { id, action });
        id
    }

    fn work(&mut self, bindings: &Bindings) {
        match self.background.take() {
            None => self.begin_work(bindings),
            Some(Background::Prepare { sequence, written }) => self.prepare(sequence, written),
            Some(Background::Snapshot(snapshot)) => self.write_snapshot(snapshot, bindings),
        }
    }

    fn begin_work(&mut self, bindings: &Bindings) {
        // A segment takes its whole size, however little it holds: each start begins one.
        let held = self.segments.len() as u64 * self.sizes.segment_bytes;
        let snapshot_bytes = self.snapshot.map_or(0, |(_, bytes)| bytes);
        if held > self.sizes.compact_bytes.max(2 * snapshot_bytes) {
            self.begin_snapshot(bindings);
        } else if self.prepared.is_none() && self.current().end > self.sizes.segment_bytes / 2 {
            let sequence = self.take_sequence();
            self.issue(DiskAction::Create { file: names::segment(sequence), size: 0 });
            self.prepare(sequence, 0);
        }
    }

    fn prepare(&mut self, sequence: u64, written: u64) {
        let file = names::segment(sequence);
        let left = self.sizes.segment_bytes - written;
        if left == 0 {
            self.prepared = Some(sequence);
            return;
        }
        let size = left.min(self.sizes.step_bytes as u64);
        let zeros = usize::try_from(size).expect("a step is a size in memory");
        let mut last =
            self.issue(DiskAction::Write { file: file.clone(), offset: written, bytes: vec![0; zeros] });
        // A sync costs commits more than what it writes, so there is one for the whole segment.
        if size == left {
            self.issue(DiskAction::Sync { file });
            last = self.issue(DiskAction::SyncDir);
        }
        self.step = Some(last);
        self.background = Some(Background::Prepare { sequence, written: written + size });
    }
}
