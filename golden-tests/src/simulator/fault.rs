//! What may go wrong, and the operator.

use leasehold_server::failover::pair::{Command, Pair, Start};

use super::artefacts::ARTEFACTS;
use super::script::Deed;
use super::world::{Happening, World};
use crate::simulated_disk::Tear;

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
    /// An operator pauses a server that runs, and resumes it.
    Paused,
    /// An operator has all records exchanged once more.
    Resynced,
    /// An operator says that what is on a server's disk is not to be trusted.
    DiskForgotten,
    /// An operator says of a partner that is heard that it is off, and of a server that was not paused that it be
    /// resumed: both must be refused.
    WrongWord,
    /// Many clients act at once.
    Storm,
    /// Another artefact is rolled out, one server after the other; now and then it is taken back instead.
    Rollout,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Fault; 19] = [
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
        Fault::Paused,
        Fault::Resynced,
        Fault::DiskForgotten,
        Fault::WrongWord,
        Fault::Storm,
        Fault::Rollout,
    ];

    /// Its name in reports.
    pub fn name(self) -> String {
        format!("fault {self:?}")
    }
}

impl World {
    /// What a fault at server `at` is, in deeds and when; none if it cannot be now.
    pub(super) fn strike(&mut self, fault: Fault, at: usize) -> Vec<(u64, Deed)> {
        let (t, running) = (self.t, self.servers[at].node.is_some());
        let long = 1_000 + self.dice.roll() % 20_000;
        let longer = long + if self.dice.below(3) == 0 { self.dice.roll() % 240_000 } else { 0 };
        let back = (t + longer, Deed::Start(at));
        match fault {
            Fault::PowerFails if running => vec![(t, Deed::PowerFails(at)), back],
            Fault::ProcessDies if running => vec![(t, Deed::ProcessDies(at)), back],
            Fault::CrashAtOutput if running => vec![(t, Deed::CrashAtOutput(at, self.dice.roll() % 60))],
            Fault::SyncFails if running => vec![(t, Deed::SyncFails(at, self.dice.below(20)))],
            Fault::DiskLost if self.may_lose_disk(at) => vec![(t, Deed::LoseDisk(at)), back],
            Fault::DiskRolledBack if self.may_lose_disk(at) && self.servers[at].backup.is_some() => {
                vec![(t, Deed::Restore(at)), back]
            }
            Fault::LinkCut => vec![(t, Deed::Cut(2, longer)), (t, Deed::Cut(3, longer))],
            Fault::LinkCutOneWay => vec![(t, Deed::Cut(2 + at, longer))],
            Fault::ClientsCut => vec![(t, Deed::Cut(4 + 2 * at + self.dice.below(2), longer))],
            Fault::ClockStep if self.servers.iter().all(|server| server.wall_step_ms == 0) => {
                let by = 30_000 + i64::try_from(self.dice.below(90_000)).expect("small");
                let by = if self.dice.below(2) == 0 { by } else { -by };
                vec![(t, Deed::Step(at, by)), (t + longer, Deed::Step(at, 0))]
            }
            Fault::Pause if running => vec![(t, Deed::Pause(at, 1_000 + self.dice.roll() % 59_000))],
            Fault::SlowDisk => vec![(t, Deed::SlowDisk(at, long))],
            Fault::Handover if running && self.servers[at].paused_until <= t => {
                vec![(t, Deed::Leave(at, 2_000 + self.dice.roll() % 60_000))]
            }
            Fault::Paused if running => {
                let back = t + self.dice.roll() % 40_000;
                // The server itself is told, or its partner, which asks it.
                let (told, leave, come_back) = match self.dice.below(2) {
                    0 => (at, Command::Pause, Command::Resume),
                    _ => (1 - at, Command::TakeOver, Command::GiveBack),
                };
                vec![(t, Deed::Command(told, leave)), (back, Deed::Command(told, come_back))]
            }
            Fault::Resynced if running => vec![(t, Deed::Command(at, Command::Sync))],
            Fault::DiskForgotten if self.may_lose_disk(at) => {
                vec![(t, Deed::Command(at, Command::ForgetDisk))]
            }
            Fault::WrongWord if self.hears_partner(at) => {
                vec![(t, Deed::Command(at, Command::PartnerDown)), (t, Deed::Command(at, Command::Resume))]
            }
            Fault::Storm => vec![(t, Deed::Storm)],
            Fault::Rollout => self.roll_out(at, long),
            Fault::PowerFails
            | Fault::ProcessDies
            | Fault::CrashAtOutput
            | Fault::SyncFails
            | Fault::DiskLost
            | Fault::DiskRolledBack
            | Fault::ClockStep
            | Fault::Pause
            | Fault::Handover
            | Fault::Paused
            | Fault::Resynced
            | Fault::DiskForgotten
            | Fault::WrongWord => Vec::new(),
        }
    }

    /// First one server, then the other; or the first goes back to what it had.
    fn roll_out(&mut self, at: usize, long: u64) -> Vec<(u64, Deed)> {
        let (t, before) = (self.t, self.servers[at].artefact);
        let number = self.dice.below(ARTEFACTS);
        let gap = if self.dice.below(2) == 0 { long / 8 } else { long };
        let second =
            if self.dice.below(4) == 0 { Deed::Serve(at, before) } else { Deed::Serve(1 - at, number) };
        vec![(t, Deed::Serve(at, number)), (t + gap, second)]
    }

    pub(super) fn storm(&mut self) {
        let t = self.t;
        for _ in 0..60 {
            let client = self.dice.below(self.clients.len());
            self.clients[client].next = self.clients[client].next.min(t + self.dice.roll() % 100);
            let next = self.clients[client].next.max(t);
            self.schedule(next, Happening::Client { number: client });
        }
    }

    /// Only while the other's memory is whole: with both lost an operator has to say what was granted.
    fn may_lose_disk(&self, at: usize) -> bool {
        let other = &self.servers[1 - at];
        let other_whole = match &other.node {
            Some(node) => node.pair().is_some_and(|pair| !pair.facts().amnesic),
            None => other.whole,
        };
        other_whole && self.servers[at].node.is_some() && self.servers[at].start == Start::Continue
    }

    pub(super) fn hears_partner(&self, at: usize) -> bool {
        let server = &self.servers[at];
        let now = server.now(self.t);
        let hears = |pair: &Pair| pair.is_worth_waiting(now);
        server.paused_until <= self.t && server.node.as_ref().and_then(|node| node.pair()).is_some_and(hears)
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
                let t = self.t;
                self.schedule(t, Happening::Deed(Deed::Command(at, Command::PartnerDown)));
            }
        }
    }
}
