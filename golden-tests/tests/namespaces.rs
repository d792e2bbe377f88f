//! Real clients in network namespaces: on the server's own link, and behind a real relay.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "an end-to-end test starts programs and reads what they wrote"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use leasehold_golden_tests::binaries::binary;
use leasehold_golden_tests::namespaces::{Host, Hosts, Process, said, script};
use leasehold_golden_tests::requirement::{Requirement, trial};
use libtest_mimic::Arguments;

/// A test and what it needs beside root.
type Entry = (&'static str, &'static [Requirement], fn());

const IP: Requirement = Requirement::Tool { name: "ip", probe: "-V" };
const UDHCPC: Requirement = Requirement::Tool { name: "udhcpc", probe: "--help" };
const DHCLIENT: Requirement = Requirement::Tool { name: "dhclient", probe: "--version" };
const DHCRELAY: Requirement = Requirement::Tool { name: "dhcrelay", probe: "--version" };
const PERFDHCP: Requirement = Requirement::Tool { name: "perfdhcp", probe: "-v" };

const ENTRIES: &[Entry] = &[
    ("udhcpc_on_the_link_gets_what_the_estate_says", &[IP, UDHCPC], udhcpc_direct),
    ("dhclient_on_the_link_gets_what_the_estate_says", &[IP, DHCLIENT], dhclient_direct),
    ("udhcpc_behind_a_relay_gets_what_the_estate_says", &[IP, UDHCPC, DHCRELAY], udhcpc_relayed),
    ("dhclient_behind_a_relay_gets_what_the_estate_says", &[IP, DHCLIENT, DHCRELAY], dhclient_relayed),
    ("a_reserved_client_gets_its_address_on_every_try", &[IP, UDHCPC, DHCRELAY], reserved),
    ("leases_are_there_after_kill_9", &[IP, UDHCPC], after_kill),
    ("perfdhcp_loses_nothing_through_a_relay", &[IP, PERFDHCP], perfdhcp_relayed),
    ("perfdhcp_loses_nothing_on_the_link", &[IP, PERFDHCP], perfdhcp_direct),
];

