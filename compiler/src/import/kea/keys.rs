//! Keys that say nothing about what a client gets, or that have no like here: each is told of with its reason.

use super::pair::{self, Pair};
use crate::import::book::{MapView, View};
use crate::import::listing::Fate;

/// What hook libraries say of clients.
pub struct Hooks<'b> {
    /// The pair.
    pub pair: Option<Pair<'b>>,
    /// What `flex-id` is computed from.
    pub flexible: Flexible,
}

/// What `flex-id` means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flexible {
    /// Nothing: the library that computes it is not loaded.
    Nothing,
    /// What our identifier of this key is.
    Key(&'static str),
    /// Something that no identifier here is.
    Computed,
}

/// Keys about updates of DNS, at every level.
const DDNS: [&str; 15] = [
    "ddns-send-updates",
    "ddns-override-no-update",
    "ddns-override-client-update",
    "ddns-replace-client-name",
    "ddns-generated-prefix",
    "ddns-qualifying-suffix",
    "ddns-update-on-renew",
    "ddns-use-conflict-resolution",
    "ddns-conflict-resolution-mode",
    "ddns-ttl-percent",
    "ddns-ttl",
    "ddns-ttl-min",
    "ddns-ttl-max",
    "hostname-char-set",
    "hostname-char-replacement",
];

/// Tells of the keys of the whole configuration.
pub fn tell_global(map: MapView<'_>) {
    running(map);
    map.tell(
        &["hosts-database", "hosts-databases"],
        Fate::Lost,
        "reservations in a database are not in this file",
        "write them to a table and read it with `leasehold import csv`",
    );
    map.tell(
        &["config-control"],
        Fate::Lost,
        "what stands in the configuration database is not in this file",
        "save what Kea has loaded with its command `config-get`, and import that",
    );
    dns(map);
    told_if(map, "echo-client-id", |value| value, "the client identifier always comes back (RFC 6842)", "");
    if let Some(port) = map.get("dhcp4o6-port") {
        match port.number() {
            Some(0) | None => port.tell(Fate::Idle, "DHCPv4 over DHCPv6 is off", ""),
            Some(_) => {
                port.tell(Fate::Lost, "DHCPv4 over DHCPv6 (RFC 7341) is not served", "keep Kea for it");
            }
        }
    }
    map.tell(
        &["ip-reservations-unique"],
        Fate::Idle,
        "an address reserved twice is found by the check, which can be silenced at its place",
        "",
    );
    map.tell(
        &["early-global-reservations-lookup", "reservations-lookup-first", "stash-agent-options"],
        Fate::Idle,
        "it is always so here",
        "",
    );
    if let Some(compatibility) = map.map("compatibility") {
        for (key, view) in compatibility.members() {
            match view.boolean() {
                Some(false) => view.tell(Fate::Idle, "it is off", ""),
                Some(true) => {
                    let reason = format!("there is no `{key}` here");
                    view.tell(Fate::Lost, reason, "look whether any device still needs it");
                }
                None => {}
            }
        }
    }
    common(map);
}

/// Tells of the keys of a shared network, a subnet or a pool.
pub fn tell_place(map: MapView<'_>) {
    map.tell(
        &["interface", "interface-id"],
        Fate::Idle,
        "a network is known by its relays and by the address of the interface on which a packet comes",
        "",
    );
    for key in ["4o6-interface", "4o6-interface-id", "4o6-subnet"] {
        let Some(view) = map.get(key) else { continue };
        match view.text() {
            Some("") => view.tell(Fate::Idle, "DHCPv4 over DHCPv6 is off", ""),
            Some(_) => {
                view.tell(Fate::Lost, "DHCPv4 over DHCPv6 (RFC 7341) is not served", "keep Kea for it");
            }
            None => {}
        }
    }
    tell_names(map);
    common(map);
}

