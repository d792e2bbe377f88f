//! Named scenarios: what goes wrong is said line by line, and the rest follows from a seed.
//!
//! ```text
//! # why
//! network loss 10 doubled 10 late 5     thousandths
//! 60s power-fails 0                     and stays off until
//! 90s start 0
//! 30s cut link 60s                      or `cut 0->1 60s`, `cut clients 0 west 60s`
//! 70s command 1 partner-down            or handover, pause, resume, sync, forget-disk
//! 80s serve 0 3                         another artefact, by its number
//! 90s start-alone 1                     by an operator who says that the other is off
//! arbiter                               both go by one
//! 30s cut arbiter 0 60s                 or `slow-arbiter 60s`, `step-arbiter 60s`
//! 95s lag 1->0 50ms 2s                  what is sent for 50 ms takes 2 s longer
//! clients still                         they do only what follows
//! 96s client 1 asks 10.2.0.16 at 0      server 0, for an address that it offered at some time
//! 97s client 1 releases at 0            or declines
//! expect freed-alone                    counted at least once
//! harm two-holders without epochs-decide under seed 7
//! ```
//!
//! What a seed lets happen is a list of the same deeds, so that a run which shows something becomes a script
//! ([`Script::to_text`]).

use std::fmt::{self, Display, Write as _};
use std::net::Ipv4Addr;

use leasehold_schemas::vocab::Millis;
use leasehold_server::failover::mutant::Rule;
use leasehold_server::failover::pair::{Command, Start};

use super::artefacts::ARTEFACTS;
use super::client::{Client, Sent};
use super::world::{CLIENTS, Happening, World};
use super::{Harm, rule_name};
use crate::simulated_disk::SimulatedDisk;

/// Something a script lets happen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deed {
    /// The machine of a server loses its power.
    PowerFails(usize),
    /// The process ends; the disk keeps what was written.
    ProcessDies(usize),
    /// The power fails after so many more outputs.
    CrashAtOutput(usize, u64),
    /// The disk is replaced by an empty one.
    LoseDisk(usize),
    /// The disk is copied.
    Backup(usize),
    /// The disk becomes what was copied last.
    Restore(usize),
    /// A server that is off starts.
    Start(usize),
    /// By an operator who says that the other is off.
    StartAlone(usize),
    /// A way is cut for so many milliseconds: 2 and 3 from a server to its partner, 4 on between a server and a network.
    Cut(usize, u64),
    /// What is sent on a way for so many milliseconds takes so many longer.
    Lag(usize, u64, u64),
    /// The process stands still for so many milliseconds.
    Pause(usize, u64),
    /// The wall clock is so many milliseconds off from now on.
    Step(usize, i64),
    /// Each operation of the disk takes long, for so many milliseconds.
    SlowDisk(usize, u64),
    /// A sync fails after so many more.
    SyncFails(usize, usize),
    /// Many clients act at once.
    Storm,
    /// An operator says something.
    Command(usize, Command),
    /// A server cannot reach the arbiter, for so many milliseconds.
    CutArbiter(usize, u64),
    /// The arbiter takes long over what it is asked, for so many milliseconds.
    SlowArbiter(u64),
    /// The arbiter's clock is so many milliseconds off from now on.
    StepArbiter(i64),
    /// Hands over, stops 4 s later, and is off for so many milliseconds; nothing, if the handover is refused.
    Leave(usize, u64),
    /// A server is given another artefact, by its number; it has it from its next start on if it is off.
    Serve(usize, usize),
    /// A client asks a server for an address.
    Asks(usize, Ipv4Addr, usize),
    /// A client gives its address back to a server.
    Releases(usize, usize),
    /// A client says to a server that somebody else uses its address.
    Declines(usize, usize),
}

