//! Networks, subnets and pools as Kea nests them.
//!
//! A network of one subnet is a subnet alone: inside a shared network Kea learns a reservation's classes only when the
//! address is chosen. Guards stand at pools, never at subnets, because Kea takes a subnet that is not open for one that
//! is not there.

use std::collections::{BTreeMap, BTreeSet};

use leasehold_schemas::artefact::{Identity, Network, Parameters, Pool, ReplyPort, ReplyTo, Site, Subnet};
use leasehold_schemas::vocab::{ClassName, Seconds};
use leasehold_server::serve::DEFAULTS;
use serde_json::{Map, Value, json};

use super::condition::Condition;
use super::lifetime::{Times, is_said};
use super::place::{Told, sources, told};
use super::share::Share;
use super::{Exporter, Target, origins};
use crate::lower::{Parameter, ValueName};

/// A subnet and everything around it.
#[derive(Clone, Copy)]
pub(super) struct Spot<'a> {
    pub(super) site: &'a Site,
    pub(super) network: &'a Network,
    pub(super) subnet: &'a Subnet,
}

impl Spot<'_> {
    /// As people name it.
    pub(super) fn path(&self) -> String {
        format!("{} / {} / {}", self.site.code, self.network.name, self.subnet.subnet)
    }

    pub(super) fn place(&self) -> origins::Place {
        origins::Place::Subnet(self.subnet.subnet)
    }
}

impl<'a> Exporter<'a> {
    /// Every network: those of one subnet, and the shared ones.
    pub(super) fn networks(&mut self) -> (Vec<Value>, Vec<Value>) {
        let (mut alone, mut shared) = (Vec::new(), Vec::new());
        let estate = self.estate;
        for (site, network) in super::lifetime::networks(&estate.sites) {
            let mut subnets: Vec<Value> = Vec::new();
            for subnet in &network.subnets {
                subnets.push(self.subnet(Spot { site, network, subnet }));
            }
            let relay = (!network.relays.is_empty()).then(|| json!({"ip-addresses": network.relays}));
            match (subnets.len(), subnets.pop()) {
                (1, Some(mut subnet)) => {
                    if let Some(relay) = relay {
                        subnet["relay"] = relay;
                    }
                    alone.push(subnet);
                }
                (_, last) => {
                    subnets.extend(last);
                    let name = format!("{}/{}", site.code, network.name);
                    let mut entry = json!({"name": name, "subnet4": subnets});
                    if let Some(relay) = relay {
                        entry["relay"] = relay;
                    }
                    shared.push(entry);
                }
            }
        }
        (alone, shared)
    }

    /// What clients of a subnet, or of one of its pools, are told.
    pub(super) fn told(&self, values: u32, meanings: u32) -> Told {
        let meanings = &self.estate.meanings[meanings as usize];
        told(&sources(meanings, &self.estate.value_sets, values))
    }

    fn subnet(&mut self, spot: Spot<'a>) -> Value {
        let Subnet { subnet: prefix, id, only: _, values, meanings, pools, reservations: _ } = spot.subnet;
        let told = self.told(*values, *meanings);
        self.lose_unsaid(&spot, &spot.place(), &told);
        let estate = self.estate;
        let heard = sources(&estate.meanings[*meanings as usize], &estate.value_sets, *values);
        self.class_parameters(&spot, &spot.place(), &heard);
        let mut entry = Map::new();
        entry.insert("id".to_owned(), (*id).into());
        entry.insert("subnet".to_owned(), prefix.to_string().into());
        let context =
            json!({"site": spot.site.code, "site-name": spot.site.name, "network": spot.network.name});
        entry.insert("user-context".to_owned(), context);
        let parameters = &self.estate.value_sets[*values as usize].parameters;
        self.parameters(&spot, parameters, &mut entry);
        let hosts = self.hosts(&spot);
        let Share { options, fields, mut additional } = self.share(&told);
        entry.extend(fields);
        if !options.is_empty() {
            entry.insert("option-data".to_owned(), options.into());
        }
        let mut marks = hosts.marks;
        marks.extend(self.known_anywhere.iter().cloned());
        marks.sort();
        marks.dedup();
        additional.splice(0..0, self.unasked(&spot, &marks));
        self.require(&mut entry, additional);
        let pools: Vec<Value> = pools.iter().flat_map(|pool| self.pool(&spot, pool, &told)).collect();
        if !pools.is_empty() {
            entry.insert("pools".to_owned(), pools.into());
        }
        if !hosts.entries.is_empty() {
            entry.insert("reservations".to_owned(), hosts.entries.into());
        }
        self.guarded_reservations(&spot);
        Value::Object(entry)
    }

