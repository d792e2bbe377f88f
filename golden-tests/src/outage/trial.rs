//! One fault, done to a pair under load: when, and which time without service is meant.

use std::fs::{self, File};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

mod rollout;

use super::fleet::{Fleet, Group};
use super::hosts::{Hosts, Network, SERVER_NAMES, SERVERS};
use super::report::{Felt, Goal, Outcome};

/// Exchanges begun in a second by clients of relays that know both servers.
const RATE: u32 = 100;
/// How long a state of the pair is waited for; only a failure waits so long.
const PATIENCE: Duration = Duration::from_secs(40);
/// Where the pool of the moved estate begins.
const MOVED_FROM: Ipv4Addr = Ipv4Addr::new(10, 80, 64, 0);
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

/// What is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// kill -9 of the primary; it is started again.
    KillPrimary,
    /// kill -9 of the standby; it is started again.
    KillStandby,
    /// The primary stands still behind open connections, and goes on.
    HangPrimary,
    /// The servers cannot reach each other; both reach clients, and some clients reach only one of them.
    CutLink,
    /// The primary reaches nobody.
    CutPrimary,
    /// kill -9 of both at once.
    PowerCycle,
    /// The standby's disk is replaced by an empty one.
    LoseDisk,
    /// The primary's wall clock jumps by a minute.
    ClockStep,
    /// Both are stopped in turn and started as programs of the next release, which speaks another protocol too.
    RollingUpgrade,
    /// An artefact in which the pool has moved is rolled out.
    MovePool,
}

/// How long a fault lasts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Length {
    /// As long as it is meant.
    Full,
    /// Long enough to be felt: for a test.
    Short,
}

impl Length {
    fn of(self, full_seconds: u64, short_seconds: u64) -> Duration {
        Duration::from_secs(match self {
            Length::Full => full_seconds,
            Length::Short => short_seconds,
        })
    }
}

impl Fault {
    /// Every fault.
    pub const ALL: [Fault; 10] = [
        Fault::KillPrimary,
        Fault::KillStandby,
        Fault::HangPrimary,
        Fault::CutLink,
        Fault::CutPrimary,
        Fault::PowerCycle,
        Fault::LoseDisk,
        Fault::ClockStep,
        Fault::RollingUpgrade,
        Fault::MovePool,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Fault::KillPrimary => "kill-primary",
            Fault::KillStandby => "kill-standby",
            Fault::HangPrimary => "hang-primary",
            Fault::CutLink => "cut-link",
            Fault::CutPrimary => "cut-primary",
            Fault::PowerCycle => "power-cycle",
            Fault::LoseDisk => "lose-disk",
            Fault::ClockStep => "clock-step",
            Fault::RollingUpgrade => "rolling-upgrade",
            Fault::MovePool => "move-pool",
        }
    }

    /// What is measured, and what is aimed at.
    pub fn goals(self) -> &'static [Goal] {
        const fn goal(name: &'static str, at_most_ms: u64) -> Goal {
            Goal { name, at_most: Some(Duration::from_millis(at_most_ms)) }
        }
        match self {
            Fault::KillPrimary => const { &[goal("after the kill", 1_000), goal("at the return", 200)] },
            Fault::KillStandby => const { &[goal("after the kill", 300), goal("at the return", 300)] },
            Fault::HangPrimary => const { &[goal("while it hangs", 1_000), goal("when it goes on", 300)] },
            Fault::CutLink => {
                const {
                    &[
                        goal("clients that reach both", 300),
                        goal("clients that reach the primary", 300),
                        goal("clients that reach the standby", 300),
                        goal("when it is mended", 300),
                    ]
                }
            }
            Fault::CutPrimary => const { &[goal("after the cut", 1_000), goal("at the return", 300)] },
            Fault::PowerCycle => const { &[Goal { name: "after both were started", at_most: None }] },
            Fault::LoseDisk => const { &[goal("from the loss on", 300)] },
            Fault::ClockStep => const { &[goal("from the step on", 300)] },
            Fault::RollingUpgrade => {
                const { &[goal("standby in turn", 300), goal("primary in turn", 1_000)] }
            }
            Fault::MovePool => const { &[goal("from the reload on", 300)] },
        }
    }
}

/// The programs that are started.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Programs {
    /// The server.
    pub server: PathBuf,
    /// The server of the next release, where a fault needs it.
    pub next: Option<PathBuf>,
}

