//! The core's end: answers from values, between two packets, a little at a time.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use leasehold_schemas::artefact::{Digest, HighAvailabilityMode};
use leasehold_server::failover::Standing;
use leasehold_server::failover::pair::{self, Command, Pair};
use leasehold_server::leases::{Binding, State};
use leasehold_server::node::Node;
use leasehold_server::time::Now;
use nix::sys::eventfd::EventFd;
use tokio::sync::oneshot;

use super::inquiry::{Heeded, Part, Question, Reply};
use super::status::{
    ArbiterStatus, ArtefactStatus, Census, HOMES, LeaseCounts, PairStatus, PartnerStatus, Snapshot, Status,
    Usage, Waiting,
};
use crate::daemon::artefact_file::role_name;
use crate::daemon::clock::rfc3339;
use crate::daemon::journal_thread::JournalThread;
use crate::daemon::shelf::Shelf;

/// How long the core answers before it looks after packets again; what is begun is finished.
const TURN: Duration = Duration::from_micros(300);
/// Records counted at once: about a tenth of a millisecond.
const CENSUS_PART: usize = 4096;
/// Addresses given at once.
const ADDRESSES_PART: usize = 8192;
/// Subnets looked at at once.
const USAGE_PART: usize = 256;

/// What is said of the server as it was started.
#[derive(Debug)]
pub struct Server {
    /// The name it was given.
    pub node: String,
    /// Its part.
    pub role: &'static str,
    /// Digest of what it serves.
    pub artefact: String,
    /// Where it takes packets.
    pub listening: Vec<String>,
    /// When it started.
    pub started: Now,
    /// Since when it has served this artefact.
    pub loaded: Now,
}

/// What else there is to answer from.
pub struct Ground<'a> {
    pub node: &'a mut Node,
    pub journal: &'a JournalThread,
    pub shelf: &'a mut Shelf,
    /// Datagrams that could not be sent.
    pub unsent: u64,
    pub stopping: bool,
}

/// The core's end of the control API.
pub struct Answers {
    questions: Receiver<Question>,
    wake: Arc<EventFd>,
    server: Server,
    /// Commands that were heeded, and the batch after which they are on disk.
    heeded: Vec<(u64, Reply<Heeded>)>,
    /// Dropped with the rest: then the control API ends.
    _lasts: oneshot::Sender<()>,
}

impl Answers {
    /// The core's end of a desk; what is not answered in one turn wakes the core for the next.
    pub fn new(
        questions: Receiver<Question>,
        wake: Arc<EventFd>,
        server: Server,
        lasts: oneshot::Sender<()>,
    ) -> Answers {
        Answers { questions, wake, server, heeded: Vec::new(), _lasts: lasts }
    }

    /// Another artefact is served.
    pub fn reloaded(&mut self, now: Now, artefact: String) {
        self.server.artefact = artefact;
        self.server.loaded = now;
    }

    /// Answers what has been asked, as far as a turn goes.
    pub fn answer(&mut self, now: Now, mut ground: Ground<'_>) {
        self.confirm(now, &mut ground);
        let Ok(mut question) = self.questions.try_recv() else { return };
        let begun = Instant::now();
        loop {
            self.one(now, &mut ground, question);
            match self.questions.try_recv() {
                Ok(next) if begun.elapsed() < TURN => question = next,
                Ok(next) => {
                    self.one(now, &mut ground, next);
                    // It fails only where it says already what it is to say.
                    let _ = self.wake.write(1);
                    return;
                }
                Err(_) => return,
            }
        }
    }

    /// Whoever asks may have given up meanwhile: then nobody takes the answer.
    fn one(&mut self, now: Now, ground: &mut Ground<'_>, question: Question) {
        match question {
            Question::Pulse(reply) => drop(reply.send(())),
            Question::Status(reply) => drop(reply.send(Box::new(self.status(now, ground)))),
            Question::Snapshot(reply) => drop(reply.send(Box::new(self.snapshot(now, ground)))),
            Question::Census(first, reply) => drop(reply.send(census(now, ground.node, first))),
            Question::Usage(first, reply) => drop(reply.send(usage(ground.node, first))),
            Question::Addresses(first, reply) => drop(reply.send(addresses(ground.node, first))),
            Question::Records(addresses, reply) => {
                let bindings = ground.node.store().bindings();
                let records = addresses.iter().filter_map(|address| bindings.get(*address).cloned());
                drop(reply.send(records.collect()));
            }
            Question::Command(command, reply) => self.command(now, ground, command, reply),
            Question::Stage(bytes, reply) => {
                let done = ground.shelf.stage(bytes);
                self.done(now, ground, done, reply);
            }
            Question::Discard(reply) => {
                ground.shelf.discard(ground.node);
                self.done(now, ground, Ok(()), reply);
            }
            Question::Serve { artefact, partner, reply } => {
                let done = if partner {
                    ground.shelf.tell_partner(ground.node, artefact);
                    Ok(())
                } else {
                    ground.shelf.serve(ground.node, artefact)
                };
                self.done(now, ground, done, reply);
            }
        }
    }

