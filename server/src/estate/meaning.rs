//! What each address means, in short: which artefacts say the same of it can be told without reading either again.
//!
//! An address means its subnet and network, the guards on its way, whether it lies in a pool, and for whom it is
//! reserved. Options and times are no part of it: they give nobody another's address. Invariant: pieces stand in
//! order, do not overlap, and neighbours differ.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher as _};

use leasehold_schemas::artefact::{self, Class, Identifier, Test};
use leasehold_schemas::vocab::{AddrRange, ClassName};

/// From its first address to its last, what a piece means, as a number.
type Piece = (u32, u32, u64);

/// What every address of an estate means.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Meaning(Box<[Piece]>);

impl Meaning {
    /// What an estate says. Subnets that overlap are refused elsewhere; here the first one counts.
    pub fn of(estate: &artefact::Estate) -> Meaning {
        let guards = Guards::of(&estate.classes);
        let mut pieces = Vec::new();
        for site in &estate.sites {
            for network in &site.networks {
                let network_guard = guards.of_guard(&network.only);
                for subnet in &network.subnets {
                    let place = number(&(
                        site.code.as_str(),
                        network.name.as_str(),
                        subnet.subnet,
                        network_guard,
                        guards.of_guard(&subnet.only),
                    ));
                    of_subnet(place, subnet, &guards, &mut pieces);
                }
            }
        }
        pieces.sort_unstable();
        Meaning(joined(pieces))
    }

    /// The addresses of which two estates do not say the same.
    pub fn differing(&self, other: &Meaning) -> Vec<AddrRange> {
        let mut cuts: Vec<u64> = Vec::with_capacity(2 * (self.0.len() + other.0.len()));
        for (first, last, _) in self.0.iter().chain(&other.0) {
            cuts.extend([u64::from(*first), u64::from(*last) + 1]);
        }
        cuts.sort_unstable();
        cuts.dedup();
        let (mut mine, mut theirs) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut found: Vec<Piece> = Vec::new();
        for two in cuts.windows(2) {
            let (first, last) = (address(two[0]), address(two[1] - 1));
            if at(&mut mine, first) != at(&mut theirs, first) {
                found.push((first, last, 0));
            }
        }
        let range = |(first, last, _): &Piece| {
            AddrRange::new((*first).into(), (*last).into())
                .expect("a piece has its first address before its last")
        };
        joined(found).iter().map(range).collect()
    }
}

/// A cut is between two addresses, so it is less than 2^32 but for the last.
fn address(cut: u64) -> u32 {
    u32::try_from(cut).unwrap_or(u32::MAX)
}

/// What the address means by pieces that are gone through in order.
fn at(pieces: &mut std::iter::Peekable<std::slice::Iter<'_, Piece>>, address: u32) -> Option<u64> {
    while pieces.peek().is_some_and(|(_, last, _)| *last < address) {
        pieces.next();
    }
    pieces.peek().filter(|(first, _, _)| *first <= address).map(|(_, _, means)| *means)
}

/// Pieces in order, neighbours that mean the same made one.
fn joined(pieces: Vec<Piece>) -> Box<[Piece]> {
    let mut joined: Vec<Piece> = Vec::with_capacity(pieces.len());
    for (first, last, means) in pieces {
        match joined.last_mut() {
            Some(before) if before.1 >= first => {}
            Some(before) if before.1.checked_add(1) == Some(first) && before.2 == means => before.1 = last,
            Some(_) | None => joined.push((first, last, means)),
        }
    }
    joined.into()
}

/// A subnet cut into what lies in no pool, what lies in pools, and what is reserved.
fn of_subnet(place: u64, subnet: &artefact::Subnet, guards: &Guards, out: &mut Vec<Piece>) {
    let whole = subnet.subnet.range();
    let mut pools: Vec<Piece> = Vec::new();
    for pool in &subnet.pools {
        let means = number(&(place, "pool", guards.of_guard(&pool.only)));
        pools
            .extend(pool.ranges.iter().map(|range| (range.first().to_bits(), range.last().to_bits(), means)));
    }
    pools.sort_unstable();
    let mut holders: BTreeMap<u32, Vec<&Identifier>> = BTreeMap::new();
    for reservation in &subnet.reservations {
        if let Some(address) = reservation.address {
            holders.entry(address.to_bits()).or_default().push(&reservation.identifier);
        }
    }
    let (mut next, last) = (u64::from(whole.first().to_bits()), u64::from(whole.last().to_bits()));
    for (first, end, means) in pools.into_iter().chain([(u32::MAX, u32::MAX, place)]) {
        // Up to the pool, then the pool.
        for (until, means) in
            [(u64::from(first).min(last + 1), place), ((u64::from(end) + 1).min(last + 1), means)]
        {
            let run = (next, until, means);
            cut_by_reservations(run, &holders, out);
            next = next.max(until);
        }
    }
}

/// A run of addresses that mean the same but for those that are reserved; `until` is behind it.
fn cut_by_reservations(
    (mut next, until, means): (u64, u64, u64),
    holders: &BTreeMap<u32, Vec<&Identifier>>,
    out: &mut Vec<Piece>,
) {
    if next >= until {
        return;
    }
    let reserved = holders.range(address(next)..=address(until - 1));
    for (at, identifiers) in reserved {
        if next < u64::from(*at) {
            out.push((address(next), *at - 1, means));
        }
        out.push((*at, *at, number(&(means, "reserved", identifiers))));
        next = u64::from(*at) + 1;
    }
    if next < until {
        out.push((address(next), address(until - 1), means));
    }
}

/// What classes mean, those they name included.
struct Guards<'a>(HashMap<&'a str, u64>);

impl<'a> Guards<'a> {
    /// A class names only what is built in, or stands before it.
    fn of(classes: &'a [Class]) -> Guards<'a> {
        let mut guards = Guards(HashMap::new());
        for Class { name, test } in classes {
            let mut named = Vec::new();
            if let Some(test) = test {
                names(test, &mut named);
            }
            let named: Vec<u64> = named.into_iter().map(|name| guards.of_class(name)).collect();
            let means = number(&(name.as_str(), test, named));
            guards.0.insert(name.as_str(), means);
        }
        guards
    }

    fn of_class(&self, name: &ClassName) -> u64 {
        self.0.get(name.as_str()).copied().unwrap_or_else(|| number(name.as_str()))
    }

    /// Whoever is in one of the classes passes, so their order is no part of it; an empty guard lets everyone pass.
    fn of_guard(&self, only: &[ClassName]) -> u64 {
        let mut classes: Vec<u64> = only.iter().map(|name| self.of_class(name)).collect();
        classes.sort_unstable();
        number(&classes)
    }
}

/// The classes that a test names.
fn names<'a>(test: &'a Test, out: &mut Vec<&'a ClassName>) {
    match test {
        Test::And(tests) | Test::Or(tests) => tests.iter().for_each(|test| names(test, out)),
        Test::Not(test) => names(test, out),
        Test::Member(name) => out.push(name),
        Test::Constant(_)
        | Test::Equal(..)
        | Test::In(..)
        | Test::Within(..)
        | Test::Match(..)
        | Test::Exists(_) => {}
    }
}

/// The same value gives the same number in every process of one release; it is compared only within one.
fn number<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests;