impl Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Deed::PowerFails(at) => write!(f, "power-fails {at}"),
            Deed::ProcessDies(at) => write!(f, "process-dies {at}"),
            Deed::CrashAtOutput(at, count) => write!(f, "crash-at-output {at} {count}"),
            Deed::LoseDisk(at) => write!(f, "lose-disk {at}"),
            Deed::Backup(at) => write!(f, "backup {at}"),
            Deed::Restore(at) => write!(f, "restore {at}"),
            Deed::Start(at) => write!(f, "start {at}"),
            Deed::Cut(way, long) => write!(f, "cut {} {long}ms", way_name(*way)),
            Deed::Lag(way, long, by) => write!(f, "lag {} {long}ms {by}ms", way_name(*way)),
            Deed::Pause(at, long) => write!(f, "pause {at} {long}ms"),
            Deed::Step(at, by) => write!(f, "step {at} {by}ms"),
            Deed::SlowDisk(at, long) => write!(f, "slow-disk {at} {long}ms"),
            Deed::SyncFails(at, count) => write!(f, "sync-fails {at} {count}"),
            Deed::Storm => f.write_str("storm"),
            Deed::StartAlone(at) => write!(f, "start-alone {at}"),
            Deed::Command(at, command) => write!(f, "command {at} {}", command.name()),
            Deed::CutArbiter(at, long) => write!(f, "cut arbiter {at} {long}ms"),
            Deed::SlowArbiter(long) => write!(f, "slow-arbiter {long}ms"),
            Deed::StepArbiter(by) => write!(f, "step-arbiter {by}ms"),
            Deed::Leave(at, long) => write!(f, "leave {at} {long}ms"),
            Deed::Serve(at, number) => write!(f, "serve {at} {number}"),
            Deed::Asks(client, address, at) => write!(f, "client {client} asks {address} at {at}"),
            Deed::Releases(client, at) => write!(f, "client {client} releases at {at}"),
            Deed::Declines(client, at) => write!(f, "client {client} declines at {at}"),
        }
    }
}

fn way_name(way: usize) -> String {
    match way {
        2 => "0->1".to_owned(),
        3 => "1->0".to_owned(),
        way => format!("clients {} {}", (way - 4) / 2, NETWORKS[way % 2]),
    }
}

fn way(words: &[&str]) -> Option<usize> {
    Some(match words {
        ["0->1"] => 2,
        ["1->0"] => 3,
        ["clients", server, network] => {
            4 + 2 * at(server)? + NETWORKS.iter().position(|name| name == network)?
        }
        _ => return None,
    })
}

/// The two networks that clients are in.
const NETWORKS: [&str; 2] = ["east", "west"];

