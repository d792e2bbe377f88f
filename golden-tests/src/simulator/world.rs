//! Everything around the servers: true time, the network, what happens when.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use leasehold_server::failover::arbiter::{Answer, Ask};
use leasehold_server::failover::pair::Command;
use leasehold_server::leases::State;
use leasehold_server::node::{Action, Actions, Event};
use leasehold_server::serve::Meta;

use super::arbiter::Arbiter;
use super::artefacts::artefact;
use super::client::Client;
use super::fault::Fault;
use super::script::Deed;
use super::server::{RATE_ERROR_PPM, Server};
use super::{Harm, Report};
use crate::simulated_disk::Dice;

/// When the faults stop, and when all must be well.
pub const FAULTS_END: u64 = 600_000;
/// When the run ends.
pub const END: u64 = 900_000;
/// When the clients have addresses again: from then on every message of theirs is answered in time.
pub const SETTLED: u64 = FAULTS_END + 200_000;
/// How long after it one moment may be waited for at which all is well.
const GRACE: u64 = 20_000;
/// Clients: fewer than one network's pool has addresses.
pub const CLIENTS: u8 = 10;
/// Happenings a run may have: more is a loop.
const HAPPENINGS_MAX: u64 = 3_000_000;

/// Something that happens at a time.
#[derive(Clone, Debug)]
pub enum Happening {
    Client { number: usize },
    ToServer { at: usize, meta: Meta, bytes: Vec<u8> },
    ToClient { bytes: Vec<u8> },
    Partner { at: usize, bytes: Vec<u8> },
    PartnerLost { at: usize },
    Disk { at: usize, life: u64 },
    Timer { at: usize, life: u64 },
    Asked { at: usize, life: u64, ask: Ask },
    Answered { at: usize, life: u64, answer: Answer },
    ArbiterFault,
    Start { at: usize },
    Resume { at: usize, life: u64 },
    StopForHandover { at: usize, life: u64, long: u64 },
    Fault,
    Operator,
    Backup { at: usize },
    Serve { at: usize, number: usize },
    Deed(Deed),
    Heal,
}

/// The whole.
#[derive(Debug)]
pub struct World {
    pub(super) seed: u64,
    pub(super) t: u64,
    pub(super) dice: Dice,
    queue: BTreeMap<(u64, u64), Happening>,
    order: u64,
    pub(super) servers: [Server; 2],
    timers: [u64; 2],
    pub(super) clients: Vec<Client>,
    pub(super) arbiter: Option<Arbiter>,
    actions: Actions,
    /// Until when a way is cut: 2 and 3 from a server to its partner, 4 on between a server and a network.
    pub(super) cut: [u64; 8],
    /// Until when a way is slow, and by how much.
    pub(super) lag: [(u64, u64); 8],
    /// In thousandths.
    pub(super) loss: usize,
    pub(super) doubled: usize,
    pub(super) late: usize,
    pub(super) report: Report,
    /// What is told of, line by line, where a run is looked into.
    traced: Option<Ipv4Addr>,
    last_traced: [String; 2],
}

impl World {
    /// A world in which everything follows from `seed`.
    pub fn new(seed: u64) -> World {
        let mut world = World::calm(seed);
        let network = [world.dice.below(80), world.dice.below(60), world.dice.below(40)];
        world.set_network(network);
        world.schedule(20_000, Happening::Fault);
        world.schedule(20_000, Happening::Operator);
        world.schedule(30_000, Happening::Backup { at: 0 });
        world.schedule(45_000, Happening::Backup { at: 1 });
        // A third of all seeds, of either mode, go by an arbiter.
        if seed % 3 == 2 {
            world.go_by_an_arbiter();
            world.schedule(20_000, Happening::ArbiterFault);
        }
        world
    }

    /// Of what comes between servers and clients, thousandths are lost, doubled and late.
    pub(super) fn set_network(&mut self, [loss, doubled, late]: [usize; 3]) {
        (self.loss, self.doubled, self.late) = (loss, doubled, late);
        self.report.network = [loss, doubled, late];
    }