/// Does the fault once; what was felt.
///
/// # Errors
/// What could not be started, or a state that the pair did not come to.
pub fn run(
    hosts: &Hosts,
    programs: &Programs,
    fault: Fault,
    length: Length,
    seed: u64,
) -> Result<Outcome, String> {
    let mut stage = Stage::set(hosts, programs, fault == Fault::ClockStep)?;
    let fleet = Fleet::start(seed).map_err(|error| format!("the clients' sockets: {error}"))?;
    fleet.set_rate(Group::Both, RATE);
    thread::sleep(Duration::from_secs(4));
    let windows = stage.strike(fault, length, &fleet)?;
    stage.is_normal()?;
    thread::sleep(Duration::from_secs(2));
    Group::ALL.into_iter().for_each(|group| fleet.set_rate(group, 0));
    thread::sleep(Duration::from_millis(500));
    let mut felt = fleet.stop().map_err(|error| format!("the clients' sockets: {error}"))?;
    for Window { name, group, from, to } in windows {
        let longest = felt.longest_gap(group, from, to);
        felt.outcome.gaps.insert(name.to_owned(), longest);
    }
    stage.find_lost(&mut felt)?;
    if fault == Fault::MovePool {
        // Who is in no pool any more is told so, and comes back with an address of the new one.
        let before = felt.outcome.lost.len();
        felt.outcome.lost.retain(|(address, _)| *address >= MOVED_FROM);
        felt.outcome.moved = (before - felt.outcome.lost.len()) as u64;
    }
    Ok(felt.outcome)
}

/// A time in which the longest gap counts.
struct Window {
    name: &'static str,
    group: Group,
    from: Instant,
    to: Instant,
}

/// The two servers and what belongs to them.
struct Stage<'a> {
    hosts: &'a Hosts,
    programs: &'a Programs,
    /// Which servers are of the next release.
    upgraded: [bool; 2],
    folder: tempfile::TempDir,
    servers: [Option<Child>; 2],
    faked: bool,
}

impl<'a> Stage<'a> {
    fn set(hosts: &'a Hosts, programs: &'a Programs, faked: bool) -> Result<Stage<'a>, String> {
        let folder = tempfile::tempdir().map_err(|error| format!("a temporary folder: {error}"))?;
        let mut stage = Stage { hosts, programs, upgraded: [false; 2], folder, servers: [None, None], faked };
        stage.write_artefact("estate", "artefact.json")?;
        let mut certs = Command::new(&stage.programs.server);
        certs.arg("certs").arg(stage.path("certs"));
        certs.args(SERVER_NAMES.iter().flat_map(|name| ["--node", name]));
        let made = certs.output().map_err(|error| error.to_string())?;
        if !made.status.success() {
            return Err(format!("certs: {}", String::from_utf8_lossy(&made.stderr)));
        }
        for at in 0..2 {
            fs::write(stage.path(&format!("time{at}")), "+0").map_err(|error| error.to_string())?;
            stage.start(at, &["--new-pair"])?;
        }
        stage.is_normal()?;
        Ok(stage)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn log(&self, at: usize) -> PathBuf {
        self.path(&format!("log{at}"))
    }

