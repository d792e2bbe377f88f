//! Three hosts on one machine: a client, a relay and a server, as network namespaces that go when the value goes.
//!
//! The client has one link to the server (`c0`, 10.77.1.0/24) and one to the relay (`c1`, 10.77.4.0/22); the relay
//! reaches the server over 10.77.9.0/24. Needs root and iproute2.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the harness makes hosts and starts programs"
)]

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// The three hosts.
pub struct Hosts {
    tag: String,
    /// A folder that goes with the hosts.
    pub folder: tempfile::TempDir,
}

/// One of the hosts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Host {
    /// Where DHCP clients run.
    Client,
    /// Where the relay runs.
    Relay,
    /// Where the server runs.
    Server,
}

impl Hosts {
    /// Makes the namespaces, links and routes. `tag` keeps two tests apart; at most four characters.
    pub fn new(tag: &str) -> Hosts {
        let hosts = Hosts {
            tag: format!("lh{tag}{}", std::process::id() % 100_000),
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
        };
        for host in [Host::Client, Host::Relay, Host::Server] {
            ip(&["netns", "add", &hosts.name(host)]);
            hosts.ip(host, &["link", "set", "lo", "up"]);
        }
        hosts.link((Host::Client, "c0", None), (Host::Server, "s0", Some("10.77.1.1/24")));
        hosts.link((Host::Client, "c1", None), (Host::Relay, "r0", Some("10.77.4.1/22")));
        hosts.link((Host::Relay, "r1", Some("10.77.9.2/24")), (Host::Server, "s1", Some("10.77.9.1/24")));
        hosts.ip(Host::Server, &["route", "add", "10.77.4.0/22", "via", "10.77.9.2"]);
        hosts.run(Host::Relay, "sysctl", &["-qw", "net.ipv4.ip_forward=1"]);
        hosts
    }

    /// The namespace's name.
    pub fn name(&self, host: Host) -> String {
        let suffix = match host {
            Host::Client => "c",
            Host::Relay => "r",
            Host::Server => "s",
        };
        format!("{}{suffix}", self.tag)
    }

    fn link(&self, a: (Host, &str, Option<&str>), b: (Host, &str, Option<&str>)) {
        let (netns_a, netns_b) = (self.name(a.0), self.name(b.0));
        ip(&["link", "add", a.1, "netns", &netns_a, "type", "veth", "peer", "name", b.1, "netns", &netns_b]);
        for (host, device, address) in [a, b] {
            if let Some(address) = address {
                self.ip(host, &["addr", "add", address, "dev", device]);
            }
            self.ip(host, &["link", "set", device, "up"]);
        }
    }

    /// `ip` inside a host.
    pub fn ip(&self, host: Host, arguments: &[&str]) {
        let netns = self.name(host);
        let mut all = vec!["-n", &netns];
        all.extend_from_slice(arguments);
        ip(&all);
    }

    /// A command that will run inside a host.
    pub fn command(&self, host: Host, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name(host)]).arg(program);
        command
    }

    /// Runs a command inside a host to its end; it must succeed.
    pub fn run(&self, host: Host, program: &str, arguments: &[&str]) -> String {
        let output = self.command(host, program).args(arguments).output().expect("`ip` can be started");
        said(program, &output)
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        for host in [Host::Client, Host::Relay, Host::Server] {
            // A namespace that is not there needs no removal.
            let _ = Command::new("ip").args(["netns", "del", &self.name(host)]).output();
        }
    }
}

fn ip(arguments: &[&str]) {
    let output = Command::new("ip").args(arguments).output().expect("`ip` can be started");
    said(&format!("ip {}", arguments.join(" ")), &output);
}

/// What a command printed; panics with all of it unless it succeeded.
pub fn said(what: &str, output: &Output) -> String {
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what}: {}\n{text}{errors}", output.status);
    write!(text, "{errors}").expect("a string takes all text");
    text
}

/// A process that ends with the value.
pub struct Process {
    child: Child,
    /// What it printed when it was ready.
    pub ready: String,
}

impl Process {
    /// Starts `command` and waits for a line on standard output (or, with `errors`, standard error) that contains
    /// `ready`.
    pub fn start(mut command: Command, ready: &str, errors: bool) -> Process {
        command.stdin(Stdio::null());
        if errors {
            command.stdout(Stdio::null()).stderr(Stdio::piped());
        } else {
            command.stdout(Stdio::piped());
        }
        let child = command.spawn().expect("the program can be started");
        let mut process = Process { child, ready: String::new() };
        let mut lines: Box<dyn BufRead + Send> = if errors {
            Box::new(BufReader::new(process.child.stderr.take().expect("standard error is piped")))
        } else {
            Box::new(BufReader::new(process.child.stdout.take().expect("standard output is piped")))
        };
        let mut seen = String::new();
        loop {
            let mut line = String::new();
            let read = lines.read_line(&mut line).expect("a pipe can be read");
            assert!(read > 0, "the program ended before it was ready ({ready}):\n{seen}");
            seen.push_str(&line);
            if line.contains(ready) {
                // The pipe stays open and is read, so that the program never blocks on it.
                std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
                process.ready = line;
                return process;
            }
        }
    }

    /// Its process id; for a command started with `ip netns exec`, the program's own.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by name, `KILL` or `TERM`, and waits for the end; the exit code, if it had one.
    pub fn end(mut self, signal: &str) -> Option<i32> {
        let id = self.child.id().to_string();
        let output =
            Command::new("kill").args([&format!("-{signal}"), &id]).output().expect("`kill` can be started");
        said("kill", &output);
        self.child.wait().expect("a child can be waited for").code()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Writes an executable script.
pub fn script(path: &Path, text: &str) {
    std::fs::write(path, text).expect("a temporary folder can be written");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(path, mode).expect("a script can be made executable");
}
