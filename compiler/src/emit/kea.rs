//! The estate as a configuration of Kea's `kea-dhcp4`: the same meaning, or a finding that names what is lost.
//!
//! The two programs differ in who wins. In Leasehold it is reservation, class, pool, subnet and so on outwards; in Kea
//! it is reservation, pool, subnet, shared network, class, and last what is said for all. So classes that say anything
//! are made anew for the places in which they say it ([`place`]), and looked at after the address is known.
//!
//! What Kea does on its own account, whatever its configuration says, is no finding: it sends routers, name servers and
//! domain name unasked, answers with a host name that it has heard, and honours option 118 from everybody.

mod classes;
mod condition;
mod expression;
mod lifetime;
mod limits;
mod loss;
mod network;
mod option;
mod pair;
mod place;
mod reservation;
mod share;

use std::collections::BTreeMap;

use leasehold_schemas::artefact::{Class, Estate};
use leasehold_schemas::source::Span;
use leasehold_schemas::vocab::{ClassName, Seconds, Space};
use leasehold_server::serve::DEFAULTS;
use serde_json::{Map, Value, json};

use crate::diag::Diagnostic;
use crate::lower as origins;
use crate::lower::{Origins, Parameter, ValueName};
use crate::model::{self, Definition};
use crate::{Artefact, Compilation};
use classes::Classes;
use condition::Condition;
use lifetime::Times;
use loss::Losses;
use option::{option_data, option_definition};

/// A release of Kea whose language is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// 2.2, as in Debian 12.
    Kea22,
    /// 3.0 and what follows.
    Kea30,
}

impl Target {
    /// The key under which a place names classes that are looked at for its clients.
    fn additional(self) -> &'static str {
        match self {
            Target::Kea22 => "require-client-classes",
            Target::Kea30 => "evaluate-additional-classes",
        }
    }

    /// The key of a class that is looked at only there.
    fn only_additional(self) -> &'static str {
        match self {
            Target::Kea22 => "only-if-required",
            Target::Kea30 => "only-in-additional-list",
        }
    }

    fn write_guard(self, classes: Vec<String>, entry: &mut Map<String, Value>) {
        match self {
            Target::Kea22 => {
                entry.extend(
                    classes.into_iter().next().map(|class| ("client-class".to_owned(), class.into())),
                );
            }
            Target::Kea30 => {
                entry.insert("client-classes".to_owned(), classes.into());
            }
        }
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Which server of the pair reads it.
    pub node: &'a str,
    /// Which release reads it.
    pub target: Target,
    /// The folder of Kea's libraries, if it is not where that release has them.
    pub hooks: Option<&'a str>,
}

/// A configuration.
#[derive(Debug)]
pub struct Export {
    /// It, as JSON. Of two servers of a pair they differ in `this-server-name` only.
    pub configuration: Value,
    /// What is lost in it, as errors, and what changes in rare cases, as warnings.
    pub findings: Vec<Diagnostic>,
}

/// The estate has no such server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownNode {
    /// Those it has.
    pub servers: Vec<String>,
}

/// Writes the configuration of one server.
///
/// # Errors
/// The estate is served by a pair, and neither of its servers has this name.
pub fn export(
    compilation: &Compilation,
    artefact: &Artefact,
    request: Request<'_>,
) -> Result<Export, UnknownNode> {
    let estate = &artefact.estate;
    let servers = estate.high_availability.iter().flat_map(|pair| &pair.servers);
    let servers: Vec<String> = servers.map(|peer| peer.name.clone()).collect();
    if !servers.is_empty() && !servers.iter().any(|name| name == request.node) {
        return Err(UnknownNode { servers });
    }
    let mut exporter = Exporter::new(estate, &compilation.estate, request);
    let configuration = exporter.configuration(request.node);
    Ok(Export { configuration, findings: exporter.losses.into_findings() })
}

struct Exporter<'a> {
    estate: &'a Estate,
    model: &'a model::Estate,
    origins: Origins<'a>,
    target: Target,
    hooks: Option<String>,
    definitions: BTreeMap<(Space, u8), &'a Definition>,
    losses: Losses,
    classes: Classes,
    /// Options that every place says, most often with these octets.
    common: BTreeMap<u8, Vec<u8>>,
    /// The lease times that most places have.
    times: Times,
    /// How long declined addresses rest in most places.
    probation: Seconds,
    /// What devices of the whole estate say.
    known_anywhere: Vec<reservation::Mark>,
}

