//! What goes out: standard output and files.
//!
//! Invariant: a file that existed is either as it was or wholly new; a reader who closes a pipe is no error of
//! ours and never a panic.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// Why output could not be written.
#[derive(Debug)]
pub(crate) enum OutputError {
    /// A file, and the folder it was to be in.
    File { path: PathBuf, error: io::Error },
    /// The file named is a folder.
    Folder(PathBuf),
    /// The file that is there may not be written.
    ReadOnly(PathBuf),
    /// Standard output.
    Standard(io::Error),
    /// Somebody asked the program to stop before the file was complete; nothing was written.
    Interrupted(PathBuf),
}

/// Writes to standard output. A reader that has gone away got what it wanted.
pub(crate) fn print(bytes: &[u8]) -> Result<(), OutputError> {
    let mut standard = io::stdout().lock();
    match standard.write_all(bytes).and_then(|()| standard.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(OutputError::Standard),
    }
}

/// Writes a line to standard error, if there is anybody to read it.
pub(crate) fn say(line: &str) {
    let mut standard = io::stderr().lock();
    // Nobody is left to be told that nobody listens.
    let _ = writeln!(standard, "{line}");
}

/// Adds to the end of a file, which is made if it is not there.
pub(crate) fn append(path: &Path, bytes: &[u8]) -> Result<(), OutputError> {
    let file = OpenOptions::new().append(true).create(true).open(path);
    let written = file.and_then(|mut file| file.write_all(bytes));
    written.map_err(|error| OutputError::File { path: path.to_owned(), error })
}

/// Replaces a file as a whole: a temporary file beside it, synchronised, then renamed. What is no regular file
/// (a pipe, `/dev/null`) is written to as it is. Who kills the program outright may leave the temporary file,
/// `.NAME.PROCESS.tmp`: nothing reads it, not even as part of an estate, and it may be deleted.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), OutputError> {
    let failed = |error| OutputError::File { path: path.to_owned(), error };
    let path = match fs::metadata(path) {
        Ok(existing) if existing.is_dir() => return Err(OutputError::Folder(path.to_owned())),
        Ok(existing) if !existing.is_file() => {
            let mut file = OpenOptions::new().write(true).open(path).map_err(failed)?;
            return file.write_all(bytes).map_err(failed);
        }
        // Renaming over it would succeed; but whoever took the right to write away did not want it replaced.
        Ok(existing) if existing.permissions().readonly() || !may_write(path) => {
            return Err(OutputError::ReadOnly(path.to_owned()));
        }
        // A link stays a link: what it leads to is replaced.
        Ok(_) => fs::canonicalize(path).map_err(failed)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
        Err(error) => return Err(failed(error)),
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().ok_or_else(|| OutputError::Folder(path.clone()))?;
    let temporary = folder.join(format!(".{}.{}.tmp", name.to_string_lossy(), std::process::id()));

    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&interrupted)).map_err(failed)?;
    }
    let written = write_beside(&temporary, &path, bytes);
    let stopped = interrupted.load(Ordering::SeqCst);
    if written.is_ok() && !stopped {
        fs::rename(&temporary, &path).map_err(failed)?;
        return File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed);
    }
    // If it cannot be removed either, the first failure is the one to tell.
    let _ = fs::remove_file(&temporary);
    written.map_err(failed)?;
    Err(OutputError::Interrupted(path))
}

/// Whether this user may write the file as it is.
fn may_write(path: &Path) -> bool {
    match OpenOptions::new().write(true).open(path) {
        Ok(_) => true,
        Err(error) => error.kind() != io::ErrorKind::PermissionDenied,
    }
}

fn write_beside(temporary: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(temporary)?;
    if let Ok(existing) = fs::metadata(path) {
        file.set_permissions(existing.permissions())?;
    }
    file.write_all(bytes)?;
    file.sync_all()
}

impl fmt::Display for OutputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OutputError::File { path, error } => write!(
                f,
                "cannot write {}: {}; check the folder, its rights and its free space",
                path.display(),
                reason(error)
            ),
            OutputError::Folder(path) => write!(f, "{} is a folder; name a file", path.display()),
            OutputError::ReadOnly(path) => {
                write!(
                    f,
                    "cannot write {}: the file is read-only; make it writable or name another",
                    path.display()
                )
            }
            OutputError::Standard(error) => write!(f, "cannot write to standard output: {}", reason(error)),
            OutputError::Interrupted(path) => {
                write!(f, "stopped before {} was complete; it is as it was", path.display())
            }
        }
    }
}

/// The operating system's words, lower case, without its number.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.json");
        replace(&file, b"one").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let link = folder.path().join("link.json");
        symlink(&file, &link).unwrap();
        replace(&link, b"two").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"two");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_is_no_regular_file_is_never_replaced() {
        replace(Path::new("/dev/null"), b"x").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(replace(folder.path(), b"x"), Err(OutputError::Folder(_))));
        assert!(matches!(replace(&folder.path().join("none/x"), b"x"), Err(OutputError::File { .. })));
    }
}
