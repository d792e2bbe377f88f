//! Two sides, place by place.

use std::collections::{BTreeMap, BTreeSet};

use leasehold_schemas::artefact::{self, HighAvailability, Network, Pool, Site, Subnet};
use leasehold_schemas::plan::ChangeKind;
use leasehold_schemas::vocab::{AddrRange, Cidr, ClassName, SiteCode};
use rayon::prelude::*;

use super::addresses;
use super::class_tests::{self, Turn};
use super::clients::{self, Leftovers};
use super::differences::PlaceValues;
use super::effective::Effective;
use super::expression_text::expression;
use super::places;
use super::risks::Risks;
use super::statement::{Danger, Found, Ground, Statement, Subject};
use super::value::{Said, said};
use super::words::Words;

/// One side, ready to be asked.
#[derive(Debug)]
pub struct Side<'a> {
    /// The estate.
    pub estate: &'a artefact::Estate,
    /// Its sets of values by their numbers.
    pub sets: Vec<Said>,
    /// Every subnet. Of two with one prefix, which is an error of the estate, the first.
    pub subnets: BTreeMap<Cidr, Located<'a>>,
}

/// A subnet and where it is.
#[derive(Clone, Copy, Debug)]
pub struct Located<'a> {
    /// Its site.
    pub site: &'a Site,
    /// Its network.
    pub network: &'a Network,
    /// Itself.
    pub subnet: &'a Subnet,
}

/// Everything that comparing needs.
#[derive(Debug)]
pub struct Comparison<'a> {
    /// What it is compared with.
    pub before: Side<'a>,
    /// The estate with the change.
    pub after: Side<'a>,
    /// How things are called.
    pub words: Words,
    /// What is dangerous.
    pub risks: Risks<'a>,
}

impl<'a> Side<'a> {
    /// Of a view.
    pub fn new(effective: &'a Effective) -> Side<'a> {
        let estate = &effective.estate;
        let mut subnets = BTreeMap::new();
        for site in &estate.sites {
            for network in &site.networks {
                for subnet in &network.subnets {
                    subnets.entry(subnet.subnet).or_insert(Located { site, network, subnet });
                }
            }
        }
        Side { estate, sets: estate.value_sets.iter().map(said).collect(), subnets }
    }

    /// What a subnet says, or one of its pools.
    pub fn values(&self, subnet: &Subnet, pool: Option<&Pool>) -> PlaceValues<'_> {
        let values = pool.and_then(|pool| pool.values).unwrap_or(subnet.values);
        let meanings = pool.and_then(|pool| pool.meanings).unwrap_or(subnet.meanings);
        let meanings = self.estate.meanings[meanings as usize].iter();
        PlaceValues {
            values: &self.sets[values as usize],
            meanings: meanings.map(|said| (&said.class, &self.sets[said.values as usize])).collect(),
        }
    }
}

impl Located<'_> {
    /// The subnet as a subject.
    pub fn subject(&self) -> Subject {
        Subject {
            site: Some(self.site.code.clone()),
            network: Some(self.network.name.clone()),
            subnet: Some(self.subnet.subnet),
            ..Subject::default()
        }
    }

    /// Where an `allow:` entry for the subnet may stand.
    pub fn grounds(&self) -> Vec<Ground> {
        vec![Ground::Subnet(self.subnet.subnet)]
    }
}

