//! Everything that can refuse to start, in order: artefact, data directory, sockets. Then one line says that the
//! server is ready.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use leasehold_schemas::artefact::Digest;
use leasehold_server::estate::Tables;
use leasehold_server::failover::pair::{self, Pair};
use leasehold_server::leases::Store;
use leasehold_server::leases::journal::{Identity, Sizes};
use leasehold_server::node::Node;
use leasehold_server::serve::Config;
use nix::net::if_::if_nameindex;
use nix::sys::eventfd::{EfdFlags, EventFd};

use super::arguments::Run;
use super::artefact_file::{Loaded, Wanted};
use super::control::{self, Answers, Server};
use super::data_directory::{self, DataDirectory, LAST_GOOD};
use super::journal_thread::JournalThread;
use super::log::{Level, Log};
use super::partner::{self, Joining, Partner};
use super::shelf::{self, Shelf};
use super::signals::Signals;
use super::socket::{Listener, Place};
use super::{Stop, clock};

/// What a server of a pair says that begins with nothing.
const NO_LEASES: &str = "because=\"the data directory is empty: that is a lost disk, or a new pair\" \
                         help=\"it answers nobody until its partner's records have come; if no server of this pair \
                         has granted a lease yet, start both once with --new-pair\"";

/// A server that is ready.
pub struct Started {
    pub node: Node,
    pub listeners: Vec<Listener>,
    /// Absent: a single server.
    pub partner: Option<Partner>,
    pub journal: JournalThread,
    pub wake: Arc<EventFd>,
    pub signals: Signals,
    pub shelf: Shelf,
    pub control: Answers,
    pub log: Log,
    pub log_writer: JoinHandle<()>,
    /// What is served, to be kept as the last good artefact.
    pub artefact: Arc<[u8]>,
    /// Held until the end: the directory is this process's alone.
    pub data: DataDirectory,
}

/// Tries everything, and says that the server is ready.
pub fn start(run: &Run) -> Result<Started, Stop> {
    let wanted = Wanted { path: run.config.clone(), node: run.node.clone() };
    let (loaded, fallen_back) = load(run, &wanted).map_err(Stop::Refused)?;
    let part = part(run, &loaded.tables).map_err(Stop::Refused)?;
    let identity = Identity { estate: loaded.tables.name().to_owned(), node: run.node.clone() };
    let (data, recovered) = data_directory::open(&run.data_dir, &identity).map_err(Stop::Refused)?;
    let listeners = listen(run).map_err(Stop::Refused)?;
    let control = control::open(&run.control).map_err(Stop::Refused)?;
    let system = |what: &str, error: &dyn std::fmt::Display| Stop::Refused(format!("cannot {what}: {error}"));
    let wake = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)
        .map_err(|error| system("make an eventfd", &error))?;
    let wake = Arc::new(wake);
    let signals = Signals::take().map_err(|error| system("take signals", &error))?;
    let (log, log_writer) = Log::start();
    if let Some(why) = fallen_back {
        log.say(Level::Warning, "serving-last-good-artefact", format_args!("because=\"{why}\""));
    }
    if let Some(cut) = &recovered.cut {
        let details = format!("file={} offset={}", cut.file, cut.offset);
        log.say(Level::Warning, "unfinished-write-cut-off-journal", details);
    }
    let store = Store::open(identity, Sizes::default(), recovered);
    let journal = JournalThread::start(data.path.clone(), Arc::clone(&wake));
    let leases = store.bindings().bound();
    let config =
        Config { server_id: run.server_id, also: run.server_id_also.clone(), interfaces: interfaces() };
    let (mut node, partner) =
        take_part(part, &loaded.tables, config, store, (&wake, &log)).map_err(Stop::Refused)?;
    let before = remember(&mut node, &wanted, &data.path);
    let shelf = Shelf::new(wanted, Arc::clone(&loaded.bytes), before, Arc::clone(&wake), log.clone());
    let now = clock::now();
    let server = Server {
        node: run.node.clone(),
        role: loaded.role,
        artefact: loaded.digest.to_string(),
        listening: places(run, &listeners),
        started: now,
        loaded: now,
    };
    let control = control.start(server, &wake, &log).map_err(Stop::Refused)?;
    say_ready(&loaded, run, &listeners, leases);
    let artefact = loaded.bytes;
    Ok(Started {
        node,
        listeners,
        partner,
        journal,
        wake,
        signals,
        shelf,
        control,
        log,
        log_writer,
        artefact,
        data,
    })
}

/// Learns what both servers confirmed last, if that is not what is served; gives it.
fn remember(node: &mut Node, wanted: &Wanted, data: &Path) -> Option<Loaded> {
    let facts = node.pair()?.facts();
    let may_act_by: Vec<Digest> =
        [facts.agreed, facts.prepared].into_iter().flatten().map(|agreed| agreed.digest).collect();
    let serving = node.tables().digest();
    if may_act_by.iter().all(|digest| *digest == serving) {
        return None;
    }
    let mut before = None;
    for kept in shelf::kept(wanted, data, serving) {
        if may_act_by.contains(&kept.digest) {
            node.know(&kept.tables);
            before.get_or_insert(kept);
        }
    }
    before
}

