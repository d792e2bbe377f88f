//! The file of leases.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use leasehold_compiler::plan::{LeaseTable, LeaseTableError};

use super::lease_server::{LeaseServer, LeaseServerError};
use super::output::reason;

/// Octets of a file of leases: some four million of them.
const FILE_BYTES_MAX: u64 = 512 << 20;

/// Why leases could not be had.
#[derive(Debug)]
pub(crate) enum LeaseFileError {
    /// The operating system refused.
    Unreadable { path: PathBuf, error: io::Error },
    /// A folder, socket or device.
    NotAFile(PathBuf),
    /// Larger than the limit.
    TooLarge(PathBuf),
    /// No table of leases.
    Table { path: PathBuf, error: LeaseTableError },
    /// A server that was asked for them.
    Server(LeaseServerError),
}

/// Where leases are.
#[derive(Clone, Copy)]
pub(super) struct Leases<'a> {
    /// A file, `-`, or the address of a control API.
    pub(super) place: &'a Path,
    /// What a control API wants to hear.
    pub(super) token_file: Option<&'a Path>,
    /// Who vouches for a control API.
    pub(super) ca: Option<&'a Path>,
}

/// Reads the leases that are active at a moment, in seconds since 1970.
pub(super) fn read(leases: Leases<'_>, at_secs: u64) -> Result<LeaseTable, LeaseFileError> {
    let Leases { place: path, token_file, ca } = leases;
    let url = path.to_string_lossy();
    let bytes = if url.starts_with("http://") || url.starts_with("https://") {
        let server = LeaseServer { url: &url, token_file, ca };
        server.read(FILE_BYTES_MAX).map_err(LeaseFileError::Server)?
    } else {
        octets(path)?
    };
    let table = LeaseTable::parse(&bytes, at_secs);
    table.map_err(|error| LeaseFileError::Table { path: path.to_owned(), error })
}

fn octets(path: &Path) -> Result<Vec<u8>, LeaseFileError> {
    let unreadable = |error| LeaseFileError::Unreadable { path: path.to_owned(), error };
    let bytes = if path == Path::new("-") {
        bounded(io::stdin().lock()).map_err(unreadable)?
    } else {
        // A pipe may be given as a file; a folder, socket or device may not.
        let found = fs::metadata(path).map_err(unreadable)?;
        let kind = found.file_type();
        if !kind.is_file() && !is_pipe(kind) {
            return Err(LeaseFileError::NotAFile(path.to_owned()));
        }
        if found.len() > FILE_BYTES_MAX {
            return Err(LeaseFileError::TooLarge(path.to_owned()));
        }
        bounded(File::open(path).map_err(unreadable)?).map_err(unreadable)?
    };
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(LeaseFileError::TooLarge(path.to_owned()));
    }
    Ok(bytes)
}

fn bounded(file: impl io::Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(unix)]
fn is_pipe(kind: fs::FileType) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&kind)
}

#[cfg(not(unix))]
fn is_pipe(_: fs::FileType) -> bool {
    false
}

impl fmt::Display for LeaseFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LeaseFileError::Unreadable { path, error } => {
                write!(
                    f,
                    "cannot read the leases in {}: {}; check the name and its rights",
                    path.display(),
                    reason(error)
                )
            }
            LeaseFileError::NotAFile(path) => write!(
                f,
                "cannot read the leases in {}: it is no regular file; give the file that `leasehold-server leases list` \
                 was written to",
                path.display()
            ),
            LeaseFileError::TooLarge(path) => write!(
                f,
                "cannot read the leases in {}: it is larger than {} MiB; leave out what is not active",
                path.display(),
                FILE_BYTES_MAX >> 20
            ),
            LeaseFileError::Table { path, error } => {
                write!(f, "cannot read the leases in {}: {error}", path.display())
            }
            LeaseFileError::Server(error) => error.fmt(f),
        }
    }
}
