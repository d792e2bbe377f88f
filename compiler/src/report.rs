//! The estate as one page: what its addresses are for, where room is left, which pools fill up, what classes and options
//! are used for.
//!
//! [`report`] gives the numbers, [`html`] the page that shows them. Invariant: the same estate with the same leases gives
//! the same bytes; nothing of the machine, the clock or the files' names is in them. The page asks nobody for anything:
//! style and script stand in it, and its own policy lets it load nothing else. This module knows nothing of files and
//! clocks: leases come with the moment at which they are active.

mod addresses;
mod document;
mod free;
mod load;
mod map;
mod page;
mod sites;
mod space;
mod usage;

#[cfg(test)]
mod tests;

pub use document::{
    Addresses, Block, Cell, ClassUse, Counts, Gap, Kind, Leased, Leases, Map, OptionUse, Pair, PoolLoad,
    Report, Row, Run, Said, Site, Subnet,
};
pub use page::html;

use leasehold_schemas::artefact;
use leasehold_schemas::vocab::Cidr;
use leasehold_server::failover::Ownership;

use crate::lower;
use crate::model::Estate;
use crate::plan::{LeaseTable, rfc3339};

/// The numbers of an estate, sound or not, and of the leases that are active in it, if they are known.
pub fn report(estate: &Estate, leases: Option<&LeaseTable>) -> Report {
    let effective = lower::effective(estate);
    let pair = effective.high_availability.as_ref();
    let ownership = pair.map(Ownership::of);
    let mut sites = sites::sites(estate, ownership, leases);
    let declared: Vec<Cidr> = estate.address_space.iter().map(|prefix| prefix.value).collect();
    free::find_rooms(&mut sites, &declared);
    let mut addresses = Addresses { leased: leases.map(|_| Leased::default()), ..Addresses::default() };
    for site in &sites {
        addresses.add(&site.addresses);
    }
    let counts = Counts {
        sites: estate.sites.len(),
        networks: estate.networks.len(),
        subnets: estate.subnets.len(),
        pools: estate.pools.len(),
        reservations: estate.reservations.len(),
        devices: estate.devices.len(),
    };
    let active = |table: &LeaseTable| {
        let inside = addresses.leased.as_ref().map_or(0, Leased::all);
        let active = table.iter().len() as u64;
        Leases { at: rfc3339(table.at_secs), active, outside: active.saturating_sub(inside) }
    };
    Report {
        estate: effective.name.clone(),
        pair: pair.map(shown_pair),
        counts,
        leases: leases.map(active),
        space: space::blocks(estate, &sites),
        gaps: free::gaps(&sites),
        busiest: leases.map(|leases| load::busiest(estate, leases)).unwrap_or_default(),
        classes: usage::classes(estate),
        options: usage::options(estate, &effective),
        addresses,
        sites,
    }
}

fn shown_pair(pair: &artefact::HighAvailability) -> Pair {
    Pair {
        mode: pair.mode,
        servers: pair.servers.iter().map(|server| server.name.clone()).collect(),
        share: Ownership::of(pair).share,
    }
}
