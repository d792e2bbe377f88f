//! A node, a disk that obeys, and a clock that the script moves.
#![expect(clippy::disallowed_methods, reason = "a script names the file of its estate")]

use std::collections::VecDeque;
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use leasehold_compiler::{Cache, compile};
use leasehold_schemas::artefact;
use leasehold_schemas::vocab::Seconds;
use leasehold_server::estate::Tables;
use leasehold_server::leases::Store;
use leasehold_server::leases::journal::{Completion, Identity, Operation, Sizes, recover};
use leasehold_server::node::{Action, Actions, Event, Node};
use leasehold_server::serve::{Config, Outgoing, Silence};
use leasehold_server::time::Now;

use super::packet::Packet;
use crate::case;
use crate::finding_list::finding_list;

/// 2026-11-22 00:00 UTC, in milliseconds since 1970: when scripts begin.
const BEGIN_WALL_MS: u64 = 1_795_305_600_000;
const BEGIN_BOOT_MS: u64 = 1_000_000;

/// What came of a message.
#[derive(Clone, Debug)]
pub enum Answer {
    /// This was sent.
    Reply(Outgoing),
    /// Nothing was sent, for this reason.
    Silence(Silence),
    /// Nothing was sent yet.
    Nothing,
}

/// Everything around a script.
#[derive(Debug, Default)]
pub struct World {
    node: Option<Node>,
    config: Config,
    actions: Actions,
    elapsed_ms: u64,
    /// By how much the wall clock was set forward (or back) since the script began.
    wall_step_ms: i64,
    disk_stopped: bool,
    waiting: VecDeque<Operation>,
    answers: VecDeque<Answer>,
    silences: Vec<u64>,
    sent: bool,
}

impl World {
    /// Starts the node on an estate.
    pub fn start(&mut self, file: &Path) -> Result<(), String> {
        let identity = Identity { estate: "script".to_owned(), node: "single".to_owned() };
        let recovered = recover(Some(&identity), &[]).map_err(|why| format!("{why:?}"))?;
        let store = Store::open(identity, Sizes::default(), recovered);
        let config = Config { interfaces: vec![(3, "eth3".into())], ..self.config.clone() };
        self.node = Some(Node::new(tables(file)?, config, store));
        self.run_disk();
        Ok(())
    }

    /// Swaps the estate.
    pub fn reload(&mut self, file: &Path) -> Result<(), String> {
        let tables = tables(file)?;
        self.event(Event::Reload(tables))
    }

    /// Sets the server identifier; before `estate`.
    pub fn set_server_id(&mut self, address: Ipv4Addr) -> Result<(), String> {
        self.config.server_id = Some(address);
        Ok(())
    }

    /// Adds a former server identifier; before `estate`.
    pub fn add_former_id(&mut self, address: Ipv4Addr) -> Result<(), String> {
        self.config.also.push(address);
        Ok(())
    }

    /// Lets the disk do nothing until [`World::release_disk`].
    pub fn stop_disk(&mut self) -> Result<(), String> {
        self.disk_stopped = true;
        Ok(())
    }

    /// Lets the disk do what it was told.
    pub fn release_disk(&mut self) -> Result<(), String> {
        self.disk_stopped = false;
        self.run_disk();
        Ok(())
    }

    /// Sets the wall clock, forward or back; the boot clock goes on.
    pub fn step_clock(&mut self, forward: bool, by: &str) -> Result<(), String> {
        let Seconds(seconds) = by.parse().map_err(|_| format!("`{by}` is no time"))?;
        self.wall_step_ms += i64::from(seconds) * if forward { 1000 } else { -1000 };
        self.timer()
    }

    /// Moves the clock, and lets timers run that fall due.
    pub fn set_time(&mut self, time: &str) -> Result<(), String> {
        let Seconds(seconds) = time.parse().map_err(|_| format!("`{time}` is no time"))?;
        let at = u64::from(seconds) * 1000;
        if at < self.elapsed_ms {
            return Err("time does not go back".to_owned());
        }
        self.elapsed_ms = at;
        self.timer()
    }

