//! Artefacts beside the one that is served: what is staged, what was served before, and what the partner is to have.
//!
//! An operator stages an artefact here; the partner sees its digest and fetches the bytes. Nothing is served that was
//! not read, verified and tried against the tables first, beside the core thread. What is served by an operator's word
//! takes the place of the file that the server was started with, so that a restart keeps it. Invariant: at most one
//! artefact is read, and one fetched, at a time.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;

use leasehold_schemas::artefact::Digest;
use leasehold_server::failover::{Errand, PIECE_MAX};
use leasehold_server::node::Node;
use leasehold_server::time::Now;
use nix::sys::eventfd::EventFd;

use super::artefact_file::{ARTEFACT_MAX, Loaded, Wanted};
use super::data_directory::{AGREED, LAST_GOOD};
use super::journal_thread::{JournalThread, Work};
use super::log::{Level, Log};

/// How long the partner may take with a piece before it is asked again, in milliseconds.
const PIECE_MS: u64 = 2_000;

/// What an artefact is read for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// To be at hand.
    Stage,
    /// To be served at once.
    Serve,
    /// To be served, because the file was changed and a signal says so.
    Reload,
    /// To know what the partner may act by.
    Know,
}

/// What came of reading one.
struct Read {
    purpose: Purpose,
    digest: Option<Digest>,
    loaded: Result<Loaded, String>,
}

/// One that comes from the partner, piece by piece.
struct Fetch {
    purpose: Purpose,
    digest: Digest,
    octets: Vec<u8>,
    asked_boot_ms: u64,
}

/// Where artefacts are kept and read.
pub struct Shelf {
    wanted: Wanted,
    wake: Arc<EventFd>,
    log: Log,
    serving: Arc<[u8]>,
    staged: Option<Loaded>,
    /// It came because the partner had it.
    followed: bool,
    before: Option<Loaded>,
    reading: Option<Receiver<Read>>,
    fetch: Option<Fetch>,
    /// What was refused last, and why.
    refused: Option<(Digest, String)>,
    partner_refused: Option<(Digest, String)>,
    reload_wanted: bool,
    said: bool,
}

impl Shelf {
    /// A shelf beside what is served; `before` is what both confirmed last, if that is another.
    pub fn new(
        wanted: Wanted,
        serving: Arc<[u8]>,
        before: Option<Loaded>,
        wake: Arc<EventFd>,
        log: Log,
    ) -> Shelf {
        Shelf {
            wanted,
            wake,
            log,
            serving,
            staged: None,
            followed: false,
            before,
            reading: None,
            fetch: None,
            refused: None,
            partner_refused: None,
            reload_wanted: false,
            said: false,
        }
    }

    /// What is at hand, to be served next.
    pub fn staged(&self) -> Option<Digest> {
        self.staged.as_ref().map(|staged| staged.digest)
    }

    /// What was refused here, and why.
    pub fn refused(&self) -> Option<&str> {
        self.refused.as_ref().map(|(_, why)| why.as_str())
    }

    /// What the partner refused, and why.
    pub fn partner_refused(&self) -> Option<&str> {
        self.partner_refused.as_ref().map(|(_, why)| why.as_str())
    }

    /// The file is to be read again, and served.
    pub fn reload(&mut self) {
        self.reload_wanted = true;
    }

    /// An operator gives an artefact; what comes of it is in the status.
    ///
    /// # Errors
    /// Why not now.
    pub fn stage(&mut self, bytes: Vec<u8>) -> Result<(), String> {
        if self.reading.is_some() {
            return Err("another artefact is being read at this moment; try again".to_owned());
        }
        (self.refused, self.partner_refused) = (None, None);
        self.followed = false;
        self.read(Purpose::Stage, None, bytes.into());
        Ok(())
    }