/// Tells of the keys of a class.
pub fn tell_class(map: MapView<'_>) {
    if let Some(view) = map.get("template-test")
        && view.text().is_some_and(|test| !test.is_empty())
    {
        let advice = "write a class for each value that its expression has";
        view.tell(
            Fate::Lost,
            "a template makes classes while packets come; classes here are written down",
            advice,
        );
    }
    map.tell(
        &["preferred-lifetime", "min-preferred-lifetime", "max-preferred-lifetime"],
        Fate::Idle,
        "it is DHCPv6's",
        "",
    );
}

/// Tells of the keys of a reservation.
pub fn tell_host(map: MapView<'_>) {
    map.tell(&["ip-addresses", "prefixes"], Fate::Idle, "it is DHCPv6's", "");
}

/// What may stand at every level of places.
fn common(map: MapView<'_>) {
    map.tell(&["store-extended-info"], Fate::Idle, "what the relay says is kept with every lease", "");
    map.tell(
        &["cache-threshold", "cache-max-age"],
        Fate::Idle,
        "every renewal is recorded, so that no lease is shorter than its client was told",
        "",
    );
    map.tell(&["allocator"], Fate::Idle, "which free address is given is no part of an estate", "");
}

/// How a server runs.
fn running(map: MapView<'_>) {
    let settings: [(&[&str], &str, &str); 7] = [
        (
            &["interfaces-config"],
            "where a server listens is said when it starts",
            "start it with `leasehold-server run --interface IF`, or `--listen ADDRESS` behind relays",
        ),
        (
            &["control-socket", "control-sockets"],
            "a server has a control API of its own",
            "see its settings for address and token",
        ),
        (
            &["lease-database"],
            "a server keeps its leases in a journal of its own",
            "start it with `--data-dir DIR`, and bring the leases with `leasehold-server leases import`",
        ),
        (&["loggers"], "what a server logs, and where, is its own settings' business", ""),
        (
            &["multi-threading", "dhcp-queue-control", "parked-packet-limit", "expired-leases-processing"],
            "a server here has no such setting: it is made to need none",
            "",
        ),
        (
            &["statistic-default-sample-count", "statistic-default-sample-age"],
            "a server has metrics for Prometheus",
            "",
        ),
        (&["sanity-checks", "server-tag"], "it is about Kea's own files", ""),
    ];
    for (keys, reason, advice) in settings {
        map.tell(keys, Fate::Setting, reason, advice);
    }
}

/// Updates of DNS: what is said of them matters only if they are on.
fn dns(map: MapView<'_>) {
    let on = map.get("dhcp-ddns").and_then(|ddns| {
        let on = ddns.map()?.boolean("enable-updates").unwrap_or(false);
        if on {
            let advice = "keep updating DNS from the lease list of the control API, or let clients do it";
            ddns.tell(Fate::Lost, "the server updates no DNS", advice);
        } else {
            ddns.tell(Fate::Idle, "updates of DNS are off", "");
        }
        Some(on)
    });
    let (fate, reason) = if on == Some(true) {
        (Fate::Lost, "the server updates no DNS")
    } else {
        (Fate::Idle, "updates of DNS are off")
    };
    map.tell(&DDNS, fate, reason, "");
}

/// Names of clients for DNS, below the level at which updates are switched on.
fn tell_names(map: MapView<'_>) {
    map.tell(&DDNS, Fate::Idle, "it is about updates of DNS; what is lost of those is told once for all", "");
}

fn told_if(map: MapView<'_>, key: &str, idle: fn(bool) -> bool, reason: &str, advice: &str) {
    let Some(view) = map.get(key) else { return };
    match view.boolean() {
        Some(value) if idle(value) => view.tell(Fate::Idle, reason, ""),
        Some(_) => view.tell(Fate::Lost, reason, advice),
        None => {}
    }
}

