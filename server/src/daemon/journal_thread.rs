//! Does to the disk what the journal says, in order, and tells the core what came of it.
//!
//! Invariant: after an operation has failed none is executed any more; a failed sync is never tried again.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use leasehold_server::leases::journal::{Completion, DiskAction, DiskError, Operation};
use nix::sys::eventfd::EventFd;

use super::data_directory::{AGREED, AGREED_UNFINISHED, LAST_GOOD, LAST_GOOD_UNFINISHED};

static ZEROS: [u8; 65_536] = [0; 65_536];

/// What the thread is asked to do.
pub enum Work {
    /// The journal's operations.
    Operations(Vec<Operation>),
    /// Keep these bytes as the last good artefact.
    Keep(Arc<[u8]>),
    /// Keep these bytes as the last artefact that both servers confirmed.
    KeepAgreed(Arc<[u8]>),
}

/// What the thread has done since it started.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct DiskCounts {
    /// Writes of records.
    pub writes: u64,
    /// Octets of them.
    pub octets: u64,
    /// Syncs.
    pub syncs: u64,
    /// Microseconds spent in them.
    pub sync_us: u64,
}

/// The same while it is being counted, by one thread.
#[derive(Default)]
struct Counting {
    writes: AtomicU64,
    octets: AtomicU64,
    syncs: AtomicU64,
    sync_us: AtomicU64,
}

/// The core's end.
pub struct JournalThread {
    work: Option<Sender<Work>>,
    completions: Receiver<Completion>,
    thread: Option<JoinHandle<()>>,
    counting: Arc<Counting>,
}

impl JournalThread {
    /// Starts the thread; it writes to `wake` after each sync.
    pub fn start(directory: PathBuf, wake: Arc<EventFd>) -> JournalThread {
        let (work, asked) = channel();
        let (done, completions) = channel();
        let counting = Arc::new(Counting::default());
        let counted = Arc::clone(&counting);
        let thread = thread::spawn(move || {
            let mut disk = Disk { directory, files: HashMap::new(), failed: false, counting: counted };
            for work in asked {
                match work {
                    Work::Operations(operations) => disk.execute(operations, &done, &wake),
                    Work::Keep(bytes) => disk.keep([LAST_GOOD, LAST_GOOD_UNFINISHED], &bytes),
                    Work::KeepAgreed(bytes) => disk.keep([AGREED, AGREED_UNFINISHED], &bytes),
                }
            }
        });
        JournalThread { work: Some(work), completions, thread: Some(thread), counting }
    }

    /// Gives it work.
    pub fn give(&self, work: Work) {
        let sender = self.work.as_ref().expect("work is given before the thread is told to end");
        sender.send(work).expect("the journal thread ends only when it is told to");
    }

    /// What it has done so far.
    pub fn counts(&self) -> DiskCounts {
        let Counting { writes, octets, syncs, sync_us } = &*self.counting;
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        DiskCounts { writes: read(writes), octets: read(octets), syncs: read(syncs), sync_us: read(sync_us) }
    }

    /// What has been done since the last call.
    pub fn completions(&self) -> impl Iterator<Item = Completion> + '_ {
        self.completions.try_iter()
    }
}

impl Drop for JournalThread {
    /// Ends when all work is done.
    fn drop(&mut self) {
        self.work = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has said so itself.
            let _ = thread.join();
        }
    }
}

struct Disk {
    directory: PathBuf,
    files: HashMap<String, File>,
    failed: bool,
    counting: Arc<Counting>,
}

/// Does what is to be done in a directory, in order, up to the first failure.
pub fn execute(directory: &Path, actions: &[DiskAction]) -> Result<(), DiskError> {
    let counting = Arc::new(Counting::default());
    let mut disk = Disk { directory: directory.to_owned(), files: HashMap::new(), failed: false, counting };
    let done = |action: &DiskAction| {
        let failed =
            |error: io::Error| DiskError { file: action.file().to_owned(), reason: error.to_string() };
        disk.act(action).map_err(failed)
    };
    actions.iter().try_for_each(done)
}

impl Disk {
    fn execute(&mut self, operations: Vec<Operation>, done: &Sender<Completion>, wake: &EventFd) {
        let mut told = false;
        for Operation { id, action } in operations {
            if self.failed {
                return;
            }
            let sync = matches!(action, DiskAction::Sync { .. } | DiskAction::SyncDir);
            let result = self
                .act(&action)
                .map_err(|error| DiskError { file: action.file().to_owned(), reason: error.to_string() });
            self.failed = result.is_err();
            // If the core is gone, nobody waits.
            let _ = done.send(Completion { id, result });
            told = sync || self.failed;
            if told {
                let _ = wake.write(1);
            }
        }
        if !told {
            let _ = wake.write(1);
        }
    }

    fn act(&mut self, action: &DiskAction) -> io::Result<()> {
        match action {
            DiskAction::Create { file, size } => {
                let path = self.directory.join(file);
                let created =
                    OpenOptions::new().create(true).truncate(true).read(true).write(true).open(path)?;
                fill(&created, *size)?;
                self.files.insert(file.clone(), created);
            }
            DiskAction::Write { file, offset, bytes } => {
                self.file(file)?.write_all_at(bytes, *offset)?;
                self.counting.writes.fetch_add(1, Ordering::Relaxed);
                self.counting.octets.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            }
            DiskAction::Sync { file } => {
                let begun = Instant::now();
                self.file(file)?.sync_data()?;
                let spent = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
                self.counting.syncs.fetch_add(1, Ordering::Relaxed);
                self.counting.sync_us.fetch_add(spent, Ordering::Relaxed);
            }
            DiskAction::Rename { from, to } => {
                self.files.remove(from);
                fs::rename(self.directory.join(from), self.directory.join(to))?;
            }
            DiskAction::SyncDir => sync_directory(&self.directory)?,
            DiskAction::Remove { file } => {
                self.files.remove(file);
                match fs::remove_file(self.directory.join(file)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    Ok(()) | Err(_) => {}
                }
            }
        }
        Ok(())
    }

    fn file(&mut self, name: &str) -> io::Result<&File> {
        if !self.files.contains_key(name) {
            let file = OpenOptions::new().read(true).write(true).open(self.directory.join(name))?;
            self.files.insert(name.to_owned(), file);
        }
        Ok(&self.files[name])
    }

    /// A convenience for `--fallback-last-good` and for a restart in the middle of a rollout; service does not depend
    /// on it.
    fn keep(&self, [name, unfinished]: [&str; 2], bytes: &[u8]) {
        if let Err(error) = keep(&self.directory, [name, unfinished], bytes) {
            eprintln!("leasehold-server: the artefact was not kept as {name}: {error}");
        }
    }
}

/// Writes zeros rather than leaving a hole, so that a full disk is met here and a sync changes no metadata later.
fn fill(file: &File, size: u64) -> io::Result<()> {
    let mut written = 0;
    while written < size {
        let step = usize::try_from(size - written).map_or(ZEROS.len(), |left| left.min(ZEROS.len()));
        file.write_all_at(&ZEROS[..step], written)?;
        written += step as u64;
    }
    Ok(())
}

fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

fn keep(directory: &Path, [name, unfinished]: [&str; 2], bytes: &[u8]) -> io::Result<()> {
    let kept = directory.join(name);
    if fs::read(&kept).is_ok_and(|before| before == bytes) {
        return Ok(());
    }
    let unfinished = directory.join(unfinished);
    let mut file = File::create(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, &kept)?;
    sync_directory(directory)
}