    /// What is staged is to be served by nobody.
    pub fn discard(&mut self, node: &mut Node) {
        if let Some(staged) = self.staged.take() {
            // A file that is not there is gone already.
            let _ = fs::remove_file(staged_path(&self.wanted));
            self.log.say(Level::Info, "artefact-discarded", format_args!("artefact={}", staged.digest));
        }
        (self.refused, self.partner_refused) = (None, None);
        node.stage(None);
    }

    /// Serves what is staged, or was served before.
    ///
    /// # Errors
    /// Why not.
    pub fn serve(&mut self, node: &Node, digest: Digest) -> Result<(), String> {
        if node.tables().digest() == digest {
            return Ok(());
        }
        if self.reading.is_some() {
            return Err("another artefact is being read at this moment; try again".to_owned());
        }
        let known = [&self.staged, &self.before];
        let known =
            known.into_iter().flatten().find(|known| known.digest == digest).map(|it| Arc::clone(&it.bytes));
        let bytes = known.ok_or_else(|| {
            format!("the artefact {digest} is neither staged here nor was it served before; stage it first")
        })?;
        self.refused = None;
        self.read(Purpose::Serve, Some(digest), bytes);
        Ok(())
    }

    /// The partner is told to serve what it has staged, or had before.
    pub fn tell_partner(&mut self, node: &mut Node, digest: Digest) {
        self.partner_refused = None;
        self.tell(node, Errand::Serve(digest));
    }

    /// Reads bytes beside the core thread, and wakes it.
    fn read(&mut self, purpose: Purpose, digest: Option<Digest>, bytes: Arc<[u8]>) {
        let wanted = self.wanted.clone();
        self.begin(purpose, digest, move || {
            let loaded = wanted.load_bytes(bytes, "the artefact")?;
            match purpose {
                Purpose::Stage => write_staged(&wanted, &loaded.bytes)?,
                Purpose::Serve => replace(&wanted, &loaded.bytes)?,
                Purpose::Reload | Purpose::Know => {}
            }
            Ok(loaded)
        });
    }

    fn begin(
        &mut self,
        purpose: Purpose,
        digest: Option<Digest>,
        load: impl FnOnce() -> Result<Loaded, String> + Send + 'static,
    ) {
        let (sender, receiver) = channel();
        let wake = Arc::clone(&self.wake);
        self.reading = Some(receiver);
        thread::spawn(move || {
            // If the core has stopped meanwhile, nobody waits.
            let _ = sender.send(Read { purpose, digest, loaded: load() });
            let _ = wake.write(1);
        });
    }

    /// What the partner asks, says and sends.
    pub fn errand(&mut self, now: Now, node: &mut Node, errand: Errand) {
        match errand {
            Errand::Want { digest, first } => self.give(node, digest, first),
            Errand::Piece { digest, first, total, octets } => {
                self.take(now, node, (digest, first, total), &octets);
            }
            Errand::Serve(digest) => {
                self.log.say(Level::Info, "partner-says-serve", format_args!("artefact={digest}"));
                if let Err(why) = self.serve(node, digest) {
                    self.refuse(node, digest, why);
                }
            }
            Errand::Refused { digest, why } => {
                let details = format_args!("artefact={digest} because=\"{why}\"");
                self.log.say(Level::Warning, "partner-refused-artefact", details);
                self.partner_refused = Some((digest, why));
            }
        }
    }

    /// A piece of an artefact that this server has.
    fn give(&mut self, node: &mut Node, digest: Digest, first: u64) {
        let others = [&self.staged, &self.before].into_iter().flatten();
        let other = others.filter(|known| known.digest == digest).map(|known| &known.bytes).next();
        let bytes = if node.tables().digest() == digest { Some(&self.serving) } else { other };
        let Some(bytes) = bytes else { return };
        let Some(rest) = usize::try_from(first).ok().and_then(|first| bytes.get(first..)) else { return };
        let octets = rest[..rest.len().min(PIECE_MAX)].to_vec();
        self.tell(node, Errand::Piece { digest, first, total: bytes.len() as u64, octets });
    }

