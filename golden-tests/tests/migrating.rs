//! `server/deploy/MIGRATING.md`, gone through with a real Kea pair: the estate imported from its configuration, its leases
//! taken over, both Leasehold servers started, every client renewing; and the way back.
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "starts programs and talks to them")]

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use leasehold_golden_tests::binaries;
use leasehold_golden_tests::live_kea::{Client, KEA, LiveKea, configuration, join, relay};
use leasehold_golden_tests::live_pair::Live;
use leasehold_golden_tests::loopback::must;
use leasehold_golden_tests::requirement::{Requirement, run_waiting, test};
use libtest_mimic::Failed;
use serde_json::json;

const LINK: Ipv4Addr = Ipv4Addr::new(127, 21, 0, 0);
const NODES: [&str; 2] = ["dhcp-a", "dhcp-b"];

fn main() {
    run_waiting(vec![test(
        "a_kea_pair_becomes_a_leasehold_pair_and_back",
        &[KEA, Requirement::Root],
        there_and_back,
    )]);
}

/// Two hosts: an address each, and a folder for what is on them.
struct Hosts {
    folder: tempfile::TempDir,
    addresses: [Ipv4Addr; 2],
}

impl Hosts {
    fn new() -> Result<Hosts, Failed> {
        let folder = tempfile::tempdir()?;
        let [_, _, high, low] = std::process::id().to_be_bytes();
        // 127.0 is everybody's, 127.20 and 127.21 are clients'.
        let addresses = [1, 2].map(|last| Ipv4Addr::new(127, high.max(22), low, last));
        NODES.iter().try_for_each(|name| fs::create_dir(folder.path().join(name)))?;
        let hosts = Hosts { folder, addresses };
        // Kea listens only at addresses that an interface says are its own.
        hosts.loopback("add");
        Ok(hosts)
    }