    pub(super) fn require(&self, entry: &mut Map<String, Value>, additional: Vec<String>) {
        if !additional.is_empty() {
            entry.insert(self.target.additional().to_owned(), additional.into());
        }
    }

    /// What is no option: of the place, not of classes.
    fn parameters(&mut self, spot: &Spot<'_>, parameters: &Parameters, entry: &mut Map<String, Value>) {
        let times = Times::of(parameters, parameters);
        if times != self.times {
            times.write(entry);
        }
        if let Some(Seconds(after)) = parameters.renew_after_secs.and_then(|said| said.value) {
            entry.insert("renew-timer".to_owned(), after.into());
        }
        if let Some(Seconds(after)) = parameters.rebind_after_secs.and_then(|said| said.value) {
            entry.insert("rebind-timer".to_owned(), after.into());
        }
        if parameters.authoritative.and_then(|said| said.value) == Some(false) {
            entry.insert("authoritative".to_owned(), false.into());
        }
        if parameters.identity.and_then(|said| said.value) == Some(Identity::Mac) {
            entry.insert("match-client-id".to_owned(), false.into());
        }
        let mut lost = Vec::new();
        if parameters.rapid_commit.and_then(|said| said.value) == Some(true) {
            lost.push((
                Parameter::RapidCommit,
                "Kea has no rapid commit for DHCPv4",
                "such a DISCOVER gets an OFFER",
            ));
        }
        if parameters.reply_to.and_then(|said| said.value) == Some(ReplyTo::Source) {
            lost.push((Parameter::ReplyTo, "Kea answers relays at `giaddr` only", "answers go to `giaddr`"));
        }
        if parameters.reply_port.and_then(|said| said.value) == Some(ReplyPort::Source) {
            let what = "Kea answers relays at port 67, unless they ask for another";
            lost.push((Parameter::ReplyPort, what, "answers go to port 67"));
        }
        let probation = parameters.decline_probation_secs.and_then(|said| said.value);
        if probation.unwrap_or(DEFAULTS.decline_probation) != self.probation {
            let what = "Kea has one time for all declined addresses";
            lost.push((Parameter::DeclineProbation, what, "the estate's most common time holds here, too"));
        }
        for (parameter, what, becomes) in lost {
            self.lose_value(
                &spot.path(),
                &spot.place(),
                None,
                ValueName::Parameter(parameter),
                what,
                becomes,
            );
        }
    }

    fn pool(&mut self, spot: &Spot<'a>, pool: &'a Pool, around: &Told) -> Vec<Value> {
        let Pool { ranges, only, values, meanings } = pool;
        let place = origins::Place::Pool(spot.subnet.subnet, ranges[0].first());
        let mut common = Map::new();
        if values.is_some() || meanings.is_some() {
            let (own, meant) =
                (values.unwrap_or(spot.subnet.values), meanings.unwrap_or(spot.subnet.meanings));
            let told = self.told(own, meant);
            self.lose_unsaid(spot, &place, &told);
            let Share { options, fields: _, additional } = self.pool_share(spot, &place, &told, around);
            if !options.is_empty() {
                common.insert("option-data".to_owned(), options.into());
            }
            self.require(&mut common, additional);
            self.pool_parameters(spot, &place, own);
        }
        let guards = [&spot.network.only, &spot.subnet.only, only];
        let mut entries = Vec::new();
        let shares: Vec<_> = ranges.iter().flat_map(|range| self.shares(*range)).collect();
        for (range, half) in shares {
            let mut entry = common.clone();
            let addresses = format!("{} - {}", range.first(), range.last());
            entry.insert("pool".to_owned(), addresses.into());
            self.guard(&guards, half, &mut entry);
            entries.push(Value::Object(entry));
        }
        self.reserved_guard(spot, &place, &guards);
        entries
    }

