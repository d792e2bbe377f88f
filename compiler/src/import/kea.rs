//! A configuration of Kea's DHCPv4 server, as Kea means it.
//!
//! Here is what Kea says and where; what it becomes in an estate is the business of `translate`. Every key that Kea 2 and
//! 3 know is read here, or told of: a key that says nothing about clients, or that has no like here.

pub mod definitions;
mod host;
mod keys;
pub mod options;
pub mod pair;
pub mod scope;

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use leasehold_schemas::vocab::{AddrRange, Cidr, CidrError, Space};

use super::book::{MapView, View};
use super::json::Value;
use super::listing::Fate;
use super::yaml::Yaml;
use definitions::Definitions;
pub use host::Host;
use options::Datum;
use pair::Pair;
use scope::{Level, Scope};

/// The configuration of one server.
#[derive(Debug)]
pub struct Server<'b> {
    /// What holds everywhere.
    pub scope: Scope<'b>,
    /// How long a declined address rests, in seconds.
    pub decline_probation: Option<u32>,
    /// Option definitions.
    pub definitions: Definitions,
    /// Classes in their order.
    pub classes: Vec<Class<'b>>,
    /// Shared networks, then each subnet that stands alone as a network of its own.
    pub networks: Vec<Network<'b>>,
    /// Reservations of the whole configuration.
    pub hosts: Vec<Host<'b>>,
    /// The pair it belongs to.
    pub pair: Option<Pair<'b>>,
}

/// A client class.
#[derive(Clone, Debug)]
pub struct Class<'b> {
    /// Its name.
    pub name: String,
    /// Its test.
    pub test: Option<(String, View<'b>)>,
    /// Whether it is looked at only where a place names it.
    pub only_additional: bool,
    /// What it says.
    pub scope: Scope<'b>,
    /// Where it stands.
    pub view: View<'b>,
}

/// A shared network, or one subnet alone.
#[derive(Clone, Debug)]
pub struct Network<'b> {
    /// The name of a shared network.
    pub name: Option<String>,
    /// What a shared network says.
    pub scope: Scope<'b>,
    /// Its subnets.
    pub subnets: Vec<Subnet<'b>>,
}

/// A subnet.
#[derive(Clone, Debug)]
pub struct Subnet<'b> {
    /// Its prefix.
    pub prefix: Cidr,
    /// Its number, if it is given one.
    pub id: Option<u32>,
    /// What it says.
    pub scope: Scope<'b>,
    /// Its pools.
    pub pools: Vec<Pool<'b>>,
    /// Its reservations.
    pub hosts: Vec<Host<'b>>,
    /// Where it stands.
    pub view: View<'b>,
}

/// A pool.
#[derive(Clone, Debug)]
pub struct Pool<'b> {
    /// Its addresses.
    pub range: AddrRange,
    /// What it says.
    pub scope: Scope<'b>,
    /// Where it stands.
    pub view: View<'b>,
}

impl<'b> Server<'b> {
    /// Reads a whole document; nothing if it holds no configuration of a DHCPv4 server, and that is told.
    pub fn read(root: View<'b>) -> Option<Server<'b>> {
        let root = root.map()?;
        for (key, view) in root.members() {
            match key {
                "Dhcp4" => {}
                "Dhcp6" => view.tell(Fate::Lost, "Leasehold serves DHCPv4 only", "keep Kea for DHCPv6"),
                "DhcpDdns" | "Control-agent" | "Netconf" | "Logging" => {
                    view.tell(Fate::Setting, "it belongs to another program, or to Kea's own logging", "");
                }
                _ => {}
            }
        }
        let map = root.map("Dhcp4")?;
        keys::tell_global(map);
        let mut definitions = Definitions::new();
        let class_maps = map.maps("client-classes");
        let of_classes: Vec<MapView<'_>> = class_maps
            .iter()
            .flat_map(|class| class.maps("option-def"))
            .filter(|entry| is_43(*entry))
            .collect();
        definitions.read(&map.maps("option-def"), &of_classes);
        for (at, class) in class_maps.iter().enumerate() {
            definitions.read_of_class(at, &class.maps("option-def"));
        }
        let classes =
            class_maps.iter().enumerate().map(|(at, class)| read_class(at, *class, &mut definitions));
        let classes = classes.collect();
        let scope = Scope::read(map, &mut definitions, Level::Global);
        let hooks = keys::hooks(map);
        let identifiers = host::identifiers(map);
        let mut reading = Reading { definitions, flexible: hooks.flexible, identifiers };
        let mut networks: Vec<Network<'b>> =
            map.maps("shared-networks").into_iter().map(|network| reading.shared_network(network)).collect();
        for subnet in map.maps("subnet4") {
            let subnets: Vec<_> = reading.subnet(subnet).into_iter().collect();
            if !subnets.is_empty() {
                networks.push(Network { name: None, scope: Scope::default(), subnets });
            }
        }
        let hosts = reading.hosts(map);
        let decline_probation = map.number("decline-probation-period");
        let Reading { definitions, .. } = reading;
        let mut server =
            Server { scope, decline_probation, definitions, classes, networks, hosts, pair: hooks.pair };
        server.complete_vendor_options();
        Some(server)
    }

    /// In Kea option 43 of the nearest scope counts whole; here its sub-options are inherited one by one. So a scope that
    /// says some takes away those that others say, wherever it could inherit them.
    fn complete_vendor_options(&mut self) {
        let codes = |scope: &Scope<'_>| -> BTreeSet<u8> {
            let own = scope.options.iter().filter(|datum| datum.space == Space::Vendor43);
            own.map(|datum| datum.code).collect()
        };
        let mut places = vec![&mut self.scope];
        for network in &mut self.networks {
            places.push(&mut network.scope);
            for subnet in &mut network.subnets {
                places.push(&mut subnet.scope);
                places.extend(subnet.pools.iter_mut().map(|pool| &mut pool.scope));
                places.extend(subnet.hosts.iter_mut().map(|host| &mut host.scope));
            }
        }
        places.extend(self.hosts.iter_mut().map(|host| &mut host.scope));
        if places.iter().all(|scope| codes(scope).is_empty()) {
            // Classes alone: a client is hardly of two vendors.
            return;
        }
        let scopes = places.into_iter().chain(self.classes.iter_mut().map(|class| &mut class.scope));
        let mut scopes: Vec<&mut Scope<'b>> = scopes.filter(|scope| !codes(scope).is_empty()).collect();
        let all: BTreeSet<u8> = scopes.iter().flat_map(|scope| codes(scope)).collect();
        for scope in &mut scopes {
            let own = codes(scope);
            let Some(first) = scope.options.iter().find(|datum| datum.space == Space::Vendor43).cloned()
            else {
                continue;
            };
            let taken = all.difference(&own).map(|code| Datum {
                code: *code,
                value: Some(Yaml::Null),
                always: false,
                never: false,
                ..first.clone()
            });
            let taken: Vec<Datum<'b>> = taken.collect();
            scope.options.extend(taken);
        }
    }

