//! What Kea says, as an estate says it.
//!
//! Kea and an estate differ in whose word counts. In Kea a subnet's option beats a class's, and a class's lease time and
//! boot server beat the subnet's; in an estate a class beats every place in everything. So where a class and a place say
//! the same option, the estate says at that place what the class means there: `precedence` does that, and only where it
//! matters. Which options are sent unasked, and T1 and T2, are put together differently as well: `sending`, `timers`.

mod addresses;
mod classes;
mod hosts;
mod places;
mod precedence;
mod sending;
mod sites;
mod timers;

use std::collections::{BTreeMap, BTreeSet};

use super::draft::{EstateDraft, Key, NetworkDraft, PlaceDraft};
use super::kea::definitions::written;
use super::kea::{Class, Network, Server};
use super::listing::Fate;
use super::yaml::Yaml;

pub use classes::Classes;
pub use sites::Grouping;

/// Kea's lease time where nobody says one, in seconds.
const LEASE_DEFAULT: u32 = 7200;

/// A place of Kea's tree below the whole configuration: network, subnet in it, pool in that.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum At {
    Estate,
    Network(usize),
    Subnet(usize, usize),
    Pool(usize, usize, usize),
}

impl At {
    /// The place around it.
    fn around(self) -> Option<At> {
        match self {
            At::Estate => None,
            At::Network(_) => Some(At::Estate),
            At::Subnet(network, _) => Some(At::Network(network)),
            At::Pool(network, subnet, _) => Some(At::Subnet(network, subnet)),
        }
    }

    /// Itself and every place around it, the nearest first.
    fn chain(self) -> impl Iterator<Item = At> {
        std::iter::successors(Some(self), |at| at.around())
    }

    /// Whether it is `place` or lies in it.
    fn is_in(self, place: At) -> bool {
        self.chain().any(|at| at == place)
    }
}

/// Kea's tree beside the one that grows.
struct Tree<'s, 'b> {
    server: &'s Server<'b>,
    classes: Classes<'b>,
    /// Where each class counts, in order: everywhere, or in the places that name it.
    homes: Vec<Vec<At>>,
    /// Options that are always sent everywhere.
    unasked: BTreeSet<u8>,
    estate: PlaceDraft,
    networks: Vec<NetworkDraft>,
}

impl<'s, 'b> Tree<'s, 'b> {
    /// Every place, wider ones before what is in them.
    fn places(&self) -> Vec<At> {
        let mut places = vec![At::Estate];
        for (n, network) in self.server.networks.iter().enumerate() {
            places.push(At::Network(n));
            for (s, subnet) in network.subnets.iter().enumerate() {
                places.push(At::Subnet(n, s));
                places.extend((0..subnet.pools.len()).map(|p| At::Pool(n, s, p)));
            }
        }
        places
    }

    /// Where each class counts.
    fn find_homes(&self) -> Vec<Vec<At>> {
        let mut named: BTreeMap<&str, BTreeSet<At>> = BTreeMap::new();
        for at in self.places() {
            for (name, _) in &self.scope(at).additional {
                named.entry(name).or_default().insert(at);
            }
        }
        let homes = |kea: &Option<Class<'b>>| match kea {
            Some(kea) if kea.only_additional => {
                named.get(kea.name.as_str()).into_iter().flatten().copied().collect()
            }
            Some(_) => vec![At::Estate],
            None => Vec::new(),
        };
        self.classes.kea.iter().map(homes).collect()
    }

    /// Whether a class counts in a place.
    fn counts(&self, class: usize, at: At) -> bool {
        at.chain().any(|at| self.homes[class].binary_search(&at).is_ok())
    }

    /// What Kea says in a place.
    fn scope(&self, at: At) -> &'s super::kea::scope::Scope<'b> {
        let network = |n: usize| -> &'s Network<'b> { &self.server.networks[n] };
        match at {
            At::Estate => &self.server.scope,
            At::Network(n) => &network(n).scope,
            At::Subnet(n, s) => &network(n).subnets[s].scope,
            At::Pool(n, s, p) => &network(n).subnets[s].pools[p].scope,
        }
    }

    /// What the estate says there so far.
    fn draft(&self, at: At) -> &PlaceDraft {
        match at {
            At::Estate => &self.estate,
            At::Network(n) => &self.networks[n].place,
            At::Subnet(n, s) => &self.networks[n].subnets[s].place,
            At::Pool(n, s, p) => &self.networks[n].subnets[s].pools[p].place,
        }
    }

    fn draft_mut(&mut self, at: At) -> &mut PlaceDraft {
        match at {
            At::Estate => &mut self.estate,
            At::Network(n) => &mut self.networks[n].place,
            At::Subnet(n, s) => &mut self.networks[n].subnets[s].place,
            At::Pool(n, s, p) => &mut self.networks[n].subnets[s].pools[p].place,
        }
    }

    /// What a client of the place is told, whoever of the places around says it.
    fn effective(&self, at: At, key: Key) -> Option<&Yaml> {
        at.chain().find_map(|at| self.draft(at).said(key))
    }
}

/// The estate that a configuration is. `name` is the estate's name.
pub fn estate(server: &Server<'_>, name: &str, grouping: &Grouping) -> EstateDraft {
    let classes = Classes::of(server);
    let networks = server.networks.iter().map(places::network).collect();
    let unasked = sending::unasked(server, &classes);
    let estate = PlaceDraft::default();
    let mut tree = Tree { server, classes, homes: Vec::new(), unasked, estate, networks };
    tree.homes = tree.find_homes();
    places::fill(&mut tree);
    precedence::restate(&mut tree);
    sending::fill(&mut tree);
    timers::fill(&mut tree);
    let devices = hosts::fill(&mut tree);
    addresses::keep_back(&mut tree);
    let Tree { classes, estate, networks, .. } = tree;
    if let Some(pair) = &server.pair {
        pair.view.note(
            Fate::Setting,
            "which server of the pair it is, is said when it starts",
            "start it with `--node NAME`",
        );
    }
    EstateDraft {
        name: name.to_owned(),
        definitions: server.definitions.own().iter().map(written).collect(),
        classes: classes.drafts,
        high_availability: server.pair.as_ref().map(|pair| pair.written.clone()),
        place: estate,
        devices: devices.estate,
        profiles: Vec::new(),
        sites: sites::group(server, networks, devices.networks, grouping, name),
    }
}