impl<'a> Exporter<'a> {
    fn new(estate: &'a Estate, model: &'a model::Estate, request: Request<'_>) -> Exporter<'a> {
        let mut definitions = BTreeMap::new();
        for definition in model.definitions.values() {
            definitions.entry((definition.space, definition.code.0)).or_insert(definition);
        }
        let subnets = || lifetime::networks(&estate.sites).flat_map(|(_, network)| &network.subnets);
        let parameters = || subnets().map(|subnet| &estate.value_sets[subnet.values as usize].parameters);
        let default = leasehold_schemas::artefact::Parameters::default();
        let times = most(parameters().map(|said| Times::of(said, said)));
        let probation = most(parameters().map(|said| {
            said.decline_probation_secs.and_then(|said| said.value).unwrap_or(DEFAULTS.decline_probation)
        }));
        let mut exporter = Exporter {
            estate,
            model,
            origins: Origins::new(model),
            target: request.target,
            hooks: request.hooks.map(str::to_owned),
            definitions,
            losses: Losses::default(),
            classes: Classes::new(request.target),
            common: BTreeMap::new(),
            times: times.unwrap_or_else(|| Times::of(&default, &default)),
            probation: probation.unwrap_or(DEFAULTS.decline_probation),
            known_anywhere: Vec::new(),
        };
        exporter.common = exporter.common_options();
        exporter
    }

    /// Options that every place says for everybody, each with its most common octets.
    fn common_options(&self) -> BTreeMap<u8, Vec<u8>> {
        let subnets = || lifetime::networks(&self.estate.sites).flat_map(|(_, network)| &network.subnets);
        let mut counts: BTreeMap<u8, BTreeMap<Vec<u8>, usize>> = BTreeMap::new();
        let mut places = 0;
        for subnet in subnets() {
            let pools = subnet.pools.iter().filter(|pool| pool.values.is_some() || pool.meanings.is_some());
            let pools = pools
                .map(|pool| (pool.values.unwrap_or(subnet.values), pool.meanings.unwrap_or(subnet.meanings)));
            for (values, meanings) in std::iter::once((subnet.values, subnet.meanings)).chain(pools) {
                places += 1;
                for ((space, code), emissions) in self.told(values, meanings).options {
                    let own = emissions.last().filter(|own| own.when == Condition::Always);
                    if let Some(own) = own.filter(|_| space == Space::Dhcp4 && !matches!(code, 43 | 125)) {
                        *counts.entry(code).or_default().entry(own.octets.clone()).or_insert(0) += 1;
                    }
                }
            }
        }
        counts.retain(|_, by_octets| by_octets.values().sum::<usize>() == places);
        let top = |by_octets: BTreeMap<Vec<u8>, usize>| {
            let top = by_octets.into_iter().max_by(|(a, m), (b, n)| m.cmp(n).then_with(|| b.cmp(a)));
            top.filter(|(_, count)| *count > 1)
        };
        counts.into_iter().filter_map(|(code, by_octets)| Some((code, top(by_octets)?.0))).collect()
    }

    fn configuration(&mut self, node: &str) -> Value {
        self.limits();
        self.estate_classes();
        self.class_lifetimes();
        let global = self.global_hosts();
        self.known_anywhere.clone_from(&global.marks);
        let (alone, shared) = self.networks();
        let (kinds, flex_id) = self.identifiers();
        let mut entry = Map::new();
        let mut set = |key: &str, value: Value| entry.insert(key.to_owned(), value);
        set("user-context", json!({"estate": self.estate.name}));
        set("interfaces-config", json!({"interfaces": ["*"]}));
        set("lease-database", json!({"type": "memfile", "persist": true}));
        set("authoritative", true.into());
        set("calculate-tee-times", true.into());
        set("t1-percent", json!(0.5));
        set("t2-percent", json!(0.875));
        set("decline-probation-period", self.probation.0.into());
        set("ddns-send-updates", false.into());
        set("host-reservation-identifiers", kinds.into());
        let definitions: Vec<Value> = self.model.definitions.values().filter_map(option_definition).collect();
        if !definitions.is_empty() {
            set("option-def", definitions.into());
        }
        let common: Vec<Value> = self
            .common
            .iter()
            .map(|(code, octets)| {
                let definition = self.definitions.get(&(Space::Dhcp4, *code)).copied();
                option_data(definition, Space::Dhcp4, *code, octets, false)
            })
            .collect();
        if !common.is_empty() {
            set("option-data", common.into());
        }
        if !global.entries.is_empty() {
            set("reservations-global", true.into());
            set("reservations-in-subnet", true.into());
            set("reservations", global.entries.into());
        }
        if self.target == Target::Kea30 {
            set("stash-agent-options", true.into());
            set("cache-threshold", json!(0.0));
        }
        let hooks = self.hooks(node, flex_id);
        if self.estate.high_availability.is_some() {
            set("multi-threading", json!({"enable-multi-threading": true}));
        }
        if !hooks.is_empty() {
            set("hooks-libraries", hooks.into());
        }
        self.times.write(&mut entry);
        entry.insert("shared-networks".to_owned(), shared.into());
        entry.insert("subnet4".to_owned(), alone.into());
        let classes = std::mem::replace(&mut self.classes, Classes::new(self.target)).into_list();
        if !classes.is_empty() {
            entry.insert("client-classes".to_owned(), classes.into());
        }
        json!({"Dhcp4": entry})
    }

    /// The kinds of identifiers that reservations use, in the order in which they count; and whether one of them
    /// needs a library.
    fn identifiers(&self) -> (Vec<Value>, bool) {
        let used = self.identifier_kinds();
        let flex_id = used.contains(&3) && self.target == Target::Kea30;
        let names = ["hw-address", "client-id", "circuit-id", "flex-id", "duid"];
        let names = names.iter().enumerate();
        let kinds: Vec<Value> = names
            .filter(|(at, _)| used.contains(at) && (*at != 3 || flex_id))
            .map(|(_, name)| Value::from(*name))
            .collect();
        (if kinds.is_empty() { vec!["hw-address".into()] } else { kinds }, flex_id)
    }

    /// The estate's classes: who is in them, and nothing else.
    fn estate_classes(&mut self) {
        let estate = self.estate;
        for Class { name, test } in &estate.classes {
            let mut entry = json!({"name": name});
            if let Some(test) = test {
                match expression::test_text(test, self.target) {
                    Ok(text) => entry["test"] = text.into(),
                    Err(missing) => {
                        let span = self.class_span(name);
                        let path = format!("class `{name}`");
                        self.losses.lose(span, &path, &missing, "nobody is in the class by this test");
                    }
                }
            }
            self.classes.push(entry);
        }
    }

    fn class_span(&self, name: &ClassName) -> Span {
        self.origins.class(name).map_or_else(|| self.top(), |(name, test)| test.unwrap_or(name))
    }

    /// Where `estate.yaml` stands.
    fn top(&self) -> Span {
        let scope = self.model.scope.expect("an estate that is sound has its file");
        self.model.scopes[scope].span
    }

    /// Where a place stands.
    fn place_span(&self, place: &origins::Place) -> Span {
        let found = match place {
            origins::Place::Subnet(prefix) => self.origins.subnet(*prefix),
            origins::Place::Pool(prefix, address) => self.origins.pool(*prefix, *address),
            origins::Place::Reservation(prefix, identifier) => {
                self.origins.reservation(*prefix, identifier).map(|(span, _)| span)
            }
            origins::Place::SiteDevice(site, identifier) => self.origins.device(Some(site), identifier),
            origins::Place::Device(identifier) => self.origins.device(None, identifier),
        };
        found.unwrap_or_else(|| self.top())
    }

    /// Reports a value that is lost, where it is said.
    fn lose_value(
        &mut self,
        path: &str,
        place: &origins::Place,
        class: Option<&ClassName>,
        value: ValueName,
        what: &str,
        becomes: &str,
    ) {
        let said = self.origins.of(place, class, value).first().map(|origin| origin.span);
        let span = said.unwrap_or_else(|| self.place_span(place));
        self.losses.lose(span, path, what, becomes);
    }

    /// Reports a lease time that is lost.
    fn lose_lease(&mut self, path: &str, place: &origins::Place, class: Option<&ClassName>, what: &str) {
        let keys = [Parameter::LeaseDefault, Parameter::LeaseMin, Parameter::LeaseMax];
        let said = keys.iter().find_map(|key| {
            self.origins.of(place, class, ValueName::Parameter(*key)).first().map(|o| o.span)
        });
        let span = said.unwrap_or_else(|| self.place_span(place));
        self.losses.lose(span, path, what, "the subnet's lease times hold");
    }
}

/// What comes most often; among equals the least.
fn most<T: Ord + Copy>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    values.for_each(|value| *counts.entry(value).or_insert(0) += 1);
    counts.into_iter().max_by(|(a, m), (b, n)| m.cmp(n).then_with(|| b.cmp(a))).map(|(value, _)| value)
}
