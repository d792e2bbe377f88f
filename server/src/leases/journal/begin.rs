//! The files of a data directory that begins with records somebody else wrote, made at once instead of by a server.
//!
//! They are a snapshot and the segment it bears the number of. The rename of the snapshot is the moment at which all of it
//! counts: before it the directory holds what it held.

use super::frame::{self, Header, Identity, Kind};
use super::recover::Recovered;
use super::{DiskAction, codec, facts, names};
use crate::leases::facts::Facts;
use crate::leases::record::Binding;

/// What is to be done on the disk, in this order, so that the directory holds these records and facts and nothing else.
/// `found` is what it holds now; nobody else may use it meanwhile.
pub fn begin_with(
    identity: &Identity,
    found: &Recovered,
    records: &[Binding],
    known: Option<&Facts>,
) -> Vec<DiskAction> {
    let sequence = found.resume.next_sequence;
    let last = found.resume.segments.last();
    let segment = Header {
        identity: identity.clone(),
        sequence,
        previous: last.map_or(0, |last| last.sequence),
        previous_end: last.map_or(0, |last| last.end),
        first_batch: found.resume.next_batch,
    };
    let snapshot =
        Header { identity: identity.clone(), sequence, previous: 0, previous_end: 0, first_batch: 0 };
    let mut bytes = snapshot.encode();
    if let Some(known) = known {
        frame::append(&mut bytes, Kind::Facts, 0, |out| facts::encode(known, out));
    }
    for record in records {
        frame::append(&mut bytes, Kind::Binding, 0, |out| codec::encode(record, out));
    }
    let count = records.len() as u64;
    frame::append(&mut bytes, Kind::End, 0, |out| out.extend_from_slice(&count.to_le_bytes()));
    let (journal, unfinished) = (names::segment(sequence), names::unfinished(sequence));
    let whole = |file: &String, bytes| {
        [
            DiskAction::Create { file: file.clone(), size: 0 },
            DiskAction::Write { file: file.clone(), offset: 0, bytes },
            DiskAction::Sync { file: file.clone() },
        ]
    };
    let mut actions: Vec<DiskAction> = whole(&journal, segment.encode()).into();
    actions.push(DiskAction::SyncDir);
    actions.extend(whole(&unfinished, bytes));
    actions.push(DiskAction::Rename { from: unfinished, to: names::snapshot(sequence) });
    actions.push(DiskAction::SyncDir);
    actions
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::net::Ipv4Addr;

    use super::super::{StoredFile, recover};
    use super::*;
    use crate::leases::record::State;

    /// The directory after the first `done` actions.
    fn directory(before: &[StoredFile], actions: &[DiskAction]) -> Vec<StoredFile> {
        let mut files: BTreeMap<String, Vec<u8>> =
            before.iter().map(|file| (file.name.clone(), file.bytes.clone())).collect();
        for action in actions {
            match action {
                DiskAction::Create { file, .. } => drop(files.insert(file.clone(), Vec::new())),
                DiskAction::Write { file, bytes, .. } => {
                    files.get_mut(file).expect("it was made").extend_from_slice(bytes);
                }
                DiskAction::Rename { from, to } => {
                    let bytes = files.remove(from).expect("it was written");
                    files.insert(to.clone(), bytes);
                }
                DiskAction::Sync { .. } | DiskAction::SyncDir | DiskAction::Remove { .. } => {}
            }
        }
        files.into_iter().map(|(name, bytes)| StoredFile { name, bytes }).collect()
    }

    fn records(from: u8, count: u8) -> Vec<Binding> {
        let record = |host| {
            let until_wall_ms = u64::from(host) * 1000;
            let state = State::Declined { until_wall_ms };
            Binding { state, ..Binding::unused(Ipv4Addr::new(10, 0, from, host)) }
        };
        (0..count).map(record).collect()
    }

    #[test]
    fn all_of_it_counts_from_the_rename_on_and_nothing_before() {
        let identity = Identity { estate: "e".to_owned(), node: "n".to_owned() };
        let facts = Facts { epoch: 1, sole: true, ..Facts::default() };
        let mut before: Vec<StoredFile> = Vec::new();
        for (from, count) in [(0, 3), (1, 200)] {
            let found = recover(Some(&identity), &before).unwrap();
            let earlier: Vec<Ipv4Addr> = found.bindings.iter().map(|binding| binding.address).collect();
            let new = records(from, count);
            let actions = begin_with(&identity, &found, &new, Some(&facts));
            for done in 0..actions.len() {
                let found = recover(Some(&identity), &directory(&before, &actions[..done])).unwrap();
                let there: Vec<Ipv4Addr> = found.bindings.iter().map(|binding| binding.address).collect();
                let renamed =
                    actions[..done].iter().any(|action| matches!(action, DiskAction::Rename { .. }));
                assert!(renamed || there == earlier, "after {done} of {}", actions.len());
            }
            before = directory(&before, &actions);
            let found = recover(Some(&identity), &before).unwrap();
            assert_eq!(found.bindings.iter().cloned().collect::<Vec<Binding>>(), new);
            assert_eq!(found.resume.facts.as_ref(), Some(&facts));
            assert!(found.cut.is_none());
        }
    }
}