    fn done(&self, now: Now, ground: &Ground<'_>, done: Result<(), String>, reply: Reply<Heeded>) {
        drop(reply.send(done.map(|()| Box::new(self.status(now, ground)))));
    }

    fn command(&mut self, now: Now, ground: &mut Ground<'_>, command: Command, reply: Reply<Heeded>) {
        if reply.is_closed() {
            // Who is not told that it was done does not expect it to be done later.
            return;
        }
        let answer = match ground.node.command(now, command) {
            Some(Ok(())) => match ground.node.store().unsynced() {
                Some(batch) => return self.heeded.push((batch, reply)),
                None => Ok(Box::new(self.status(now, ground))),
            },
            Some(Err(why)) => Err(why.to_string()),
            None => {
                Err("this server serves alone: it has no partner; start the pair without --standalone"
                    .to_owned())
            }
        };
        drop(reply.send(answer));
    }

    /// Tells those whose command is on disk.
    fn confirm(&mut self, now: Now, ground: &mut Ground<'_>) {
        if self.heeded.is_empty() {
            return;
        }
        let store = ground.node.store();
        if store.failure().is_some() {
            for (_, reply) in self.heeded.drain(..) {
                drop(reply.send(Err("the disk failed before the command was on it".to_owned())));
            }
            return;
        }
        let on_disk = self.heeded.partition_point(|(batch, _)| store.is_on_disk(*batch));
        let done: Vec<_> = self.heeded.drain(..on_disk).collect();
        for (_, reply) in done {
            drop(reply.send(Ok(Box::new(self.status(now, ground)))));
        }
    }

    fn snapshot(&self, now: Now, ground: &Ground<'_>) -> Snapshot {
        Snapshot {
            status: self.status(now, ground),
            counters: ground.node.counters().clone(),
            rights: ground.node.store().right_counts().clone(),
            disk: ground.journal.counts(),
            unsent: ground.unsent,
            started_wall_ms: self.server.started.wall_ms,
            since_wall_ms: ground.node.pair().map_or(0, |pair| {
                let state_ms = now.boot_ms.saturating_sub(pair.status(now).since_boot_ms);
                now.wall_ms.saturating_sub(state_ms)
            }),
        }
    }

    fn status(&self, now: Now, ground: &Ground<'_>) -> Status {
        let Server { node: name, role, artefact, listening, started, loaded } = &self.server;
        let node = &*ground.node;
        let bindings = node.store().bindings();
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            estate: node.tables().name().to_owned(),
            artefact: artefact.clone(),
            staged: ground.shelf.staged().map(|digest| digest.to_string()),
            artefact_refused: ground.shelf.refused().map(str::to_owned),
            node: name.clone(),
            role: (*role).to_owned(),
            listening: listening.clone(),
            started: rfc3339(started.wall_ms),
            now: rfc3339(now.wall_ms),
            uptime_secs: now.boot_ms.saturating_sub(started.boot_ms) / 1000,
            loaded_secs: now.boot_ms.saturating_sub(loaded.boot_ms) / 1000,
            stopping: ground.stopping,
            leases: LeaseCounts { records: bindings.len() as u64, bound: bindings.bound() as u64 },
            waiting: Waiting {
                disk: node.parked() as u64,
                partner: node.awaiting() as u64,
                offered: node.held() as u64,
            },
            pair: node.pair().map(|pair| pair_status(now, node, pair, ground.shelf.partner_refused())),
        }
    }
}

