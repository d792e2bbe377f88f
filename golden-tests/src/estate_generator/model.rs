//! What the example estate consists of, before it is written in any language.

use std::net::Ipv4Addr;

use super::{Load, plan};

/// What a site is; its profile.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SiteKind {
    /// A headquarters building with many floors.
    Campus,
    /// Several courtrooms under one roof.
    CourtCentre,
    /// A court.
    Court,
    /// Offices only.
    Office,
    /// Stores and vehicles.
    Depot,
}

/// What a network is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Desks.
    Staff,
    /// Telephones.
    Voice,
    /// Printers.
    Printers,
    /// Wireless clients of the organisation.
    Wireless,
    /// Cameras.
    Cameras,
    /// Visitors.
    Guest,
    /// Servers in the building.
    Servers,
    /// Door controllers.
    Doors,
    /// Screens, recorders and video links of a courtroom.
    Courtroom,
    /// Public information screens.
    Kiosks,
    /// A load test's subnet.
    Load,
}

/// One site.
#[derive(Clone, Debug)]
pub struct Site {
    /// Folder below the estate's.
    pub region: &'static str,
    /// Its code.
    pub code: String,
    /// What people call it.
    pub name: String,
    /// The label of its own domain.
    pub label: String,
    /// What it is.
    pub kind: SiteKind,
    /// Its place in the estate, from 1.
    pub number: usize,
    /// Its networks.
    pub networks: Vec<Network>,
}

/// One layer-2 segment.
#[derive(Clone, Debug)]
pub struct Network {
    /// Unique in its site.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// A relay address outside its subnets.
    pub relay: Option<Ipv4Addr>,
    /// Its subnets; more than one: a shared network.
    pub subnets: Vec<Subnet>,
}

/// One subnet.
#[derive(Clone, Debug)]
pub struct Subnet {
    /// The network address as an integer.
    pub first: u32,
    /// Bits in the prefix.
    pub length: u8,
    /// Number for metrics, if it has one of its own.
    pub id: Option<u32>,
    /// Its pools.
    pub pools: Vec<Pool>,
    /// Addresses in the pools that are never given out.
    pub exclusions: Vec<Exclusion>,
    /// A lease time of its own.
    pub lease: Option<&'static str>,
    /// Why reservations lie in the pool, where they do.
    pub in_pool: Option<&'static str>,
    /// Its reservations.
    pub reservations: Vec<Reservation>,
}

/// A pool, its last address included.
#[derive(Clone, Copy, Debug)]
pub struct Pool {
    /// Its first address.
    pub first: u32,
    /// Its last address.
    pub last: u32,
    /// The class it is kept for.
    pub only: Option<&'static str>,
}

/// Addresses never given out.
#[derive(Clone, Copy, Debug)]
pub struct Exclusion {
    /// The first.
    pub first: u32,
    /// The last.
    pub last: u32,
    /// Why.
    pub reason: Option<&'static str>,
}

/// What a reservation knows a client by.
#[derive(Clone, Debug)]
pub enum Identifier {
    /// Hardware address.
    Mac([u8; 6]),
    /// Client identifier as text.
    ClientId(String),
    /// Circuit ID of the relay: slot and port.
    CircuitId([u8; 6]),
    /// Remote ID of the relay.
    RemoteId([u8; 6]),
}

/// A client known by name.
#[derive(Clone, Debug)]
pub struct Reservation {
    /// What it is known by.
    pub identifier: Identifier,
    /// Its address, or none: classes and values only.
    pub address: Option<Ipv4Addr>,
    /// Its host name.
    pub hostname: Option<String>,
    /// A note for people.
    pub description: Option<String>,
    /// A class it is in, whatever its packets say.
    pub class: Option<&'static str>,
    /// A router of its own.
    pub router: Option<Ipv4Addr>,
}

impl Site {
    /// Its file below the estate's folder.
    pub fn path(&self) -> String {
        format!("{}/{}.yaml", self.region, self.code)
    }

    /// What Windows clients of the site ask their update cache for.
    pub fn cache_group(&self) -> String {
        format!("00000000-0000-4000-8000-{:012}", self.number)
    }
}

impl Subnet {
    /// Count of its addresses.
    pub fn size(&self) -> u32 {
        1 << (32 - self.length)
    }

    /// Its last address.
    pub fn last(&self) -> u32 {
        self.first + (self.size() - 1)
    }

    /// The default router: the first host.
    pub fn router(&self) -> Ipv4Addr {
        Ipv4Addr::from(self.first + 1)
    }

    /// Its prefix in CIDR notation.
    pub fn prefix(&self) -> String {
        format!("{}/{}", Ipv4Addr::from(self.first), self.length)
    }
}

/// The sites of an estate `scale` times as large as the example.
///
/// # Panics
/// If `scale` is 0 or above [`super::SCALE_MAX`].
pub fn model(scale: usize) -> Vec<Site> {
    model_with_load(scale, None)
}

/// The same with a site more that holds the subnet of a load test.
///
/// # Panics
/// As [`model`] does.
pub fn model_with_load(scale: usize, load: Option<Load>) -> Vec<Site> {
    let mut sites = plan::sites(scale);
    sites.extend(load.map(load_site));
    sites
}

fn load_site(load: Load) -> Site {
    let (first, last) = load.pool;
    let pool = Pool { first: first.into(), last: last.into(), only: None };
    let subnet = Subnet {
        first: load.network.into(),
        length: load.length,
        id: Some(1),
        pools: vec![pool],
        exclusions: Vec::new(),
        lease: None,
        in_pool: None,
        reservations: Vec::new(),
    };
    let network = Network { name: "load".to_owned(), role: Role::Load, relay: None, subnets: vec![subnet] };
    Site {
        region: "load",
        code: "LOAD-0001".to_owned(),
        name: "Load test".to_owned(),
        label: "load".to_owned(),
        kind: SiteKind::Depot,
        number: 0,
        networks: vec![network],
    }
}
