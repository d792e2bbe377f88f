//! Packet scenarios of a pair: two nodes, their disks, the link between them, and what each answers.
//!
//! ```text
//! estate hot-standby
//! at 5s both relay 10.1.0.1 DISCOVER mac 02:00:00:00:00:01
//! -> primary OFFER yiaddr 10.1.0.16
//! -> standby silence partners-turn
//! at 6s power-off primary
//! at 7s wait
//! ```
//!
//! `both` is what a relay with two helper addresses sends; `primary` or `standby` in its place is unicast. Between the
//! lines time passes, and both do what falls due. Beside packets: `wait`, `power-off SERVER`, `start SERVER`,
//! `reset SERVER` (its connection to the partner is reset), `cut`, `mend` (the link), `deaf SERVER`, `hears SERVER`
//! (its service hangs, and its heart beats), `disk stop SERVER`, `disk go SERVER`, `command SERVER NAME`,
//! `refuses SERVER NAME REASON`, `state SERVER NAME`, `count SERVER BRANCH NUMBER`. `reload FOLDER` swaps the estate of both,
//! `serve SERVER FOLDER` that of one (with its next start, if it is off); `artefacts SERVER ACCORD` says how they stand
//! to each other. Every answer must be spoken of before time goes on.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use leasehold_schemas::vocab::Millis;
use leasehold_server::estate::Tables;
use leasehold_server::failover::pair::{Command, Config, Pair, Start, Unsafe};
use leasehold_server::leases::Store;
use leasehold_server::leases::journal::{Identity, Operation, Sizes, recover};
use leasehold_server::node::{Action, Actions, Event, Node};
use leasehold_server::serve;
use leasehold_server::time::Now;

use super::world::{Answer, tables};
use super::{Expected, Packet, words};
use crate::simulated_disk::SimulatedDisk;

const NAMES: [&str; 2] = ["primary", "standby"];
const ADDRESSES: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 0, 0, 5), Ipv4Addr::new(10, 0, 0, 6)];
/// 2026-11-22 00:00 UTC, in milliseconds since 1970: when scripts begin.
const BEGIN_WALL_MS: u64 = 1_795_305_600_000;
const BEGIN_BOOT_MS: u64 = 1_000_000;

#[derive(Debug, Default)]
struct Server {
    node: Option<Node>,
    disk: SimulatedDisk,
    actions: Actions,
    waiting: VecDeque<Operation>,
    answers: VecDeque<Answer>,
    silences: Vec<u64>,
    deaf: bool,
    disk_stopped: bool,
    tables: Option<Arc<Tables>>,
}

#[derive(Debug, Default)]
struct World {
    servers: [Server; 2],
    elapsed_ms: u64,
    cut: bool,
}

/// Runs a script whose estates lie in `folder`.
///
/// # Errors
/// The first line that is wrong, or that the servers do not answer as the script says.
pub fn run(script: &str, folder: &Path) -> Result<(), String> {
    let mut world = World::default();
    for (number, line) in (1..).zip(script.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        world.line(line, folder).map_err(|why| format!("line {number}: {line}\n  {why}"))?;
    }
    world.settled()
}

impl World {
    fn line(&mut self, line: &str, folder: &Path) -> Result<(), String> {
        match words(line).as_slice() {
            ["estate", name] => {
                self.estate(&tables(&folder.join(name))?);
                self.start(0, Start::NewPair)?;
                self.start(1, Start::NewPair)
            }
            ["reload", name] => {
                let tables = tables(&folder.join(name))?;
                self.estate(&tables);
                self.event(0, Event::Reload(Arc::clone(&tables)))?;
                self.event(1, Event::Reload(tables))
            }
            ["at", time, rest @ ..] => {
                self.settled()?;
                for server in &mut self.servers {
                    server.silences = silences(server);
                }
                self.advance(time)?;
                self.happen(rest, folder)
            }
            ["->", server, rest @ ..] => {
                let at = server_named(server)?;
                Expected::parse(rest)?.check(&self.servers[at].next_answer())
            }
            _ => Err("not a line of a pair's script".to_owned()),
        }
    }

    fn estate(&mut self, tables: &Arc<Tables>) {
        for server in &mut self.servers {
            server.tables = Some(Arc::clone(tables));
        }
    }

