//! What each place says of its own: options, lease times, header fields, guards.

use super::{At, LEASE_DEFAULT, Tree};
use crate::import::draft::{Key, NetworkDraft, PlaceDraft, PoolDraft, Says, SubnetDraft};
use crate::import::kea::scope::{LeaseTimes, Named, Scope};
use crate::import::kea::{Network, Subnet, names_a_server};
use crate::import::listing::Fate;
use crate::import::yaml::Yaml;

/// A network with its subnets and pools, saying nothing yet.
pub fn network(network: &Network<'_>) -> NetworkDraft {
    let mut relays: Vec<_> = network.scope.relays.clone();
    for subnet in &network.subnets {
        relays.extend(subnet.scope.relays.iter().filter(|relay| !subnet.prefix.contains(**relay)));
    }
    relays.sort_unstable();
    relays.dedup();
    relays.retain(|relay| !network.subnets.iter().any(|subnet| subnet.prefix.contains(*relay)));
    NetworkDraft {
        name: network_name(network),
        relays,
        place: PlaceDraft::default(),
        subnets: network.subnets.iter().map(subnet).collect(),
    }
}

fn subnet(subnet: &Subnet<'_>) -> SubnetDraft {
    let pool =
        |pool: &crate::import::kea::Pool<'_>| PoolDraft { range: pool.range, place: PlaceDraft::default() };
    SubnetDraft {
        prefix: subnet.prefix,
        id: subnet.id,
        pools: subnet.pools.iter().map(pool).collect(),
        exclusions: Vec::new(),
        place: PlaceDraft::default(),
        reservations: Vec::new(),
    }
}

/// Keys of a user context that name a network.
pub const NETWORK_KEYS: [&str; 4] = ["network", "network-name", "vlan-name", "name"];

/// A shared network's name; a subnet that stands alone is called as its context says, else by its prefix.
fn network_name(network: &Network<'_>) -> String {
    let alone = network.subnets.first();
    let said = alone.and_then(|subnet| subnet.scope.context.value(&NETWORK_KEYS[..3]));
    let prefix = || alone.map(|subnet| subnet.prefix.to_string());
    let name = network.name.clone().or_else(|| said.map(str::to_owned)).or_else(prefix);
    let name: String = name.unwrap_or_default().chars().filter(|c| !c.is_control()).take(120).collect();
    if name.trim().is_empty() { "network".to_owned() } else { name.trim().to_owned() }
}

/// Lets every place say what it says in Kea.
pub fn fill(tree: &mut Tree<'_, '_>) {
    let bounded = has_bounds(tree);
    for at in tree.places() {
        let scope = tree.scope(at);
        own_values(tree, at, scope);
        guard(tree, at, scope);
        let said_elsewhere: &[&str] = match at {
            At::Estate | At::Pool(..) => &[],
            At::Network(_) => &super::sites::SAID_BY_SITES,
            At::Subnet(..) => &super::sites::SAID_BY_SUBNETS,
        };
        tree.draft_mut(at).remarks = scope.context.remarks(said_elsewhere);
    }
    global(tree);
    class_values(tree, bounded);
}

/// Whether anybody bounds lease times: then a class says all three, because those of a class count together in Kea.
fn has_bounds(tree: &Tree<'_, '_>) -> bool {
    let scopes = tree.places().into_iter().map(|at| tree.scope(at));
    let classes = tree.classes.kea.iter().flatten().map(|class| &class.scope);
    scopes.chain(classes).any(|scope| scope.lease.min.is_some() || scope.lease.max.is_some())
}

const LEASE_KEYS: [Key; 3] = [Key::LeaseDefault, Key::LeaseMin, Key::LeaseMax];

fn seconds(seconds: u32) -> Yaml {
    Yaml::text(leasehold_schemas::vocab::Seconds(seconds).to_string())
}

