//! Named scenarios: what goes wrong is said line by line, and the rest follows from a seed.
//!
//! ```text
//! # why
//! network loss 10 doubled 10 late 5     thousandths
//! 60s power-fails 0                     and stays off until
//! 90s start 0
//! 30s cut link 60s                      or `cut 0->1 60s`, `cut clients 0 west 60s`
//! 70s command 1 partner-down            or handover, pause, resume, sync, forget-disk
//! 90s start-alone 1                     by an operator who says that the other is off
//! expect freed-alone                    counted at least once
//! ```

use leasehold_schemas::vocab::Seconds;
use leasehold_server::failover::pair::{Command, Start};

use super::world::{Happening, World};
use crate::simulated_disk::SimulatedDisk;

/// Something a script lets happen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deed {
    PowerFails(usize),
    ProcessDies(usize),
    CrashAtOutput(usize, u64),
    LoseDisk(usize),
    Backup(usize),
    Restore(usize),
    Start(usize),
    /// By an operator who says that the other is off.
    StartAlone(usize),
    Cut(usize, u64),
    Pause(usize, u64),
    Step(usize, i64),
    SlowDisk(usize, u64),
    Command(usize, Command),
}

/// A script, read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Script {
    /// Deeds and when.
    pub deeds: Vec<(u64, Deed)>,
    /// What must have been counted.
    pub expected: Vec<String>,
    /// Thousandths lost, doubled, late.
    pub network: [usize; 3],
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// The line that cannot be read.
    pub fn parse(text: &str) -> Result<Script, String> {
        let mut script = Script::default();
        for (number, line) in text.lines().enumerate() {
            let words: Vec<&str> = line.split('#').next().unwrap_or_default().split_whitespace().collect();
            script.line(&words).ok_or_else(|| format!("line {}: `{line}` cannot be read", number + 1))?;
        }
        Ok(script)
    }

    fn line(&mut self, words: &[&str]) -> Option<()> {
        match words {
            [] => {}
            ["expect", name @ ..] => self.expected.push(name.join(" ")),
            ["network", "loss", loss, "doubled", doubled, "late", late] => {
                self.network = [loss.parse().ok()?, doubled.parse().ok()?, late.parse().ok()?];
            }
            [at, "cut", "link", long] => {
                let (at, long) = (span(at)?, span(long)?);
                self.deeds.extend([(at, Deed::Cut(2, long)), (at, Deed::Cut(3, long))]);
            }
            [at, rest @ ..] => self.deeds.push((span(at)?, deed(rest)?)),
        }
        Some(())
    }
}

fn deed(words: &[&str]) -> Option<Deed> {
    Some(match words {
        ["cut", "0->1", long] => Deed::Cut(2, span(long)?),
        ["cut", "1->0", long] => Deed::Cut(3, span(long)?),
        ["cut", "clients", server, network, long] => {
            let network = ["east", "west"].iter().position(|name| name == network)?;
            Deed::Cut(4 + 2 * at(server)? + network, span(long)?)
        }
        ["power-fails", server] => Deed::PowerFails(at(server)?),
        ["process-dies", server] => Deed::ProcessDies(at(server)?),
        ["crash-at-output", server, count] => Deed::CrashAtOutput(at(server)?, count.parse().ok()?),
        ["lose-disk", server] => Deed::LoseDisk(at(server)?),
        ["backup", server] => Deed::Backup(at(server)?),
        ["restore", server] => Deed::Restore(at(server)?),
        ["start", server] => Deed::Start(at(server)?),
        ["pause", server, long] => Deed::Pause(at(server)?, span(long)?),
        ["slow-disk", server, long] => Deed::SlowDisk(at(server)?, span(long)?),
        ["step", server, by] => Deed::Step(at(server)?, by.strip_suffix('s')?.parse::<i64>().ok()? * 1_000),
        ["start-alone", server] => Deed::StartAlone(at(server)?),
        ["command", server, name] => {
            Deed::Command(at(server)?, Command::ALL.into_iter().find(|command| command.name() == *name)?)
        }
        _ => return None,
    })
}

fn at(word: &str) -> Option<usize> {
    word.parse().ok().filter(|server| *server < 2)
}

fn span(word: &str) -> Option<u64> {
    word.parse().ok().map(|Seconds(seconds)| u64::from(seconds) * 1_000)
}

impl World {
    /// A world in which `script` happens, and whatever else `seed` says.
    pub fn scripted(seed: u64, script: &Script) -> World {
        let mut world = World::calm(seed);
        world.set_network(script.network);
        for (t, deed) in &script.deeds {
            world.schedule(*t, Happening::Deed(*deed));
        }
        world
    }

    pub(super) fn perform(&mut self, deed: Deed) {
        let t = self.t;
        match deed {
            Deed::PowerFails(at) => self.die(at, true),
            Deed::ProcessDies(at) => self.die(at, false),
            Deed::CrashAtOutput(at, count) => self.servers[at].crash_in = Some(count),
            Deed::LoseDisk(at) => {
                self.die(at, true);
                self.servers[at].disk = SimulatedDisk::default();
                self.servers[at].forget();
            }
            Deed::Backup(at) => self.servers[at].backup = Some(self.servers[at].disk.files()),
            Deed::Restore(at) => {
                self.die(at, true);
                let files =
                    self.servers[at].backup.take().expect("a script makes a backup before it restores it");
                self.servers[at].disk = SimulatedDisk::holding(files);
                self.servers[at].start = Start::Restored;
                self.servers[at].forget();
            }
            Deed::Start(at) => self.schedule(t, Happening::Start { at }),
            Deed::StartAlone(at) => {
                self.servers[at].start = Start::Alone;
                self.schedule(t, Happening::Start { at });
            }
            Deed::Cut(way, long) => self.cut[way] = t + long,
            Deed::Pause(at, long) => {
                self.servers[at].paused_until = t + long;
                let life = self.servers[at].life;
                self.schedule(t + long, Happening::Resume { at, life });
            }
            Deed::Step(at, by) => self.servers[at].wall_step_ms = by,
            Deed::SlowDisk(at, long) => self.servers[at].slow_until = t + long,
            Deed::Command(at, command) => {
                let done = self.command(at, command);
                self.count(if done { "command-done" } else { "command-not-done" });
            }
        }
    }
}