    fn happen(&mut self, words: &[&str], folder: &Path) -> Result<(), String> {
        match words {
            ["serve", server, name] => {
                let (at, tables) = (server_named(server)?, tables(&folder.join(name))?);
                self.servers[at].tables = Some(Arc::clone(&tables));
                if self.servers[at].node.is_some() {
                    self.event(at, Event::Reload(tables))?;
                }
            }
            ["artefacts", server, expected] => {
                let node = self.servers[server_named(server)?].node.as_ref().ok_or("the server is off")?;
                let status = node.pair().expect("it has a partner").artefact_status();
                if status.accord.name() != *expected {
                    return Err(format!("they are {status:?}"));
                }
            }
            ["wait"] => {}
            ["power-off", server] => {
                let server = &mut self.servers[server_named(server)?];
                server.node = None;
                server.waiting.clear();
                server.actions = Actions::default();
            }
            ["start", server] => self.start(server_named(server)?, Start::Continue)?,
            ["reset", server] => self.event(server_named(server)?, Event::PartnerLost)?,
            ["cut"] => self.cut = true,
            ["mend"] => self.cut = false,
            ["deaf", server] => self.servers[server_named(server)?].deaf = true,
            ["hears", server] => self.servers[server_named(server)?].deaf = false,
            ["disk", "stop", server] => self.servers[server_named(server)?].disk_stopped = true,
            ["disk", "go", server] => {
                self.servers[server_named(server)?].disk_stopped = false;
                self.exchange();
            }
            ["command", server, name] => {
                self.command(server, name)?.map_err(|why| why.to_string())?;
            }
            ["refuses", server, name, reason] => match self.command(server, name)? {
                Ok(()) => return Err("it is done".to_owned()),
                Err(why) if why.name() != *reason => return Err(format!("the reason is {}", why.name())),
                Err(_) => {}
            },
            ["state", server, name] => {
                let node = self.servers[server_named(server)?].node.as_ref().ok_or("the server is off")?;
                let state = node.pair().expect("it has a partner").state().name();
                if state != *name {
                    return Err(format!("the state is {state}"));
                }
            }
            ["count", server, name, expected] => {
                let node = self.servers[server_named(server)?].node.as_ref().ok_or("the server is off")?;
                let counts = node.pair().expect("it has a partner").counts();
                let count = counts.get(name).copied().unwrap_or(0);
                if count.to_string() != *expected {
                    return Err(format!("it is {count}"));
                }
            }
            ["both", packet @ ..] => {
                for at in 0..2 {
                    self.send(at, packet)?;
                }
            }
            [server, packet @ ..] => self.send(server_named(server)?, packet)?,
            [] => return Err("say what happens".to_owned()),
        }
        Ok(())
    }

    fn command(&mut self, server: &str, name: &str) -> Result<Result<(), Unsafe>, String> {
        let command = Command::ALL.into_iter().find(|command| command.name() == name);
        let command = command.ok_or_else(|| format!("`{name}` is no command"))?;
        let (now, at) = (self.now(), server_named(server)?);
        let node = self.servers[at].node.as_mut().ok_or("the server is off")?;
        let done = node.command(now, command).expect("it has a partner");
        self.event(at, Event::Timer)?;
        Ok(done)
    }

    fn start(&mut self, at: usize, start: Start) -> Result<(), String> {
        let now = self.now();
        let tables = self.servers[at].tables.clone().ok_or("name an estate first")?;
        let said = tables.high_availability().ok_or("the estate has no pair")?;
        let name = said.servers[at].name.clone();
        let config = Config::of(tables.name(), said, &name, start).ok_or("the estate does not know it")?;
        let identity = Identity { estate: tables.name().to_owned(), node: name };
        let server = &mut self.servers[at];
        let recovered = recover(Some(&identity), &server.disk.files()).map_err(|why| format!("{why:?}"))?;
        let store = Store::open(identity, Sizes::default(), recovered);
        let serve = serve::Config { server_id: Some(ADDRESSES[at]), ..serve::Config::default() };
        let node = Node::new(tables, serve, store);
        server.node = Some(node.with_partner(|store| Pair::open(config, now, store)));
        self.event(at, Event::Timer)
    }