fn own_values(tree: &mut Tree<'_, '_>, at: At, scope: &Scope<'_>) {
    for datum in &scope.options {
        let key = Key::Option(datum.space, datum.code);
        let Some(value) = &datum.value else { continue };
        if datum.tags.is_empty() {
            tree.draft_mut(at).say(key, value.clone());
        }
        for (name, view) in &datum.tags {
            match tree.classes.index(name) {
                Some(class) => {
                    tree.draft_mut(at).says.insert((Some(class), key), value.clone());
                }
                None => view.tell(
                    Fate::Lost,
                    format!("class `{name}` has no place in the estate's order of classes"),
                    "define a class whose `match` asks for it, and say there what it means here",
                ),
            }
        }
    }
    let LeaseTimes { min, default, max } = scope.lease;
    for (key, time) in LEASE_KEYS.into_iter().zip([default, min, max]) {
        if let Some(time) = time {
            tree.draft_mut(at).say(key, seconds(time));
        }
    }
    for (key, value) in fields(scope) {
        let inherited = at
            .around()
            .and_then(|around| tree.effective(around, key))
            .is_some_and(|said| *said != Yaml::Null);
        match value {
            Yaml::Null if !inherited => {}
            value => tree.draft_mut(at).say(key, value),
        }
    }
    if let Some(known) = scope.match_client_id {
        let key = Key::Identity;
        let now = at
            .around()
            .and_then(|around| tree.effective(around, key))
            .is_none_or(|said| *said != Yaml::text("mac"));
        if known != now {
            tree.draft_mut(at).say(key, Yaml::text(if known { "client-id" } else { "mac" }));
        }
    }
    if let (Some(authoritative), true) = (scope.authoritative, at != At::Estate) {
        let now = tree.scope_chain_says(at, |scope| scope.authoritative).unwrap_or(false);
        if authoritative != now {
            tree.draft_mut(at).say(Key::Authoritative, Yaml::text(authoritative.to_string()));
        }
    }
}

/// Header fields; null where 0.0.0.0 takes one away.
fn fields(scope: &Scope<'_>) -> Vec<(Key, Yaml)> {
    let next = scope.next_server.map(|address| match address.is_unspecified() {
        true => (Key::NextServer, Yaml::Null),
        false => (Key::NextServer, Yaml::text(address.to_string())),
    });
    let name = scope.server_hostname.as_ref().map(|name| (Key::ServerHostname, Yaml::text(name)));
    let file = scope.boot_file_name.as_ref().map(|name| (Key::BootFileName, Yaml::text(name)));
    next.into_iter().chain(name).chain(file).collect()
}

impl<'b> Tree<'_, 'b> {
    /// What the nearest place around `at`, but not `at` itself, says.
    fn scope_chain_says<T>(&self, at: At, read: impl Fn(&Scope<'b>) -> Option<T>) -> Option<T> {
        at.chain().skip(1).find_map(|at| read(self.scope(at)))
    }
}

/// A guard: any of its classes. One that names a server of the pair lets everybody in, because the pair divides every
/// pool itself.
fn guard(tree: &mut Tree<'_, '_>, at: At, scope: &Scope<'_>) {
    if at == At::Estate {
        return;
    }
    let of_servers: Vec<&Named<'_>> = scope.guards.iter().filter(|(name, _)| names_a_server(name)).collect();
    for (_, view) in &of_servers {
        let reason = "pools are not divided by hand: each server of a pair has a share of every pool";
        view.note(Fate::Changed, reason, "");
    }
    let open = !of_servers.is_empty() || scope.guards.iter().any(|(name, _)| name == "ALL");
    if !open {
        let names: Vec<String> =
            scope.guards.iter().filter_map(|(name, _)| tree.classes.name(name).map(str::to_owned)).collect();
        tree.draft_mut(at).only = names;
    }
}

/// Where Kea's defaults are others than an estate's.
fn global(tree: &mut Tree<'_, '_>) {
    let scope = tree.scope(At::Estate);
    if scope.lease.default.is_none() {
        tree.estate.say(Key::LeaseDefault, seconds(LEASE_DEFAULT));
    }
    if scope.authoritative != Some(true) {
        tree.estate.say(Key::Authoritative, Yaml::text("false"));
    }
    if let Some(probation) = tree.server.decline_probation.filter(|probation| *probation != 86_400) {
        tree.estate.say(Key::DeclineProbation, seconds(probation));
    }
}

/// What classes say that beats every place in Kea too: lease times and header fields. Options come by `precedence`.
fn class_values(tree: &mut Tree<'_, '_>, bounded: bool) {
    for index in 0..tree.classes.kea.len() {
        let Some(class) = tree.classes.kea[index].clone() else { continue };
        let mut says: Vec<(Key, Yaml)> =
            fields(&class.scope).into_iter().filter(|(_, value)| *value != Yaml::Null).collect();
        if let Some(times) = class.scope.lease.filled() {
            if class.only_additional {
                let reason =
                    "a class that is looked at where a place names it comes too late for lease times, in Kea";
                class.view.note(Fate::Idle, reason, "");
            } else {
                let keys = if bounded { &LEASE_KEYS[..] } else { &LEASE_KEYS[..1] };
                says.extend(keys.iter().copied().zip(times.map(seconds)));
            }
        }
        for home in tree.homes[index].clone() {
            let place: &mut Says = &mut tree.draft_mut(home).says;
            place.extend(says.iter().map(|(key, value)| ((Some(index), *key), value.clone())));
        }
    }
}
