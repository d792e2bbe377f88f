//! A relay with its clients, two servers, and a switch in between whose ports can be pulled: four namespaces.
//!
//! Clients and relay have 10.80.0.0/16, servers 10.78.1.2 and 10.78.1.3 towards them and 10.78.3.2 and 10.78.3.3
//! towards each other. A port that is pulled drops frames in silence, as a broken switch does: neither side is told.

use std::net::Ipv4Addr;
use std::process::Command;

use crate::namespaces::said;

/// The servers' names in the artefact, primary first.
pub const SERVER_NAMES: [&str; 2] = ["primary", "standby"];
/// Where clients and relays reach the servers.
pub const SERVERS: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 78, 1, 2), Ipv4Addr::new(10, 78, 1, 3)];
/// Where the servers reach each other.
pub const PEERS: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 78, 3, 2), Ipv4Addr::new(10, 78, 3, 3)];

/// One of a server's two ports at the switch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Network {
    /// Towards relays and clients.
    Clients,
    /// Towards the other server.
    Peers,
}

/// The namespaces; they go with the value.
pub struct Hosts {
    tag: String,
    /// Another process has made them and removes them.
    borrowed: bool,
}

impl Hosts {
    /// Makes them. `tag` keeps two at once apart; at most four characters.
    pub fn new(tag: &str) -> Hosts {
        let hosts = Hosts { tag: format!("lo{tag}{}", std::process::id() % 100_000), borrowed: false };
        for host in ["r", "x", "a", "b"] {
            ip(&["netns", "add", &hosts.name(host)]);
            hosts.ip(host, &["link", "set", "lo", "up"]);
        }
        for bridge in ["clients", "peers"] {
            hosts.ip("x", &["link", "add", bridge, "type", "bridge"]);
            hosts.ip("x", &["link", "set", bridge, "up"]);
        }
        hosts.plug("r", "up0", "r0", "clients", "10.78.1.1/24");
        for (at, host) in ["a", "b"].into_iter().enumerate() {
            hosts.plug(host, "c0", &port(at, Network::Clients), "clients", &format!("{}/24", SERVERS[at]));
            hosts.plug(host, "p0", &port(at, Network::Peers), "peers", &format!("{}/24", PEERS[at]));
            hosts.ip(host, &["route", "add", "10.80.0.0/16", "via", "10.78.1.1"]);
        }
        // Every client address is the relay host's own: one program is all clients.
        hosts.ip("r", &["route", "add", "local", "10.80.0.0/16", "dev", "lo"]);
        hosts
    }

    /// Hosts that another process has made.
    pub fn made(tag: &str) -> Hosts {
        Hosts { tag: tag.to_owned(), borrowed: true }
    }

    /// By what another process finds them.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    fn name(&self, host: &str) -> String {
        format!("{}{host}", self.tag)
    }

    fn ip(&self, host: &str, arguments: &[&str]) {
        let netns = self.name(host);
        let mut all = vec!["-n", &netns];
        all.extend_from_slice(arguments);
        ip(&all);
    }

    fn plug(&self, host: &str, device: &str, port: &str, bridge: &str, address: &str) {
        let (here, switch) = (self.name(host), self.name("x"));
        ip(&["link", "add", device, "netns", &here, "type", "veth", "peer", "name", port, "netns", &switch]);
        self.ip(host, &["addr", "add", address, "dev", device]);
        self.ip(host, &["link", "set", device, "up"]);
        self.ip("x", &["link", "set", port, "master", bridge, "up"]);
    }

    /// Pulls a server's port out of the switch.
    pub fn pull(&self, server: usize, network: Network) {
        self.ip("x", &["link", "set", &port(server, network), "nomaster"]);
    }

    /// Puts it back.
    pub fn put_back(&self, server: usize, network: Network) {
        let bridge = match network {
            Network::Clients => "clients",
            Network::Peers => "peers",
        };
        self.ip("x", &["link", "set", &port(server, network), "master", bridge]);
    }

    /// A command that will run where a server runs.
    pub fn at_server(&self, server: usize) -> Command {
        self.command(["a", "b"][server])
    }

    /// A command that will run where the relay and the clients are.
    pub fn at_relay(&self) -> Command {
        self.command("r")
    }

    fn command(&self, host: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name(host)]);
        command
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        if self.borrowed {
            return;
        }
        for host in ["r", "x", "a", "b"] {
            // A namespace that is not there needs no removal.
            let _ = Command::new("ip").args(["netns", "del", &self.name(host)]).output();
        }
    }
}

fn port(server: usize, network: Network) -> String {
    let network = match network {
        Network::Clients => "c",
        Network::Peers => "p",
    };
    format!("{network}{server}")
}

fn ip(arguments: &[&str]) {
    let output = Command::new("ip").args(arguments).output().expect("`ip` can be started");
    said(&format!("ip {}", arguments.join(" ")), &output);
}
