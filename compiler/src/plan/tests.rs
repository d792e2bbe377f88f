//! A plan is empty exactly where every client gets the same: judged client by client, address by address, class by
//! class, without any of the plan's own notions of what is the same.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use leasehold_schemas::artefact::{self, Identifier, Layered, OptionValue, Parameters, Pool, ValueSet};
use leasehold_schemas::vocab::{AddrRange, ClassName, HexBytes, Layer, OptionCode, Seconds, Space};
use proptest::prelude::*;

use super::{Effective, Question, plan};
use crate::model;
use crate::source::Sources;

const CLASSES: [&str; 3] = ["a", "b", "c"];
const FIRST: u32 = 0x0a00_0010;

type Set = (Option<Option<u8>>, Option<Option<u8>>, Option<Option<u32>>);

/// Two options and a lease time; said with a value, said with nothing, or not said.
fn set(with_lease: bool) -> impl Strategy<Value = Set> {
    let option = || proptest::option::of(proptest::option::of(0_u8..2));
    let hours = proptest::option::of(proptest::option::of(prop_oneof![Just(8_u32), Just(4)]));
    (option(), option(), if with_lease { hours.boxed() } else { Just(None).boxed() })
}

fn value_set((one, other, lease): &Set, layer: Layer) -> ValueSet {
    let option = |code, said: &Option<Option<u8>>| {
        let said = said.as_ref()?;
        let value = said.map(|octet| HexBytes(vec![octet]));
        Some(OptionValue { space: Space::Dhcp4, code: OptionCode(code), layer, value })
    };
    let lease_default_secs = lease.map(|said| Layered { layer, value: said.map(|h| Seconds(h * 3600)) });
    ValueSet {
        options: [option(15, one), option(67, other)].into_iter().flatten().collect(),
        parameters: Parameters { lease_default_secs, ..Parameters::default() },
    }
}

/// A pool of the drawing: which of eight addresses, and what it says.
type Drawn = (Set, Vec<(usize, Set)>, Vec<(u32, u32, Option<Set>)>, Vec<usize>, Option<(u32, Set)>);

fn drawn() -> impl Strategy<Value = Drawn> {
    let meanings = proptest::collection::vec((0_usize..3, set(false)), 0..3);
    let pools = proptest::collection::vec((0_u32..8, 0_u32..4, proptest::option::of(set(true))), 0..3);
    let order = Just(vec![0_usize, 1, 2]).prop_shuffle();
    let reservation = proptest::option::of((0_u32..8, set(false)));
    (set(true), meanings, pools, order, reservation)
}

fn estate((values, meanings, pools, order, reservation): &Drawn) -> artefact::Estate {
    let class = |at: usize| -> ClassName { CLASSES[at].parse().expect("a letter is a name") };
    let mut sets = vec![value_set(values, Layer::Subnet)];
    let mut add = |set: ValueSet| {
        sets.push(set);
        u32::try_from(sets.len() - 1).expect("a handful")
    };
    let mut said: Vec<artefact::Meaning> = Vec::new();
    for place in order {
        let entry = meanings.iter().find(|(at, _)| at == place);
        said.extend(entry.map(|(at, set)| artefact::Meaning {
            class: class(*at),
            values: add(value_set(set, Layer::Site)),
        }));
    }
    let mut taken = BTreeSet::new();
    let mut drawn: Vec<Pool> = Vec::new();
    for (first, more, own) in pools {
        let addresses: Vec<u32> = (*first..=first + more).filter(|at| *at < 8).collect();
        if addresses.iter().any(|at| !taken.insert(*at)) {
            continue;
        }
        let address = |at: &u32| Ipv4Addr::from_bits(FIRST + at);
        let range = AddrRange::new(address(&addresses[0]), address(&addresses[addresses.len() - 1]));
        drawn.push(Pool {
            ranges: vec![range.expect("drawn in order")],
            only: Vec::new(),
            values: own.as_ref().map(|set| add(value_set(set, Layer::Pool))),
            meanings: None,
        });
    }
    drawn.sort_by_key(|pool| pool.ranges[0]);
    let reservations = reservation.iter().map(|(at, set)| artefact::Reservation {
        identifier: Identifier::Mac("52:54:00:00:00:01".parse().expect("a MAC address")),
        address: Some(Ipv4Addr::from_bits(FIRST + at)),
        hostname: None,
        classes: Vec::new(),
        values: Some(add(value_set(set, Layer::Reservation))),
    });
    let reservations = reservations.collect();
    let subnet = artefact::Subnet {
        subnet: "10.0.0.0/24".parse().expect("a prefix"),
        id: 1,
        only: Vec::new(),
        values: 0,
        meanings: 0,
        pools: drawn,
        reservations,
    };
    artefact::Estate {
        name: "drawn".to_owned(),
        high_availability: None,
        subnet_selection_sources: Vec::new(),
        classes: order.iter().map(|at| artefact::Class { name: class(*at), test: None }).collect(),
        value_sets: sets,
        meanings: vec![said],
        reservations: Vec::new(),
        sites: vec![artefact::Site {
            code: "A".parse().expect("a code"),
            name: None,
            reservations: Vec::new(),
            networks: vec![artefact::Network {
                name: "user".to_owned(),
                relays: Vec::new(),
                only: Vec::new(),
                subnets: vec![subnet],
            }],
        }],
    }
}

