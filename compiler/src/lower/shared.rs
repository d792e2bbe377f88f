//! Lists of which each distinct entry is stored once, numbered in the order in which it was first met.

use std::collections::HashMap;

use leasehold_schemas::artefact::{Meaning, ValueSet};

use super::inheritance::ClassValues;
use crate::model::Estate;

/// The sets and lists that places share.
#[derive(Debug, Default)]
pub struct Shared {
    value_sets: HashMap<ValueSet, u32>,
    meanings: HashMap<Vec<Meaning>, u32>,
}

impl Shared {
    /// The number of a set of values.
    pub fn value_set(&mut self, set: &ValueSet) -> u32 {
        if let Some(number) = self.value_sets.get(set) {
            return *number;
        }
        let number = next(self.value_sets.len());
        self.value_sets.insert(set.clone(), number);
        number
    }

    /// The number of a list of what classes mean, in the estate's order of classes.
    pub fn meanings(&mut self, estate: &Estate, classes: &[ClassValues]) -> u32 {
        let meaning = |(class, values): &ClassValues| Meaning {
            class: estate.classes[*class].name.value.clone(),
            values: self.value_set(values),
        };
        let list: Vec<Meaning> = classes.iter().map(meaning).collect();
        let number = next(self.meanings.len());
        *self.meanings.entry(list).or_insert(number)
    }

    /// Every set and every list, in the order of their numbers.
    pub fn into_lists(self) -> (Vec<ValueSet>, Vec<Vec<Meaning>>) {
        (in_order(self.value_sets), in_order(self.meanings))
    }
}

fn next(count: usize) -> u32 {
    u32::try_from(count).expect("an estate has fewer than 2^32 sets of values")
}

fn in_order<T>(numbered: HashMap<T, u32>) -> Vec<T> {
    let mut entries: Vec<(T, u32)> = numbered.into_iter().collect();
    entries.sort_unstable_by_key(|(_, number)| *number);
    entries.into_iter().map(|(entry, _)| entry).collect()
}
