//! Whatever is imported means what it meant: for every place and every set of classes, what Kea would send is what the
//! compiled estate says.

use std::collections::{BTreeMap, BTreeSet};

use leasehold_schemas::artefact::{Estate, Parameters, ValueSet};
use leasehold_schemas::vocab::{Date, Seconds, Space};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::imported;
use crate::diag::Severity;
use crate::source::Sources;
use crate::{Cache, Compilation};

/// Options that hold any text.
const OPTIONS: [(&str, u8); 3] = [("root-path", 17), ("tcode", 101), ("loader-pathprefix", 210)];
/// Classes, each with a test of its own.
const CLASSES: [&str; 3] = ["a", "b", "c"];

/// What a level says of options and lease times.
#[derive(Clone, Debug, Default)]
struct Level {
    options: BTreeMap<usize, (u8, bool)>,
    lease: Option<(Option<u32>, u32, Option<u32>)>,
    next_server: Option<u8>,
    timers: Option<(u32, u32)>,
}

/// A subnet with its pools.
type Subnet = (Level, Vec<Level>);

/// A network with its subnets and the classes that are looked at there besides.
type Network = (Level, Vec<Subnet>, Vec<usize>);

#[derive(Clone, Debug)]
struct Configuration {
    global: Level,
    /// Classes, and whether each is looked at only where a place names it.
    classes: Vec<(Level, bool)>,
    networks: Vec<Network>,
}

fn level() -> impl Strategy<Value = Level> {
    let option = (0..OPTIONS.len(), (0_u8..3, proptest::bool::weighted(0.2)));
    let options = proptest::collection::btree_map(
        option.clone().prop_map(|(at, _)| at),
        option.prop_map(|(_, v)| v),
        0..3,
    );
    // Kea refuses a default that is not between what is inherited for the bounds.
    let min = proptest::option::weighted(0.4, 50_u32..100);
    let max = proptest::option::weighted(0.4, 200_u32..250);
    let lease = proptest::option::weighted(0.4, (min, 100_u32..200, max));
    let timers = proptest::option::weighted(0.3, (20_u32..100, 100_u32..220));
    (options, lease, proptest::option::weighted(0.3, 1_u8..4), timers)
        .prop_map(|(options, lease, next_server, timers)| Level { options, lease, next_server, timers })
}

fn configuration() -> impl Strategy<Value = Configuration> {
    let subnet = (level(), proptest::collection::vec(level(), 0..3));
    let additional = proptest::collection::vec(0..CLASSES.len(), 0..2);
    let network = (level(), proptest::collection::vec(subnet, 1..4), additional);
    let classes = proptest::collection::vec((level(), proptest::bool::weighted(0.3)), CLASSES.len());
    (level(), classes, proptest::collection::vec(network, 1..4))
        .prop_map(|(global, classes, networks)| Configuration { global, classes, networks })
}

impl Level {
    fn options(&self) -> Value {
        let option = |(at, (value, always)): (&usize, &(u8, bool))| json!({"name": OPTIONS[*at].0, "data": format!("v{value}"), "always-send": always});
        self.options.iter().map(option).collect()
    }

    /// The level as Kea writes it; `timers` only where it has such keys.
    fn write(&self, timers: bool, lease: bool) -> serde_json::Map<String, Value> {
        let mut map = serde_json::Map::new();
        map.insert("option-data".to_owned(), self.options());
        if let Some((min, default, max)) = self.lease.filter(|_| lease) {
            map.extend(min.map(|min| ("min-valid-lifetime".to_owned(), min.into())));
            map.insert("valid-lifetime".to_owned(), default.into());
            map.extend(max.map(|max| ("max-valid-lifetime".to_owned(), max.into())));
            if let Some(server) = self.next_server {
                map.insert("next-server".to_owned(), format!("192.0.2.{server}").into());
            }
        }
        if let Some((renew, rebind)) = self.timers.filter(|_| timers) {
            map.insert("renew-timer".to_owned(), renew.into());
            map.insert("rebind-timer".to_owned(), rebind.into());
        }
        map
    }
}

