//! The estate's files in memory.
//!
//! Invariant: files are ordered by path, and a [`FileId`] is a file's place in that order, so that the same
//! estate gives the same ids on every machine. This module knows nothing of YAML.

use leasehold_schemas::source::FileId;

/// The path of the file that holds what is common; every other file is a site.
pub const ESTATE_PATH: &str = "estate.yaml";

/// One file's path and text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceFile {
    /// Path relative to the estate's folder, with `/` between its parts.
    pub path: String,
    /// Its bytes, UTF-8 or not.
    pub bytes: Vec<u8>,
}

/// All files of an estate: `estate.yaml` and one file a site.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sources {
    /// How diagnostics name the estate's folder: put before every path. Empty, or ending in `/`.
    pub prefix: String,
    files: Vec<SourceFile>,
}

impl Sources {
    /// Orders the files by path. Of two with the same path the later wins, so that unsaved text can be laid over
    /// what is on disk.
    pub fn new(prefix: impl Into<String>, mut files: Vec<SourceFile>) -> Sources {
        files.reverse();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files.dedup_by(|later, first| later.path == first.path);
        Sources { prefix: prefix.into(), files }
    }

    /// Every file with its id, in order.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        (0..).map(FileId).zip(&self.files)
    }

    /// One file.
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// How diagnostics name the file.
    pub fn display_path(&self, id: FileId) -> String {
        format!("{}{}", self.prefix, self.file(id).path)
    }

    /// Count of files.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is no file at all.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}
