//! Sites and their subnets: what the addresses are for, in numbers and as a map.

use std::net::Ipv4Addr;

use leasehold_schemas::vocab::AddrRange;
use leasehold_server::failover::Ownership;
use rayon::prelude::*;

use super::addresses;
use super::document::{Addresses, Leased, Run, Site, Subnet};
use super::map::{self, Painted};
use crate::model::{self, Estate};
use crate::plan::LeaseTable;

/// Every site, in the order of codes.
pub fn sites(estate: &Estate, ownership: Option<Ownership>, leases: Option<&LeaseTable>) -> Vec<Site> {
    let mut order: Vec<&model::Site> = estate.sites.values().collect();
    order.sort_by(|a, b| a.code.value.cmp(&b.code.value));
    order.into_par_iter().map(|of| site(estate, of, ownership, leases)).collect()
}

fn site(
    estate: &Estate,
    of: &model::Site,
    ownership: Option<Ownership>,
    leases: Option<&LeaseTable>,
) -> Site {
    let networks = of.networks.iter().map(|id| &estate.networks[*id]);
    let mut order: Vec<(&model::Network, &model::Subnet)> = networks
        .flat_map(|network| network.subnets.iter().map(move |id| (network, &estate.subnets[*id])))
        .collect();
    order.sort_by_key(|(_, subnet)| subnet.prefix.value);
    let mut total = Addresses { leased: leases.map(|_| Leased::default()), ..Addresses::default() };
    let mut subnets = Vec::with_capacity(order.len());
    let mut painted = Vec::with_capacity(order.len());
    for (network, subnet) in order {
        let prefix = subnet.prefix.value;
        let runs: Vec<Run> = addresses::runs(estate, subnet);
        let leased = leases.map(|table| active(table, prefix.range()));
        let counted = addresses::count(&runs, ownership, leased.as_deref());
        total.add(&counted);
        subnets.push(Subnet {
            network: network.name.value.clone(),
            prefix,
            id: subnet.number(),
            addresses: counted,
        });
        painted.push(Painted { prefix, runs, leased: leased.unwrap_or_default() });
    }
    Site {
        code: of.code.value.clone(),
        name: of.name.as_ref().map(|name| name.value.clone()),
        profile: of.profile.as_ref().map(|profile| estate.profiles[profile.value].name.value.clone()),
        addresses: total,
        subnets,
        // Known when all sites are.
        room: None,
        map: map::map(&painted),
    }
}

/// Addresses of a range with an active lease, in order.
pub fn active(leases: &LeaseTable, range: AddrRange) -> Vec<Ipv4Addr> {
    leases.within(range).iter().map(|lease| lease.address).collect()
}