    /// Every subnet.
    pub fn subnets(&self) -> impl Iterator<Item = &Subnet<'b>> {
        self.networks.iter().flat_map(|network| &network.subnets)
    }
}

/// Whether a definition is one of option 43.
fn is_43(entry: MapView<'_>) -> bool {
    entry.get("code").is_some_and(|code| *code.peek() == Value::Integer(43))
}

fn read_class<'b>(at: usize, map: MapView<'b>, definitions: &mut Definitions) -> Class<'b> {
    keys::tell_class(map);
    let only = map.boolean("only-if-required").unwrap_or(false)
        | map.boolean("only-in-additional-list").unwrap_or(false);
    let test = map.some_text("test").map(|(text, view)| (text.trim().to_owned(), view));
    Class {
        name: map.text("name").unwrap_or_default().to_owned(),
        test,
        only_additional: only,
        scope: Scope::read(map, definitions, Level::Class(at)),
        view: map.view,
    }
}

/// What reading a subnet asks.
struct Reading {
    definitions: Definitions,
    /// What `flex-id` means.
    flexible: keys::Flexible,
    /// Kinds of identifiers by which Kea looks for a reservation.
    identifiers: Option<Vec<String>>,
}

impl Reading {
    fn shared_network<'b>(&mut self, map: MapView<'b>) -> Network<'b> {
        keys::tell_place(map);
        let name = map.some_text("name").map(|(name, _)| name.to_owned());
        let scope = Scope::read(map, &mut self.definitions, Level::Network);
        let subnets = map.maps("subnet4").into_iter().filter_map(|subnet| self.subnet(subnet)).collect();
        Network { name, scope, subnets }
    }

    fn subnet<'b>(&mut self, map: MapView<'b>) -> Option<Subnet<'b>> {
        keys::tell_place(map);
        let id = map.number("id").filter(|id| *id != 0);
        let prefix = map.get("subnet").and_then(|view| prefix(view.text()?, view));
        let Some(prefix) = prefix else {
            let advice = "give it a prefix such as `10.42.8.0/23`";
            map.view.tell(Fate::Lost, "a subnet without a prefix is nowhere", advice);
            return None;
        };
        let scope = Scope::read(map, &mut self.definitions, Level::Subnet);
        let pools = map.maps("pools").into_iter().filter_map(|pool| self.pool(pool)).collect();
        let hosts = self.hosts(map);
        Some(Subnet { prefix, id, scope, pools, hosts, view: map.view })
    }

    fn pool<'b>(&mut self, map: MapView<'b>) -> Option<Pool<'b>> {
        keys::tell_place(map);
        if let Some(id) = map.get("pool-id") {
            id.tell(
                Fate::Idle,
                "it numbers a pool in Kea's statistics; metrics name pools by their addresses",
                "",
            );
        }
        let range = map.get("pool").and_then(|view| range(view.text()?, view));
        let scope = Scope::read(map, &mut self.definitions, Level::Pool);
        let Some(range) = range else {
            map.view.tell(
                Fate::Lost,
                "a pool without addresses",
                "give it a range such as `10.42.8.20 - 10.42.8.99`",
            );
            return None;
        };
        Some(Pool { range, scope, view: map.view })
    }

    fn hosts<'b>(&mut self, map: MapView<'b>) -> Vec<Host<'b>> {
        let Reading { definitions, flexible, identifiers } = self;
        let hosts = map.maps("reservations").into_iter();
        hosts.filter_map(|host| Host::read(host, definitions, *flexible, identifiers.as_deref())).collect()
    }
}

/// A prefix. Kea takes one with host bits, and means the prefix around it.
fn prefix(text: &str, view: View<'_>) -> Option<Cidr> {
    match text.trim().parse() {
        Ok(prefix) => Some(prefix),
        Err(CidrError::HostBits(meant)) => {
            view.note(Fate::Changed, format!("host bits are set; the prefix is `{meant}`"), "");
            Some(meant)
        }
        Err(CidrError::Malformed) => None,
    }
}

/// `first-last`, a prefix, or a prefix with host bits, which Kea takes as well.
fn range(text: &str, view: View<'_>) -> Option<AddrRange> {
    if text.contains('/') {
        return prefix(text, view).map(Cidr::range);
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last): (Ipv4Addr, Ipv4Addr) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    AddrRange::new(first, last).ok()
}

/// Whether a class is Kea's own and means the server that answers, not the client.
pub fn names_a_server(class: &str) -> bool {
    class.starts_with("HA_")
}