    fn timer(&mut self) -> Result<(), String> {
        let now = self.now();
        let due = self.node()?.deadline(now).is_some_and(|deadline| deadline.0 <= now.boot_ms);
        if due { self.event(Event::Timer) } else { Ok(()) }
    }

    /// Lets a message come in.
    pub fn send(&mut self, packet: &Packet) -> Result<(), String> {
        self.settled()?;
        self.silences = self.node()?.counters().all_silences().map(|(_, count)| count).collect();
        self.sent = true;
        self.event(Event::Datagram { meta: packet.meta, bytes: &packet.bytes })
    }

    /// What came of the message before; it is asked for once.
    pub fn next_answer(&mut self) -> Result<Answer, String> {
        self.sent = false;
        if let Some(answer) = self.answers.pop_front() {
            return Ok(answer);
        }
        let counters: Vec<(Silence, u64)> = self.node()?.counters().all_silences().collect();
        let counted = counters.iter().zip(&self.silences).find(|((_, now), before)| now > before);
        let Some(((reason, _), _)) = counted else { return Ok(Answer::Nothing) };
        let reason = *reason;
        self.silences = counters.into_iter().map(|(_, count)| count).collect();
        Ok(Answer::Silence(reason))
    }

    /// Nothing may be left that the script does not speak of.
    pub fn finish(&mut self) -> Result<(), String> {
        self.settled()?;
        let parked = self.node()?.parked();
        if parked == 0 { Ok(()) } else { Err(format!("{parked} exchanges still wait")) }
    }

    fn settled(&self) -> Result<(), String> {
        match self.answers.front() {
            Some(answer) => Err(format!("the script does not speak of {answer:?}")),
            None if self.sent => Err("the script does not say what the last message leads to".to_owned()),
            None => Ok(()),
        }
    }

    fn event(&mut self, event: Event<'_>) -> Result<(), String> {
        let now = self.now();
        let Self { node, actions, .. } = self;
        let node = node.as_mut().ok_or("name an estate first")?;
        node.step(now, event, actions);
        node.flush(now, actions);
        self.run_disk();
        Ok(())
    }

    fn run_disk(&mut self) {
        loop {
            for action in std::mem::take(&mut self.actions.list) {
                match action {
                    Action::Send(outgoing) => self.answers.push_back(Answer::Reply(outgoing)),
                    Action::Disk(operation) => self.waiting.push_back(operation),
                }
            }
            let now = self.now();
            let Some(node) = self.node.as_mut() else { return };
            let operation = if self.disk_stopped { None } else { self.waiting.pop_front() };
            if let Some(operation) = operation {
                let done = Completion { id: operation.id, result: Ok(()) };
                node.step(now, Event::Disk(done), &mut self.actions);
            }
            node.flush(now, &mut self.actions);
            if self.actions.list.is_empty() && (self.disk_stopped || self.waiting.is_empty()) {
                return;
            }
        }
    }

    fn now(&self) -> Now {
        let wall_ms = (BEGIN_WALL_MS + self.elapsed_ms).saturating_add_signed(self.wall_step_ms);
        Now { boot_ms: BEGIN_BOOT_MS + self.elapsed_ms, wall_ms }
    }

    fn node(&self) -> Result<&Node, String> {
        self.node.as_ref().ok_or_else(|| "name an estate first".to_owned())
    }
}

/// An estate: a folder of YAML, compiled here, or an artefact's content.
pub(super) fn tables(file: &Path) -> Result<Arc<Tables>, String> {
    if file.is_dir() {
        let sources = case::estate(file);
        let compilation = compile(&sources, &mut Cache::default(), case::today());
        let artefact =
            compilation.artefact.ok_or_else(|| finding_list(&sources, &compilation.diagnostics))?;
        let (estate, digest) = artefact::decode(&artefact.bytes).map_err(|why| why.to_string())?;
        let tables = Tables::build(&estate).map_err(|why| why.to_string())?;
        return Ok(Arc::new(tables.with_digest(digest)));
    }
    let bytes = fs::read(file).map_err(|why| format!("{}: {why}", file.display()))?;
    let estate = artefact::decode_estate(&bytes).map_err(|why| format!("{}: {why}", file.display()))?;
    Tables::build(&estate).map(Arc::new).map_err(|why| format!("{}: {why}", file.display()))
}