/// Hook libraries: the pair and `flex-id` are read, each of the others is told of.
pub fn hooks(map: MapView<'_>) -> Hooks<'_> {
    let mut hooks = Hooks { pair: None, flexible: Flexible::Nothing };
    for library in map.maps("hooks-libraries") {
        let path = library.text("library").unwrap_or_default();
        let name = path.rsplit('/').next().unwrap_or(path);
        let name = name.strip_prefix("libdhcp_").unwrap_or(name);
        let name = name.split('.').next().unwrap_or(name).to_owned();
        match (name.as_str(), library.map("parameters")) {
            ("ha", Some(parameters)) => hooks.pair = pair::read(parameters).or(hooks.pair),
            ("flex_id", Some(parameters)) => hooks.flexible = flexible(parameters, library.view),
            (name, _) => tell_library(name, library.view),
        }
    }
    hooks
}

/// Our identifier for the expression that `flex-id` is computed with, where it is one.
fn flexible(parameters: MapView<'_>, library: View<'_>) -> Flexible {
    let expression = parameters.text("identifier-expression").unwrap_or_default();
    let plain: String = expression.chars().filter(|c| !c.is_whitespace()).collect();
    if parameters.boolean("replace-client-id") == Some(true) {
        let advice = "say `identity: mac` where client identifiers change, or reserve by circuit";
        library.note(
            Fate::Lost,
            "a client's identity for its lease is its client identifier or its MAC address",
            advice,
        );
    }
    parameters.boolean("ignore-iaid");
    match plain.as_str() {
        "relay4[1].hex" | "option[82].option[1].hex" => Flexible::Key("circuit-id"),
        "relay4[2].hex" | "option[82].option[2].hex" => Flexible::Key("remote-id"),
        "option[61].hex" | "option[dhcp-client-identifier].hex" => Flexible::Key("client-id"),
        "pkt4.mac" => Flexible::Key("mac"),
        _ => Flexible::Computed,
    }
}

fn tell_library(name: &str, library: View<'_>) {
    let (fate, reason, advice) = match name {
        "lease_cmds" | "stat_cmds" | "subnet_cmds" | "class_cmds" | "config_cmds" | "cb_cmds" | "perfmon"
        | "lease_query" | "bulk_lease_query" | "rbac" => (
            Fate::Setting,
            "what it adds to Kea's control channel, the control API and the metrics of a server have or leave out",
            "read the manual of the control API",
        ),
        "legal_log" => (Fate::Setting, "who had which address when is in the journal and in the log", ""),
        "mysql" | "mysql_cb" | "pgsql" | "pgsql_cb" => {
            (Fate::Setting, "a server here keeps its leases in a journal, and its estate in a file", "")
        }
        "host_cmds" | "host_cache" => (
            Fate::Lost,
            "reservations that are added while Kea runs stand in a database, not in this file",
            "write them to a table and read it with `leasehold import csv`",
        ),
        "ha" | "flex_id" => (Fate::Lost, "the library has no parameters", "give them, or remove the library"),
        "flex_option" => (
            Fate::Lost,
            "options computed from the packet cannot be said here",
            "write a class for each value",
        ),
        "bootp" => (Fate::Lost, "BOOTP clients get no answer", "keep a BOOTP server for them"),
        "limits" => (
            Fate::Lost,
            "limits by class and subnet cannot be said here",
            "limits by relay are a start-up setting",
        ),
        "ping_check" => (
            Fate::Lost,
            "addresses are not probed before they are offered",
            "clients decline what is in use (RFC 2131)",
        ),
        "ddns_tuning" => (Fate::Lost, "the server updates no DNS", ""),
        "radius" => {
            (Fate::Lost, "addresses are not asked of a RADIUS server", "write its entries as reservations")
        }
        "run_script" => {
            (Fate::Lost, "no script is run for a lease", "watch the lease list of the control API")
        }
        _ => (
            Fate::Lost,
            "what this library does is not known here",
            "look for what clients would miss without it",
        ),
    };
    library.tell(fate, reason, advice);
}
