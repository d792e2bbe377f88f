//! Lease times. A place's are its subnet's; a class's are looked at before the subnet is chosen for good, and so are
//! said by a class that asks where a packet comes from.

use std::collections::{BTreeMap, BTreeSet};

use leasehold_schemas::artefact::{Class, Layered, Network, Parameters, Part, Site, Test};
use leasehold_schemas::vocab::{ClassName, Seconds};
use leasehold_server::serve::DEFAULTS;
use serde_json::{Map, Value};

use super::condition::Condition;
use super::expression::within;
use super::place::{Source, sources};
use super::{Exporter, origins};

/// Default, shortest and longest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Times {
    default: Seconds,
    shortest: Seconds,
    longest: Seconds,
}

type Said<'a> = [&'a Option<Layered<Seconds>>; 3];

fn said(parameters: &Parameters) -> Said<'_> {
    [&parameters.lease_default_secs, &parameters.lease_min_secs, &parameters.lease_max_secs]
}

/// What a value is where the nearer one does not say it.
fn first(nearer: &Option<Layered<Seconds>>, wider: &Option<Layered<Seconds>>) -> Option<Seconds> {
    nearer.or(*wider).and_then(|said| said.value)
}

impl Times {
    /// What holds where `nearer` is heard before `wider`.
    pub(super) fn of(nearer: &Parameters, wider: &Parameters) -> Times {
        let [default, shortest, longest] = [0, 1, 2].map(|at| first(said(nearer)[at], said(wider)[at]));
        let default = default.unwrap_or(DEFAULTS.lease);
        Times {
            default,
            shortest: shortest.unwrap_or(default).min(default),
            longest: longest.unwrap_or(default).max(default),
        }
    }

    /// Kea's keys for them.
    pub(super) fn write(self, into: &mut Map<String, Value>) {
        into.insert("valid-lifetime".to_owned(), self.default.0.into());
        into.insert("min-valid-lifetime".to_owned(), self.shortest.0.into());
        into.insert("max-valid-lifetime".to_owned(), self.longest.0.into());
    }
}

/// Whether anything is said of lease times.
pub(super) fn is_said(parameters: &Parameters) -> bool {
    said(parameters).iter().any(|said| said.is_some())
}

/// From where a packet comes, as far as it is known before the subnet is: what the relay selects, the relay, the
/// client's own address, the source.
const FROM: &str = "ifelse(relay4[5].exists, relay4[5].hex, ifelse(pkt4.giaddr == 0.0.0.0, \
                    ifelse(pkt4.ciaddr == 0.0.0.0, pkt.src, pkt4.ciaddr), pkt4.giaddr))";

/// That a packet comes from the network.
fn comes_from(network: &Network) -> String {
    let prefixes = network.subnets.iter().map(|subnet| within(FROM, subnet.subnet));
    let relays = network.relays.iter().map(|relay| format!("{FROM} == {relay}"));
    format!("({})", prefixes.chain(relays).collect::<Vec<_>>().join(" or "))
}

/// Where a class means lease times: for each value, the networks; nothing said is a value too.
type Table<'a> = BTreeMap<ClassName, BTreeMap<Option<Times>, Vec<&'a Network>>>;

impl<'a> Exporter<'a> {
    /// Adds a class for each lease time that a class means somewhere.
    pub(super) fn class_lifetimes(&mut self) {
        let estate = self.estate;
        let mut table: Table<'a> = BTreeMap::new();
        for (site, network) in networks(&estate.sites) {
            self.times_in(site, network, &mut table);
        }
        let late = late_classes(&estate.classes);
        let any_late =
            estate.classes.iter().any(|class| table.contains_key(&class.name) && late.contains(&class.name));
        for class in &estate.classes {
            let Some(by_times) = table.remove(&class.name) else { continue };
            if by_times.keys().all(Option::is_none) {
                continue;
            }
            self.lifetimes_of(&class.name, by_times, any_late);
        }
    }

