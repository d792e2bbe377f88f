//! What Kea says alike at several levels: the whole configuration, shared networks, subnets, pools, classes and hosts.

use std::net::Ipv4Addr;

use super::definitions::Definitions;
use super::options::{self, Datum};
use crate::import::book::{MapView, View};
use crate::import::listing::Fate;

/// The levels at which Kea says things; each has keys of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    /// The whole configuration.
    Global,
    /// A shared network.
    Network,
    /// A subnet.
    Subnet,
    /// A pool.
    Pool,
    /// The class of this place in the configuration's order.
    Class(usize),
    /// A reservation.
    Host,
}

/// Lease times that are said, in seconds. Places inherit each for itself; those of a class count together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LeaseTimes {
    /// The shortest.
    pub min: Option<u32>,
    /// For a client that asks for none.
    pub default: Option<u32>,
    /// The longest.
    pub max: Option<u32>,
}

impl LeaseTimes {
    /// Default, shortest and longest, what is not said filled in from what is; nothing if none is.
    pub fn filled(self) -> Option<[u32; 3]> {
        let LeaseTimes { min, default, max } = self;
        let default = default.or(min).or(max)?;
        Some([default, min.unwrap_or(default).min(default), max.unwrap_or(default).max(default)])
    }
}

/// How T1 and T2 are had where no timer says them.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct TeeTimes {
    /// Whether they are parts of the lease time.
    pub calculate: Option<bool>,
    /// T1 as a part.
    pub t1: Option<f64>,
    /// T2 as a part.
    pub t2: Option<f64>,
}

/// Which reservations count.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct HostFlags {
    /// Those of the subnet.
    pub in_subnet: Option<bool>,
    /// Those of the whole configuration.
    pub global: Option<bool>,
}

/// A class that is named somewhere.
pub type Named<'b> = (String, View<'b>);

/// What a level says.
#[derive(Clone, Debug, Default)]
pub struct Scope<'b> {
    /// Options.
    pub options: Vec<Datum<'b>>,
    /// Lease times.
    pub lease: LeaseTimes,
    /// T1, in seconds.
    pub renew: Option<u32>,
    /// T2, in seconds.
    pub rebind: Option<u32>,
    /// T1 and T2 as parts of the lease time.
    pub tee: TeeTimes,
    /// `siaddr`; 0.0.0.0 takes away what a wider place says.
    pub next_server: Option<Ipv4Addr>,
    /// `sname`.
    pub server_hostname: Option<String>,
    /// `file`.
    pub boot_file_name: Option<String>,
    /// Whether unknown addresses are denied.
    pub authoritative: Option<bool>,
    /// Whether a client is known by its client identifier.
    pub match_client_id: Option<bool>,
    /// Which reservations count.
    pub hosts: HostFlags,
    /// Who may use it.
    pub guards: Vec<Named<'b>>,
    /// Classes that are looked at here besides.
    pub additional: Vec<Named<'b>>,
    /// Relay addresses that mean it.
    pub relays: Vec<Ipv4Addr>,
    /// What its user context says.
    pub context: Context,
}

/// A user context: what people noted, and the values that name a place.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Context {
    /// Its comment or description.
    pub comment: Option<String>,
    /// Every other key with its value: text as it is, anything else as JSON.
    pub values: Vec<(String, String)>,
}

impl Context {
    /// The value of the first of these keys that is there.
    pub fn value(&self, keys: &[&str]) -> Option<&str> {
        keys.iter().find_map(|key| {
            let found = self.values.iter().find(|(known, value)| known == key && !value.trim().is_empty());
            found.map(|(_, value)| value.as_str())
        })
    }

    /// Everything that is noted, as remarks; keys in `but` are said elsewhere.
    pub fn remarks(&self, but: &[&str]) -> Vec<String> {
        let values = self.values.iter().filter(|(key, _)| !but.contains(&key.as_str()));
        let values = values.map(|(key, value)| format!("{key}: {value}"));
        self.comment.iter().cloned().chain(values).collect()
    }
}