    /// A world in which nothing goes wrong by itself.
    pub(super) fn calm(seed: u64) -> World {
        let mut dice = Dice(seed);
        let rate = |dice: &mut Dice| 1_000_000 - RATE_ERROR_PPM / 2 + dice.roll() % (RATE_ERROR_PPM + 1);
        // Half of all seeds are under load balancing.
        let artefact = usize::from(seed % 2 == 1);
        let servers = [Server::new(0, rate(&mut dice), artefact), Server::new(1, rate(&mut dice), artefact)];
        let clients = (0..CLIENTS)
            .map(|number| Client::new(number, rate(&mut dice), 1_500 + u64::from(number) * 700))
            .collect();
        let mut world = World {
            seed,
            t: 0,
            dice,
            queue: BTreeMap::new(),
            order: 0,
            servers,
            timers: [0; 2],
            clients,
            arbiter: None,
            actions: Actions::default(),
            cut: [0; 8],
            lag: [(0, 0); 8],
            loss: 0,
            doubled: 0,
            late: 0,
            report: Report::default(),
            traced: None,
            last_traced: [String::new(), String::new()],
        };
        world.schedule(0, Happening::Start { at: 0 });
        world.schedule(10, Happening::Start { at: 1 });
        for number in 0..world.clients.len() {
            let next = world.clients[number].next;
            world.schedule(next, Happening::Client { number });
        }
        world.schedule(FAULTS_END, Happening::Heal);
        world
    }

    /// Tells of faults, states and one address while it runs.
    pub fn traced(mut self, address: Ipv4Addr) -> World {
        self.traced = Some(address);
        self
    }

    pub(super) fn note(&self, what: impl FnOnce() -> String) {
        if self.traced.is_some() {
            println!("{:>7} {}", self.t, what());
        }
    }

    fn trace(&mut self, at: usize) {
        let Some(address) = self.traced else { return };
        let Some(node) = &self.servers[at].node else { return };
        let state = node.pair().map_or("", |pair| pair.state().name());
        let record = node.store().bindings().get(address).map(|record| {
            let holder = record.client().map(|client| client.hardware);
            format!(
                "epoch {} {:?} {} {holder:?} released {} ending {} told {} partner {} potential {} promised {} born {:?}",
                record.epoch,
                record.version.0,
                match record.state {
                    State::Free { .. } => "free",
                    State::Bound(_) => "bound",
                    State::Declined { .. } => "declined",
                },
                record.released,
                record.ending,
                record.told_wall_ms,
                record.partner_told_wall_ms,
                record.potential_wall_ms,
                record.promised_wall_ms,
                record.born.0
            )
        });
        let line = format!("{state} {record:?}");
        if line != self.last_traced[at] {
            let now = self.servers[at].now(self.t).wall_ms;
            println!("{:>7} server {at} wall {now} {line}", self.t);
            self.last_traced[at] = line;
        }
    }

    /// Runs to the end, or to the first thing that is wrong.
    pub fn run(mut self) -> Report {
        let mut happenings = 0;
        while let Some(((t, _), happening)) = self.queue.pop_first() {
            if t > END + GRACE || self.report.failure.is_some() {
                break;
            }
            // Something may be under way at any one moment.
            if t > END && self.what_is_wrong().is_empty() {
                break;
            }
            happenings += 1;
            if happenings > HAPPENINGS_MAX {
                self.fail(Harm::Broken, "something happens again and again");
            }
            self.t = t;
            self.happen(happening);
        }
        for at in 0..2 {
            self.harvest(at);
        }
        let wrong = self.what_is_wrong();
        if !wrong.is_empty() {
            self.fail(Harm::Unwell, &wrong.join("; "));
        }
        self.report
    }

    pub(super) fn schedule(&mut self, t: u64, happening: Happening) {
        self.order += 1;
        self.queue.insert((t.max(self.t), self.order), happening);
    }

    pub(super) fn count(&mut self, name: impl Into<String>) {
        *self.report.counts.entry(name.into()).or_default() += 1;
    }

    pub(super) fn fail(&mut self, harm: Harm, what: &str) {
        if self.report.failure.is_none() {
            self.report.harm = Some(harm);
            self.report.failure = Some(format!("seed {} at {} ms: {what}", self.seed, self.t));
        }
    }

