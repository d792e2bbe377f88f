//! Whether what a subnet holds lies in it.
//!
//! Where nothing that a subnet holds lies wholly in its prefix, the prefix is what was mistyped: it is reported once, at
//! the prefix, and its pools, reservations and routers are left alone. Where something does, what lies outside
//! is wrong, each for itself, and takes no part in other rules.

use std::net::Ipv4Addr;

use leasehold_schemas::vocab::AddrRange;

use super::routers::Routers;
use crate::model::{Estate, Id, Pool, Reservation, Subnet};

/// Which subnets have a prefix that fits nothing they hold.
#[derive(Debug)]
pub struct Placement {
    /// In order.
    misplaced: Vec<Id<Subnet>>,
}

impl Placement {
    /// Looks at every subnet.
    pub fn of(estate: &Estate) -> Placement {
        let routers = Routers::of(estate);
        let misplaced = estate.subnets.iter().filter(|(_, subnet)| is_misplaced(estate, routers, subnet));
        Placement { misplaced: misplaced.map(|(id, _)| id).collect() }
    }

    /// Whether the subnet's prefix fits nothing that it holds.
    pub fn misplaced(&self, subnet: Id<Subnet>) -> bool {
        self.misplaced.binary_search(&subnet).is_ok()
    }

    /// Whether the subnet's prefix may be relied on: written without host bits, and fitting what it holds.
    pub fn sure(&self, estate: &Estate, subnet: Id<Subnet>) -> bool {
        !estate.subnets[subnet].suspect && !self.misplaced(subnet)
    }

    /// Whether the pool lies outside its subnet, wholly or in part, and is to blame for it.
    pub fn pool_outside(&self, estate: &Estate, pool: &Pool) -> bool {
        let prefix = estate.subnets[pool.subnet].prefix.value;
        !prefix.range().covers(pool.range.value) && self.sure(estate, pool.subnet)
    }

    /// The reservation's address if it lies outside its subnet and is to blame for it.
    pub fn address_outside(&self, estate: &Estate, reservation: &Reservation) -> Option<Ipv4Addr> {
        let address = reservation.address.as_ref()?.value;
        let prefix = estate.subnets[reservation.subnet].prefix.value;
        (!prefix.contains(address) && self.sure(estate, reservation.subnet)).then_some(address)
    }
}

/// Two witnesses of different kinds, or three of one kind, make a prefix wrong; a single one is wrong itself.
fn is_misplaced(estate: &Estate, routers: Routers, subnet: &Subnet) -> bool {
    if subnet.suspect {
        return false;
    }
    let within = |range: AddrRange| subnet.prefix.value.range().covers(range);
    let pools = subnet.pools.iter().map(|&pool| estate.pools[pool].range.value);
    let reserved = reserved(estate, subnet).map(AddrRange::single);
    let said =
        routers.said_in(&estate.scopes[subnet.scope].values).map(|router| AddrRange::single(router.addr));
    let (mut kinds, mut witnesses) = (0, 0);
    let mut judge = |ranges: &mut dyn Iterator<Item = AddrRange>| {
        let before = witnesses;
        for range in ranges {
            if within(range) {
                return false;
            }
            witnesses += 1;
        }
        kinds += usize::from(witnesses > before);
        true
    };
    let outside =
        judge(&mut pools.into_iter()) && judge(&mut reserved.into_iter()) && judge(&mut said.into_iter());
    outside && (kinds >= 2 || witnesses >= 3)
}

/// The addresses that a subnet reserves.
pub fn reserved(estate: &Estate, subnet: &Subnet) -> impl Iterator<Item = Ipv4Addr> {
    let address =
        |&id: &Id<Reservation>| estate.reservations[id].address.as_ref().map(|address| address.value);
    subnet.reservations.iter().filter_map(address)
}

/// `network `user` of site FITS-0042`, for messages.
pub fn whose(estate: &Estate, subnet: &Subnet) -> String {
    let network = &estate.networks[subnet.network];
    format!("network `{}` of site {}", network.name.value, estate.sites[network.site].code.value)
}