impl Configuration {
    fn text(&self) -> String {
        let mut global = self.global.write(true, true);
        let class = |(at, (level, only)): (usize, &(Level, bool))| {
            let mut map = level.write(false, true);
            map.insert("name".to_owned(), CLASSES[at].into());
            map.insert("test".to_owned(), format!("option[60].hex == '{}'", CLASSES[at]).into());
            map.insert("only-if-required".to_owned(), (*only).into());
            Value::Object(map)
        };
        let networks = self.networks.iter().enumerate().map(|(n, (level, subnets, additional))| {
            let subnets: Vec<Value> = subnets
                .iter()
                .enumerate()
                .map(|(s, (level, pools))| {
                    let mut map = level.write(true, true);
                    let pools = pools.iter().enumerate().map(|(p, level)| {
                        let mut map = level.write(false, false);
                        let range = format!("10.{n}.{s}.{}-10.{n}.{s}.{}", p * 20 + 10, p * 20 + 19);
                        map.insert("pool".to_owned(), range.into());
                        Value::Object(map)
                    });
                    map.insert("subnet".to_owned(), format!("10.{n}.{s}.0/24").into());
                    map.insert("pools".to_owned(), pools.collect());
                    Value::Object(map)
                })
                .collect();
            let mut map = level.write(true, true);
            map.insert("name".to_owned(), format!("network-{n}").into());
            map.insert("subnet4".to_owned(), subnets.into());
            let names = additional.iter().map(|class| CLASSES[*class]);
            map.insert("require-client-classes".to_owned(), names.collect());
            Value::Object(map)
        });
        global.insert("client-classes".to_owned(), self.classes.iter().enumerate().map(class).collect());
        global.insert("shared-networks".to_owned(), networks.collect());
        json!({"Dhcp4": global}).to_string()
    }

    /// The classes that Kea goes by, those looked at last behind the others.
    fn in_kea(&self, client: &BTreeSet<usize>, additional: &[usize]) -> Vec<usize> {
        let counts = |at: &usize| client.contains(at) && (!self.classes[*at].1 || additional.contains(at));
        let mut classes: Vec<usize> = (0..CLASSES.len()).filter(counts).collect();
        classes.sort_by_key(|at| self.classes[*at].1);
        classes
    }
}

/// What Kea tells a client of these classes; `chain`: pool, subnet, network.
fn kea_option(
    configuration: &Configuration,
    chain: &[&Level],
    classes: &[usize],
    option: usize,
) -> Option<u8> {
    let places = chain.iter().copied();
    let classes = classes.iter().map(|at| &configuration.classes[*at].0);
    let mut levels = places.chain(classes).chain([&configuration.global]);
    levels.find_map(|level| level.options.get(&option)).map(|(value, _)| *value)
}

fn kea_always(configuration: &Configuration, chain: &[&Level], classes: &[usize], option: usize) -> bool {
    let classes = classes.iter().map(|at| &configuration.classes[*at].0);
    let mut levels = chain.iter().copied().chain(classes).chain([&configuration.global]);
    levels.any(|level| level.options.get(&option).is_some_and(|(_, always)| *always))
}

/// Default, shortest and longest lease time: those of a class together, those of places each for itself.
fn kea_lease(configuration: &Configuration, chain: &[&Level], classes: &[usize]) -> (u32, u32, u32) {
    let mut classes = classes.iter().filter(|at| !configuration.classes[**at].1);
    if let Some(lease) = classes.find_map(|at| configuration.classes[*at].0.lease) {
        return (lease.0.unwrap_or(lease.1), lease.1, lease.2.unwrap_or(lease.1));
    }
    let levels = || chain.iter().copied().chain([&configuration.global]).filter_map(|level| level.lease);
    let default = levels().next().map_or(7200, |lease| lease.1);
    let min = levels().find_map(|lease| lease.0).unwrap_or(default);
    let max = levels().find_map(|lease| lease.2).unwrap_or(default);
    (min.min(default), default, max.max(default))
}

/// What the server of the estate says: the first of these sets that says a thing decides it.
fn first<'e, T>(sets: &[&'e ValueSet], read: impl Fn(&'e ValueSet) -> Option<&'e T>) -> Option<&'e T> {
    sets.iter().find_map(|set| read(set))
}

/// The sets of values that bear on a client in a place, the winning one first.
fn sets<'e>(estate: &'e Estate, values: u32, meanings: u32, client: &BTreeSet<usize>) -> Vec<&'e ValueSet> {
    let set = |index: u32| &estate.value_sets[index as usize];
    let is_in = |name: &str| client.iter().any(|at| CLASSES[*at] == name);
    let meanings = estate.meanings[meanings as usize].iter();
    let meanings =
        meanings.filter(|meaning| is_in(meaning.class.as_str())).map(|meaning| set(meaning.values));
    meanings.chain([set(values)]).collect()
}

fn our_option(sets: &[&ValueSet], code: u8) -> Option<u8> {
    let said = first(sets, |set| {
        set.options.iter().find(|option| option.space == Space::Dhcp4 && option.code.0 == code)
    });
    said.and_then(|option| option.value.as_ref()).map(|octets| octets.0[1] - b'0')
}

fn our_lease(sets: &[&ValueSet]) -> (u32, u32, u32) {
    type Read = fn(&Parameters) -> Option<Seconds>;
    let seconds = |read: Read| sets.iter().find_map(|set| read(&set.parameters));
    let default = seconds(|said| said.lease_default_secs.and_then(|said| said.value)).map_or(28_800, |s| s.0);
    let min = seconds(|said| said.lease_min_secs.and_then(|said| said.value)).map_or(default, |s| s.0);
    let max = seconds(|said| said.lease_max_secs.and_then(|said| said.value)).map_or(default, |s| s.0);
    (min.min(default), default, max.max(default))
}

