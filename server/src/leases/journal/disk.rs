//! What the journal asks of a disk, and what it hears.

use std::fmt;

/// Names one operation until its completion comes; they count up in the order of execution.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct OperationId(pub u64);

/// A file of the data directory, by its name there.
pub type FileName = String;

/// One thing to do. Operations are executed in the order in which they are given, each after the one before it has
/// succeeded; after a failure none is executed any more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Operation {
    /// Its name.
    pub id: OperationId,
    /// What to do.
    pub action: DiskAction,
}

/// What to do on the disk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DiskAction {
    /// Make a file of `size` zero octets, space allocated; an existing one is cut and filled anew.
    Create {
        /// The file.
        file: FileName,
        /// Octets.
        size: u64,
    },
    /// Write at a place.
    Write {
        /// The file.
        file: FileName,
        /// Octets from its start.
        offset: u64,
        /// What to write.
        bytes: Vec<u8>,
    },
    /// Put a file's content on disk (fdatasync).
    Sync {
        /// The file.
        file: FileName,
    },
    /// Give a file another name, in place of a file that has it.
    Rename {
        /// Name before.
        from: FileName,
        /// Name after.
        to: FileName,
    },
    /// Put the directory's names on disk (fsync of the directory).
    SyncDir,
    /// Remove a file, if it is there.
    Remove {
        /// The file.
        file: FileName,
    },
}

/// What came of an operation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Completion {
    /// Which operation.
    pub id: OperationId,
    /// Done, or why not.
    pub result: Result<(), DiskError>,
}

/// Why the disk did not do what it was asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DiskError {
    /// The file, or the directory as `.`.
    pub file: FileName,
    /// What the system said.
    pub reason: String,
}

impl fmt::Display for DiskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.reason)
    }
}

impl std::error::Error for DiskError {}

impl DiskAction {
    /// The file it touches, or `.` for the directory.
    pub fn file(&self) -> &str {
        match self {
            DiskAction::Create { file, .. }
            | DiskAction::Write { file, .. }
            | DiskAction::Sync { file }
            | DiskAction::Remove { file } => file,
            DiskAction::Rename { from, .. } => from,
            DiskAction::SyncDir => ".",
        }
    }
}