    fn loopback(&self, what: &str) {
        for address in self.addresses {
            // What is there already needs no adding, and what is not there no removal.
            let _ = Command::new("ip").args(["addr", what, &format!("{address}/32"), "dev", "lo"]).output();
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Kea on a host, as it is configured there.
    fn kea(&self, at: usize) -> Result<LiveKea, String> {
        let folder = self.path(NODES[at]);
        let subnets = json!([{"id": 7, "subnet": "127.21.0.0/18", "pools": [{"pool": "127.21.1.0 - 127.21.40.255"}],
            "user-context": {"site": "FITS-0042"}}]);
        let mut configuration = configuration(&folder, self.addresses[at], &subnets);
        join(&mut configuration, &folder, NODES[at], self.addresses)?;
        LiveKea::start_with(&folder, self.addresses[at], &configuration)
    }

    fn kea_pair(&self) -> Result<[LiveKea; 2], String> {
        let pair = [self.kea(0)?, self.kea(1)?];
        pair.iter().try_for_each(|kea| kea.wait_for("to HOT-STANDBY"))?;
        Ok(pair)
    }

    fn data(&self, at: usize) -> PathBuf {
        self.path(&format!("{}-data", NODES[at]))
    }

    /// A Leasehold server on a host.
    fn start(&self, at: usize) -> Result<Live, String> {
        let mut command = Command::new(binaries::binary("leasehold-server")?);
        command.args(["run", "--node", NODES[at]]).arg("--config").arg(self.path("estate.json"));
        command.arg("--data-dir").arg(self.data(at)).arg("--listen").arg(format!("{}:0", self.addresses[at]));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Live::start(&mut command)
    }

    /// A program's words; it must succeed.
    fn said(&self, program: &str, words: &[&str]) -> Result<String, String> {
        let mut command = Command::new(binaries::binary(program)?);
        let output = command.args(words).current_dir(self.folder.path()).output();
        let output = output.map_err(|why| why.to_string())?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        if output.status.success() { Ok(text) } else { Err(format!("{program} {words:?}: {text}{errors}")) }
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        self.loopback("del");
    }
}

/// Lines of `leases list` that are bound.
fn bound(list: &str) -> usize {
    list.lines().filter(|line| line.contains(",bound,")).count()
}

fn there_and_back() -> Result<(), Failed> {
    let hosts = Hosts::new()?;
    let relay = relay()?;
    let [primary, standby] = hosts.kea_pair()?;
    let mut clients: Vec<Client> = (0..300).map(Client::new).collect();
    for client in &mut clients {
        client.lease(&relay, primary.address, LINK)?;
    }

    // 1. The estate.
    fs::copy(hosts.path("dhcp-a/kea.json"), hosts.path("kea-dhcp4.conf"))?;
    hosts.said("leasehold", &["import", "kea", "kea-dhcp4.conf", "-o", "estate", "--allow-loss"])?;
    hosts.said("leasehold", &["check", "estate"])?;
    let why = ["why", "estate", "--mac", "02:4b:65:61:00:01", "--relay", "127.21.0.1"];
    must(hosts.said("leasehold", &why)?.contains("127.21."), "somebody gets an address")?;
    hosts.said("leasehold", &["compile", "estate", "-o", "estate.json"])?;

    // 3. Rehearse, while Kea serves.
    let leases = hosts.path("dhcp-a/dhcp4.leases");
    let leases = leases.to_str().ok_or("a path that is text")?;
    let data = hosts.data(0);
    let data = data.to_str().ok_or("a path that is text")?;
    let import =
        ["leases", "import", leases, "--config", "estate.json", "--node", "dhcp-a", "--data-dir", data];
    let rehearsed = [&import[..], &["--dry-run"]].concat();
    // Kea may be in the middle of a cleanup.
    let rehearsed =
        hosts.said("leasehold-server", &rehearsed).or_else(|_| hosts.said("leasehold-server", &rehearsed))?;
    must(rehearsed.contains(": 300 leases ("), rehearsed)?;

    // 4. The change.
    standby.stop()?;
    primary.stop()?;
    let imported = hosts.said("leasehold-server", &import)?;
    must(imported.contains("300 records were imported into "), imported)?;
    let primary = hosts.start(0)?;
    clients[0].rebind(&relay, primary.address, LINK)?;
    let standby = hosts.start(1)?;

    // 5. See that it is so.
    primary.wait_for("pair-state state=normal ", 0)?;
    standby.wait_for("pair-state state=normal ", 0)?;
    for client in &clients {
        client.reboot(&relay, primary.address, LINK)?;
    }
    for (at, node) in NODES.iter().enumerate() {
        let data = hosts.data(at);
        let data = data.to_str().ok_or("a path that is text")?;
        let list = hosts.said("leasehold-server", &["leases", "list", "--data-dir", data])?;
        must(bound(&list) == clients.len(), format!("{node}: {} leases", bound(&list)))?;
    }
    let mut newcomer = Client::new(1_000);
    newcomer.lease(&relay, primary.address, LINK)?;

    // The way back.
    must(standby.stop()? == Some(0) && primary.stop()? == Some(0), "clean stops")?;
    let export = ["leases", "export", "--config", "estate.json", "--node", "dhcp-a", "--data-dir", data];
    let exported = hosts.said("leasehold-server", &export)?;
    for name in NODES {
        give_kea(&hosts.path(name), &exported)?;
    }
    let [primary, _standby] = hosts.kea_pair()?;
    for client in clients.iter().chain([&newcomer]) {
        client.rebind(&relay, primary.address, LINK)?;
    }
    Ok(())
}

/// Puts leases where Kea finds them, and nothing beside.
fn give_kea(folder: &Path, leases: &str) -> Result<(), Failed> {
    fs::write(folder.join("dhcp4.leases"), leases)?;
    for suffix in ["1", "2", "completed"] {
        // It may not be there.
        let _ = fs::remove_file(folder.join(format!("dhcp4.leases.{suffix}")));
    }
    Ok(())
}