    fn happen(&mut self, happening: Happening) {
        let faults = self.t < FAULTS_END;
        match happening {
            Happening::Client { number } => self.wake(number),
            Happening::ToClient { bytes } => self.reply(&bytes),
            Happening::Start { at } => self.start(at),
            Happening::Timer { at, life } if life == self.servers[at].life => {
                self.timers[at] = 0;
                self.step(Happening::Timer { at, life });
            }
            Happening::Timer { .. } => {}
            Happening::ToServer { .. }
            | Happening::Partner { .. }
            | Happening::PartnerLost { .. }
            | Happening::Answered { .. }
            | Happening::Disk { .. } => {
                self.step(happening);
            }
            Happening::Asked { at, life, ask } => self.asked(at, life, &ask),
            Happening::ArbiterFault if faults => self.strike_arbiter(),
            Happening::Resume { at, life } => {
                if life == self.servers[at].life {
                    self.servers[at].paused_until = 0;
                    for missed in std::mem::take(&mut self.servers[at].missed) {
                        self.schedule(self.t, missed);
                    }
                }
            }
            Happening::StopForHandover { at, life, long } => {
                if life == self.servers[at].life && self.servers[at].node.is_some() {
                    self.die(at, false);
                    self.schedule(self.t + long, Happening::Start { at });
                }
            }
            Happening::Fault if faults => {
                let fault = Fault::ALL[self.dice.below(Fault::ALL.len())];
                let at = self.dice.below(2);
                let deeds = self.strike(fault, at);
                if !deeds.is_empty() {
                    self.count(fault.name());
                }
                for (t, deed) in deeds {
                    self.schedule(t, Happening::Deed(deed));
                }
                let next = self.t + 2_000 + self.dice.roll() % 25_000;
                self.schedule(next, Happening::Fault);
            }
            Happening::Operator if faults => {
                self.operate();
                self.schedule(self.t + 5_000, Happening::Operator);
            }
            Happening::Fault | Happening::Operator | Happening::ArbiterFault => {}
            Happening::Backup { at } => {
                if self.servers[at].node.is_some() && self.dice.below(2) == 0 {
                    self.perform(Deed::Backup(at));
                }
                self.schedule(self.t + 60_000, Happening::Backup { at });
            }
            // Past the end of the faults a server comes back, and nothing else is done to it.
            Happening::Deed(deed)
                if faults || matches!(deed, Deed::Start(_) | Deed::Command(_, Command::Resume)) =>
            {
                self.perform(deed);
            }
            Happening::Deed(_) => {}
            Happening::Serve { at, number } => self.serve(at, number),
            Happening::Heal => self.heal(),
        }
    }

    /// Faults stop; what is off comes back.
    fn heal(&mut self) {
        self.cut = [0; 8];
        self.lag = [(0, 0); 8];
        (self.loss, self.doubled, self.late) = (0, 0, 0);
        self.heal_arbiter();
        for at in 0..2 {
            let server = &mut self.servers[at];
            server.wall_step_ms = 0;
            server.slow_until = 0;
            server.crash_in = None;
            server.disk.fail_sync_in = None;
            let life = server.life;
            let number = self.servers[0].artefact;
            self.schedule(self.t, Happening::Resume { at, life });
            self.schedule(self.t + 500, Happening::Serve { at, number });
            self.schedule(self.t + 1_000, Happening::Start { at });
            self.schedule(self.t + 2_000, Happening::Deed(Deed::Command(at, Command::Resume)));
        }
        self.clients.iter_mut().for_each(|client| client.lively = false);
    }

    fn start(&mut self, at: usize) {
        if self.servers[at].node.is_some() {
            return;
        }
        let t = self.t;
        if let Err(why) = self.servers[at].start(t) {
            return self.fail(Harm::Broken, &why);
        }
        self.count("starts");
        self.note(|| format!("server {at} starts"));
        self.timers[at] = 0;
        self.nothing_is_missing(at);
        let life = self.servers[at].life;
        self.step(Happening::Timer { at, life });
    }

    /// Lets a server that runs take up what it is to serve. One that stands still, or is off, does so when it goes on.
    pub(super) fn reload(&mut self, at: usize) {
        let t = self.t;
        let server = &mut self.servers[at];
        let (now, life, number) = (server.now(t), server.life, server.artefact);
        let Some(node) = &mut server.node else { return };
        if server.paused_until > t {
            return server.missed.push(Happening::Serve { at, number });
        }
        let tables = Arc::clone(artefact(number));
        node.step(now, Event::Reload(tables), &mut self.actions);
        self.step(Happening::Timer { at, life });
    }