/// A script, read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Script {
    /// Deeds and when.
    pub deeds: Vec<(u64, Deed)>,
    /// What must have been counted.
    pub expected: Vec<String>,
    /// Thousandths lost, doubled, late.
    pub network: [usize; 3],
    /// Both servers go by an arbiter.
    pub arbiter: bool,
    /// Clients do only what they are told.
    pub still: bool,
    /// The harm that comes while these rules are off, and with which seed.
    pub harm: Option<(Harm, Vec<Rule>, u64)>,
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

    /// The script as its file has it.
    pub fn to_text(&self) -> String {
        let Script { deeds, expected, network: [loss, doubled, late], arbiter, still, harm } = self;
        let mut text = format!("network loss {loss} doubled {doubled} late {late}\n");
        if *still {
            text.push_str("clients still\n");
        }
        if *arbiter {
            text.push_str("arbiter\n");
        }
        if let Some((harm, rules, seed)) = harm {
            let rules: Vec<String> = rules.iter().map(|rule| rule_name(*rule)).collect();
            writeln!(text, "harm {} without {} under seed {seed}", harm.name(), rules.join(" "))
                .expect("a string grows");
        }
        for (t, deed) in deeds {
            writeln!(text, "{t}ms {deed}").expect("a string grows");
        }
        for name in expected {
            writeln!(text, "expect {name}").expect("a string grows");
        }
        text
    }

    fn line(&mut self, words: &[&str]) -> Option<()> {
        match words {
            [] => {}
            ["arbiter"] => self.arbiter = true,
            ["expect", name @ ..] => self.expected.push(name.join(" ")),
            ["network", "loss", loss, "doubled", doubled, "late", late] => {
                self.network = [loss.parse().ok()?, doubled.parse().ok()?, late.parse().ok()?];
            }
            ["harm", harm, "without", rules @ .., "under", "seed", seed] => {
                let harm = Harm::ALL.into_iter().find(|known| known.name() == *harm)?;
                let known = |name: &&str| Rule::ALL.into_iter().find(|rule| rule_name(*rule) == **name);
                let rules = rules.iter().map(known).collect::<Option<Vec<Rule>>>()?;
                self.harm = Some((harm, rules, seed.parse().ok()?));
            }
            ["clients", "still"] => self.still = true,
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
        ["cut", "arbiter", server, long] => Deed::CutArbiter(at(server)?, span(long)?),
        ["slow-arbiter", long] => Deed::SlowArbiter(span(long)?),
        ["step-arbiter", by] => Deed::StepArbiter(signed(by)?),
        ["cut", between @ .., long] => Deed::Cut(way(between)?, span(long)?),
        ["lag", between @ .., long, by] => Deed::Lag(way(between)?, span(long)?, span(by)?),
        ["power-fails", server] => Deed::PowerFails(at(server)?),
        ["process-dies", server] => Deed::ProcessDies(at(server)?),
        ["crash-at-output", server, count] => Deed::CrashAtOutput(at(server)?, count.parse().ok()?),
        ["lose-disk", server] => Deed::LoseDisk(at(server)?),
        ["backup", server] => Deed::Backup(at(server)?),
        ["restore", server] => Deed::Restore(at(server)?),
        ["start", server] => Deed::Start(at(server)?),
        ["pause", server, long] => Deed::Pause(at(server)?, span(long)?),
        ["slow-disk", server, long] => Deed::SlowDisk(at(server)?, span(long)?),
        ["start-alone", server] => Deed::StartAlone(at(server)?),
        ["command", server, name] => {
            Deed::Command(at(server)?, Command::ALL.into_iter().find(|command| command.name() == *name)?)
        }
        ["step", server, by] => Deed::Step(at(server)?, signed(by)?),
        ["sync-fails", server, count] => Deed::SyncFails(at(server)?, count.parse().ok()?),
        ["storm"] => Deed::Storm,
        ["serve", server, number] => {
            let number = number.parse().ok().filter(|number| *number < ARTEFACTS)?;
            Deed::Serve(at(server)?, number)
        }
        ["leave", server, long] => Deed::Leave(at(server)?, span(long)?),
        ["client", number, "asks", address, "at", server] => {
            Deed::Asks(client(number)?, address.parse().ok()?, at(server)?)
        }
        ["client", number, "releases", "at", server] => Deed::Releases(client(number)?, at(server)?),
        ["client", number, "declines", "at", server] => Deed::Declines(client(number)?, at(server)?),
        _ => return None,
    })
}

fn at(word: &str) -> Option<usize> {
    word.parse().ok().filter(|server| *server < 2)
}

/// Milliseconds of `-90s` or `90s`.
fn signed(word: &str) -> Option<i64> {
    let back = word.strip_prefix('-');
    let by = i64::try_from(span(back.unwrap_or(word))?).ok()?;
    Some(if back.is_some() { -by } else { by })
}

fn client(word: &str) -> Option<usize> {
    word.parse().ok().filter(|number| *number < usize::from(CLIENTS))
}

/// Milliseconds of `90s` or `90250ms`.
fn span(word: &str) -> Option<u64> {
    word.parse().ok().map(|Millis(ms)| u64::from(ms))
}

impl World {
    /// A world in which `script` happens, and whatever else `seed` says.
    pub fn scripted(seed: u64, script: &Script) -> World {
        let mut world = World::calm(seed);
        world.set_network(script.network);
        world.clients.iter_mut().for_each(|client| client.still = script.still);
        if script.arbiter {
            world.go_by_an_arbiter();
        }
        for (t, deed) in &script.deeds {
            world.schedule(*t, Happening::Deed(*deed));
        }
        world
    }

