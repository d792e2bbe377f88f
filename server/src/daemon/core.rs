//! The core loop: one thread owns all state, takes what its sockets, the journal and signals bring, and never
//! waits for anything else.

use std::sync::Arc;

use leasehold_server::estate::Tables;
use leasehold_server::node::{Action, Actions, Event, Node};
use leasehold_server::serve::Outgoing;
use leasehold_server::time::{Millis, Now};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::EventFd;
use std::os::fd::AsFd as _;

use super::Stop;
use super::artefact_file::Loaded;
use super::clock;
use super::control::Ground;
use super::journal_thread::Work;
use super::log::{Level, Log};
use super::partner::Partner;
use super::socket::send_all;
use super::start::Started;

/// How often the reasons of silence are summed up in the log, where there were any.
const REPORT_EVERY_MS: u64 = 10_000;
/// How long a stopping server waits for its disk, and for its partner to take over.
const DRAIN_MAX_MS: u64 = 12_000;

struct Core {
    started: Started,
    actions: Actions,
    outgoing: Vec<Outgoing>,
    lost: u64,
    report: Report,
    stop_before: Option<u64>,
}

/// What the poll found.
struct Ready {
    /// For each listener, whether a datagram waits.
    listeners: Vec<bool>,
    /// Whether a signal came.
    signals: bool,
}

/// Serves until a signal says stop or the disk fails.
pub fn serve(started: Started) -> Result<(), Stop> {
    let mut core = Core {
        started,
        actions: Actions::default(),
        outgoing: Vec::new(),
        lost: 0,
        report: Report { said: Vec::new(), next_boot_ms: 0 },
        stop_before: None,
    };
    // What opening the store asked of the disk.
    core.started.node.flush(clock::now(), &mut core.actions);
    core.act();
    // After that, so that no lease waits for it.
    core.started.journal.give(Work::Keep(Arc::clone(&core.started.artefact)));
    let ended = loop {
        if let Some(ended) = core.turn() {
            break ended;
        }
    };
    let Started { journal, control, log, log_writer, data, partner, shelf, .. } = core.started;
    drop(control);
    // Whoever may still say something ends before the log does.
    drop(shelf);
    drop(journal);
    // Its last words rest on what the journal has synced.
    drop(partner);
    drop(data);
    drop(log);
    // Says the last lines; a panic of the writer has said so itself.
    let _ = log_writer.join();
    ended
}

impl Core {
    /// Waits for something, takes it all, acts. Gives how it ends, when it does.
    fn turn(&mut self) -> Option<Result<(), Stop>> {
        let Ready { listeners: readable, signals } = self.wait();
        let now = clock::now();
        if self.started.node.deadline(now).is_some_and(|Millis(due)| due <= now.boot_ms) {
            self.started.node.step(now, Event::Timer, &mut self.actions);
        }
        let completions: Vec<_> = self.started.journal.completions().collect();
        for completion in completions {
            self.started.node.step(now, Event::Disk(completion), &mut self.actions);
        }
        if let Some(partner) = &mut self.started.partner {
            partner.hear(now, &mut self.started.node, &mut self.actions);
        }
        if self.stop_before.is_none() {
            self.receive(now, &readable);
        }
        self.answer_control(now);
        self.artefacts(now);
        self.started.node.flush(now, &mut self.actions);
        self.act();
        self.signals(now, signals);
        if let Some(partner) = &mut self.started.partner {
            partner.watch(now, &self.started.node);
        }
        self.report.say(now, &self.started.node, self.lost, &self.started.log);
        self.ended(now)
    }

    /// Which sockets have something. The event file is emptied here, before what it announces is taken.
    fn wait(&mut self) -> Ready {
        let now = clock::now();
        let due =
            self.started.node.deadline(now).map_or(u64::MAX, |Millis(due)| due.saturating_sub(now.boot_ms));
        let timeout = due.min(self.report.next_boot_ms.saturating_sub(now.boot_ms).max(1)).min(1_000);
        let waits = self.started.partner.as_ref().is_some_and(Partner::has_more);
        let timeout = if waits { 0 } else { timeout };
        let timeout = PollTimeout::from(u16::try_from(timeout).expect("at most a second"));
        let Started { listeners, wake, signals, .. } = &self.started;
        let mut fds: Vec<PollFd<'_>> =
            listeners.iter().map(|listener| PollFd::new(listener.fd(), PollFlags::POLLIN)).collect();
        fds.push(PollFd::new(wake.as_fd(), PollFlags::POLLIN));
        fds.extend(signals.fds().map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
        match poll(&mut fds, timeout) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => panic!("poll takes these file descriptors: {error}"),
        }
        let any = |fd: &PollFd<'_>| fd.revents().is_some_and(|events| !events.is_empty());
        if any(&fds[listeners.len()]) {
            empty(wake);
        }
        Ready {
            listeners: fds[..listeners.len()].iter().map(any).collect(),
            signals: fds[listeners.len() + 1..].iter().any(any),
        }
    }

    fn receive(&mut self, now: Now, readable: &[bool]) {
        let Started { node, listeners, log, .. } = &mut self.started;
        for (listener, _) in listeners.iter_mut().zip(readable).filter(|(_, readable)| **readable) {
            let actions = &mut self.actions;
            let received = listener.receive(|meta, bytes| {
                node.step(now, Event::Datagram { meta, bytes }, actions);
            });
            if let Err(error) = received {
                log.say(
                    Level::Warning,
                    "cannot-receive",
                    format_args!("on={} error=\"{error}\"", listener.address),
                );
            }
        }
    }

