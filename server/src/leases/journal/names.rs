//! Names of the journal's files.

use super::disk::FileName;

/// What a file of the data directory is, by its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Named {
    /// Records, by number.
    Segment(u64),
    /// All bindings as they were when the segment of this number began, or later.
    Snapshot(u64),
    /// A snapshot that is not finished.
    Unfinished,
}

pub(super) fn segment(sequence: u64) -> FileName {
    format!("leases-{sequence:010}.journal")
}

pub(super) fn snapshot(sequence: u64) -> FileName {
    format!("leases-{sequence:010}.snapshot")
}

pub(super) fn unfinished(sequence: u64) -> FileName {
    format!("leases-{sequence:010}.unfinished")
}

/// What `name` names; absent: none of the journal's files.
pub(super) fn parse(name: &str) -> Option<Named> {
    let (number, kind) = name.strip_prefix("leases-")?.split_once('.')?;
    if number.len() != 10 || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: u64 = number.parse().ok()?;
    match kind {
        "journal" => Some(Named::Segment(number)),
        "snapshot" => Some(Named::Snapshot(number)),
        "unfinished" => Some(Named::Unfinished),
        _ => None,
    }
}