    fn take(&mut self, now: Now, node: &mut Node, (digest, first, total): (Digest, u64, u64), octets: &[u8]) {
        let Some(fetch) = self.fetch.as_mut().filter(|fetch| fetch.digest == digest) else { return };
        if total > ARTEFACT_MAX {
            self.fetch = None;
            let why = format!("it has {total} octets; a server takes {ARTEFACT_MAX} at most");
            return self.refuse(node, digest, why);
        }
        if first != fetch.octets.len() as u64 || octets.is_empty() {
            return;
        }
        fetch.octets.extend_from_slice(octets);
        fetch.asked_boot_ms = now.boot_ms;
        if (fetch.octets.len() as u64) < total {
            let first = fetch.octets.len() as u64;
            return self.tell(node, Errand::Want { digest, first });
        }
        if let Some(Fetch { purpose, octets, .. }) = self.fetch.take() {
            self.followed = purpose == Purpose::Stage;
            self.read(purpose, Some(digest), octets.into());
        }
    }

    fn tell(&mut self, node: &mut Node, errand: Errand) {
        self.said = true;
        node.errand(errand);
    }

    /// Whether something was said to the partner since this was asked: it leaves with the node's next step.
    pub fn has_said(&mut self) -> bool {
        std::mem::take(&mut self.said)
    }

    fn refuse(&mut self, node: &mut Node, digest: Digest, why: String) {
        let details = format_args!("artefact={digest} because=\"{why}\" kept=the-old-artefact");
        self.log.say(Level::Error, "artefact-refused", details);
        self.tell(node, Errand::Refused { digest, why: why.clone() });
        self.refused = Some((digest, why));
    }

    /// Begins what is to be done; gives what is to be served from now on.
    pub fn turn(&mut self, now: Now, node: &mut Node, journal: &JournalThread) -> Option<Loaded> {
        let done = self.finish(node, journal);
        if self.reload_wanted && self.reading.is_none() {
            self.reload_wanted = false;
            let wanted = self.wanted.clone();
            self.begin(Purpose::Reload, None, move || wanted.load());
        }
        self.follow(now, node);
        done
    }

    fn finish(&mut self, node: &mut Node, journal: &JournalThread) -> Option<Loaded> {
        let Read { purpose, digest, loaded } = match self.reading.as_ref()?.try_recv() {
            Ok(read) => read,
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => {
                self.reading = None;
                return None;
            }
        };
        self.reading = None;
        let fits =
            |loaded: Loaded| super::core::fits(node.tables(), &loaded, &self.wanted.node).map(|()| loaded);
        let loaded = match loaded.and_then(fits) {
            Ok(loaded) => loaded,
            Err(why) if purpose == Purpose::Reload => {
                let details = format_args!("because=\"{why}\" kept=the-old-artefact");
                self.log.say(Level::Error, "reload-refused", details);
                return None;
            }
            Err(why) => {
                self.refuse(node, digest.unwrap_or(Digest([0; 32])), why);
                return None;
            }
        };
        match purpose {
            Purpose::Stage => {
                self.log.say(Level::Info, "artefact-staged", format_args!("artefact={}", loaded.digest));
                let other = loaded.digest != node.tables().digest();
                node.know(&loaded.tables);
                node.stage(Some(loaded.digest).filter(|_| other));
                self.staged = Some(loaded);
                None
            }
            Purpose::Know => {
                node.know(&loaded.tables);
                None
            }
            Purpose::Serve | Purpose::Reload => {
                self.keep_agreed(node, journal);
                let before = std::mem::replace(&mut self.serving, Arc::clone(&loaded.bytes));
                let tables = Arc::clone(node.tables());
                let digest = tables.digest();
                self.before = Some(Loaded { bytes: before, digest, tables, role: loaded.role });
                self.staged = self.staged.take().filter(|staged| staged.digest != loaded.digest);
                Some(loaded)
            }
        }
    }

