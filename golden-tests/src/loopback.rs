//! The real server on loopback: what tests that start one have in common.
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "starts programs and talks to them")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};

use leasehold_schemas::artefact::{Estate, HighAvailability, encode};
use libtest_mimic::Failed;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::{binaries, case};

/// A server that runs, and ends with the test.
pub struct Server {
    /// The process.
    pub child: Child,
    /// The line that says that it is ready.
    pub ready: String,
    /// Where it takes packets.
    pub address: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder with an artefact, and the data directory of a server that serves it.
pub struct Place {
    folder: tempfile::TempDir,
}

impl Default for Place {
    fn default() -> Place {
        Place::new()
    }
}

impl Place {
    /// The packet scenarios' estate in a new folder.
    pub fn new() -> Place {
        let place = Place { folder: tempfile::tempdir().expect("a temporary folder") };
        place.write_artefact("script");
        place
    }

    /// A file of the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes the artefact of a single server, with another name for the estate.
    pub fn write_artefact(&self, estate_name: &str) {
        self.write(estate_name, None);
    }

    /// Writes the artefact, of a pair if one is given.
    pub fn write(&self, estate_name: &str, pair: Option<HighAvailability>) {
        let source = case::repository().join("golden-tests/cases/packets/main.json");
        let text = fs::read_to_string(source).expect("the packet scenarios' estate");
        let mut estate: Estate = serde_json::from_str(&text).expect("an estate");
        estate_name.clone_into(&mut estate.name);
        estate.high_availability = pair;
        fs::write(self.path("artefact.json"), encode(&estate).0).expect("a writable folder");
    }

    /// The server `primary`, not started yet; `before` are words before the program, such as a tracer.
    ///
    /// # Errors
    /// What went wrong.
    pub fn command(&self, before: &[&str]) -> Result<Command, String> {
        self.command_as("primary", before)
    }

    /// The same under another name.
    ///
    /// # Errors
    /// What went wrong.
    pub fn command_as(&self, node: &str, before: &[&str]) -> Result<Command, String> {
        let server = binaries::binary("leasehold-server")?;
        let mut words: Vec<PathBuf> = before.iter().map(PathBuf::from).collect();
        words.push(server);
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).arg("run").args(["--node", node, "--listen", "127.0.0.1:0"]);
        command.arg("--config").arg(self.path("artefact.json")).arg("--data-dir").arg(self.path("data"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Ok(command)
    }

    /// Starts the server `primary`.
    ///
    /// # Errors
    /// What went wrong.
    pub fn start(&self, before: &[&str]) -> Result<Server, String> {
        ready(&mut self.command(before)?)
    }

    /// What `leases list` prints.
    ///
    /// # Errors
    /// What went wrong.
    pub fn leases(&self) -> Result<String, String> {
        let output = Command::new(binaries::binary("leasehold-server")?)
            .args(["leases", "list", "--data-dir"])
            .arg(self.path("data"))
            .output()
            .map_err(|why| why.to_string())?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// Starts a server and waits until it says that it is ready.
pub fn ready(command: &mut Command) -> Result<Server, String> {
    let mut child = command.spawn().map_err(|why| format!("not started: {why}"))?;
    let mut ready = String::new();
    let stdout = child.stdout.take().expect("a pipe was asked for");
    BufReader::new(stdout).read_line(&mut ready).map_err(|why| why.to_string())?;
    let address = ready.split_once(" on ").and_then(|(_, rest)| rest.split(',').next()?.parse().ok());
    match address {
        Some(address) => Ok(Server { child, ready, address }),
        None => {
            let _ = child.kill();
            let mut why = String::new();
            let _ = child.stderr.take().expect("a pipe was asked for").read_to_string(&mut why);
            Err(format!("no ready line but `{ready}`, and {why}"))
        }
    }
}

impl Server {
    /// Sends the server a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).expect("a process number"));
        kill(pid, signal).expect("the server runs");
    }

    /// Tells it to stop, and waits; its exit status.
    pub fn stop(mut self) -> Option<i32> {
        self.signal(Signal::SIGTERM);
        self.child.wait().expect("a child can be waited for").code()
    }
}

/// Fails with `what` unless it holds.
pub fn must(holds: bool, what: impl Into<String>) -> Result<(), Failed> {
    if holds { Ok(()) } else { Err(what.into().into()) }
}

/// The server does not start: exit code 2, and one line that holds `says`.
pub fn refuses(command: &mut Command, says: &str) -> Result<(), Failed> {
    let output = command.output()?;
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    must(output.status.code() == Some(2), format!("{:?}: {stderr}", output.status))?;
    must(stderr.lines().count() == 1 && stderr.contains(says), format!("expected `{says}`: {stderr}"))
}

/// Reads the log until a line that holds `event`, and gives that line.
pub fn wait_for(log: &mut BufReader<ChildStderr>, event: &str) -> Result<String, Failed> {
    let mut line = String::new();
    while !line.contains(event) {
        line.clear();
        must(log.read_line(&mut line)? > 0, format!("the log ends without `{event}`"))?;
    }
    Ok(line)
}
