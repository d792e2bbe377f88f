//! A checked estate to what a server loads.
//!
//! Invariant: only content decides. Sites stand by code, networks by name, subnets by prefix, pools by address,
//! reservations by identifier; shared sets are numbered in the order in which that walk meets them. So file names,
//! the order of files and keys, and comments leave no trace. Nothing that was not said is written, but the pair's
//! timers: for everything else the server has one table of defaults.

mod inheritance;
mod origins;
mod shared;

use leasehold_schemas::artefact::{self, HighAvailability, HighAvailabilityMode, PeerRole};
use leasehold_schemas::source;
use leasehold_schemas::vocab::{AddrRange, ClassName, Layer, Millis, Seconds};
use leasehold_server::estate::fold;
use rayon::prelude::*;

use crate::check::Checked;
use crate::model::{Device, Estate, Guard, Id, Network, Pool, Reservation, Site, Subnet, Values};
use inheritance::Inherited;
use shared::Shared;

pub use inheritance::{merge, merge_parameters};
pub use origins::{Origin, Origins, Parameter, Place, ValueName};

/// Lowers an estate; the origins say for each slot of the result who said it.
pub fn lower(checked: Checked<'_>) -> (artefact::Estate, Origins<'_>) {
    let estate = checked.estate();
    (effective(estate), Origins::new(estate))
}

/// What an estate says as far as it can be read, inheritance applied: for whoever compares. Of a sound estate it is
/// what a server loads; of any other it is never written.
pub fn effective(estate: &Estate) -> artefact::Estate {
    let name = estate.name.as_ref().map(|name| name.value.clone()).unwrap_or_default();
    let mut lowering = Lowering { estate, shared: Shared::default() };
    let nothing = Inherited::default();
    let top = estate.scope.map_or(nothing.clone(), |scope| nothing.nearer(estate, &estate.scopes[scope]));
    let known_anywhere = estate.devices.iter().filter(|(_, device)| device.site.is_none());
    let reservations = lowering.devices(known_anywhere.map(|(id, _)| id));
    let mut order: Vec<&Site> = estate.sites.values().collect();
    order.sort_by(|a, b| a.code.value.cmp(&b.code.value));
    let lowered = order.into_par_iter().map(|site| {
        let mut lowering = Lowering { estate, shared: Shared::default() };
        (lowering.site(site, &top), lowering.shared)
    });
    let lowered: Vec<(artefact::Site, Shared)> = lowered.collect();
    let mut shared = lowering.shared;
    let sites = lowered.into_iter().map(|(mut site, met)| {
        shared.take_in(&mut site, met);
        site
    });
    let sites = sites.collect();
    let (value_sets, meanings) = shared.into_lists();
    let classes = estate.classes.values().map(|class| artefact::Class {
        name: class.name.value.clone(),
        test: class.test.as_ref().map(|test| fold(test.value.clone())),
    });
    let mut sources: Vec<AddrRange> =
        estate.subnet_selection_sources.iter().map(|source| source.value).collect();
    sources.sort_unstable();
    sources.dedup();
    artefact::Estate {
        name,
        high_availability: estate.high_availability.as_ref().map(high_availability),
        subnet_selection_sources: sources,
        classes: classes.collect(),
        value_sets,
        meanings,
        reservations,
        sites,
    }
}

struct Lowering<'a> {
    estate: &'a Estate,
    shared: Shared,
}

