//! Lists of which each distinct entry is stored once, numbered in the order in which it was first met.
//!
//! Invariant: sites that number their entries apart, and are taken in one after the other, end with the numbers they
//! would have got had one walk met them all; so sites are lowered side by side.

use std::collections::HashMap;

use leasehold_schemas::artefact::{Meaning, Network, Pool, Reservation, Site, Subnet, ValueSet};

use super::inheritance::ClassValues;
use crate::model::Estate;

/// The sets and lists that places share.
#[derive(Debug, Default)]
pub struct Shared {
    value_sets: HashMap<ValueSet, u32>,
    meanings: HashMap<Vec<Meaning>, u32>,
}

impl Shared {
    /// Takes in what one site met, and gives the site the numbers that hold for all.
    pub fn take_in(&mut self, site: &mut Site, met: Shared) {
        let (value_sets, meanings) = met.into_lists();
        let value_sets: Vec<u32> = value_sets.into_iter().map(|set| self.number(set)).collect();
        let meanings = meanings.into_iter().map(|mut list| {
            list.iter_mut().for_each(|meaning| renumber(&mut meaning.values, &value_sets));
            self.list_number(list)
        });
        let meanings: Vec<u32> = meanings.collect();
        let Site { code: _, name: _, reservations, networks } = site;
        renumber_reservations(reservations, &value_sets);
        for Network { name: _, relays: _, only: _, subnets } in networks {
            for subnet in subnets {
                let Subnet { subnet: _, id: _, only: _, values, meanings: list, pools, reservations } =
                    subnet;
                renumber(values, &value_sets);
                renumber(list, &meanings);
                for Pool { ranges: _, only: _, values, meanings: list } in pools {
                    values.iter_mut().for_each(|number| renumber(number, &value_sets));
                    list.iter_mut().for_each(|number| renumber(number, &meanings));
                }
                renumber_reservations(reservations, &value_sets);
            }
        }
    }

    /// The number of a set of values.
    pub fn value_set(&mut self, set: &ValueSet) -> u32 {
        if let Some(number) = self.value_sets.get(set) {
            return *number;
        }
        self.number(set.clone())
    }

    /// The number of a list of what classes mean, in the estate's order of classes.
    pub fn meanings(&mut self, estate: &Estate, classes: &[ClassValues]) -> u32 {
        let meaning = |(class, values): &ClassValues| Meaning {
            class: estate.classes[*class].name.value.clone(),
            values: self.value_set(values),
        };
        let list = classes.iter().map(meaning).collect();
        self.list_number(list)
    }

    /// Every set and every list, in the order of their numbers.
    pub fn into_lists(self) -> (Vec<ValueSet>, Vec<Vec<Meaning>>) {
        (in_order(self.value_sets), in_order(self.meanings))
    }

    fn number(&mut self, set: ValueSet) -> u32 {
        let number = next(self.value_sets.len());
        *self.value_sets.entry(set).or_insert(number)
    }

    fn list_number(&mut self, list: Vec<Meaning>) -> u32 {
        let number = next(self.meanings.len());
        *self.meanings.entry(list).or_insert(number)
    }
}

fn renumber_reservations(reservations: &mut [Reservation], value_sets: &[u32]) {
    for Reservation { identifier: _, address: _, hostname: _, classes: _, values } in reservations {
        values.iter_mut().for_each(|number| renumber(number, value_sets));
    }
}

fn renumber(number: &mut u32, numbers: &[u32]) {
    *number = numbers[usize::try_from(*number).expect("an index into memory")];
}

fn next(count: usize) -> u32 {
    u32::try_from(count).expect("an estate has fewer than 2^32 sets of values")
}

fn in_order<T>(numbered: HashMap<T, u32>) -> Vec<T> {
    let mut entries: Vec<(T, u32)> = numbered.into_iter().collect();
    entries.sort_unstable_by_key(|(_, number)| *number);
    entries.into_iter().map(|(entry, _)| entry).collect()
}
