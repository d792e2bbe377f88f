//! What several sites say alike: numbers of reservations, remembered site by site.
//!
//! Invariant: two reservations that are alike have one number. Two that are not may have one as well: the rule itself
//! looks. So an edit costs the numbers of one site, and a look at all numbers, which are few octets each.

use crate::model::{Estate, Id, Reservation};

/// A reservation with its number.
pub type Keyed = (u64, Id<Reservation>);

/// Gives the reservations of a part of the estate their numbers.
pub type Keys = fn(&Estate) -> Vec<Keyed>;

/// Bits looked at for each number: so many that few different numbers share one.
const BITS_EACH: usize = 16;

/// Those whose number is there more than once, in the order of numbers and then of reservations.
pub fn repeated(parts: &[&[Keyed]]) -> Vec<Keyed> {
    let count: usize = parts.iter().map(|part| part.len()).sum();
    let bits = (count * BITS_EACH).next_power_of_two().max(64);
    let (mut once, mut twice) = (vec![0_u64; bits / 64], vec![0_u64; bits / 64]);
    let all = || parts.iter().flat_map(|part| part.iter());
    for (number, _) in all() {
        let (word, bit) = place(*number, bits);
        twice[word] |= once[word] & bit;
        once[word] |= bit;
    }
    let shared = |(number, _): &&Keyed| {
        let (word, bit) = place(*number, bits);
        twice[word] & bit != 0
    };
    let mut found: Vec<Keyed> = all().filter(shared).copied().collect();
    found.sort_unstable();
    let mut alone = Vec::new();
    for same in found.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() == 1) {
        alone.push(same[0]);
    }
    found.retain(|entry| alone.binary_search(entry).is_err());
    found
}

/// A number's bit among so many, a power of two.
fn place(number: u64, bits: usize) -> (usize, u64) {
    // Numbers may differ in any of their bits: a product spreads them over its upper half.
    let spread = usize::try_from(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32).unwrap_or(0) & (bits - 1);
    (spread / 64, 1 << (spread % 64))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn those_are_found_that_are_there_twice(parts in prop::collection::vec(prop::collection::vec(0_u64..40, 0..20), 0..6)) {
            let mut index = 0;
            let mut number = |number: u64| {
                index += 1;
                (number, Id::from_index(index))
            };
            let parts: Vec<Vec<Keyed>> =
                parts.into_iter().map(|part| part.into_iter().map(&mut number).collect()).collect();
            let all: Vec<Keyed> = parts.iter().flatten().copied().collect();
            let is_twice = |entry: &&Keyed| all.iter().filter(|other| other.0 == entry.0).count() > 1;
            let mut expected: Vec<Keyed> = all.iter().filter(is_twice).copied().collect();
            expected.sort_unstable();
            let slices: Vec<&[Keyed]> = parts.iter().map(Vec::as_slice).collect();
            prop_assert_eq!(repeated(&slices), expected);
        }
    }
}