    fn send(&mut self, at: usize, words: &[&str]) -> Result<(), String> {
        let mut packet = Packet::parse(words)?;
        packet.meta.local = ADDRESSES[at];
        if self.servers[at].deaf || self.servers[at].node.is_none() {
            return Ok(());
        }
        self.event(at, Event::Datagram { meta: packet.meta, bytes: &packet.bytes })
    }

    fn event(&mut self, at: usize, event: Event<'_>) -> Result<(), String> {
        let now = self.now();
        let Server { node, actions, .. } = &mut self.servers[at];
        node.as_mut().ok_or("the server is off")?.step(now, event, actions);
        self.exchange();
        Ok(())
    }

    /// Moves the clock; both do what falls due.
    fn advance(&mut self, time: &str) -> Result<(), String> {
        let Millis(at) = time.parse().map_err(|_| format!("`{time}` is no time"))?;
        if u64::from(at) < self.elapsed_ms {
            return Err("time does not go back".to_owned());
        }
        let last_boot_ms = BEGIN_BOOT_MS + u64::from(at);
        loop {
            let now = self.now();
            let due = |server: &Server| server.node.as_ref().and_then(|node| node.deadline(now));
            let next = (0..2).filter_map(|at| Some((due(&self.servers[at])?.0, at))).min();
            let Some((due, at)) = next.filter(|(due, _)| *due <= last_boot_ms) else { break };
            self.elapsed_ms = due.max(now.boot_ms) - BEGIN_BOOT_MS;
            self.event(at, Event::Timer)?;
        }
        self.elapsed_ms = u64::from(at);
        Ok(())
    }

    /// Lets both disks and the link do what they were told, until nothing is left.
    fn exchange(&mut self) {
        let now = self.now();
        loop {
            let mut moved = false;
            for at in 0..2 {
                let Server { node: Some(node), actions, .. } = &mut self.servers[at] else { continue };
                node.flush(now, actions);
                let list = std::mem::take(&mut actions.list);
                let parcels = std::mem::take(&mut actions.partner);
                moved |= !list.is_empty() || !parcels.is_empty();
                for action in list {
                    match action {
                        Action::Send(outgoing) => {
                            self.servers[at].answers.push_back(Answer::Reply(outgoing));
                        }
                        Action::Disk(operation) => self.servers[at].waiting.push_back(operation),
                    }
                }
                moved |= self.servers[at].work(now);
                let other = &mut self.servers[1 - at];
                if let Some(node) = other.node.as_mut().filter(|_| !self.cut) {
                    for parcel in parcels {
                        node.step(now, Event::Partner(&parcel.bytes), &mut other.actions);
                    }
                }
            }
            if !moved {
                return;
            }
        }
    }

    fn settled(&self) -> Result<(), String> {
        for (server, name) in self.servers.iter().zip(NAMES) {
            if let Some(answer) = server.answers.front() {
                return Err(format!("the script does not speak of what the {name} sent: {answer:?}"));
            }
        }
        Ok(())
    }

    fn now(&self) -> Now {
        Now { boot_ms: BEGIN_BOOT_MS + self.elapsed_ms, wall_ms: BEGIN_WALL_MS + self.elapsed_ms }
    }
}

impl Server {
    /// Lets the disk do one thing; whether there was one.
    fn work(&mut self, now: Now) -> bool {
        let Some(node) = self.node.as_mut().filter(|_| !self.disk_stopped) else { return false };
        let Some(operation) = self.waiting.pop_front() else { return false };
        let done = self.disk.execute(&operation);
        node.step(now, Event::Disk(done), &mut self.actions);
        true
    }

    fn next_answer(&mut self) -> Answer {
        if let Some(answer) = self.answers.pop_front() {
            return answer;
        }
        let Some(node) = &self.node else { return Answer::Nothing };
        let counted =
            node.counters().all_silences().zip(&self.silences).find(|((_, now), before)| now > before);
        match counted {
            Some(((reason, _), _)) => {
                self.silences = silences(self);
                Answer::Silence(reason)
            }
            None => Answer::Nothing,
        }
    }
}

fn silences(server: &Server) -> Vec<u64> {
    let counters = server.node.as_ref().map(Node::counters);
    counters.map_or_else(Vec::new, |counters| counters.all_silences().map(|(_, count)| count).collect())
}

fn server_named(name: &str) -> Result<usize, String> {
    NAMES.iter().position(|known| *known == name).ok_or_else(|| format!("`{name}` is neither server"))
}
