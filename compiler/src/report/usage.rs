//! What classes and options are used for.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use leasehold_schemas::artefact;
use leasehold_schemas::vocab::{ClassName, Layer, OptionCode, Space};

use super::document::{ClassUse, OptionUse, Said};
use crate::model::{Class, Definition, Estate, Id, Values};
use crate::plan::test_text;

impl Said {
    fn count(&mut self, layer: Layer) {
        match layer {
            Layer::Estate => self.estate += 1,
            Layer::Profile => self.profile += 1,
            Layer::Site => self.site += 1,
            Layer::Network => self.network += 1,
            Layer::Subnet => self.subnet += 1,
            Layer::Pool => self.pool += 1,
            // A reservation is no place.
            Layer::Reservation => {}
        }
    }

    /// How many times at all.
    pub fn all(&self) -> u64 {
        let Said { estate, profile, site, network, subnet, pool } = self;
        estate + profile + site + network + subnet + pool
    }
}

/// Every class, the most used first, of equals in the order of evaluation.
pub fn classes(estate: &Estate) -> Vec<ClassUse> {
    let mut meanings: BTreeMap<Id<Class>, Said> = BTreeMap::new();
    let mut guards: BTreeMap<&ClassName, u64> = BTreeMap::new();
    for scope in estate.scopes.values() {
        for meaning in scope.meanings.iter().filter(|meaning| !meaning.values.is_empty()) {
            meanings.entry(meaning.class).or_default().count(scope.layer);
        }
        for guard in &scope.only {
            *guards.entry(&guard.value).or_default() += 1;
        }
    }
    let mut members: BTreeMap<&ClassName, u64> = BTreeMap::new();
    let reserved = estate.reservations.values().flat_map(|reservation| &reservation.classes);
    for class in reserved.chain(estate.devices.values().flat_map(|device| &device.classes)) {
        *members.entry(&class.value).or_default() += 1;
    }
    let used = |(order, (id, class)): (usize, (Id<Class>, &Class))| ClassUse {
        name: class.name.value.clone(),
        order: order + 1,
        test: class.test.as_ref().map(|test| test_text(&test.value)),
        meanings: meanings.get(&id).copied().unwrap_or_default(),
        guards: guards.get(&class.name.value).copied().unwrap_or_default(),
        members: members.get(&class.name.value).copied().unwrap_or_default(),
    };
    let mut classes: Vec<ClassUse> = estate.classes.iter().enumerate().map(used).collect();
    classes.sort_by_key(|class| Reverse(class.meanings.all() + class.guards + class.members));
    classes
}

/// How often an option is said, by whom.
#[derive(Clone, Copy, Default)]
struct Uses {
    places: Said,
    classes: u64,
    clients: u64,
}

/// Every option that is said, and the estate's own ones: the one that the most subnets have first.
pub fn options(estate: &Estate, effective: &artefact::Estate) -> Vec<OptionUse> {
    let mut uses: BTreeMap<Id<Definition>, Uses> = BTreeMap::new();
    let mut said = |values: &Values, count: &dyn Fn(&mut Uses)| {
        for assignment in &values.options {
            count(uses.entry(assignment.option).or_default());
        }
    };
    for scope in estate.scopes.values() {
        said(&scope.values, &|uses| uses.places.count(scope.layer));
        for meaning in &scope.meanings {
            said(&meaning.values, &|uses| uses.classes += 1);
        }
    }
    let reserved = estate.reservations.values().map(|reservation| &reservation.values);
    for values in reserved.chain(estate.devices.values().map(|device| &device.values)) {
        said(values, &|uses| uses.clients += 1);
    }
    let in_effect = in_effect(effective);
    let used = |(id, definition): (Id<Definition>, &Definition)| {
        let own = definition.span.is_some();
        let uses = uses.get(&id).copied();
        let Uses { places, classes, clients } = uses.or(own.then(Uses::default))?;
        let (subnets, values) =
            in_effect.get(&(definition.space, definition.code)).map_or((0, 0), |effect| (effect.0, effect.1));
        let Definition { name, space, code, .. } = definition;
        let (name, space, code) = (name.clone(), *space, *code);
        Some(OptionUse { name, space, code, own, places, classes, clients, subnets, values })
    };
    let mut options: Vec<OptionUse> = estate.definitions.iter().filter_map(used).collect();
    options.sort_by(|a, b| {
        let uses = |option: &OptionUse| {
            Reverse((option.subnets, option.classes, option.clients, option.places.all()))
        };
        uses(a).cmp(&uses(b)).then_with(|| (a.space, a.code).cmp(&(b.space, b.code)))
    });
    options
}

/// How many subnets have an option, and the values it has there.
type Effect<'a> = (u64, BTreeSet<&'a [u8]>);

/// In how many subnets an option has a value for everybody, and how many different ones.
fn in_effect(effective: &artefact::Estate) -> BTreeMap<(Space, OptionCode), (u64, u64)> {
    let mut subnets: BTreeMap<u32, u64> = BTreeMap::new();
    let networks = effective.sites.iter().flat_map(|site| &site.networks);
    for subnet in networks.flat_map(|network| &network.subnets) {
        *subnets.entry(subnet.values).or_default() += 1;
    }
    let mut found: BTreeMap<(Space, OptionCode), Effect<'_>> = BTreeMap::new();
    for (set, count) in subnets {
        for option in &effective.value_sets[set as usize].options {
            let Some(value) = &option.value else { continue };
            let (subnets, values) = found.entry((option.space, option.code)).or_default();
            *subnets += count;
            values.insert(&value.0);
        }
    }
    found.into_iter().map(|(option, (subnets, values))| (option, (subnets, values.len() as u64))).collect()
}
