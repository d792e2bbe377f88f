//! What may go wrong, and the operator.

use leasehold_server::failover::pair::{Command, Start};

use super::world::{Happening, World};
use crate::simulated_disk::{SimulatedDisk, Tear};

/// Everything that may go wrong.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Fault {
    /// The machine loses its power: what was not synced is lost, torn or reordered.
    PowerFails,
    /// The process ends; the disk keeps what was written.
    ProcessDies,
    /// The power fails between two outputs.
    CrashAtOutput,
    /// A sync fails.
    SyncFails,
    /// The disk is replaced by an empty one.
    DiskLost,
    /// The disk is restored from a backup.
    DiskRolledBack,
    /// The servers cannot reach each other.
    LinkCut,
    /// One server cannot reach the other.
    LinkCutOneWay,
    /// A server cannot reach one of the networks.
    ClientsCut,
    /// A wall clock is set wrong, for a while.
    ClockStep,
    /// A process stands still for up to a minute.
    Pause,
    /// Each operation takes up to 0.85 s.
    SlowDisk,
    /// An operator hands over, and stops the server.
    Handover,
    /// Many clients act at once.
    Storm,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Fault; 14] = [
        Fault::PowerFails,
        Fault::ProcessDies,
        Fault::CrashAtOutput,
        Fault::SyncFails,
        Fault::DiskLost,
        Fault::DiskRolledBack,
        Fault::LinkCut,
        Fault::LinkCutOneWay,
        Fault::ClientsCut,
        Fault::ClockStep,
        Fault::Pause,
        Fault::SlowDisk,
        Fault::Handover,
        Fault::Storm,
    ];

    /// Its name in reports.
    pub fn name(self) -> String {
        format!("fault {self:?}")
    }
}

impl World {
    /// Lets something go wrong at server `at`; false if it cannot now.
    pub(super) fn strike(&mut self, fault: Fault, at: usize) -> bool {
        let (t, running) = (self.t, self.servers[at].node.is_some());
        let long = 1_000 + self.dice.roll() % 20_000;
        let longer = long + if self.dice.below(3) == 0 { self.dice.roll() % 240_000 } else { 0 };
        match fault {
            Fault::PowerFails | Fault::ProcessDies if running => {
                self.die(at, fault == Fault::PowerFails);
                self.schedule(t + longer, Happening::Start { at });
            }
            Fault::CrashAtOutput if running => self.servers[at].crash_in = Some(self.dice.roll() % 60),
            Fault::SyncFails if running => self.servers[at].disk.fail_sync_in = Some(self.dice.below(20)),
            Fault::DiskLost | Fault::DiskRolledBack => return self.lose_disk(fault, at, longer),
            Fault::LinkCut => {
                self.cut[2] = t + longer;
                self.cut[3] = t + longer;
            }
            Fault::LinkCutOneWay => self.cut[2 + at] = t + longer,
            Fault::ClientsCut => {
                let network = self.dice.below(2);
                self.cut[4 + 2 * at + network] = t + longer;
            }
            Fault::ClockStep if self.servers.iter().all(|server| server.wall_step_ms == 0) => {
                let by = 30_000 + i64::try_from(self.dice.below(90_000)).expect("small");
                self.servers[at].wall_step_ms = if self.dice.below(2) == 0 { by } else { -by };
                self.schedule(t + longer, Happening::ClockBack { at });
            }
            Fault::Pause if running => {
                let until = t + 1_000 + self.dice.roll() % 59_000;
                self.servers[at].paused_until = until;
                self.schedule(until, Happening::Resume { at, life: self.servers[at].life });
            }
            Fault::SlowDisk => self.servers[at].slow_until = t + long,
            Fault::Handover if running && self.servers[at].paused_until <= t => {
                if !self.command(at, Command::Handover) {
                    return false;
                }
                self.schedule(t + 4_000, Happening::StopForHandover { at, life: self.servers[at].life });
            }
            Fault::Storm => {
                for _ in 0..60 {
                    let client = self.dice.below(self.clients.len());
                    self.clients[client].next = self.clients[client].next.min(t + self.dice.roll() % 100);
                    let next = self.clients[client].next.max(t);
                    self.schedule(next, Happening::Client { number: client });
                }
            }
            Fault::PowerFails
            | Fault::ProcessDies
            | Fault::CrashAtOutput
            | Fault::SyncFails
            | Fault::ClockStep
            | Fault::Pause
            | Fault::Handover => return false,
        }
        true
    }

    /// Only while the other's memory is whole: with both lost an operator has to say what was granted.
    fn lose_disk(&mut self, fault: Fault, at: usize, longer: u64) -> bool {
        let other = &self.servers[1 - at];
        let other_whole = match &other.node {
            Some(node) => node.pair().is_some_and(|pair| !pair.facts().amnesic),
            None => other.whole,
        };
        let running = self.servers[at].node.is_some();
        if !other_whole || !running || self.servers[at].start != Start::Continue {
            return false;
        }
        let files = match (fault, self.servers[at].backup.take()) {
            (Fault::DiskRolledBack, None) => return false,
            (Fault::DiskRolledBack, Some(files)) => files,
            _ => Vec::new(),
        };
        self.die(at, true);
        let restored = !files.is_empty();
        let server = &mut self.servers[at];
        server.disk = SimulatedDisk::holding(files);
        server.start = if restored { Start::Restored } else { Start::Continue };
        server.forget();
        self.schedule(self.t + longer, Happening::Start { at });
        true
    }

    /// A server's process ends: by a power failure, which loses what was not synced, or alone.
    pub(super) fn die(&mut self, at: usize, power: bool) {
        self.harvest(at);
        self.note(|| format!("server {at} dies, power {power}"));
        let t = self.t;
        let server = &mut self.servers[at];
        server.end(t);
        if !power && self.cut[2 + at] <= t {
            // The machine closes the connections of a process that ends.
            self.schedule(t + 5, Happening::PartnerLost { at: 1 - at });
        }
        let (dice, server) = (&mut self.dice, &mut self.servers[at]);
        if power {
            server.disk.crash(Tear::Dice, dice);
        } else {
            server.disk.fail_sync_in = None;
        }
    }

    /// An operator looks: a partner that is off is said to be off, now and then.
    pub(super) fn operate(&mut self) {
        for at in 0..2 {
            let other_off = self.servers[1 - at].node.is_none();
            let off_since = self.servers[1 - at].off_since;
            if other_off && off_since + 4_000 < self.t && self.dice.below(3) == 0 {
                self.command(at, Command::PartnerDown);
            }
        }
    }
}