impl Lowering<'_> {
    fn site(&mut self, site: &Site, top: &Inherited) -> artefact::Site {
        let estate = self.estate;
        let inherited = match &site.profile {
            Some(profile) => top.nearer(estate, &estate.scopes[estate.profiles[profile.value].scope]),
            None => top.clone(),
        };
        let inherited = inherited.nearer(estate, &estate.scopes[site.scope]);
        let reservations = self.devices(site.devices.iter().copied());
        let mut order: Vec<&Network> = site.networks.iter().map(|id| &estate.networks[*id]).collect();
        order.sort_by(|a, b| a.name.value.cmp(&b.name.value));
        artefact::Site {
            code: site.code.value.clone(),
            name: site.name.as_ref().map(|name| name.value.clone()),
            reservations,
            networks: order.into_iter().map(|network| self.network(network, &inherited)).collect(),
        }
    }

    fn network(&mut self, network: &Network, inherited: &Inherited) -> artefact::Network {
        let scope = &self.estate.scopes[network.scope];
        let inherited = inherited.nearer(self.estate, scope);
        let mut relays: Vec<_> = network.relays.iter().map(|relay| relay.value).collect();
        relays.sort_unstable();
        relays.dedup();
        let mut order: Vec<&Subnet> = network.subnets.iter().map(|id| &self.estate.subnets[*id]).collect();
        order.sort_by_key(|subnet| subnet.prefix.value);
        artefact::Network {
            name: network.name.value.clone(),
            relays,
            only: class_names(&scope.only),
            subnets: order.into_iter().map(|subnet| self.subnet(subnet, &inherited)).collect(),
        }
    }

    fn subnet(&mut self, subnet: &Subnet, inherited: &Inherited) -> artefact::Subnet {
        let estate = self.estate;
        let scope = &estate.scopes[subnet.scope];
        let inherited = inherited.nearer(estate, scope);
        let values = self.shared.value_set(&inherited.values);
        let meanings = self.shared.meanings(estate, &inherited.meanings);
        let pools = subnet.pools.iter().filter_map(|id| self.pool(&estate.pools[*id], subnet, &inherited));
        let mut pools: Vec<artefact::Pool> = pools.collect();
        pools.sort_by_key(|pool| pool.ranges[0]);
        artefact::Subnet {
            subnet: subnet.prefix.value,
            id: subnet.number(),
            only: class_names(&scope.only),
            values,
            meanings,
            pools,
            reservations: self.reservations(subnet),
        }
    }

    /// A pool without its exclusions; nothing, if they leave nothing.
    fn pool(&mut self, pool: &Pool, subnet: &Subnet, inherited: &Inherited) -> Option<artefact::Pool> {
        let mut ranges = vec![pool.range.value];
        for exclusion in &subnet.exclusions {
            ranges =
                ranges.into_iter().flat_map(|range| range.without(exclusion.range.value)).flatten().collect();
        }
        ranges.sort_unstable();
        if ranges.is_empty() {
            return None;
        }
        let scope = &self.estate.scopes[pool.scope];
        let inherited = inherited.nearer(self.estate, scope);
        let values = (!scope.values.is_empty()).then(|| self.shared.value_set(&inherited.values));
        let meanings =
            (!scope.meanings.is_empty()).then(|| self.shared.meanings(self.estate, &inherited.meanings));
        Some(artefact::Pool { ranges, only: class_names(&scope.only), values, meanings })
    }

    fn reservations(&mut self, subnet: &Subnet) -> Vec<artefact::Reservation> {
        let estate = self.estate;
        let mut order: Vec<&Reservation> =
            subnet.reservations.iter().map(|id| &estate.reservations[*id]).collect();
        order.sort_by(|a, b| a.identifier.value.cmp(&b.identifier.value));
        let lower = |reservation: &Reservation| artefact::Reservation {
            identifier: reservation.identifier.value.clone(),
            address: reservation.address.as_ref().map(|address| address.value),
            hostname: reservation.hostname.as_ref().map(|name| name.value.clone()),
            classes: class_names(&reservation.classes),
            values: self.own_values(&reservation.values),
        };
        order.into_iter().map(lower).collect()
    }

    fn devices(&mut self, devices: impl Iterator<Item = Id<Device>>) -> Vec<artefact::Reservation> {
        let mut order: Vec<&Device> = devices.map(|id| &self.estate.devices[id]).collect();
        order.sort_by(|a, b| a.identifier.value.cmp(&b.identifier.value));
        let lower = |device: &Device| artefact::Reservation {
            identifier: device.identifier.value.clone(),
            address: None,
            hostname: device.hostname.as_ref().map(|name| name.value.clone()),
            classes: class_names(&device.classes),
            values: self.own_values(&device.values),
        };
        order.into_iter().map(lower).collect()
    }

    fn own_values(&mut self, values: &Values) -> Option<u32> {
        let said = |values| inheritance::said(self.estate, values, Layer::Reservation);
        (!values.is_empty()).then(|| said(values)).map(|set| self.shared.value_set(&set))
    }
}

/// The classes of a guard or a reservation: a set, so that the order written leaves no trace.
fn class_names(guards: &[Guard]) -> Vec<ClassName> {
    let mut names: Vec<ClassName> = guards.iter().map(|guard| guard.value.clone()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The pair with its defaults filled in: both servers must go by the same numbers whatever their release.
fn high_availability(pair: &source::HighAvailability) -> HighAvailability {
    let source::HighAvailability {
        mode,
        servers,
        heartbeat_delay,
        max_response_delay,
        peer_ack_wait,
        mclt,
        standby_share,
        span: _,
    } = pair;
    let millis = |said: &Option<source::Spanned<Millis>>, default| {
        said.as_ref().map_or(Millis(default), |said| said.value)
    };
    let peer = |server: &source::Server| artefact::Peer {
        name: server.name.value.clone(),
        role: server.role.value,
        peer_address: server.peer_address.value.clone(),
    };
    let mut servers: Vec<artefact::Peer> = servers.iter().map(peer).collect();
    servers.sort_by_key(|peer| peer.role != PeerRole::Primary);
    HighAvailability {
        mode: mode.value,
        servers,
        heartbeat_delay_ms: millis(heartbeat_delay, 250),
        max_response_delay_ms: millis(max_response_delay, 750),
        peer_ack_wait_ms: millis(peer_ack_wait, 100),
        mclt_secs: mclt.as_ref().map_or(Seconds(15 * 60), |mclt| mclt.value),
        standby_share: match mode.value {
            HighAvailabilityMode::LoadBalancing => 2,
            HighAvailabilityMode::HotStandby | HighAvailabilityMode::PassiveBackup => {
                standby_share.as_ref().map_or(8, |share| share.value.k)
            }
        },
    }
}

/// How many places of each kind an estate has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Sites.
    pub sites: usize,
    /// Subnets.
    pub subnets: usize,
    /// Pools.
    pub pools: usize,
    /// Addresses in pools, exclusions and reserved ones still counted.
    pub pool_addresses: u64,
    /// Reservations in subnets.
    pub reservations: usize,
}

impl Counts {
    /// Of an estate, sound or not.
    pub fn of(estate: &Estate) -> Counts {
        Counts {
            sites: estate.sites.len(),
            subnets: estate.subnets.len(),
            pools: estate.pools.len(),
            pool_addresses: estate.pools.values().map(|pool| AddrRange::size(pool.range.value)).sum(),
            reservations: estate.reservations.len(),
        }
    }
}
