//! Two real servers of a pair on loopback, each at addresses of its own, and what they say in their logs.
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "starts programs and talks to them")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use leasehold_schemas::artefact::{Estate, HighAvailability, HighAvailabilityMode, Peer, PeerRole, encode};
use leasehold_schemas::vocab::{AddrRange, Millis, Seconds};

use crate::relay::PATIENCE;
use crate::{binaries, case};

/// The servers' names, primary first.
pub const NODES: [&str; 2] = ["primary", "secondary"];
/// The port at which servers of a pair meet.
pub const PEER_PORT: u16 = 8647;

static PAIRS: AtomicU32 = AtomicU32::new(0);

/// An artefact for a pair, and a folder for what belongs to its servers.
pub struct LivePair {
    folder: tempfile::TempDir,
    /// The second and third octet of this pair's addresses: no other test's.
    net: [u8; 2],
}

impl LivePair {
    /// A pair whose servers meet at their own addresses.
    pub fn new() -> LivePair {
        LivePair::with(|_| {})
    }

    /// The same, with other words about it.
    pub fn with(change: impl FnOnce(&mut HighAvailability)) -> LivePair {
        let number = std::process::id().wrapping_mul(31) + PAIRS.fetch_add(1, Ordering::Relaxed);
        let [_, _, high, low] = number.to_be_bytes();
        let folder = tempfile::tempdir().expect("a temporary folder");
        // 127.0.0.x is everybody's.
        let pair = LivePair { folder, net: [high.max(1), low] };
        pair.write_artefact(change);
        pair
    }

    /// Writes the artefact anew.
    pub fn write_artefact(&self, change: impl FnOnce(&mut HighAvailability)) {
        let change = |estate: &mut Estate| change(estate.high_availability.as_mut().expect("it is a pair's"));
        self.write_another("artefact.json", change);
    }

    /// Writes an artefact with other words about the pair or its networks; gives its digest.
    pub fn write_another(&self, file: &str, change: impl FnOnce(&mut Estate)) -> String {
        let source = case::repository().join("golden-tests/cases/packets/main.json");
        let text = fs::read_to_string(source).expect("the packet scenarios' estate");
        let mut estate: Estate = serde_json::from_str(&text).expect("an estate");
        "pair".clone_into(&mut estate.name);
        let pools = &mut estate.sites[0].networks[0].subnets[0].pools;
        pools.truncate(1);
        pools[0].ranges = vec!["10.1.1.120 - 10.1.1.250".parse::<AddrRange>().expect("a range")];
        let peer = |server: usize, role| Peer {
            name: NODES[server].to_owned(),
            role,
            peer_address: format!("{}:{PEER_PORT}", self.address(server)),
        };
        estate.high_availability = Some(HighAvailability {
            mode: HighAvailabilityMode::HotStandby,
            servers: vec![peer(0, PeerRole::Primary), peer(1, PeerRole::Standby)],
            heartbeat_delay_ms: Millis(250),
            max_response_delay_ms: Millis(750),
            peer_ack_wait_ms: Millis(100),
            mclt_secs: Seconds(900),
            standby_share: 8,
        });
        change(&mut estate);
        let (bytes, digest) = encode(&estate);
        fs::write(self.path(file), bytes).expect("a writable folder");
        digest.to_string()
    }

    /// A file of this pair.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The address of a server, for its clients and for its partner; others of the pair are for load balancers.
    pub fn address(&self, server: usize) -> Ipv4Addr {
        let [high, low] = self.net;
        Ipv4Addr::new(127, high, low, u8::try_from(server + 1).expect("few servers"))
    }

    /// The command that starts a server.
    pub fn command(&self, server: usize, arguments: &[&str]) -> Result<Command, String> {
        let mut command = Command::new(binaries::binary("leasehold-server")?);
        command.args(["run", "--node", NODES[server]]).arg("--config").arg(self.path("artefact.json"));
        command.arg("--data-dir").arg(self.data(server));
        command.arg("--listen").arg(format!("{}:0", self.address(server)));
        command.args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Ok(command)
    }

    /// Starts a server, and waits until it says that it is ready.
    pub fn start(&self, server: usize, arguments: &[&str]) -> Result<Live, String> {
        Live::start(&mut self.command(server, arguments)?)
    }

    /// Starts both, as a new pair, and waits until they are in step.
    pub fn start_new(&self, arguments: &[&str]) -> Result<[Live; 2], String> {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--new-pair"]).collect();
        let pair = [self.start(0, &arguments)?, self.start(1, &arguments)?];
        pair.iter().try_for_each(Live::wait_until_agreed)?;
        Ok(pair)
    }

    /// A server's data directory.
    pub fn data(&self, server: usize) -> PathBuf {
        self.path(NODES[server])
    }