fn main() -> std::process::ExitCode {
    let trials = ENTRIES.iter().map(|(name, tools, run)| {
        let mut needs = vec![Requirement::Root];
        needs.extend_from_slice(tools);
        // A failed assertion is a panic; libtest-mimic reports it with its message.
        trial(*name, &needs, || {
            run();
            Ok(())
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

fn program(name: &str) -> PathBuf {
    binary(name).unwrap_or_else(|why| panic!("{why}"))
}

/// A server in its namespace, serving the little estate of `cases/namespaces`.
struct Served {
    hosts: Hosts,
    artefact: PathBuf,
}

impl Served {
    fn new(tag: &str) -> Served {
        let hosts = Hosts::new(tag);
        let estate = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/namespaces/estate");
        let artefact = hosts.folder.path().join("estate.json");
        let output = std::process::Command::new(program("leasehold"))
            .args(["compile".as_ref(), estate.as_os_str(), "-o".as_ref(), artefact.as_os_str()])
            .output()
            .expect("the compiler can be started");
        said("leasehold compile", &output);
        Served { hosts, artefact }
    }

    fn start(&self) -> Process {
        let mut command = self.hosts.command(Host::Server, program("leasehold-server"));
        command.args(["run", "--node", "lab"]).arg("--config").arg(&self.artefact);
        command.arg("--data-dir").arg(self.hosts.folder.path().join("data"));
        command.args(["--interface", "s0", "--interface", "s1"]);
        Process::start(command, "serving estate namespaces", false)
    }

    fn relay(&self) -> Process {
        let mut command = self.hosts.command(Host::Relay, "dhcrelay");
        command.args(["-4", "-d", "-a", "-id", "r0", "-iu", "r1", "10.77.9.1"]);
        Process::start(command, "Sending on   Socket/fallback", true)
    }

    fn set_mac(&self, device: &str, mac: &str) {
        self.hosts.ip(Host::Client, &["link", "set", device, "down"]);
        self.hosts.ip(Host::Client, &["link", "set", device, "address", mac]);
        self.hosts.ip(Host::Client, &["link", "set", device, "up"]);
    }

    /// Runs busybox's client once and returns what it told its script.
    fn udhcpc(&self, device: &str) -> BTreeMap<String, String> {
        let folder = self.hosts.folder.path();
        let (hook, told) = (folder.join("udhcpc.sh"), folder.join("udhcpc.told"));
        let text = format!("#!/bin/sh\n[ \"$1\" = bound ] && env > {}\nexit 0\n", told.display());
        script(&hook, &text);
        let hook = hook.display().to_string();
        let ask = ["-i", device, "-n", "-q", "-f", "-t", "5", "-T", "1", "-O", "ntpsrv", "-s", &hook];
        self.hosts.run(Host::Client, "udhcpc", &ask);
        variables(&told)
    }

    /// Runs ISC's client once and returns what it told its script.
    fn dhclient(&self, device: &str) -> BTreeMap<String, String> {
        let folder = self.hosts.folder.path();
        let (hook, told) = (folder.join("dhclient.sh"), folder.join("dhclient.told"));
        let text = format!(
            "#!/bin/sh\ncase $reason in BOUND|RENEW|REBIND|REBOOT) env > {}.new; mv {}.new {};; esac\nexit 0\n",
            told.display(),
            told.display(),
            told.display()
        );
        script(&hook, &text);
        let (leases, pid) = (folder.join("dhclient.leases"), folder.join("dhclient.pid"));
        let [hook, leases, pid] = [hook, leases, pid].map(|path| path.display().to_string());
        let common = ["-4", "-lf", &leases, "-pf", &pid, "-sf", &hook];
        let mut arguments = vec!["-1", "-v"];
        arguments.extend_from_slice(&common);
        arguments.push(device);
        self.hosts.run(Host::Client, "dhclient", &arguments);
        let told = variables(&told);
        let mut stop = vec!["-x"];
        stop.extend_from_slice(&common);
        stop.push(device);
        self.hosts.run(Host::Client, "dhclient", &stop);
        told
    }
}

fn variables(path: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(path).expect("the client called its script with a lease");
    text.lines().filter_map(|line| line.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
}

fn udhcpc_direct() {
    let served = Served::new("a");
    let _server = served.start();
    let told = served.udhcpc("c0");
    assert!(told["ip"].starts_with("10.77.1.1"), "an address of the pool: {told:?}");
    assert_eq!(told["router"], "10.77.1.1");
    assert_eq!(told["domain"], "example.internal");
    assert_eq!(told["dns"], "10.77.0.53 10.77.0.54");
    assert_eq!(told["ntpsrv"], "10.77.0.123", "the class of busybox clients adds a time server");
    assert_eq!(told["lease"], "3600");
    assert_eq!(told["mask"], "24");
}

fn udhcpc_relayed() {
    let served = Served::new("b");
    let _server = served.start();
    let _relay = served.relay();
    let told = served.udhcpc("c1");
    assert!(told["ip"].starts_with("10.77."), "an address: {told:?}");
    assert_eq!(told["router"], "10.77.4.1");
    assert_eq!(told["mask"], "22");
    assert_eq!(told["dns"], "10.77.0.53 10.77.0.54");
}

fn dhclient_direct() {
    let served = Served::new("c");
    let _server = served.start();
    let told = served.dhclient("c0");
    assert!(told["new_ip_address"].starts_with("10.77.1.1"), "an address of the pool: {told:?}");
    assert_eq!(told["new_routers"], "10.77.1.1");
    assert_eq!(told["new_domain_name"], "example.internal");
    assert_eq!(told["new_domain_name_servers"], "10.77.0.53 10.77.0.54");
    assert!(!told.contains_key("new_ntp_servers"), "the class of busybox clients is not this client's");
    let again = served.dhclient("c0");
    assert_eq!(again["new_ip_address"], told["new_ip_address"], "INIT-REBOOT gives the same address");
}

fn dhclient_relayed() {
    let served = Served::new("d");
    let _server = served.start();
    let _relay = served.relay();
    let told = served.dhclient("c1");
    assert_eq!(told["new_routers"], "10.77.4.1");
    assert_eq!(told["new_subnet_mask"], "255.255.252.0");
}

fn reserved() {
    let served = Served::new("e");
    let _server = served.start();
    let _relay = served.relay();
    served.set_mac("c0", "02:77:00:00:00:aa");
    served.set_mac("c1", "02:77:00:00:00:bb");
    for _ in 0..5 {
        assert_eq!(served.udhcpc("c0")["ip"], "10.77.1.20");
        assert_eq!(served.udhcpc("c1")["ip"], "10.77.4.20");
    }
    assert_eq!(served.udhcpc("c0")["hostname"], "printer-1");
}

fn after_kill() {
    let served = Served::new("f");
    let server = served.start();
    served.set_mac("c0", "02:77:00:00:01:01");
    let first = served.udhcpc("c0")["ip"].clone();
    assert_eq!(server.end("KILL"), None, "killed, not ended");
    let server = served.start();
    assert!(server.ready.contains("1 lease"), "the lease was read back: {}", server.ready);
    served.set_mac("c0", "02:77:00:00:01:02");
    let other = served.udhcpc("c0")["ip"].clone();
    assert_ne!(other, first, "the address still belongs to the first client");
    served.set_mac("c0", "02:77:00:00:01:01");
    assert_eq!(served.udhcpc("c0")["ip"], first, "and the first client gets it back");
    assert_eq!(server.end("TERM"), Some(0), "SIGTERM ends the server cleanly");
}

fn perfdhcp_relayed() {
    let served = Served::new("g");
    let _server = served.start();
    let ask = ["-4", "-n", "200", "-r", "50", "-R", "100", "-W", "500000", "-d", "1", "10.77.9.1"];
    let report = served.hosts.run(Host::Relay, "perfdhcp", &ask);
    assert_eq!(drops(&report), [0, 0], "{report}");
}

fn perfdhcp_direct() {
    let served = Served::new("h");
    let _server = served.start();
    served.hosts.ip(Host::Client, &["addr", "add", "10.77.1.2/24", "dev", "c0"]);
    let ask = ["-4", "-B", "-l", "c0", "-n", "100", "-r", "50", "-R", "50", "-W", "500000", "-d", "1", "all"];
    let report = served.hosts.run(Host::Client, "perfdhcp", &ask);
    assert_eq!(drops(&report), [0, 0], "{report}");
}

/// perfdhcp's count of lost packets, of each of the two halves of an exchange.
fn drops(report: &str) -> [u64; 2] {
    let counts: Vec<u64> = report
        .lines()
        .filter_map(|line| line.strip_prefix("drops: "))
        .map(|count| count.trim().parse().expect("perfdhcp prints a count"))
        .collect();
    counts.try_into().unwrap_or_else(|_| panic!("perfdhcp reported no two halves:\n{report}"))
}