    fn start(&mut self, at: usize, more: &[&str]) -> Result<(), String> {
        let mut command = self.hosts.at_server(at);
        if self.faked {
            command.arg("env").arg(format!("LD_PRELOAD={FAKETIME}"));
            command.arg(format!("FAKETIME_TIMESTAMP_FILE={}", self.path(&format!("time{at}")).display()));
            command.args(["FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1"]);
        }
        let name = SERVER_NAMES[at];
        let certs = |suffix: &str| self.path("certs").join(suffix);
        let next = self.programs.next.as_ref().filter(|_| self.upgraded[at]);
        command.arg(next.unwrap_or(&self.programs.server)).args(["run", "--node", name]);
        command.args(["--listen", &SERVERS[at].to_string()]);
        command.arg("--config").arg(self.path("artefact.json"));
        command.arg("--data-dir").arg(self.path(&format!("data{at}")));
        command.arg("--peer-ca").arg(certs("ca.pem"));
        command.arg("--peer-cert").arg(certs(&format!("{name}.pem")));
        command.arg("--peer-key").arg(certs(&format!("{name}.key")));
        command.arg("--control").arg(self.control(at)).args(more);
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log(at))
            .map_err(|error| error.to_string())?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.servers[at] = Some(command.spawn().map_err(|error| format!("server {name}: {error}"))?);
        Ok(())
    }

    fn signal(&self, at: usize, signal: &str) -> Result<(), String> {
        let server = self.servers[at].as_ref().expect("a server that runs is signalled");
        let sent = Command::new("kill").args([signal, &server.id().to_string()]).status();
        sent.map_err(|error| error.to_string())?
            .success()
            .then_some(())
            .ok_or_else(|| format!("kill {signal} failed"))
    }

    /// Ends it by a signal, and waits for its end.
    fn end(&mut self, at: usize, signal: &str) -> Result<(), String> {
        self.signal(at, signal)?;
        let mut server = self.servers[at].take().expect("it was just signalled");
        server.wait().map(|_| ()).map_err(|error| error.to_string())
    }

    /// Waits until both say that they are in step.
    fn is_normal(&self) -> Result<(), String> {
        let until = Instant::now() + PATIENCE;
        loop {
            let states: Vec<String> = (0..2).map(|at| last_state(&self.log(at))).collect();
            if states.iter().all(|state| state == "normal") {
                return Ok(());
            }
            if Instant::now() > until {
                let logs: Vec<String> =
                    (0..2).map(|at| fs::read_to_string(self.log(at)).unwrap_or_default()).collect();
                return Err(format!("the pair is {}:\n{}", states.join(" and "), logs.join("\n")));
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn strike(&mut self, fault: Fault, length: Length, fleet: &Fleet) -> Result<Vec<Window>, String> {
        let mut marks = vec![Instant::now()];
        match fault {
            Fault::KillPrimary | Fault::KillStandby => {
                let at = usize::from(fault == Fault::KillStandby);
                self.end(at, "-KILL")?;
                thread::sleep(length.of(15, 4));
                marks.push(Instant::now());
                self.start(at, &[])?;
            }
            Fault::HangPrimary => {
                self.signal(0, "-STOP")?;
                thread::sleep(length.of(15, 4));
                marks.push(Instant::now());
                self.signal(0, "-CONT")?;
            }
            Fault::CutLink => {
                self.hosts.pull(0, Network::Peers);
                // Who reaches only one server is served when that one has seen the other fall silent.
                thread::sleep(Duration::from_millis(1_000));
                fleet.set_rate(Group::OnlyPrimary, RATE / 4);
                fleet.set_rate(Group::OnlyStandby, RATE / 4);
                thread::sleep(Duration::from_millis(200));
                marks.push(Instant::now());
                thread::sleep(length.of(60, 5));
                marks.push(Instant::now());
                fleet.set_rate(Group::OnlyPrimary, 0);
                fleet.set_rate(Group::OnlyStandby, 0);
                self.hosts.put_back(0, Network::Peers);
            }
            Fault::CutPrimary => {
                self.hosts.pull(0, Network::Clients);
                self.hosts.pull(0, Network::Peers);
                thread::sleep(length.of(15, 4));
                marks.push(Instant::now());
                self.hosts.put_back(0, Network::Clients);
                self.hosts.put_back(0, Network::Peers);
            }
            Fault::PowerCycle
            | Fault::LoseDisk
            | Fault::ClockStep
            | Fault::RollingUpgrade
            | Fault::MovePool => self.disturb(fault, length, &mut marks)?,
        }
        thread::sleep(Duration::from_millis(500));
        self.is_normal()?;
        thread::sleep(length.of(4, 2));
        marks.push(Instant::now());
        Ok(windows(fault, &marks))
    }

    /// What is done to the servers, their disks, clocks and artefacts rather than to their network.
    fn disturb(&mut self, fault: Fault, length: Length, marks: &mut Vec<Instant>) -> Result<(), String> {
        match fault {
            Fault::PowerCycle => {
                self.end(0, "-KILL")?;
                self.end(1, "-KILL")?;
                thread::sleep(Duration::from_secs(2));
                self.start(0, &[])?;
                self.start(1, &[])?;
                marks.push(Instant::now());
            }
            Fault::LoseDisk => {
                self.end(1, "-KILL")?;
                fs::remove_dir_all(self.path("data1")).map_err(|error| error.to_string())?;
                thread::sleep(length.of(5, 1));
                self.start(1, &[])?;
            }
            Fault::ClockStep => {
                fs::write(self.path("time0"), "+60").map_err(|error| error.to_string())?;
                thread::sleep(Duration::from_secs(1));
                self.clocks_differ()?;
                thread::sleep(length.of(14, 3));
                fs::write(self.path("time0"), "+0").map_err(|error| error.to_string())?;
            }
            Fault::RollingUpgrade => {
                self.upgrade(1)?;
                self.speak("1")?;
                marks.push(Instant::now());
                self.upgrade(0)?;
                self.speak("2")?;
            }
            Fault::MovePool => {
                self.write_artefact("moved", "moved.json")?;
                self.roll_out("moved.json")?;
            }
            Fault::KillPrimary
            | Fault::KillStandby
            | Fault::HangPrimary
            | Fault::CutLink
            | Fault::CutPrimary => unreachable!("these are struck"),
        }
        Ok(())
    }

    /// Ends a server as its operator does, starts it as one of the next release, and waits until the pair is whole.
    fn upgrade(&mut self, at: usize) -> Result<(), String> {
        if self.programs.next.is_none() {
            return Err("an upgrade needs a server of the next release".to_owned());
        }
        self.upgraded[at] = true;
        self.end(at, "-TERM")?;
        self.start(at, &[])?;
        thread::sleep(Duration::from_millis(300));
        self.is_normal()
    }

    /// Both servers' connections are of this version of the protocol.
    fn speak(&self, version: &str) -> Result<(), String> {
        for at in 0..2 {
            let log = fs::read_to_string(self.log(at)).map_err(|error| error.to_string())?;
            let last = log.lines().rev().find_map(|line| line.split_once(" protocol="));
            let spoken = last.and_then(|(_, rest)| rest.split_whitespace().next()).unwrap_or("none");
            if spoken != version {
                return Err(format!("server {at} speaks protocol {spoken}, not {version}:\n{log}"));
            }
        }
        Ok(())
    }

    /// Both servers say something, and the minute between their clocks is in their logs.
    fn clocks_differ(&self) -> Result<(), String> {
        let mut said = Vec::new();
        for at in 0..2 {
            self.signal(at, "-HUP")?;
            thread::sleep(Duration::from_millis(300));
            let log = fs::read_to_string(self.log(at)).map_err(|error| error.to_string())?;
            // 2026-11-22T09:48:01Z: seconds of the hour.
            let line = log.lines().last().unwrap_or_default();
            let digits = |from: usize| line.get(from..from + 2).and_then(|digits| digits.parse::<i64>().ok());
            let seconds = digits(14).zip(digits(17)).map(|(minutes, seconds)| 60 * minutes + seconds);
            said.push(seconds.ok_or_else(|| format!("no time in `{line}`"))?);
        }
        let apart = (said[0] - said[1]).rem_euclid(3_600);
        // The second said its line a moment later.
        if (50..=60).contains(&apart) {
            Ok(())
        } else {
            Err(format!("the clocks are {apart} s apart, not 60"))
        }
    }

    /// Everything that is held is on a server's disk.
    fn find_lost(&mut self, felt: &mut Felt) -> Result<(), String> {
        let mut known = String::new();
        for at in 0..2 {
            self.end(at, "-KILL")?;
            let list = Command::new(&self.programs.server)
                .args(["leases", "list", "--data-dir"])
                .arg(self.path(&format!("data{at}")))
                .output()
                .map_err(|error| error.to_string())?;
            known.push_str(&String::from_utf8_lossy(&list.stdout));
        }
        let known: std::collections::HashSet<Ipv4Addr> =
            known.lines().filter_map(|line| line.split(',').next()?.trim_matches('"').parse().ok()).collect();
        let missing = felt.held.iter().filter(|address| !known.contains(address));
        felt.outcome.lost.extend(missing.map(|address| (*address, "is on no disk".to_owned())));
        Ok(())
    }
}

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        for server in self.servers.iter_mut().flatten() {
            // It may have ended already.
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

/// The goals of a fault, between its marks.
fn windows(fault: Fault, marks: &[Instant]) -> Vec<Window> {
    let window =
        |name, group, from: usize, to: usize| Window { name, group, from: marks[from], to: marks[to] };
    let names = fault.goals();
    match fault {
        Fault::CutLink => vec![
            window(names[0].name, Group::Both, 0, 2),
            window(names[1].name, Group::OnlyPrimary, 1, 2),
            window(names[2].name, Group::OnlyStandby, 1, 2),
            window(names[3].name, Group::Both, 2, 3),
        ],
        Fault::PowerCycle => vec![window(names[0].name, Group::Both, 1, 2)],
        Fault::LoseDisk | Fault::ClockStep | Fault::MovePool => {
            vec![window(names[0].name, Group::Both, 0, 1)]
        }
        Fault::KillPrimary
        | Fault::KillStandby
        | Fault::HangPrimary
        | Fault::CutPrimary
        | Fault::RollingUpgrade => {
            vec![window(names[0].name, Group::Both, 0, 1), window(names[1].name, Group::Both, 1, 2)]
        }
    }
}

/// The state that a server named last.
fn last_state(log: &Path) -> String {
    let log = fs::read_to_string(log).unwrap_or_default();
    let last = log.lines().rev().find_map(|line| line.split_once(" pair-state state="));
    last.and_then(|(_, rest)| rest.split_whitespace().next()).unwrap_or("silent").to_owned()
}