    /// What both confirmed last is kept, so that a restart knows what is frozen.
    fn keep_agreed(&self, node: &Node, journal: &JournalThread) {
        let agreed = node.pair().and_then(|pair| pair.facts().agreed);
        if agreed.is_some_and(|agreed| agreed.digest == node.tables().digest()) {
            journal.give(Work::KeepAgreed(Arc::clone(&self.serving)));
        }
    }

    /// Fetches what the partner has staged, and what it may act by and nobody here has read.
    fn follow(&mut self, now: Now, node: &mut Node) {
        let Some(pair) = node.pair() else { return };
        let status = pair.artefact_status();
        let is_known = |digest: Digest| {
            let staged = self.staged.as_ref().is_some_and(|staged| staged.digest == digest);
            let refused = self.refused.as_ref().is_some_and(|(refused, _)| *refused == digest);
            staged || refused || status.running == Some(digest)
        };
        let staged = status.partner_staged.filter(|digest| !is_known(*digest));
        let staged = staged.map(|digest| (Purpose::Stage, digest));
        let unknown =
            pair.unknown_terms().filter(|digest| !is_known(*digest)).map(|digest| (Purpose::Know, digest));
        let wanted = staged.or(unknown);
        if self.followed && self.staged.is_some() && status.partner_staged.is_none() {
            let left = status.partner_running != self.staged.as_ref().map(|staged| staged.digest);
            if left {
                self.followed = false;
                self.discard(node);
            }
            return;
        }
        let Some((purpose, digest)) = wanted else {
            self.fetch = None;
            return;
        };
        if self.reading.is_some() {
            return;
        }
        let fetch =
            self.fetch.get_or_insert_with(|| Fetch { purpose, digest, octets: Vec::new(), asked_boot_ms: 0 });
        if fetch.digest != digest {
            *fetch = Fetch { purpose, digest, octets: Vec::new(), asked_boot_ms: 0 };
        }
        if fetch.asked_boot_ms == 0 || now.boot_ms >= fetch.asked_boot_ms + PIECE_MS {
            fetch.asked_boot_ms = now.boot_ms.max(1);
            let first = fetch.octets.len() as u64;
            self.tell(node, Errand::Want { digest, first });
        }
    }
}

/// What the data directory keeps of artefacts other than the one that is served.
pub fn kept(wanted: &Wanted, data: &Path, serving: Digest) -> Vec<Loaded> {
    let files = [AGREED, LAST_GOOD].map(|name| data.join(name));
    let there = files.iter().filter(|file| file.exists());
    there.filter_map(|file| wanted.load_from(file).ok()).filter(|kept| kept.digest != serving).collect()
}

/// Beside the file that the server was started with; each server has its own, should both be started with one file.
fn staged_path(wanted: &Wanted) -> PathBuf {
    let mut path = wanted.path.clone().into_os_string();
    path.push(format!(".{}.staged", wanted.node));
    path.into()
}

/// Writes what is staged where it can take the file's place in one step: who cannot write there says so now.
fn write_staged(wanted: &Wanted, bytes: &[u8]) -> Result<(), String> {
    let path = staged_path(wanted);
    write(&path, bytes).map_err(|error| {
        format!(
            "cannot write {}: {error}; make its directory writable for this server, so that a restart keeps what is \
             rolled out",
            path.display()
        )
    })
}

/// Puts bytes in the place of the file that the server was started with.
fn replace(wanted: &Wanted, bytes: &[u8]) -> Result<(), String> {
    let file = fs::canonicalize(&wanted.path).unwrap_or_else(|_| wanted.path.clone());
    let cannot = |error: io::Error| {
        format!("cannot put the artefact in the place of {}: {error}; nothing was changed", file.display())
    };
    let unfinished = staged_path(&Wanted { path: file.clone(), node: wanted.node.clone() });
    write(&unfinished, bytes).map_err(cannot)?;
    fs::rename(&unfinished, &file).map_err(cannot)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(cannot)
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