/// The machine's interfaces as they are now. One that comes later has no name in class tests.
fn interfaces() -> Vec<(u32, Box<str>)> {
    let Ok(all) = if_nameindex() else { return Vec::new() };
    let mut named: Vec<(u32, Box<str>)> =
        all.iter().map(|one| (one.index(), one.name().to_string_lossy().into())).collect();
    named.sort_unstable();
    named
}

/// What a server is to its estate.
enum Part {
    /// There is no other.
    Single,
    /// There is another, and it is off: the operator says so.
    Alone(pair::Config),
    /// One of two.
    Joining(Box<Joining>),
}

/// What this server is, and that what it needs for it is there.
fn part(run: &Run, tables: &Tables) -> Result<Part, String> {
    let Some(said) = tables.high_availability() else {
        if run.peer.new_pair || run.peer.restored {
            return Err(
                "the artefact is for a single server; --new-pair and --restored are for a pair".to_owned()
            );
        }
        return Ok(Part::Single);
    };
    if run.standalone {
        let config = pair::Config::of(tables.name(), said, &run.node, pair::Start::Continue);
        return Ok(Part::Alone(config.expect("an artefact that does not name this server is not loaded")));
    }
    Ok(Part::Joining(Box::new(partner::joining(run, tables.name(), said)?)))
}

/// Opens what the part needs, and gives the node its half of the pair.
fn take_part(
    part: Part,
    tables: &Arc<Tables>,
    config: Config,
    mut store: Store,
    (wake, log): (&Arc<EventFd>, &Log),
) -> Result<(Node, Option<Partner>), String> {
    let now = clock::now();
    let tables = Arc::clone(tables);
    match part {
        Part::Single => Ok((Node::new(tables, config, store), None)),
        Part::Alone(half) => {
            let half = pair::alone(half, now, &mut store);
            let half = half.map_err(|why| format!("cannot serve alone: {why}"))?;
            let node = Node::new(tables, config, store);
            Ok(match half {
                None => (node, None),
                Some(half) => (node.with_partner(|_| half), Some(Partner::absent(log.clone()))),
            })
        }
        Part::Joining(joining) => {
            if store.facts().is_none()
                && store.bindings().is_empty()
                && joining.config.start != pair::Start::NewPair
            {
                log.say(Level::Warning, "no-leases-here", NO_LEASES);
            }
            if store.facts().is_some() && joining.config.start == pair::Start::NewPair {
                let why = "because=\"this server was one of the pair before\" \
                           help=\"take --new-pair away: after the loss of a disk it would say what is not so\"";
                log.say(Level::Warning, "not-a-new-pair", why);
            }
            let half = joining.config;
            let partner = Partner::join(*joining, Arc::clone(wake), log.clone())?;
            let node = Node::new(tables, config, store).with_partner(|store| Pair::open(half, now, store));
            Ok((node, Some(partner)))
        }
    }
}

/// The artefact, or the last good one and why.
fn load(run: &Run, wanted: &Wanted) -> Result<(Loaded, Option<String>), String> {
    let why = match wanted.load() {
        Ok(loaded) => return Ok((loaded, None)),
        Err(why) => why,
    };
    if !run.fallback_last_good {
        return Err(why);
    }
    match wanted.load_from(&run.data_dir.join(LAST_GOOD)) {
        Ok(loaded) => Ok((loaded, Some(why))),
        Err(neither) => Err(format!("{why}; and of the last good one: {neither}")),
    }
}

fn listen(run: &Run) -> Result<Vec<Listener>, String> {
    if run.listen.is_empty() && run.interface.is_empty() {
        return Err(
            "nothing to listen on; give --listen ADDR for relayed packets, --interface IF for clients on \
             a network of this machine, or both"
                .to_owned(),
        );
    }
    // Sockets for an address and for an interface cover the same port only if both say that they share it.
    let shared = !run.listen.is_empty() && !run.interface.is_empty();
    let interfaces = run.interface.iter().map(|name| Place::Interface(name));
    let places = interfaces.chain(run.listen.iter().map(|address| Place::Address(*address)));
    places.map(|place| Listener::open(&place, shared)).collect()
}

/// Where packets are taken, as it was asked for.
fn places(run: &Run, listeners: &[Listener]) -> Vec<String> {
    let addresses = listeners.iter().skip(run.interface.len()).map(|listener| listener.address.to_string());
    run.interface.iter().cloned().chain(addresses).collect()
}

fn say_ready(loaded: &Loaded, run: &Run, listeners: &[Listener], leases: usize) {
    let places = places(run, listeners).join(", ");
    let (estate, digest, role) = (loaded.tables.name(), loaded.digest, loaded.role);
    let version = env!("CARGO_PKG_VERSION");
    let ready = format!("serving estate {estate} ({digest}) as {role} on {places}, {leases} leases");
    let mut stdout = std::io::stdout().lock();
    // Whoever started the server need not read this.
    let _ = writeln!(stdout, "leasehold-server {version} {ready}").and_then(|()| stdout.flush());
}