/// T1 and T2 as Kea sends them, the client's own where it sends none.
fn kea_timers(configuration: &Configuration, chain: &[&Level], lease: u32) -> (u32, u32) {
    let mut levels = chain.iter().copied().chain([&configuration.global]);
    let said = levels.find_map(|level| level.timers);
    let t2 = said.map(|(_, t2)| t2).filter(|t2| *t2 < lease).unwrap_or(lease * 7 / 8);
    let t1 = said.map(|(t1, _)| t1).filter(|t1| *t1 < t2);
    (t1.unwrap_or(if lease / 2 < t2 { lease / 2 } else { (t2 / 2).max(1) }), t2)
}

/// T1 and T2 as the server here sends them.
fn our_timers(sets: &[&ValueSet], lease: u32) -> (u32, u32) {
    let said = |read: fn(&Parameters) -> Option<Option<Seconds>>| {
        sets.iter().find_map(|set| read(&set.parameters)).flatten().map(|seconds| seconds.0)
    };
    let t2 = said(|said| said.rebind_after_secs.map(|said| said.value)).filter(|t2| *t2 < lease);
    let t2 = t2.unwrap_or(lease * 7 / 8);
    let t1 = said(|said| said.renew_after_secs.map(|said| said.value)).filter(|t1| *t1 < t2);
    (t1.unwrap_or(lease / 2), t2)
}

fn errors(compilation: &Compilation) -> Vec<String> {
    let errors = compilation.diagnostics.iter().filter(|finding| finding.severity == Severity::Error);
    errors.map(|finding| format!("{}: {}", finding.rule.code, finding.message)).collect()
}

fn check_meaning(configuration: &Configuration) {
    let imported = imported(&configuration.text());
    let sources = Sources::new("", imported.files);
    let today = Date::new(2026, 11, 1).expect("the calendar has this day");
    let compilation = crate::compile(&sources, &mut Cache::none(), today);
    let shown: Vec<String> = sources
        .iter()
        .map(|(_, file)| format!("--- {}\n{}", file.path, String::from_utf8_lossy(&file.bytes)))
        .collect();
    let shown = format!("{}\n{}", configuration.text(), shown.concat());
    let estate = &compilation
        .artefact
        .as_ref()
        .unwrap_or_else(|| panic!("{:?}\n{shown}", errors(&compilation)))
        .estate;
    for (n, (network, subnets, additional)) in configuration.networks.iter().enumerate() {
        for (s, (subnet, pools)) in subnets.iter().enumerate() {
            let prefix = format!("10.{n}.{s}.0/24");
            let mut all =
                estate.sites.iter().flat_map(|site| &site.networks).flat_map(|network| &network.subnets);
            let ours =
                all.find(|subnet| subnet.subnet.to_string() == prefix).expect("every subnet is carried");
            for bits in 0..1_usize << CLASSES.len() {
                let client: BTreeSet<usize> = (0..CLASSES.len()).filter(|at| bits >> at & 1 == 1).collect();
                let classes = configuration.in_kea(&client, additional);
                let places = std::iter::once(None).chain((0..pools.len()).map(Some));
                for pool in places {
                    let chain: Vec<&Level> =
                        pool.map(|at| &pools[at]).into_iter().chain([subnet, network]).collect();
                    let (values, meanings) = match pool.map(|at| &ours.pools[at]) {
                        Some(pool) => {
                            (pool.values.unwrap_or(ours.values), pool.meanings.unwrap_or(ours.meanings))
                        }
                        None => (ours.values, ours.meanings),
                    };
                    let sets = sets(estate, values, meanings, &client);
                    let at = format!("{prefix} pool {pool:?} classes {classes:?}\n{shown}");
                    for (option, (_, code)) in OPTIONS.into_iter().enumerate() {
                        let expected = kea_option(configuration, &chain, &classes, option);
                        assert_eq!(our_option(&sets, code), expected, "option {code} of {at}");
                        let always = first(&sets, |set| set.parameters.always_send.as_ref());
                        let always = always.and_then(|said| said.value.as_ref());
                        let always = always.is_some_and(|codes| codes.iter().any(|said| said.0 == code));
                        if kea_always(configuration, &chain, &classes, option) {
                            assert!(always, "option {code} is always sent in {at}");
                        }
                    }
                    // Pools say no times.
                    let chain = [subnet, network];
                    let expected = kea_lease(configuration, &chain, &classes);
                    let lease = our_lease(&sets);
                    assert_eq!(lease, expected, "lease of {at}");
                    let expected = kea_timers(configuration, &chain, lease.1);
                    assert_eq!(our_timers(&sets, lease.1), expected, "timers of {at}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn clients_are_told_what_kea_told_them(configuration in configuration()) {
        check_meaning(&configuration);
    }
}
