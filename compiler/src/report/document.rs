//! What a report says, as values.

use std::net::Ipv4Addr;

use leasehold_schemas::artefact::HighAvailabilityMode;
use leasehold_schemas::vocab::{AddrRange, Cidr, ClassName, OptionCode, SiteCode, Space};
use serde::Serialize;

/// Everything the page shows.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Report {
    /// The estate's name.
    pub estate: String,
    /// The pair that serves it; absent: a single server.
    pub pair: Option<Pair>,
    /// How many places of each kind there are.
    pub counts: Counts,
    /// What the addresses of all subnets are for.
    pub addresses: Addresses,
    /// Active leases, where they are known.
    pub leases: Option<Leases>,
    /// The prefixes the estate may use, in the order written.
    pub space: Vec<Block>,
    /// Room between two neighbouring subnets of one site, the largest first.
    pub gaps: Vec<Gap>,
    /// Pools by how full they are, the fullest first; empty where leases are not known.
    pub busiest: Vec<PoolLoad>,
    /// Classes, the most used first.
    pub classes: Vec<ClassUse>,
    /// Options that anybody says, and the estate's own ones, the most used first.
    pub options: Vec<OptionUse>,
    /// Sites in the order of their codes.
    pub sites: Vec<Site>,
}

/// The pair that serves the estate.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Pair {
    /// Who answers.
    pub mode: HighAvailabilityMode,
    /// The two servers, primary first.
    pub servers: Vec<String>,
    /// `k`: one address in so many is the second server's home.
    pub share: u32,
}

/// How many places of each kind there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[expect(missing_docs, reason = "the fields are named as the language names them")]
pub struct Counts {
    pub sites: usize,
    pub networks: usize,
    pub subnets: usize,
    pub pools: usize,
    /// Reservations in subnets.
    pub reservations: usize,
    /// Devices known in a site or the estate, without an address.
    pub devices: usize,
}

/// What an address of a subnet is for. An address is one thing: the first of these that is so.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A reservation's.
    Reserved,
    /// Never given out.
    Excluded,
    /// In a pool: for anybody.
    Pool,
    /// The network or broadcast address.
    End,
    /// In no pool: for routers and whoever has a fixed address.
    OutsidePools,
}

/// How many addresses of each kind there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Addresses {
    /// All of them.
    pub all: u64,
    /// [`Kind::Pool`].
    pub pool: u64,
    /// Those of `pool` that are the second server's home.
    pub standby: u64,
    /// [`Kind::Reserved`].
    pub reserved: u64,
    /// [`Kind::Excluded`].
    pub excluded: u64,
    /// [`Kind::OutsidePools`].
    pub outside_pools: u64,
    /// [`Kind::End`].
    pub ends: u64,
    /// Those with an active lease, where leases are known.
    pub leased: Option<Leased>,
}

/// Addresses with an active lease, by what they are for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Leased {
    /// In a pool.
    pub pool: u64,
    /// Reserved.
    pub reserved: u64,
    /// Neither: they were given out before something changed.
    pub elsewhere: u64,
}

impl Addresses {
    /// Adds another place's.
    pub fn add(&mut self, other: &Addresses) {
        let Addresses { all, pool, standby, reserved, excluded, outside_pools, ends, leased } = other;
        self.all += all;
        self.pool += pool;
        self.standby += standby;
        self.reserved += reserved;
        self.excluded += excluded;
        self.outside_pools += outside_pools;
        self.ends += ends;
        if let (Some(mine), Some(theirs)) = (&mut self.leased, leased) {
            mine.pool += theirs.pool;
            mine.reserved += theirs.reserved;
            mine.elsewhere += theirs.elsewhere;
        }
    }
}

impl Leased {
    /// Active leases of every kind.
    pub fn all(&self) -> u64 {
        self.pool + self.reserved + self.elsewhere
    }
}

/// Active leases.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Leases {
    /// The moment at which they are active.
    pub at: String,
    /// How many there are.
    pub active: u64,
    /// Those of them that are in no subnet.
    pub outside: u64,
}