    /// Lets a server handle something, unless it is off, of another life, or paused.
    fn step(&mut self, happening: Happening) {
        let at = match &happening {
            Happening::ToServer { at, .. }
            | Happening::Partner { at, .. }
            | Happening::PartnerLost { at }
            | Happening::Answered { at, .. }
            | Happening::Disk { at, .. }
            | Happening::Timer { at, .. } => *at,
            _ => unreachable!("only what servers handle comes here"),
        };
        let t = self.t;
        let server = &mut self.servers[at];
        let now = server.now(t);
        if let Happening::Disk { life, .. } | Happening::Timer { life, .. } | Happening::Answered { life, .. } =
            &happening
            && *life != server.life
        {
            return;
        }
        if server.paused_until > t {
            return server.missed.push(happening);
        }
        let Some(node) = &mut server.node else { return };
        match happening {
            Happening::ToServer { meta, bytes, .. } => {
                node.step(now, Event::Datagram { meta, bytes: &bytes }, &mut self.actions);
            }
            Happening::Partner { bytes, .. } => node.step(now, Event::Partner(&bytes), &mut self.actions),
            Happening::PartnerLost { .. } => node.step(now, Event::PartnerLost, &mut self.actions),
            Happening::Answered { answer, .. } => {
                node.step(now, Event::Arbiter(answer), &mut self.actions);
            }
            Happening::Disk { .. } => {
                let Some(operation) = server.operations.pop_front() else { return };
                let completion = server.disk.execute(&operation);
                node.step(now, Event::Disk(completion), &mut self.actions);
                if node.store().failure().is_some() {
                    self.count("disk-failed");
                    self.actions = Actions::default();
                    return self.fall(at);
                }
                if !self.servers[at].operations.is_empty() {
                    self.schedule_disk(at);
                }
            }
            _ => node.step(now, Event::Timer, &mut self.actions),
        }
        if let Some(node) = &mut self.servers[at].node {
            node.flush(now, &mut self.actions);
        }
        self.one_artefact_in_common();
        self.note_alone();
        self.trace(at);
        self.one_may_go_on_alone();
        self.act(at);
    }

    /// A server dies by itself and is started again.
    fn fall(&mut self, at: usize) {
        self.die(at, true);
        self.servers[at].disk.fail_sync_in = None;
        let back = self.t + 500 + self.dice.roll() % 10_000;
        self.schedule(back, Happening::Start { at });
    }

    fn act(&mut self, at: usize) {
        let list = std::mem::take(&mut self.actions.list);
        let partner = std::mem::take(&mut self.actions.partner);
        let asks = std::mem::take(&mut self.actions.arbiter);
        for action in list {
            if self.dies_now(at) {
                return;
            }
            match action {
                Action::Send(outgoing) => self.answer(at, &outgoing),
                Action::Disk(operation) => {
                    self.servers[at].operations.push_back(operation);
                    if self.servers[at].operations.len() == 1 {
                        self.schedule_disk(at);
                    }
                }
            }
        }
        for parcel in partner {
            if self.dies_now(at) {
                return;
            }
            self.send_partner(at, parcel.bytes);
        }
        asks.into_iter().for_each(|ask| self.ask(at, ask));
        self.arm(at);
    }

    fn dies_now(&mut self, at: usize) -> bool {
        let dies = match &mut self.servers[at].crash_in {
            Some(0) => true,
            Some(left) => {
                *left -= 1;
                false
            }
            None => false,
        };
        if dies {
            self.fall(at);
        }
        dies
    }

    fn schedule_disk(&mut self, at: usize) {
        let slow = self.servers[at].slow_until > self.t;
        let delay = if slow { 50 + self.dice.roll() % 800 } else { self.dice.roll() % 3 };
        let life = self.servers[at].life;
        self.schedule(self.t + delay, Happening::Disk { at, life });
    }

    fn arm(&mut self, at: usize) {
        let server = &self.servers[at];
        let Some(node) = &server.node else { return };
        let Some(due) = node.deadline(server.now(self.t)) else { return };
        let due = server.true_time(due.0).max(self.t + 1);
        if self.timers[at] == 0 || due < self.timers[at] || self.timers[at] <= self.t {
            self.timers[at] = due;
            let life = server.life;
            self.schedule(due, Happening::Timer { at, life });
        }
    }

    pub(super) fn command(&mut self, at: usize, command: Command) -> bool {
        let now = self.servers[at].now(self.t);
        if self.servers[at].paused_until > self.t {
            return false;
        }
        let Some(node) = &mut self.servers[at].node else { return false };
        let done = node.command(now, command) == Some(Ok(()));
        self.note(|| format!("server {at}: {command:?} {done}"));
        let life = self.servers[at].life;
        self.step(Happening::Timer { at, life });
        done
    }
}
