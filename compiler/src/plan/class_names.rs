//! Classes that are called something else now, and the old side with the new names.
//!
//! A name is gone, another is new, and the test behind both is one: then it is one class. No client can tell what a
//! class is called, so that with the names made the same, whatever follows from the name alone is no change. Names that
//! mean something by themselves, such as `DROP`, are not among them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use leasehold_schemas::artefact::{
    Class, Estate, Identifier, Network, Reservation, Site, Subnet, Term, Test,
};
use leasehold_schemas::plan::ChangeKind;
use leasehold_schemas::vocab::ClassName;

use super::effective::Effective;
use super::statement::{Found, Statement, Subject};
use crate::resolve::is_built_in;

/// Old names, each with the new one.
#[derive(Debug, Default)]
pub struct ClassNames(BTreeMap<ClassName, ClassName>);

/// What makes a class the one that it is, whatever it is called.
#[derive(PartialEq, Eq, Hash)]
enum Nature {
    /// Its test, by the new names.
    Test(Test),
    /// Without a test: who is reserved into it.
    Reserved(Vec<Identifier>),
}

impl ClassNames {
    /// Of two sides.
    pub fn new(before: &Estate, after: &Estate) -> ClassNames {
        let (mut old, mut new) = (alone(before, after), alone(after, before));
        let mut names = ClassNames::default();
        // A test may ask for a class that has another name too: the next round goes by what this one finds.
        loop {
            let found = names.pairs((before, &old), (after, &new));
            if found.is_empty() {
                return names;
            }
            old.retain(|class| !found.contains_key(&class.name));
            new.retain(|class| found.values().all(|name| *name != class.name));
            names.0.extend(found);
        }
    }

    /// Old and new names of what only one class of each side is.
    fn pairs(
        &self,
        (before, old): (&Estate, &[&Class]),
        (after, new): (&Estate, &[&Class]),
    ) -> BTreeMap<ClassName, ClassName> {
        if old.is_empty() || new.is_empty() {
            return BTreeMap::new();
        }
        let mut natures: HashMap<Nature, [Vec<&ClassName>; 2]> = HashMap::new();
        for class in old {
            natures.entry(self.nature(before, class)).or_default()[0].push(&class.name);
        }
        let as_it_is = ClassNames::default();
        for class in new {
            natures.entry(as_it_is.nature(after, class)).or_default()[1].push(&class.name);
        }
        let one_each = natures.into_values().filter_map(|[old, new]| match (&old[..], &new[..]) {
            ([old], [new]) => Some(((*old).clone(), (*new).clone())),
            (_, _) => None,
        });
        one_each.collect()
    }

    fn nature(&self, estate: &Estate, class: &Class) -> Nature {
        match &class.test {
            Some(test) => {
                let mut test = test.clone();
                self.apply_to_test(&mut test);
                Nature::Test(test)
            }
            None => Nature::Reserved(reserved_into(estate, &class.name)),
        }
    }

    /// Whether every class is called what it was.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// States which classes have another name.
    pub fn state(&self, found: &mut Found) {
        for (old, new) in &self.0 {
            let (was, is) = (Some(old.to_string()), Some(new.to_string()));
            found.add(Statement::new(ChangeKind::ClassRenamed, old.as_str(), was, is), Subject::default());
        }
    }

    /// The old side by the new names. Its expressions stay as they were written.
    pub fn applied(&self, before: &Effective) -> Effective {
        let mut side = before.clone();
        let expressions = std::mem::take(&mut side.expressions).into_iter();
        side.expressions = expressions
            .map(|(mut class, text)| {
                self.apply_to(&mut class);
                (class, text)
            })
            .collect();
        let Estate {
            name: _,
            high_availability: _,
            subnet_selection_sources: _,
            classes,
            value_sets: _,
            meanings,
            reservations,
            sites,
        } = &mut side.estate;
        for class in classes {
            self.apply_to(&mut class.name);
            class.test.iter_mut().for_each(|test| self.apply_to_test(test));
        }
        meanings.iter_mut().flatten().for_each(|meaning| self.apply_to(&mut meaning.class));
        self.apply_to_reservations(reservations);
        for Site { code: _, name: _, reservations, networks } in sites {
            self.apply_to_reservations(reservations);
            for Network { name: _, relays: _, only, subnets } in networks {
                self.apply_to_set(only);
                subnets.iter_mut().for_each(|subnet| self.apply_to_subnet(subnet));
            }
        }
        side
    }