    /// Answers what was asked over HTTP, after the packets.
    fn answer_control(&mut self, now: Now) {
        let Started { node, control, journal, shelf, .. } = &mut self.started;
        let ground = Ground { node, journal, shelf, unsent: self.lost, stopping: self.stop_before.is_some() };
        control.answer(now, ground);
    }

    fn act(&mut self) {
        if let Some(partner) = &mut self.started.partner {
            partner.say(&mut self.actions);
        }
        let mut operations = Vec::new();
        for action in self.actions.list.drain(..) {
            match action {
                Action::Send(outgoing) => self.outgoing.push(outgoing),
                Action::Disk(operation) => operations.push(operation),
            }
        }
        if !operations.is_empty() {
            self.started.journal.give(Work::Operations(operations));
        }
        self.lost += send_all(&mut self.started.listeners, &self.outgoing) as u64;
        for outgoing in self.outgoing.drain(..) {
            self.actions.recycle(outgoing.bytes);
        }
    }

    /// Heeds signals if any came: to look for them is a system call, which a busy server need not make every turn.
    fn signals(&mut self, now: Now, came: bool) {
        if came && self.started.signals.stop() && self.stop_before.is_none() {
            self.started.log.say(
                Level::Info,
                "stopping",
                format_args!("waiting={}", self.started.node.parked()),
            );
            self.stop_before = Some(now.boot_ms + DRAIN_MAX_MS);
            if let Some(partner) = &mut self.started.partner {
                partner.leave(now, &mut self.started.node);
            }
        }
        if came && self.started.signals.reload() {
            self.started.shelf.reload();
            let _ = self.started.wake.write(1);
            if let Some(partner) = &self.started.partner {
                partner.renew();
            }
        }
    }

    /// What the partner asks about artefacts, and one that was read beside the core thread: it is taken over whole,
    /// between two packets.
    fn artefacts(&mut self, now: Now) {
        let Started { node, journal, log, control, partner, shelf, .. } = &mut self.started;
        for errand in self.actions.errands.drain(..) {
            shelf.errand(now, node, errand);
        }
        let loaded = shelf.turn(now, node, journal);
        if shelf.has_said() {
            node.step(now, Event::Timer, &mut self.actions);
        }
        let Some(loaded) = loaded else { return };
        node.step(now, Event::Reload(Arc::clone(&loaded.tables)), &mut self.actions);
        journal.give(Work::Keep(loaded.bytes));
        log.say(Level::Info, "reloaded", format_args!("artefact={}", loaded.digest));
        control.reloaded(now, loaded.digest.to_string());
        if let (Some(partner), Some(said)) = (partner, loaded.tables.high_availability()) {
            partner.reloaded(said);
        }
    }

    fn ended(&self, now: Now) -> Option<Result<(), Stop>> {
        let node = &self.started.node;
        if let Some(error) = node.store().failure() {
            let directory = self.started.data.path.display();
            return Some(Err(Stop::Failed(format!(
                "the disk failed: {directory}/{error}; nothing was acknowledged since; mend it and start again"
            ))));
        }
        let before = self.stop_before?;
        let left = self.started.partner.as_ref().is_none_or(|partner| partner.has_left(now, node));
        if node.parked() == 0 && node.store().is_synced() && left {
            self.started.log.say(
                Level::Info,
                "stopped",
                format_args!("leases={}", node.store().bindings().bound()),
            );
            return Some(Ok(()));
        }
        let late = now.boot_ms > before;
        late.then(|| {
            Err(Stop::Failed("the disk did not finish in time; what was acknowledged is on it".to_owned()))
        })
    }
}

/// Whether an artefact can take the place of the one that is served: it is of the same estate, for the same servers.
pub fn fits(serving: &Tables, loaded: &Loaded, node: &str) -> Result<(), String> {
    let (now, then) = (serving.name(), loaded.tables.name());
    if now != then {
        return Err(format!("it is of estate `{then}`, and this server serves `{now}`"));
    }
    let servers = |tables: &Tables| -> Vec<String> {
        let servers = tables.high_availability().map(|pair| &pair.servers);
        servers.into_iter().flatten().map(|server| server.name.clone()).collect()
    };
    let (before, after) = (servers(serving), servers(&loaded.tables));
    if before == after {
        return Ok(());
    }
    Err(format!("it is for other servers, which a running server `{node}` cannot become one of: restart it"))
}

fn empty(wake: &EventFd) {
    // Not readable only means that somebody emptied it; there is nobody else.
    let _ = wake.read();
}

/// Sums up, now and then, why messages got no answer.
struct Report {
    said: Vec<u64>,
    next_boot_ms: u64,
}

impl Report {
    fn say(&mut self, now: Now, node: &Node, lost: u64, log: &Log) {
        if now.boot_ms < self.next_boot_ms {
            return;
        }
        self.next_boot_ms = now.boot_ms + REPORT_EVERY_MS;
        let reasons = node.counters().all_silences().map(|(silence, count)| (silence.name(), count));
        let reasons: Vec<(&str, u64)> = reasons.chain([("send-failed", lost)]).collect();
        self.said.resize(reasons.len(), 0);
        let mut line = String::new();
        for (before, (name, count)) in self.said.iter_mut().zip(&reasons) {
            if *count > *before && *name != "recorded" {
                line.push_str(&format!("{name}={} ", count - *before));
            }
            *before = *count;
        }
        if !line.is_empty() {
            log.say(Level::Info, "unanswered", line.trim_end());
        }
    }
}