    /// Kea's pools have no lease times and timers of their own.
    fn pool_parameters(&mut self, spot: &Spot<'_>, place: &origins::Place, values: u32) {
        let estate = self.estate;
        let set = |at: u32| &estate.value_sets[at as usize].parameters;
        let (own, around) = (set(values), set(spot.subnet.values));
        let becomes = "the subnet's holds in the pool";
        if is_said(own) && Times::of(own, own) != Times::of(around, around) {
            self.lose_lease(&spot.path(), place, None, "Kea's pools have no lease times of their own");
        }
        let timers = [
            (
                Parameter::RenewAfter,
                own.renew_after_secs.map(|s| s.value) != around.renew_after_secs.map(|s| s.value),
            ),
            (
                Parameter::RebindAfter,
                own.rebind_after_secs.map(|s| s.value) != around.rebind_after_secs.map(|s| s.value),
            ),
        ];
        for (parameter, _) in timers.into_iter().filter(|(_, differs)| *differs) {
            let value = ValueName::Parameter(parameter);
            self.lose_value(
                &spot.path(),
                place,
                None,
                value,
                "Kea's pools have no timers of their own",
                becomes,
            );
        }
    }

    /// Who may use a pool: a member of one class of each list.
    fn guard(&mut self, lists: &[&Vec<ClassName>], half: Option<String>, entry: &mut Map<String, Value>) {
        let mut lists: Vec<&Vec<ClassName>> = lists.iter().filter(|list| !list.is_empty()).copied().collect();
        lists.dedup();
        let classes: Vec<String> = match (lists.as_slice(), half) {
            ([], None) => return,
            ([], Some(half)) => vec![half],
            ([list], None) if list.len() == 1 || self.target == Target::Kea30 => {
                list.iter().map(ToString::to_string).collect()
            }
            (lists, half) => {
                let any = |list: &&Vec<ClassName>| {
                    list.iter().fold(Condition::Never, |any, class| any.or(Condition::member(class)))
                };
                let half =
                    half.map_or(Condition::Always, |half| Condition::When(format!("member('{half}')")));
                let all = lists.iter().map(any).fold(half, Condition::and);
                vec![self.classes.ordinary("only", Some(&all.test()), Map::new())]
            }
        };
        self.target.write_guard(classes, entry);
    }

    /// Kea gives a reserved address to its client whatever guards say.
    fn guarded_reservations(&mut self, spot: &Spot<'_>) {
        let lists = [&spot.network.only, &spot.subnet.only];
        for list in lists.into_iter().filter(|list| !list.is_empty()) {
            let passes = |classes: &[ClassName]| classes.iter().any(|class| list.contains(class));
            let known = list.iter().any(|class| matches!(class.as_str(), "ALL" | "KNOWN"));
            let barred =
                spot.subnet.reservations.iter().find(|one| one.address.is_some() && !passes(&one.classes));
            if let Some(barred) = barred.filter(|_| !known) {
                let path =
                    format!("{} / {}", spot.path(), super::reservation::identifier_text(&barred.identifier));
                let place = origins::Place::Reservation(spot.subnet.subnet, barred.identifier.clone());
                let span = self.place_span(&place);
                let what = "Kea gives a client its reserved address also where `only` would keep it out";
                self.losses.lose(span, &path, what, "its client gets the address, in whichever class it is");
            }
        }
    }

    /// Inside a shared network Kea looks at guards before it knows a reservation's classes.
    fn reserved_guard(&mut self, spot: &Spot<'_>, place: &origins::Place, lists: &[&Vec<ClassName>]) {
        if spot.network.subnets.len() < 2 {
            return;
        }
        let reserved = reserved_classes(spot.network);
        let estate = self.estate;
        let tested: BTreeMap<&ClassName, bool> =
            estate.classes.iter().map(|class| (&class.name, class.test.is_some())).collect();
        let named = lists.iter().flat_map(|list| list.iter()).find(|class| reserved.contains(class));
        if let Some(class) = named {
            let kind =
                if tested.get(class) == Some(&true) { "also by its test" } else { "by reservation only" };
            let what = format!(
                "in a network of several subnets Kea looks at `only` before it knows the classes of reservations, and \
                 `{class}` is one, {kind}"
            );
            let span = self.origins.guard(place).unwrap_or_else(|| self.place_span(place));
            self.losses.lose(
                span,
                &spot.path(),
                &what,
                "clients that a reservation puts into the class are kept out",
            );
        }
    }
}

/// The classes that reservations of a network give.
pub(super) fn reserved_classes(network: &Network) -> BTreeSet<&ClassName> {
    network.subnets.iter().flat_map(|subnet| &subnet.reservations).flat_map(|one| &one.classes).collect()
}