    fn apply_to_subnet(&self, subnet: &mut Subnet) {
        let Subnet { subnet: _, id: _, only, values: _, meanings: _, pools, reservations } = subnet;
        self.apply_to_set(only);
        pools.iter_mut().for_each(|pool| self.apply_to_set(&mut pool.only));
        self.apply_to_reservations(reservations);
    }

    fn apply_to_reservations(&self, reservations: &mut [Reservation]) {
        reservations.iter_mut().for_each(|reservation| self.apply_to_set(&mut reservation.classes));
    }

    /// Names in their order.
    fn apply_to_set(&self, names: &mut [ClassName]) {
        names.iter_mut().for_each(|name| self.apply_to(name));
        names.sort_unstable();
    }

    fn apply_to(&self, name: &mut ClassName) {
        if let Some(new) = self.0.get(name) {
            name.clone_from(new);
        }
    }

    fn apply_to_test(&self, test: &mut Test) {
        match test {
            Test::Member(class) => self.apply_to(class),
            Test::And(tests) | Test::Or(tests) => {
                tests.iter_mut().for_each(|test| self.apply_to_test(test));
            }
            Test::Not(test) => self.apply_to_test(test),
            Test::Equal(left, right) => [left, right].into_iter().for_each(|term| self.apply_to_term(term)),
            Test::In(term, list) => {
                self.apply_to_term(term);
                list.iter_mut().for_each(|term| self.apply_to_term(term));
            }
            Test::Within(term, _) | Test::Match(_, term) => self.apply_to_term(term),
            Test::Constant(_) | Test::Exists(_) => {}
        }
    }

    fn apply_to_term(&self, term: &mut Term) {
        match term {
            Term::IfElse { test, then, otherwise } => {
                self.apply_to_test(test);
                self.apply_to_term(then);
                self.apply_to_term(otherwise);
            }
            Term::Concat(parts) => parts.iter_mut().for_each(|part| self.apply_to_term(part)),
            Term::Split { of, delimiters: other, field: _ } | Term::HexText { of, separator: other } => {
                self.apply_to_term(of);
                self.apply_to_term(other);
            }
            Term::Substring { of, start: _, length: _ }
            | Term::Lower(of)
            | Term::Upper(of)
            | Term::AddressText(of)
            | Term::NumberText(_, of) => self.apply_to_term(of),
            Term::Literal(_) | Term::Value(_) => {}
        }
    }
}

/// Classes of the one side whose names the other does not know.
fn alone<'a>(side: &'a Estate, other: &Estate) -> Vec<&'a Class> {
    let names: BTreeSet<&ClassName> = other.classes.iter().map(|class| &class.name).collect();
    let is_alone = |class: &&Class| !names.contains(&class.name) && !is_built_in(&class.name);
    side.classes.iter().filter(is_alone).collect()
}

/// Clients that are reserved into a class, in order.
fn reserved_into(estate: &Estate, class: &ClassName) -> Vec<Identifier> {
    let sites = || estate.sites.iter();
    let subnets = sites().flat_map(|site| &site.networks).flat_map(|network| &network.subnets);
    let reservations = estate
        .reservations
        .iter()
        .chain(sites().flat_map(|site| &site.reservations))
        .chain(subnets.flat_map(|subnet| &subnet.reservations));
    let inside = reservations.filter(|reservation| reservation.classes.contains(class));
    let mut identifiers: Vec<Identifier> = inside.map(|reservation| reservation.identifier.clone()).collect();
    identifiers.sort_unstable();
    identifiers
}