/// What a client gets: both options and the lease time.
type Gets = [Option<Vec<u8>>; 3];

/// Everything that anybody can get: in the subnet by classes, at each dynamic address by classes, and reserved.
fn everything(estate: &artefact::Estate) -> BTreeMap<String, Gets> {
    let subnet = &estate.sites[0].networks[0].subnets[0];
    let of = |set: &ValueSet, key: usize| -> Option<Option<Vec<u8>>> {
        match key {
            2 => {
                let said = set.parameters.lease_default_secs.as_ref()?;
                Some(Some(said.value.unwrap_or(Seconds(28_800)).0.to_be_bytes().to_vec()))
            }
            key => {
                let code = OptionCode([15, 67][key]);
                let said = set.options.iter().find(|option| option.code == code)?;
                Some(said.value.as_ref().map(|octets| octets.0.clone()))
            }
        }
    };
    let gets = |own: Option<u32>, place: u32, members: usize| -> Gets {
        [0, 1, 2].map(|key| {
            let sets = |at: u32| &estate.value_sets[at as usize];
            let class = |said: &artefact::Meaning| {
                let at = CLASSES.iter().position(|name| *name == said.class.as_str()).expect("one of three");
                (members & (1 << at) != 0).then(|| of(sets(said.values), key)).flatten()
            };
            let default = if key == 2 { Some(28_800_u32.to_be_bytes().to_vec()) } else { None };
            own.and_then(|own| of(sets(own), key))
                .or_else(|| estate.meanings[subnet.meanings as usize].iter().find_map(class))
                .or_else(|| of(sets(place), key))
                .unwrap_or(default)
        })
    };
    let mut all = BTreeMap::new();
    let reserved: Vec<Option<Ipv4Addr>> = subnet.reservations.iter().map(|one| one.address).collect();
    for members in 0..8 {
        all.insert(format!("{members}"), gets(None, subnet.values, members));
        for pool in &subnet.pools {
            let (first, last) = (pool.ranges[0].first().to_bits(), pool.ranges[0].last().to_bits());
            for address in (first..=last).map(Ipv4Addr::from_bits) {
                if !reserved.contains(&Some(address)) {
                    let place = pool.values.unwrap_or(subnet.values);
                    all.insert(format!("{address} {members}"), gets(None, place, members));
                }
            }
        }
        for one in &subnet.reservations {
            all.insert(format!("{:?} {members}", one.address), gets(one.values, subnet.values, members));
        }
    }
    all
}

fn effective(estate: artefact::Estate) -> Effective {
    Effective {
        source: String::new(),
        estate,
        digest: None,
        format: artefact::FORMAT,
        errors: 0,
        expressions: BTreeMap::new(),
        definitions: BTreeMap::new(),
        unread: super::effective::Unread::default(),
    }
}

fn is_empty(before: artefact::Estate, after: artefact::Estate) -> bool {
    let (before, after) = (effective(before), effective(after));
    let question = Question {
        before: &before,
        after: &after,
        estate: &model::Estate::default(),
        sources: &Sources::default(),
        leases: None,
        acknowledged: &[],
        today: leasehold_schemas::vocab::Date::new(2026, 11, 1).expect("a day"),
    };
    let plan = plan(&question);
    assert!(!plan.changes.is_empty() || plan.risks.is_empty(), "no risk without a change");
    plan.changes.is_empty()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_is_empty_exactly_where_everybody_gets_the_same(before in drawn(), after in drawn()) {
        let (before, after) = (estate(&before), estate(&after));
        let same = everything(&before) == everything(&after);
        prop_assert_eq!(is_empty(before, after), same);
    }

    #[test]
    fn one_thing_said_otherwise(before in drawn(), other in drawn(), which in 0_usize..5) {
        let mut after = before.clone();
        match which {
            0 => after.0 = other.0,
            1 => after.1 = other.1,
            2 => after.2 = other.2,
            3 => after.3 = other.3,
            _ => after.4 = other.4,
        }
        let (before, after) = (estate(&before), estate(&after));
        let same = everything(&before) == everything(&after);
        prop_assert_eq!(is_empty(before, after), same);
    }
}
