//! Where a reserved address stands in its subnet. Exactly one rule speaks of each position.

use std::net::Ipv4Addr;

use leasehold_schemas::source::{Span, Spanned};

use crate::check::rules::addressing::placement::Placement;
use crate::check::rules::addressing::ranges::Ranges;
use crate::check::rules::addressing::routers::{Router, Routers};
use crate::model::{Estate, Exclusion, Id, Pool, Reservation, Subnet};

/// The first of these that is true.
#[derive(Debug)]
pub enum Position<'a> {
    /// Not in the subnet.
    Outside,
    /// The subnet's network address.
    Network,
    /// The subnet's broadcast address.
    Broadcast,
    /// The router's address, and where that is said.
    Router(Span),
    /// A relay's address, and where that is said.
    Relay(Span),
    /// In an exclusion that takes addresses from a pool.
    Excluded(&'a Exclusion),
    /// In a pool.
    InPool(Id<Pool>),
    /// In the subnet, where nobody else uses it.
    Free,
}

/// Calls `found` with every reservation that has an address, and the address's position. Subnets whose prefix
/// cannot be relied on are left out.
pub fn positions(estate: &Estate, mut found: impl FnMut(Id<Reservation>, &Spanned<Ipv4Addr>, Position<'_>)) {
    let placement = Placement::of(estate);
    let routers = Routers::of(estate);
    for (id, subnet) in estate.subnets.iter() {
        if subnet.reservations.is_empty() || !placement.sure(estate, id) {
            continue;
        }
        let surroundings = Surroundings::of(estate, routers, subnet);
        for &id in &subnet.reservations {
            if let Some(address) = &estate.reservations[id].address {
                found(id, address, surroundings.position(address.value));
            }
        }
    }
}

struct Surroundings<'a> {
    subnet: &'a Subnet,
    routers: Vec<Router>,
    relays: &'a [Spanned<Ipv4Addr>],
    pools: Ranges,
    exclusions: Ranges,
}

impl<'a> Surroundings<'a> {
    fn of(estate: &'a Estate, routers: Routers, subnet: &'a Subnet) -> Surroundings<'a> {
        // Whoever of the subnet is told a router: all, those of a pool or class, or one client.
        let mut told: Vec<Router> =
            routers.effective(estate, subnet.scope).into_iter().flat_map(|(_, said)| said).collect();
        let pools = subnet.pools.iter().map(|&pool| estate.pools[pool].scope);
        for scope in std::iter::once(subnet.scope).chain(pools).map(|scope| &estate.scopes[scope]) {
            told.extend(routers.said_in(&scope.values));
            told.extend(scope.meanings.iter().flat_map(|meaning| routers.said_in(&meaning.values)));
        }
        let reserved = subnet.reservations.iter().map(|&id| &estate.reservations[id].values);
        told.extend(reserved.flat_map(|values| routers.said_in(values)));
        Surroundings {
            subnet,
            routers: told,
            relays: &estate.networks[subnet.network].relays,
            pools: Ranges::new(subnet.pools.iter().map(|&pool| estate.pools[pool].range.value)),
            exclusions: Ranges::new(subnet.exclusions.iter().map(|exclusion| exclusion.range.value)),
        }
    }

    fn position(&self, addr: Ipv4Addr) -> Position<'a> {
        let prefix = self.subnet.prefix.value;
        if !prefix.contains(addr) {
            return Position::Outside;
        }
        if prefix.reserves_ends() && addr == prefix.network() {
            return Position::Network;
        }
        if prefix.reserves_ends() && addr == prefix.last() {
            return Position::Broadcast;
        }
        if let Some(router) = self.routers.iter().find(|router| router.addr == addr) {
            return Position::Router(router.span);
        }
        if let Some(relay) = self.relays.iter().find(|relay| relay.value == addr) {
            return Position::Relay(relay.span);
        }
        let Some(pool) = self.pools.find(addr) else { return Position::Free };
        match self.exclusions.find(addr) {
            Some(exclusion) => Position::Excluded(&self.subnet.exclusions[exclusion]),
            None => Position::InPool(self.subnet.pools[pool]),
        }
    }
}
