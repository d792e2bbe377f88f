//! All bindings in one file, written in steps while service goes on.
//!
//! A snapshot begins with a new segment, whose number it bears: what changes while it is written stands in that
//! segment or a later one and is read after it. Written under another name, synced, renamed; only then do the
//! segments before it go.

use super::frame::{self, Header, Kind};
use super::{Background, DiskAction, Journal, codec, facts, names};
use crate::leases::table::Bindings;

/// A snapshot that is being written.
#[derive(Debug)]
pub(super) struct Snapshot {
    /// The first segment it does not include.
    sequence: u64,
    /// Records written, and octets.
    written: usize,
    offset: u64,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Records,
    /// It stands; what it makes superfluous goes.
    Standing,
}

impl Journal {
    pub(super) fn begin_snapshot(&mut self, bindings: &Bindings) {
        self.begin_segment();
        let sequence = self.current().sequence;
        self.issue(DiskAction::Sync { file: names::segment(sequence) });
        let header = Header {
            identity: self.identity.clone(),
            sequence,
            previous: 0,
            previous_end: 0,
            first_batch: 0,
        };
        let mut bytes = header.encode();
        if let Some(known) = &self.facts {
            frame::append(&mut bytes, Kind::Facts, 0, |out| facts::encode(known, out));
        }
        let offset = bytes.len() as u64;
        let file = names::unfinished(sequence);
        self.issue(DiskAction::Create { file: file.clone(), size: 0 });
        self.issue(DiskAction::Write { file, offset: 0, bytes });
        self.write_snapshot(Snapshot { sequence, written: 0, offset, stage: Stage::Records }, bindings);
    }

    /// One step: records of about `step_bytes`, the rename, or the removal of what went before.
    pub(super) fn write_snapshot(&mut self, mut snapshot: Snapshot, bindings: &Bindings) {
        match snapshot.stage {
            Stage::Records => {
                let file = names::unfinished(snapshot.sequence);
                let mut bytes = Vec::with_capacity(self.sizes.step_bytes + 4096);
                while bytes.len() < self.sizes.step_bytes
                    && let Some(binding) = bindings.nth(snapshot.written)
                {
                    frame::append(&mut bytes, Kind::Binding, 0, |out| codec::encode(binding, out));
                    snapshot.written += 1;
                }
                let complete = snapshot.written == bindings.len();
                if complete {
                    let count = snapshot.written as u64;
                    frame::append(&mut bytes, Kind::End, 0, |out| {
                        out.extend_from_slice(&count.to_le_bytes());
                    });
                }
                let (begin, end) = (snapshot.offset, snapshot.offset + bytes.len() as u64);
                let mut last = self.issue(DiskAction::Write { file: file.clone(), offset: begin, bytes });
                snapshot.offset = end;
                // Now and then, so that the last sync finds little to do.
                let span = self.sizes.segment_bytes;
                if complete || begin / span != end / span {
                    last = self.issue(DiskAction::Sync { file: file.clone() });
                }
                if complete {
                    let to = names::snapshot(snapshot.sequence);
                    self.issue(DiskAction::Rename { from: file, to });
                    last = self.issue(DiskAction::SyncDir);
                    snapshot.stage = Stage::Standing;
                }
                self.step = Some(last);
                self.background = Some(Background::Snapshot(snapshot));
            }
            Stage::Standing => self.end_snapshot(&snapshot),
        }
    }

    fn end_snapshot(&mut self, snapshot: &Snapshot) {
        let mut last = None;
        if let Some((before, _)) = self.snapshot.replace((snapshot.sequence, snapshot.offset)) {
            last = Some(self.issue(DiskAction::Remove { file: names::snapshot(before) }));
        }
        let old = self.segments.partition_point(|segment| segment.sequence < snapshot.sequence);
        for segment in self.segments.drain(..old).collect::<Vec<_>>() {
            last = Some(self.issue(DiskAction::Remove { file: names::segment(segment.sequence) }));
        }
        self.step = last;
    }
}
