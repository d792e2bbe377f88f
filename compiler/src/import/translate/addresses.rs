//! Addresses in a pool that no client can use.
//!
//! Kea gives out network and broadcast address, routers and relays if a pool holds them; an estate calls that a fault.
//! They are kept back, which changes nothing for clients that worked.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use leasehold_schemas::vocab::{AddrRange, Space};

use super::{At, Tree};
use crate::import::draft::Key;
use crate::import::listing::Fate;
use crate::import::yaml::Yaml;

/// The option that tells routers.
const ROUTERS: Key = Key::Option(Space::Dhcp4, 3);

/// Keeps such addresses back, and tells of each.
pub fn keep_back(tree: &mut Tree<'_, '_>) {
    let server = tree.server;
    for (n, network) in server.networks.iter().enumerate() {
        for (s, subnet) in network.subnets.iter().enumerate() {
            let mut unusable: BTreeMap<Ipv4Addr, &str> = BTreeMap::new();
            unusable.extend(
                network.scope.relays.iter().chain(&subnet.scope.relays).map(|relay| (*relay, "relay")),
            );
            let pools = (0..subnet.pools.len()).map(|p| At::Pool(n, s, p));
            let places = At::Subnet(n, s).chain().chain(pools);
            unusable.extend(routers(tree, places).into_iter().map(|router| (router, "router")));
            if subnet.prefix.reserves_ends() {
                unusable.insert(subnet.prefix.network(), "network address");
                unusable.insert(subnet.prefix.last(), "broadcast address");
            }
            for pool in &subnet.pools {
                for (address, what) in unusable.iter().filter(|(address, _)| pool.range.contains(**address)) {
                    let exclusion = (AddrRange::single(*address), Some((*what).to_owned()));
                    let exclusions = &mut tree.networks[n].subnets[s].exclusions;
                    if pool.range.size() == 1 || exclusions.contains(&exclusion) {
                        continue;
                    }
                    exclusions.push(exclusion);
                    let reason = format!("its {what} is kept back; Kea would give it to a client");
                    pool.view.note(Fate::Changed, reason, "");
                }
            }
        }
    }
}

/// Every router that somebody in these places is told.
fn routers(tree: &Tree<'_, '_>, places: impl Iterator<Item = At>) -> Vec<Ipv4Addr> {
    let mut routers = Vec::new();
    for at in places {
        for ((_, key), value) in &tree.draft(at).says {
            if *key != ROUTERS {
                continue;
            }
            if let Yaml::List(items) = value {
                routers.extend(items.iter().filter_map(|item| match item {
                    Yaml::Text(text) => text.parse::<Ipv4Addr>().ok(),
                    _ => None,
                }));
            }
        }
    }
    routers
}
