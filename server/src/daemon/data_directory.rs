//! The directory that holds the leases: whose it is, who uses it, and what is in it.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use leasehold_server::leases::journal::{Identity, RecoverError, Recovered, StoredFile, recover};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

/// The last artefact that was served.
pub const LAST_GOOD: &str = "last-good.json";
/// The same while it is being written.
pub const LAST_GOOD_UNFINISHED: &str = "last-good.unfinished";
/// The last artefact that both servers of a pair confirmed, while another is served.
pub const AGREED: &str = "agreed.json";
/// The same while it is being written.
pub const AGREED_UNFINISHED: &str = "agreed.unfinished";
const LOCK: &str = "lock";
const LOCK_ATTEMPTS: usize = 25;

/// A data directory that this process alone uses.
#[derive(Debug)]
pub struct DataDirectory {
    /// Where it is.
    pub path: PathBuf,
    _lock: Flock<File>,
}

/// Makes the directory if need be, locks it, and reads the leases in it.
pub fn open(path: &Path, identity: &Identity) -> Result<(DataDirectory, Recovered), String> {
    let shown = path.display();
    make(path).map_err(|error| {
        format!(
            "cannot make data directory {shown}: {error}; give --data-dir a directory this user may write"
        )
    })?;
    check_ours(path)?;
    let lock = OpenOptions::new().create(true).truncate(false).write(true).open(path.join(LOCK)).map_err(
        |error| format!("cannot write in data directory {shown}: {error}; make it writable for this user"),
    )?;
    let lock = lock_alone(lock).map_err(|error| match error {
        Errno::EWOULDBLOCK => format!(
            "data directory {shown} is in use by another leasehold-server; stop it, or give --data-dir another"
        ),
        error => format!("cannot lock data directory {shown}: {error}"),
    })?;
    let files = read(path).map_err(|error| format!("cannot read data directory {shown}: {error}"))?;
    let recovered = recover(Some(identity), &files).map_err(|error| refusal(path, identity, &error))?;
    Ok((DataDirectory { path: path.to_owned(), _lock: lock }, recovered))
}

/// A server that was killed this moment may still hold the lock until the kernel has taken it down.
fn lock_alone(mut file: File) -> Result<Flock<File>, Errno> {
    for _ in 0..LOCK_ATTEMPTS {
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Err((back, Errno::EWOULDBLOCK)) => file = back,
            Err((_, error)) => return Err(error),
            Ok(lock) => return Ok(lock),
        }
        thread::sleep(Duration::from_millis(20));
    }
    Err(Errno::EWOULDBLOCK)
}

/// Makes the directory and those above it, and puts each new name on disk: leases in a directory whose own name is
/// lost are lost too.
fn make(path: &Path) -> io::Result<()> {
    let absent: Vec<&Path> = path.ancestors().take_while(|above| !above.exists()).collect();
    fs::create_dir_all(path)?;
    for made in absent {
        let above = made.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(above)?.sync_all()?;
    }
    Ok(())
}

fn refusal(path: &Path, identity: &Identity, error: &RecoverError) -> String {
    let shown = path.display();
    match error {
        RecoverError::Foreign { .. } => format!(
            "data directory {shown} is not this server's: {error}, and this is estate `{}`, node `{}`; \
             give each its own --data-dir",
            identity.estate, identity.node
        ),
        RecoverError::UnknownFormat { .. } => {
            format!("cannot use data directory {shown}: {error}; run the release that wrote it")
        }
        RecoverError::Damaged { .. } | RecoverError::Malformed { .. } | RecoverError::Missing { .. } => {
            format!(
                "cannot use data directory {shown}: {error}; nothing was changed: restore the directory from a backup, \
             or move it away to start without leases"
            )
        }
    }
}

/// A directory with other people's files in it and no leases is a mistyped path, not a place to settle.
fn check_ours(path: &Path) -> Result<(), String> {
    let shown = path.display();
    let entries =
        fs::read_dir(path).map_err(|error| format!("cannot read data directory {shown}: {error}"))?;
    let mut foreign = None;
    for entry in entries {
        let entry = entry.map_err(|error| format!("cannot read data directory {shown}: {error}"))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if is_journal(&name) {
            return Ok(());
        }
        let ours = [LOCK, LAST_GOOD, LAST_GOOD_UNFINISHED, AGREED, AGREED_UNFINISHED, "lost+found"];
        if !ours.contains(&name.as_str()) {
            foreign = foreign.min(Some(name.clone())).or(Some(name));
        }
    }
    match foreign {
        None => Ok(()),
        Some(name) => Err(format!(
            "data directory {shown} holds `{name}` and no leases, so it is not ours; \
             give --data-dir an empty or a new directory"
        )),
    }
}

fn is_journal(name: &str) -> bool {
    name.starts_with("leases-")
}

/// The journal's files. Later ones are read first: a segment that names its predecessor then finds it complete,
/// even while a server goes on writing.
pub fn read(path: &Path) -> io::Result<Vec<StoredFile>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if is_journal(&name) {
            names.push(name);
        }
    }
    names.sort_unstable();
    let file = |name: String| Ok(StoredFile { bytes: fs::read(path.join(&name))?, name });
    names.into_iter().rev().map(file).collect()
}