    /// What `leases list` prints of a server's directory.
    pub fn leases(&self, server: usize) -> Result<String, String> {
        let output = Command::new(binaries::binary("leasehold-server")?)
            .args(["leases", "list", "--data-dir"])
            .arg(self.data(server))
            .output()
            .map_err(|why| why.to_string())?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Waits until both directories hold the same addresses for the same clients, `count` of them.
    pub fn wait_for_same_leases(&self, count: usize) -> Result<(), String> {
        // The end of a lease is rounded by each server on its own.
        let holders = |text: &str| -> Vec<String> {
            text.lines()
                .skip(1)
                .map(|line| line.splitn(6, ',').take(5).collect::<Vec<_>>().join(","))
                .collect()
        };
        let begin = Instant::now();
        loop {
            let [one, other] = [self.leases(0)?, self.leases(1)?];
            if holders(&one) == holders(&other) && holders(&one).len() == count {
                return Ok(());
            }
            if begin.elapsed() > PATIENCE {
                return Err(format!("not the same {count} leases:\n{one}\n{other}"));
            }
        }
    }
}

impl Default for LivePair {
    fn default() -> LivePair {
        LivePair::new()
    }
}

type Lines = Arc<(Mutex<(Vec<String>, bool)>, Condvar)>;

/// A server that runs, and ends with the test.
pub struct Live {
    child: Child,
    /// What it said when it was ready.
    pub ready: String,
    /// Where it takes packets.
    pub address: SocketAddr,
    lines: Lines,
}

impl Drop for Live {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Live {
    /// Waits until a server of a new pair is in step with its partner, and both have confirmed the artefact: until then
    /// nobody knows what the partner may give to whom, and every address is frozen.
    pub fn wait_until_agreed(&self) -> Result<(), String> {
        self.wait_for("pair-state state=normal ", 0)?;
        self.wait_for("pair-artefacts accord=agreed ", 0).map(|_| ())
    }

    /// Starts a server and waits until it says that it is ready.
    pub fn start(command: &mut Command) -> Result<Live, String> {
        let mut child = command.spawn().map_err(|why| format!("not started: {why}"))?;
        let mut ready = String::new();
        let stdout = child.stdout.take().expect("a pipe was asked for");
        let mut stderr = child.stderr.take().expect("a pipe was asked for");
        BufReader::new(stdout).read_line(&mut ready).map_err(|why| why.to_string())?;
        let Some(address) =
            ready.split_once(" on ").and_then(|(_, rest)| rest.split(',').next()?.parse().ok())
        else {
            let _ = child.kill();
            let mut why = String::new();
            let _ = stderr.read_to_string(&mut why);
            return Err(format!("no ready line but `{ready}`, and {why}"));
        };
        let lines: Lines = Arc::default();
        let written = Arc::clone(&lines);
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                written.0.lock().expect("nobody panics while holding this").0.push(line);
                written.1.notify_all();
            }
            written.0.lock().expect("nobody panics while holding this").1 = true;
            written.1.notify_all();
        });
        Ok(Live { child, ready, address, lines })
    }

    /// Where its control API is.
    pub fn control(&self) -> Result<SocketAddr, String> {
        self.wait_for("control-listening on=", 0)?;
        let log = self.log();
        let place = log.split("control-listening on=").nth(1).and_then(|rest| rest.split_whitespace().next());
        place.and_then(|place| place.parse().ok()).ok_or_else(|| "no address in the log".to_owned())
    }

    /// How many lines it has logged.
    pub fn logged(&self) -> usize {
        self.lines.0.lock().expect("nobody panics while holding this").0.len()
    }

    /// Waits until it logs a line with `text`, from line `from` on; gives the number of the next line.
    pub fn wait_for(&self, text: &str, from: usize) -> Result<usize, String> {
        let deadline = Instant::now() + PATIENCE;
        let mut lines = self.lines.0.lock().expect("nobody panics while holding this");
        loop {
            let (said, ended) = &*lines;
            if let Some(at) = said.iter().skip(from).position(|line| line.contains(text)) {
                return Ok(from + at + 1);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left == Duration::ZERO || *ended {
                return Err(format!("`{text}` is not in the log:\n{}", said.join("\n")));
            }
            lines = self.lines.1.wait_timeout(lines, left).expect("nobody panics while holding this").0;
        }
    }

    /// Everything it has logged.
    pub fn log(&self) -> String {
        self.lines.0.lock().expect("nobody panics while holding this").0.join("\n")
    }

    /// Its process number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, by its name without `SIG`.
    pub fn signal(&self, name: &str) -> Result<(), String> {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.id().to_string()).status();
        if sent.is_ok_and(|status| status.success()) { Ok(()) } else { Err(format!("no signal {name}")) }
    }

    /// As `kill -9`: the kernel closes its connections, and nothing else is said.
    pub fn kill(mut self) -> Result<(), String> {
        self.child.kill().map_err(|why| why.to_string())?;
        self.child.wait().map(drop).map_err(|why| why.to_string())
    }

    /// As a service manager stops it; its exit status.
    pub fn stop(mut self) -> Result<Option<i32>, String> {
        self.signal("TERM")?;
        self.child.wait().map(|status| status.code()).map_err(|why| why.to_string())
    }
}