/// A prefix the estate may use.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Block {
    /// The prefix.
    pub prefix: Cidr,
    /// Its addresses that are in subnets.
    pub in_subnets: u64,
    /// Its equal parts in which there are subnets, in order.
    pub cells: Vec<Cell>,
    /// Length of the prefix of one part.
    pub cell_length: u8,
    /// The largest prefixes in it without a subnet, the largest first.
    pub largest_free: Vec<Cidr>,
    /// How many free prefixes there are of each length, each as large as it can be: `[length, count]`.
    pub free_by_length: Vec<(u8, u64)>,
}

/// A part of a block in which there are subnets.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Cell {
    /// The part.
    pub prefix: Cidr,
    /// Its addresses that are in subnets.
    pub in_subnets: u64,
    /// Sites with a subnet in it.
    pub sites: Vec<SiteCode>,
}

/// Room between two neighbouring subnets of one site.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Gap {
    /// The largest prefix that fits.
    pub prefix: Cidr,
    /// The site.
    pub site: SiteCode,
    /// The subnet below it.
    pub after: Cidr,
    /// The subnet above it.
    pub before: Cidr,
}

/// How full a pool is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PoolLoad {
    /// Its addresses as written.
    pub pool: AddrRange,
    /// The site.
    pub site: SiteCode,
    /// The network.
    pub network: String,
    /// The subnet.
    pub subnet: Cidr,
    /// Addresses in it for anybody.
    pub size: u64,
    /// Those with an active lease.
    pub leased: u64,
}

/// How many times something is said at each level.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[expect(missing_docs, reason = "the fields are the levels of inheritance")]
pub struct Said {
    pub estate: u64,
    pub profile: u64,
    pub site: u64,
    pub network: u64,
    pub subnet: u64,
    pub pool: u64,
}

/// What a class is used for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ClassUse {
    /// The class.
    pub name: ClassName,
    /// Its place in the order of evaluation, from 1.
    pub order: usize,
    /// Its test; absent: only clients whose reservation says so.
    pub test: Option<String>,
    /// Places that say what it means there.
    pub meanings: Said,
    /// Networks, subnets and pools that are for it.
    pub guards: u64,
    /// Reservations and devices that are in it by name.
    pub members: u64,
}

/// What an option is used for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct OptionUse {
    /// Its name.
    pub name: String,
    /// Which numbering its code belongs to.
    #[serde(serialize_with = "shown")]
    pub space: Space,
    /// Its code.
    pub code: OptionCode,
    /// The estate defines it.
    pub own: bool,
    /// Places that say it for everybody there.
    pub places: Said,
    /// Classes for which it is said, counted once a place.
    pub classes: u64,
    /// Reservations and devices for which it is said.
    pub clients: u64,
    /// Subnets in which everybody may have it.
    pub subnets: u64,
    /// Different values in those subnets.
    pub values: u64,
}

fn shown<S: serde::Serializer>(space: &Space, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(space)
}

/// One site.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Site {
    /// Its code.
    pub code: SiteCode,
    /// What people call it.
    pub name: Option<String>,
    /// Its profile.
    pub profile: Option<String>,
    /// What its addresses are for.
    pub addresses: Addresses,
    /// Its subnets in the order of their prefixes.
    pub subnets: Vec<Subnet>,
    /// The largest free prefix behind one of its subnets, up to the next subnet of whichever site, within what the
    /// estate may use.
    pub room: Option<Cidr>,
    /// Its addresses in order.
    pub map: Map,
}

/// One subnet.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Subnet {
    /// Its network.
    pub network: String,
    /// Its prefix.
    pub prefix: Cidr,
    /// Its number.
    pub id: u32,
    /// What its addresses are for.
    pub addresses: Addresses,
}

/// A site's addresses in rows of equal size.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Map {
    /// Addresses in a row: 256, or more where there would be too many rows.
    pub width: u64,
    /// The rows in which there are subnets, in order.
    pub rows: Vec<Row>,
}

/// Addresses that follow each other.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Row {
    /// The first address.
    pub first: Ipv4Addr,
    /// Where a subnet begins in it.
    pub subnets: Vec<Ipv4Addr>,
    /// What its addresses are for; what is in no subnet of the site is left out.
    pub runs: Vec<Run>,
    /// Those with an active lease.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub leased: Vec<AddrRange>,
}

/// Addresses that are for the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Run {
    /// The addresses.
    pub range: AddrRange,
    /// What they are for.
    pub kind: Kind,
}