impl<'b> Scope<'b> {
    /// Reads what a level may say. A key that the level does not have stays unread, and so is listed.
    pub fn read(map: MapView<'b>, definitions: &mut Definitions, level: Level) -> Scope<'b> {
        let class = match level {
            Level::Class(class) => Some(class),
            Level::Global | Level::Network | Level::Subnet | Level::Pool | Level::Host => None,
        };
        let options = options::read(definitions, class, map.maps("option-data"));
        let mut scope = Scope { options, context: context(map), ..Scope::default() };
        match level {
            Level::Global => scope.behaviour(map),
            Level::Network | Level::Subnet => {
                scope.behaviour(map);
                scope.guards = names(map, "client-class", "client-classes");
                scope.additional = names(map, "require-client-classes", "evaluate-additional-classes");
                scope.relays = relays(map);
            }
            Level::Pool => {
                scope.guards = names(map, "client-class", "client-classes");
                scope.additional = names(map, "require-client-classes", "evaluate-additional-classes");
            }
            Level::Class(_) => {
                scope.lease = lease_times(map);
                scope.fields(map);
            }
            Level::Host => {
                scope.fields(map);
                scope.guards = names(map, "client-class", "client-classes");
            }
        }
        scope
    }

    /// What the whole configuration, networks and subnets say.
    fn behaviour(&mut self, map: MapView<'b>) {
        self.lease = lease_times(map);
        self.renew = map.number("renew-timer");
        self.rebind = map.number("rebind-timer");
        self.tee = TeeTimes {
            calculate: map.boolean("calculate-tee-times"),
            t1: map.get("t1-percent").and_then(View::real),
            t2: map.get("t2-percent").and_then(View::real),
        };
        self.fields(map);
        self.authoritative = map.boolean("authoritative");
        self.match_client_id = map.boolean("match-client-id");
        self.hosts = host_flags(map);
    }

    /// Fields of a packet's header.
    fn fields(&mut self, map: MapView<'b>) {
        self.next_server = map.some_text("next-server").and_then(|(text, view)| any_address(text, view));
        self.server_hostname = map.some_text("server-hostname").map(|(text, _)| text.to_owned());
        self.boot_file_name = map.some_text("boot-file-name").map(|(text, _)| text.to_owned());
    }
}

fn lease_times(map: MapView<'_>) -> LeaseTimes {
    let reason = "an offered address is held for its client without being written down";
    map.tell(&["offer-lifetime"], Fate::Idle, reason, "");
    let [min, default, max] =
        ["min-valid-lifetime", "valid-lifetime", "max-valid-lifetime"].map(|key| map.number(key));
    LeaseTimes { min, default, max }
}

fn host_flags(map: MapView<'_>) -> HostFlags {
    let mode = map.some_text("reservation-mode").map(|(mode, _)| mode.to_ascii_lowercase());
    let (in_subnet, global) = match mode.as_deref() {
        Some("disabled" | "off") => (Some(false), Some(false)),
        Some("global") => (Some(false), Some(true)),
        Some(_) => (Some(true), Some(false)),
        None => (None, None),
    };
    // Out of the pools or in them: a reserved address is nobody else's here either way.
    map.boolean("reservations-out-of-pool");
    HostFlags {
        in_subnet: map.boolean("reservations-in-subnet").or(in_subnet),
        global: map.boolean("reservations-global").or(global),
    }
}

/// Names of classes: in a list, or one alone as older versions write it.
fn names<'b>(map: MapView<'b>, one: &str, several: &str) -> Vec<Named<'b>> {
    let alone = map.get(one).into_iter().flat_map(|view| match view.peek() {
        crate::import::json::Value::List(_) => view.list(),
        _ => vec![view],
    });
    let named = |view: View<'b>| Some((view.text().filter(|name| !name.is_empty())?.to_owned(), view));
    alone.chain(map.list(several)).filter_map(named).collect()
}

fn relays(map: MapView<'_>) -> Vec<Ipv4Addr> {
    let Some(relay) = map.map("relay") else { return Vec::new() };
    let alone = relay.get("ip-address").into_iter();
    let several = relay.list("ip-addresses").into_iter();
    alone.chain(several).filter_map(|view| address(view.text()?, view)).collect()
}

/// An address; `0.0.0.0` says that there is none.
pub fn address(text: &str, view: View<'_>) -> Option<Ipv4Addr> {
    any_address(text, view).filter(|address| !address.is_unspecified())
}

fn any_address(text: &str, view: View<'_>) -> Option<Ipv4Addr> {
    match text.trim().parse::<Ipv4Addr>() {
        Ok(address) => Some(address),
        Err(_) => {
            view.tell(
                Fate::Lost,
                format!("`{}` is no IPv4 address", text.escape_debug()),
                "correct the address",
            );
            None
        }
    }
}

/// The user context, and a comment beside it.
pub fn context(map: MapView<'_>) -> Context {
    let mut context =
        Context { comment: map.some_text("comment").map(|(text, _)| text.to_owned()), values: Vec::new() };
    let Some(user) = map.get("user-context").and_then(View::map) else { return context };
    for (key, view) in user.members() {
        let value = match view.peek() {
            crate::import::json::Value::Text(_) => view.text().unwrap_or_default().to_owned(),
            _ => view.json(),
        };
        match key {
            "comment" | "description" if context.comment.is_none() => context.comment = Some(value),
            key => context.values.push((key.to_owned(), value)),
        }
    }
    context
}
