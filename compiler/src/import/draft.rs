//! An estate that is being written: what each place says, before it is text.
//!
//! What a place says of all clients and what it says of a class's members are kept in one map, so that lifting a value
//! to a wider place is one operation for both.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use leasehold_schemas::vocab::{AddrRange, Cidr, Space};

use super::yaml::Yaml;

/// A class, by its place in the estate's order.
pub type ClassIndex = usize;

/// What can be said in a place, in the order in which a file says it. Each is documented in `source::ClientSettings` and
/// `source::PlaceSettings`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Key {
    Authoritative,
    Identity,
    DeclineProbation,
    LeaseDefault,
    LeaseMin,
    LeaseMax,
    RenewAfter,
    RebindAfter,
    NextServer,
    ServerHostname,
    BootFileName,
    /// An option, by space and code.
    Option(Space, u8),
    AlwaysSend,
    NeverSend,
}

/// What is said, and by whom it is heard: everybody, or the members of a class.
pub type Says = BTreeMap<(Option<ClassIndex>, Key), Yaml>;

/// Estate, profile, site, network, subnet or pool.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PlaceDraft {
    /// What it says.
    pub says: Says,
    /// Its guard: names of classes.
    pub only: Vec<String>,
    /// Remarks to stand above it.
    pub remarks: Vec<String>,
}

impl PlaceDraft {
    /// Says something to everybody.
    pub fn say(&mut self, key: Key, value: Yaml) {
        self.says.insert((None, key), value);
    }

    /// What it says to everybody.
    pub fn said(&self, key: Key) -> Option<&Yaml> {
        self.says.get(&(None, key))
    }
}

/// An estate.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EstateDraft {
    /// Its name.
    pub name: String,
    /// Option definitions: name, and the definition.
    pub definitions: Vec<(String, Yaml)>,
    /// Classes in their order; what they mean in the whole estate stands in `place`.
    pub classes: Vec<ClassDraft>,
    /// The pair, as it is written.
    pub high_availability: Option<Yaml>,
    /// What holds everywhere.
    pub place: PlaceDraft,
    /// Devices known everywhere.
    pub devices: Vec<ReservationDraft>,
    /// Profiles by name.
    pub profiles: Vec<(String, PlaceDraft)>,
    /// The sites.
    pub sites: Vec<SiteDraft>,
}

/// A class's definition.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ClassDraft {
    /// Its name.
    pub name: String,
    /// Its test.
    pub test: Option<String>,
    /// Remarks to stand above it.
    pub remarks: Vec<String>,
}

/// A site.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SiteDraft {
    /// Its code.
    pub code: String,
    /// What people call it.
    pub name: Option<String>,
    /// Its profile.
    pub profile: Option<String>,
    /// What holds in it.
    pub place: PlaceDraft,
    /// Devices known in it.
    pub devices: Vec<ReservationDraft>,
    /// Its networks.
    pub networks: Vec<NetworkDraft>,
}

/// A network.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NetworkDraft {
    /// Its name.
    pub name: String,
    /// Relay addresses that mean it.
    pub relays: Vec<Ipv4Addr>,
    /// What holds in it.
    pub place: PlaceDraft,
    /// Its subnets.
    pub subnets: Vec<SubnetDraft>,
}

/// A subnet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SubnetDraft {
    /// Its prefix.
    pub prefix: Cidr,
    /// Its number.
    pub id: Option<u32>,
    /// Its pools.
    pub pools: Vec<PoolDraft>,
    /// Addresses never given out, with the reason.
    pub exclusions: Vec<(AddrRange, Option<String>)>,
    /// What holds in it.
    pub place: PlaceDraft,
    /// Its reservations.
    pub reservations: Vec<ReservationDraft>,
}

/// A pool.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PoolDraft {
    /// Its addresses.
    pub range: AddrRange,
    /// What holds in it.
    pub place: PlaceDraft,
}

/// A reservation or a device entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReservationDraft {
    /// What the client is known by: the key, and its value.
    pub identifier: (&'static str, Yaml),
    /// Its address; devices have none.
    pub address: Option<Ipv4Addr>,
    /// Its host name.
    pub hostname: Option<String>,
    /// A note for people.
    pub description: Option<String>,
    /// Classes it is in.
    pub classes: Vec<String>,
    /// What it gets.
    pub settings: BTreeMap<Key, Yaml>,
    /// Remarks to stand above it.
    pub remarks: Vec<String>,
}
