//! The file of an artefact.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use leasehold_schemas::artefact::ArtefactError;

/// Octets of the largest: that of a hundred-fold estate has 260 MB.
pub(super) const FILE_BYTES_MAX: u64 = 1 << 30;

/// Why an artefact's octets could not be had.
pub(super) enum ArtefactFileError {
    /// The operating system refused.
    Unreadable(io::Error),
    /// A folder, socket, pipe or device.
    NotAFile,
    /// Larger than the limit.
    TooLarge,
    /// Something else.
    Artefact(ArtefactError),
}

impl From<io::Error> for ArtefactFileError {
    fn from(error: io::Error) -> ArtefactFileError {
        ArtefactFileError::Unreadable(error)
    }
}

/// Reads the file. What is no artefact is known by its first octet, and is not read further.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, ArtefactFileError> {
    // Opening a pipe that nobody writes to would wait for ever.
    let found = fs::metadata(path)?;
    if !found.is_file() {
        return Err(ArtefactFileError::NotAFile);
    }
    let mut file = File::open(path)?.take(FILE_BYTES_MAX + 1);
    let mut head = [0];
    if file.read(&mut head)? == 0 || head != *b"{" {
        return Err(ArtefactFileError::Artefact(ArtefactError::NotAnArtefact));
    }
    if found.len() > FILE_BYTES_MAX {
        return Err(ArtefactFileError::TooLarge);
    }
    let mut bytes = head.to_vec();
    // It may have grown meanwhile.
    file.read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(ArtefactFileError::TooLarge);
    }
    Ok(bytes)
}