    fn tell(&mut self, number: usize, what: impl FnOnce(&mut Client, &mut Vec<Sent>)) {
        let mut sent = Vec::new();
        what(&mut self.clients[number], &mut sent);
        self.send(number, sent);
    }

    pub(super) fn perform(&mut self, deed: Deed) {
        let t = self.t;
        self.note(|| deed.to_string());
        self.report.deeds.push((t, deed));
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
                let Some(files) = self.servers[at].backup.take() else {
                    return self.count("nothing-to-restore");
                };
                self.die(at, true);
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
            Deed::Lag(way, long, by) => self.lag[way] = (t + long, by),
            Deed::Pause(at, long) => {
                self.servers[at].paused_until = t + long;
                let life = self.servers[at].life;
                self.schedule(t + long, Happening::Resume { at, life });
            }
            Deed::Step(at, by) => self.servers[at].wall_step_ms = by,
            Deed::SlowDisk(at, long) => self.servers[at].slow_until = t + long,
            Deed::SyncFails(at, count) => self.servers[at].disk.fail_sync_in = Some(count),
            Deed::CutArbiter(at, long) => self.arbiter_mut(|arbiter| arbiter.cut[at] = t + long),
            Deed::SlowArbiter(long) => self.arbiter_mut(|arbiter| arbiter.slow_until = t + long),
            Deed::StepArbiter(by) => self.arbiter_mut(|arbiter| arbiter.step_ms = by),
            Deed::Storm => self.storm(),
            Deed::Serve(at, number) => self.serve(at, number),
            Deed::Command(at, command) => {
                let wrong = command == Command::PartnerDown && self.hears_partner(at);
                let done = self.command(at, command);
                if wrong && done {
                    self.fail(Harm::Broken, "a server went on alone while it heard its partner");
                }
                self.count(if done { "command-done" } else { "command-not-done" });
            }
            Deed::Leave(at, long) => {
                if self.command(at, Command::Handover) {
                    let life = self.servers[at].life;
                    self.schedule(t + 4_000, Happening::StopForHandover { at, life, long });
                }
            }
            Deed::Asks(number, address, at) => {
                self.tell(number, |client, sent| client.ask(t, address, at, sent));
            }
            Deed::Releases(number, at) => self.tell(number, |client, sent| client.give_back(at, sent)),
            Deed::Declines(number, at) => self.tell(number, |client, sent| client.decline(at, sent)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_reads_back_as_it_was_written() {
        let all = "network loss 1 doubled 2 late 3\nclients still\narbiter\n\
                   harm two-holders without epochs-decide loss-is-known under seed 7\n1ms power-fails 0\n2ms process-dies 1\n3ms crash-at-output 0 4\n\
                   5ms lose-disk 1\n6ms backup 0\n7ms restore 0\n8ms start 1\n9ms cut 0->1 10ms\n\
                   11ms cut 1->0 12ms\n13ms cut clients 1 west 14ms\n15ms pause 0 16ms\n17ms step 1 -18ms\n\
                   19ms slow-disk 0 20ms\n21ms sync-fails 1 22\n23ms storm\n24ms command 0 partner-down\n24ms start-alone 0\n\
                   25ms command 1 handover\n26ms leave 0 27ms\n28ms serve 1 2\n\
                   28ms cut arbiter 1 29ms\n30ms slow-arbiter 31ms\n32ms step-arbiter -33ms\n\
                   34ms lag 0->1 29ms 30ms\n35ms client 1 asks 10.2.0.16 at 0\n36ms client 1 releases at 1\n37ms client 3 declines at 0\nexpect sole\n";
        let script = Script::parse(all).unwrap();
        assert_eq!(script.to_text(), all);
        assert_eq!(script.deeds.len(), 27);
    }
}
