//! Makes an estate small: what every place within another says is said once, further out.
//!
//! Invariant: what a client is told stays the same. A value is lifted only if every place within says that key itself, so
//! that nobody inherits it who did not say it; who says something else goes on saying it.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::{ClassIndex, EstateDraft, Key, NetworkDraft, PlaceDraft, Says, SiteDraft};
use super::yaml::Yaml;

/// Whose word it is, and on what.
type Word = (Option<ClassIndex>, Key);

/// Lifts from subnets to networks, from networks to sites, and from sites to profiles and the estate.
pub fn lift(estate: &mut EstateDraft) {
    for site in &mut estate.sites {
        for network in &mut site.networks {
            let NetworkDraft { place, subnets, .. } = network;
            raise(place, subnets.iter_mut().map(|subnet| vec![&mut subnet.place]).collect());
        }
        let SiteDraft { place, networks, .. } = site;
        raise(place, networks.iter_mut().map(of_network).collect());
    }
    let EstateDraft { place, sites, .. } = estate;
    raise(place, sites.iter_mut().map(|site| vec![&mut site.place]).collect());
    profiles(estate);
}

/// A network with one subnet says what either says.
fn of_network(network: &mut NetworkDraft) -> Vec<&mut PlaceDraft> {
    match network.subnets.as_mut_slice() {
        [only] => vec![&mut only.place, &mut network.place],
        _ => vec![&mut network.place],
    }
}

/// Lifts the most common value of each key that everybody within says. Each place within is given with those that say
/// the same to its clients, the nearest first.
fn raise(around: &mut PlaceDraft, mut within: Vec<Vec<&mut PlaceDraft>>) {
    let [first, _, ..] = within.as_slice() else { return };
    let words: BTreeSet<Word> = first.iter().flat_map(|place| place.says.keys().copied()).collect();
    for word in words {
        let mut votes: BTreeMap<&Yaml, usize> = BTreeMap::new();
        let mut everybody = true;
        for places in &within {
            match places.iter().find_map(|place| place.says.get(&word)) {
                Some(value) => *votes.entry(value).or_default() += 1,
                None => everybody = false,
            }
        }
        let Some((value, count)) = votes.into_iter().max_by_key(|(_, count)| *count) else { continue };
        if !everybody || count < 2 {
            continue;
        }
        let value = value.clone();
        for places in &mut within {
            let nearest = places.iter().find_map(|place| place.says.get(&word)) == Some(&value);
            if nearest {
                places.iter_mut().for_each(|place| drop(place.says.remove(&word)));
            }
        }
        around.says.insert(word, value);
    }
}

/// Sites that say the same get a profile for it, if that is shorter.
fn profiles(estate: &mut EstateDraft) {
    let mut alike: BTreeMap<Vec<(Word, Yaml)>, Vec<usize>> = BTreeMap::new();
    for (at, site) in estate.sites.iter().enumerate() {
        // A value that no other site has would keep its site alone.
        let shared = |word: &Word, value: &Yaml| {
            let sites = estate.sites.iter().filter(|site| site.place.says.get(word) == Some(value));
            3 * sites.count() >= estate.sites.len().max(6)
        };
        let common: Vec<(Word, Yaml)> = site
            .place
            .says
            .iter()
            .filter(|(word, value)| shared(word, value))
            .map(|(word, value)| (*word, value.clone()))
            .collect();
        if !common.is_empty() {
            alike.entry(common).or_default().push(at);
        }
    }
    let mut groups: Vec<_> = alike.into_iter().collect();
    groups.sort_by_key(|(_, sites)| (std::cmp::Reverse(sites.len()), sites.first().copied()));
    for (common, sites) in groups {
        let (lines, count) = (common.len(), sites.len());
        if count < 2 || lines * count <= lines + count + 1 {
            continue;
        }
        let name = format!("profile-{}", estate.profiles.len() + 1);
        for at in sites {
            let site = &mut estate.sites[at];
            site.profile = Some(name.clone());
            common.iter().for_each(|(word, _)| drop(site.place.says.remove(word)));
        }
        let says: Says = common.into_iter().collect();
        estate.profiles.push((name, PlaceDraft { says, ..PlaceDraft::default() }));
    }
}