/// Its half of the pair.
fn pair_status(now: Now, node: &Node, pair: &Pair, refused: Option<&str>) -> PairStatus {
    let (said, facts, config) = (pair.status(now), pair.facts(), pair.config());
    let (answers, binds) = match node.store().standing() {
        Standing::Alone => (true, true),
        Standing::Paired(paired) => (paired.serving, paired.serving && paired.may_bind_at_all().is_ok()),
    };
    let servers = node.tables().high_availability().map(|both| both.servers.as_slice()).unwrap_or_default();
    // The primary stands first.
    let partner = servers.get(config.me.other().index());
    let events = pair.counts().iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
    let state_ms = now.boot_ms.saturating_sub(said.since_boot_ms);
    PairStatus {
        mode: mode_name(config.mode).to_owned(),
        state: said.state.name().to_owned(),
        since: rfc3339(now.wall_ms.saturating_sub(state_ms)),
        state_secs: state_ms / 1000,
        why: said.why.to_owned(),
        answers,
        binds_new_clients: binds,
        sovereign: said.sovereign,
        leaving: said.leaving,
        disk_lost: facts.amnesic,
        epoch: said.epoch,
        powers_in_secs: said.powers_in_ms.map(|in_ms| in_ms.div_ceil(1000)),
        unacked_updates: said.unacked as u64,
        unacked_ends: said.ends as u64,
        partner: PartnerStatus {
            name: partner.map(|partner| partner.name.clone()).unwrap_or_default(),
            role: partner.map(|partner| role_name(partner.role).to_owned()).unwrap_or_default(),
            heard: said.heard,
            heard_ms_ago: said.partner.map(|partner| partner.heard_ms_ago),
            state: said.partner.and_then(|partner| partner.state).map(|state| state.name().to_owned()),
            epoch: said.partner.map(|partner| partner.epoch),
            clock_ahead_ms: said.partner.map(|partner| partner.skew_ms),
        },
        arbiter: said.arbiter.map(|arbiter| ArbiterStatus {
            heard: arbiter.heard,
            heard_ms_ago: arbiter.seen_ms_ago,
            shared: arbiter.shared,
            lease_ms: arbiter.lease_ms,
            promise_ms: arbiter.promise_ms,
            epoch: arbiter.row.map(|(epoch, _)| epoch),
            sole: arbiter.row.and_then(|(_, sole)| sole).map(|side| HOMES[side.index()].to_owned()),
        }),
        artefacts: artefacts(said.artefacts, refused),
        clocks_differ: said.skewed,
        lead_secs: config.lead_ms / 1000,
        standby_share: config.ownership.share,
        conflicts: said.conflicts,
        events,
    }
}

fn artefacts(said: pair::ArtefactStatus, refused: Option<&str>) -> ArtefactStatus {
    let text = |digest: Option<Digest>| digest.map(|digest| digest.to_string());
    ArtefactStatus {
        accord: said.accord.name().to_owned(),
        agreed: text(said.agreed),
        partner_running: text(said.partner_running),
        partner_staged: text(said.partner_staged),
        partner_refused: refused.map(str::to_owned),
        frozen_addresses: said.frozen,
        homes_move: said.homes_move,
    }
}

fn mode_name(mode: HighAvailabilityMode) -> &'static str {
    match mode {
        HighAvailabilityMode::HotStandby => "hot-standby",
        HighAvailabilityMode::LoadBalancing => "load-balancing",
        HighAvailabilityMode::PassiveBackup => "passive-backup",
    }
}

fn census(now: Now, node: &Node, first: usize) -> Part<Census> {
    let bindings = node.store().bindings();
    let ownership = node.pair().map(|pair| pair.config().ownership);
    let mut part = Census::default();
    for binding in bindings.from(first).take(CENSUS_PART) {
        let home = ownership.map_or(2, |ownership| ownership.home(binding.address).index());
        part.0[home][state(binding, now.wall_ms)] += 1;
    }
    Part { part, next: next(first, CENSUS_PART, bindings.len()) }
}

/// Its place in [`super::status::STATES`].
fn state(binding: &Binding, wall_ms: u64) -> usize {
    match binding.state {
        State::Free { .. } => 0,
        State::Bound(_) if binding.is_active(wall_ms) => 1,
        State::Bound(_) => 2,
        State::Declined { .. } => 3,
    }
}

fn addresses(node: &Node, first: usize) -> Part<Vec<Ipv4Addr>> {
    let bindings = node.store().bindings();
    let part = bindings.from(first).take(ADDRESSES_PART).map(|binding| binding.address).collect();
    Part { part, next: next(first, ADDRESSES_PART, bindings.len()) }
}

fn usage(node: &Node, first: usize) -> Part<Vec<Usage>> {
    let (tables, store) = (node.tables(), node.store());
    let subnets = tables.subnets();
    let part = subnets.iter().skip(first).take(USAGE_PART).map(|subnet| {
        let ranges = || subnet.pools.iter().flat_map(|pool| tables.pool(*pool).ranges.iter());
        Usage {
            site: tables.segment(subnet.segment).site.clone(),
            prefix: subnet.prefix,
            size: ranges().map(|range| range.size()).sum(),
            free: ranges().map(|range| store.free(*range)).sum(),
        }
    });
    Part { part: part.collect(), next: next(first, USAGE_PART, subnets.len()) }
}

fn next(first: usize, part: usize, all: usize) -> Option<usize> {
    let next = first.saturating_add(part);
    (next < all).then_some(next)
}
