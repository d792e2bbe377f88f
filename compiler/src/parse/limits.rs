//! What an estate may grow to before reading it stops. Every limit is far above what people write, and low
//! enough that hostile or generated input costs bounded time and memory.

use leasehold_schemas::source::{FileId, Span};

use crate::check::rules::form::too_large;
use crate::diag::Diagnostic;
use crate::source::Sources;

/// Largest file, in bytes: thirty times a site of a thousand reservations.
pub const FILE_BYTES_MAX: usize = 4 << 20;

/// Deepest nesting of sequences and mappings; the estate language needs 9.
pub const DEPTH_MAX: usize = 64;

/// Most keys and values in one file.
pub const NODES_MAX: usize = 500_000;

/// Most files in one estate.
pub const FILES_MAX: usize = 100_000;

/// Most faults of form reported for one file.
pub const FAULTS_MAX: usize = 100;

/// The fault that is number [`FAULTS_MAX`] of its file says that no more are shown.
pub(crate) fn last_fault(fault: Diagnostic) -> Diagnostic {
    fault.with_note(format!("further faults of form in this file are not shown (at most {FAULTS_MAX})"))
}

/// The finding for an estate of more than [`FILES_MAX`] files, at the first file too many.
pub fn too_many_files(sources: &Sources) -> Option<Diagnostic> {
    if sources.len() <= FILES_MAX {
        return None;
    }
    let file = FileId(u32::try_from(FILES_MAX).expect("the limit is far below 2^32"));
    let span = Span { file, start: 0, end: 0 };
    Some(
        Diagnostic::new(
            &too_large::RULE,
            span,
            format!("the estate has more than {FILES_MAX} files"),
            "the first file too many",
        )
        .with_help("check that the folder is the estate's, or divide the estate into several"),
    )
}