/// Everything that is another on the other side, and what of it could hurt.
pub fn compare(comparison: &Comparison<'_>, sides: [&Effective; 2]) -> Found {
    let mut found = Found::default();
    estate(comparison, sides, &mut found);
    classes(comparison, sides, &mut found);
    let pairs = places::pair(comparison, &mut found);
    let parts: Vec<(Found, Leftovers<'_>)> =
        pairs.both.par_iter().map(|pair| places::compare(comparison, pair)).collect();
    let mut leftovers = Leftovers::default();
    for (part, left) in parts {
        found.merge(part);
        leftovers.merge(left);
    }
    leftovers.gone_with_subnet(&pairs.removed);
    leftovers.new_with_subnet(&pairs.added);
    clients::compare(comparison, leftovers, &mut found);
    clients::devices(comparison, &pairs.sites, &mut found);
    found
}

/// What belongs to the whole estate.
fn estate(comparison: &Comparison<'_>, [before, after]: [&Effective; 2], found: &mut Found) {
    // Classes, values and sites are compared elsewhere; a new field stops the build until it is compared too.
    let artefact::Estate {
        name,
        high_availability,
        subnet_selection_sources: sources,
        classes: _,
        value_sets: _,
        meanings: _,
        reservations: _,
        sites: _,
    } = &after.estate;
    // A side with faults may have lost its name.
    let named = !before.estate.name.is_empty() && !name.is_empty();
    if named && before.estate.name != *name {
        let (was, is) = (Some(before.estate.name.clone()), Some(name.clone()));
        found.add(Statement::new(ChangeKind::EstateRenamed, "estate", was, is), Subject::default());
    }
    if before.format != after.format {
        let (was, is) = (Some(before.format.to_string()), Some(after.format.to_string()));
        found.add(Statement::new(ChangeKind::ArtefactFormat, "artefact format", was, is), Subject::default());
        if before.format < after.format {
            found.dangers.push(comparison.risks.format_raised(before.format, after.format));
        }
    }
    if before.estate.subnet_selection_sources != *sources {
        let shown = |sources: &[AddrRange]| (!sources.is_empty()).then(|| addresses::shown(sources));
        let (was, is) = (shown(&before.estate.subnet_selection_sources), shown(sources));
        let what = "subnet selection sources";
        found.add(Statement::new(ChangeKind::SubnetSelectionSources, what, was, is), Subject::default());
    }
    let of_pair = pair_differences(&before.estate.high_availability, high_availability);
    found.dangers.extend(comparison.risks.high_availability(&of_pair));
    for (what, was, is) in of_pair {
        found.add(Statement::new(ChangeKind::HighAvailability, what, was, is), Subject::default());
    }
}

/// What differs of the pair, as it was, as it is.
pub type Line = (String, Option<String>, Option<String>);

/// What differs between two pairs of servers, in words.
fn pair_differences(before: &Option<HighAvailability>, after: &Option<HighAvailability>) -> Vec<Line> {
    let lines = |pair: &Option<HighAvailability>| -> Vec<(String, String)> {
        let Some(pair) = pair else { return Vec::new() };
        let HighAvailability {
            mode,
            servers,
            heartbeat_delay_ms,
            max_response_delay_ms,
            peer_ack_wait_ms,
            mclt_secs,
            standby_share,
        } = pair;
        let mut lines = vec![
            ("mode".to_owned(), word(mode)),
            ("standby share".to_owned(), format!("1/{standby_share}")),
            ("maximum client lead time (MCLT)".to_owned(), mclt_secs.to_string()),
            ("heartbeat delay".to_owned(), heartbeat_delay_ms.to_string()),
            ("maximum response delay".to_owned(), max_response_delay_ms.to_string()),
            ("wait for the peer's word".to_owned(), peer_ack_wait_ms.to_string()),
        ];
        for artefact::Peer { name, role, peer_address } in servers {
            lines.push((format!("{} server", word(role)), format!("{name} at {peer_address}")));
        }
        lines
    };
    match (before, after) {
        (None, None) => Vec::new(),
        (None, Some(pair)) => vec![("pair of servers".to_owned(), None, Some(word(&pair.mode)))],
        (Some(pair), None) => vec![("pair of servers".to_owned(), Some(word(&pair.mode)), None)],
        (Some(_), Some(_)) => {
            let (was, is) = (lines(before), lines(after));
            let names: Vec<&String> = is.iter().chain(&was).map(|(name, _)| name).collect();
            let value = |lines: &[(String, String)], name: &str| {
                lines.iter().find(|line| line.0 == name).map(|line| line.1.clone())
            };
            let mut seen = BTreeSet::new();
            let names = names.into_iter().filter(|name| seen.insert(*name));
            let line = |name: &String| (name.clone(), value(&was, name), value(&is, name));
            names.map(line).filter(|(_, was, is)| was != is).collect()
        }
    }
}

/// A variant as the estate language writes it.
fn word(variant: &impl serde::Serialize) -> String {
    serde_json::to_value(variant)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .expect("the variant is written as a word")
}

/// Classes that come and go, and who is in them.
fn classes(comparison: &Comparison<'_>, [before, after]: [&Effective; 2], found: &mut Found) {
    let by_name = |side: &'_ Effective| -> BTreeMap<ClassName, (Option<artefact::Test>, Option<String>)> {
        let classes = side.estate.classes.iter();
        classes.map(|class| (class.name.clone(), (class.test.clone(), expression(side, class)))).collect()
    };
    let (was, is) = (by_name(before), by_name(after));
    let written =
        |text: &Option<String>| text.clone().unwrap_or_else(|| "only who is reserved into it".to_owned());
    for (name, (test, text)) in &was {
        match is.get(name) {
            None => {
                let statement =
                    Statement::new(ChangeKind::ClassRemoved, name.as_str(), Some(written(text)), None);
                found.add(statement, Subject::default());
            }
            Some((new_test, new_text)) if new_test != test => {
                let turn = match (test, new_test) {
                    (Some(old), Some(_)) => class_tests::turn(&after.estate.classes, name, old),
                    (None, _) => Turn::Wider,
                    (Some(_), None) => Turn::Other,
                };
                if turn == Turn::Same {
                    continue;
                }
                if turn == Turn::Other {
                    guards_narrowed(comparison, name, &mut found.dangers);
                }
                let (before, after) = (Some(written(text)), Some(written(new_text)));
                found.add(
                    Statement::new(ChangeKind::ClassTest, name.as_str(), before, after),
                    Subject::default(),
                );
            }
            Some(_) => {}
        }
    }
    for (name, (_, text)) in is.iter().filter(|(name, _)| !was.contains_key(*name)) {
        let statement = Statement::new(ChangeKind::ClassAdded, name.as_str(), None, Some(written(text)));
        found.add(statement, Subject::default());
    }
}

/// Places that are open to the class alone, or to it among others, now that somebody is not in it any more.
fn guards_narrowed(comparison: &Comparison<'_>, class: &ClassName, dangers: &mut Vec<Danger>) {
    for place in comparison.after.subnets.values() {
        let pools = place.subnet.pools.iter().map(|pool| &pool.only);
        let mut guards = [&place.network.only, &place.subnet.only].into_iter().chain(pools);
        if guards.any(|only| only.contains(class)) {
            dangers.push(comparison.risks.class_narrowed(class, place.subject()));
        }
    }
}

/// Sites by their codes; of two with one code, which is an error of the estate, the first.
pub fn sites_by_code(estate: &artefact::Estate) -> BTreeMap<&SiteCode, &Site> {
    let mut sites = BTreeMap::new();
    for site in &estate.sites {
        sites.entry(&site.code).or_insert(site);
    }
    sites
}