    fn lifetimes_of(
        &mut self,
        class: &ClassName,
        by_times: BTreeMap<Option<Times>, Vec<&Network>>,
        late: bool,
    ) {
        let is_everywhere = !by_times.contains_key(&None);
        let most = by_times.iter().max_by_key(|(_, networks)| networks.len()).map(|(times, _)| *times);
        let usual = most.flatten().filter(|_| is_everywhere);
        // Where they hold is a class of its own, which other classes with other times may share.
        let mut places = Vec::new();
        for (times, networks) in by_times {
            let Some(times) = times.filter(|times| Some(*times) != usual) else { continue };
            let from: Vec<String> = networks.iter().map(|network| comes_from(network)).collect();
            let from = self.classes.ordinary("from", Some(&from.join(" or ")), Map::new());
            places.push((times, Condition::When(format!("member('{from}')"))));
        }
        places.extend(usual.map(|times| (times, Condition::Always)));
        for (times, place) in places {
            // Classes that ask whether a client is known come later than all others, so then these do, too.
            let known = "(member('KNOWN') or member('UNKNOWN'))".to_owned();
            let late = if late { Condition::When(known) } else { Condition::Always };
            let mut content = Map::new();
            times.write(&mut content);
            let test = Condition::member(class).and(place).and(late).test();
            self.classes.ordinary(&format!("{class}#lease"), Some(&test), content);
        }
    }

    /// What classes mean for lease times in a network, which Kea cannot tell apart by subnet or pool.
    fn times_in(&mut self, site: &'a Site, network: &'a Network, table: &mut Table<'a>) {
        let estate = self.estate;
        let mut here: BTreeMap<&ClassName, Option<Times>> = BTreeMap::new();
        for (at, subnet) in network.subnets.iter().enumerate() {
            let path = format!("{} / {} / {}", site.code, network.name, subnet.subnet);
            let place = origins::Place::Subnet(subnet.subnet);
            let meanings = &estate.meanings[subnet.meanings as usize];
            let found = sources(meanings, &estate.value_sets, subnet.values);
            let (own, classes) = found.split_last().expect("the place is the last source");
            for (rank, source) in classes.iter().enumerate() {
                let Some(class) = source.class else { continue };
                let parameters = &source.values.parameters;
                let times = is_said(parameters).then(|| Times::of(parameters, &own.values.parameters));
                if times.is_some() && completes(parameters, &classes[rank + 1..]) {
                    self.lose_lease(
                        &path,
                        &place,
                        Some(class),
                        "a later class completes what this one says of lease times",
                    );
                }
                if at > 0 && here.get(class).copied().flatten() != times {
                    self.lose_lease(
                        &path,
                        &place,
                        Some(class),
                        "its lease time differs from that in other subnets of the network",
                    );
                    continue;
                }
                here.insert(class, times);
            }
        }
        for class in estate.classes.iter().map(|class| &class.name) {
            let times = here.get(class).copied().flatten();
            table.entry(class.clone()).or_default().entry(times).or_default().push(network);
        }
    }
}

/// Whether a later class says a part of the lease times that the first leaves open.
fn completes(parameters: &Parameters, later: &[Source<'_>]) -> bool {
    (0..3).any(|at| {
        said(parameters)[at].is_none()
            && later.iter().any(|source| said(&source.values.parameters)[at].is_some())
    })
}

/// Every network with its site.
pub(super) fn networks(sites: &[Site]) -> impl Iterator<Item = (&Site, &Network)> {
    sites.iter().flat_map(|site| site.networks.iter().map(move |network| (site, network)))
}

/// Classes that are looked at only once it is known whether a reservation names the client.
fn late_classes(classes: &[Class]) -> BTreeSet<ClassName> {
    let mut late = BTreeSet::new();
    for class in classes {
        let mut is_late = false;
        let mut see = |part: Part<'_>| match part {
            Part::Test(Test::Member(name)) => {
                is_late |= matches!(name.as_str(), "KNOWN" | "UNKNOWN") || late.contains(name);
            }
            Part::Test(_) | Part::Term(_) | Part::Accessor(_) => {}
        };
        if let Some(test) = &class.test {
            test.walk(&mut see);
        }
        if is_late {
            late.insert(class.name.clone());
        }
    }
    late
}
