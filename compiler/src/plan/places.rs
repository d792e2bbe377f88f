//! Sites, networks, subnets and pools: what goes, what comes, what becomes another.
//!
//! A subnet is its prefix. One that grew or shrank in its network is the same subnet; a site or network whose subnets
//! all have it under another name is the same site or network.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use leasehold_schemas::artefact::Site;
use leasehold_schemas::plan::ChangeKind;
use leasehold_schemas::vocab::{Cidr, SiteCode};

use super::clients::{self, Leftovers};
use super::compare::{Comparison, Located, sites_by_code};
use super::differences::{Difference, For, differences};
use super::pools;
use super::statement::{Found, Ground, Statement, Subject};
use super::value::{Key, Value};
use super::words::{count, guard, guard_text, is_narrower};

/// Which places of the two sides are the same.
#[derive(Debug, Default)]
pub struct Pairs<'a> {
    /// Subnets of both sides.
    pub both: Vec<(Located<'a>, Located<'a>)>,
    /// Subnets that are gone.
    pub removed: Vec<Located<'a>>,
    /// Subnets that are new.
    pub added: Vec<Located<'a>>,
    /// Sites of both sides.
    pub sites: Vec<(&'a Site, &'a Site)>,
}

type Network<'a> = (&'a SiteCode, &'a str);

/// Finds which places are the same, and states which come and go.
pub fn pair<'a>(comparison: &'a Comparison<'_>, found: &mut Found) -> Pairs<'a> {
    let (before, after) = (&comparison.before, &comparison.after);
    let mut pairs = Pairs::default();
    let mut gone: BTreeMap<Network<'a>, Vec<Located<'a>>> = BTreeMap::new();
    let mut new: BTreeMap<Network<'a>, Vec<Located<'a>>> = BTreeMap::new();
    for (prefix, was) in &before.subnets {
        match after.subnets.get(prefix) {
            Some(is) => pairs.both.push((*was, *is)),
            None => gone.entry((&was.site.code, &was.network.name)).or_default().push(*was),
        }
    }
    for is in after.subnets.values().filter(|is| !before.subnets.contains_key(&is.subnet.subnet)) {
        new.entry((&is.site.code, &is.network.name)).or_default().push(*is);
    }
    let mut resized = Vec::new();
    for (network, gone) in &mut gone {
        if let Some(new) = new.get_mut(network) {
            resize(gone, new, &mut resized);
        }
    }
    for (was, is) in &resized {
        let (old, new) = (was.subnet.subnet, is.subnet.subnet);
        let what = format!("subnet {old}");
        let statement =
            Statement::new(ChangeKind::SubnetResized, what, Some(old.to_string()), Some(new.to_string()));
        found.add(statement, is.subject());
    }
    pairs.both.extend(resized);
    pairs.both.sort_by_key(|(_, is)| is.subnet.subnet);
    pairs.removed = gone.into_values().flatten().collect();
    pairs.added = new.into_values().flatten().collect();
    come_and_go(comparison, &mut pairs, found);
    pairs
}

/// Takes out of both lists what is one subnet that grew or shrank.
fn resize<'a>(
    gone: &mut Vec<Located<'a>>,
    new: &mut Vec<Located<'a>>,
    resized: &mut Vec<(Located<'a>, Located<'a>)>,
) {
    gone.retain(|was| {
        let old = was.subnet.subnet;
        let overlaps = |is: &Located<'_>| is.subnet.subnet.overlaps(old);
        let same_base = new.iter().position(|is| overlaps(is) && is.subnet.subnet.network() == old.network());
        match same_base.or_else(|| new.iter().position(overlaps)) {
            Some(at) => resized.push((*was, new.remove(at))),
            None => return true,
        }
        false
    });
}

/// States sites, networks and subnets that come and go, at the widest level at which it is true, and other names.
fn come_and_go<'a>(comparison: &'a Comparison<'_>, pairs: &mut Pairs<'a>, found: &mut Found) {
    let was = sites_by_code(comparison.before.estate);
    let is = sites_by_code(comparison.after.estate);
    let renamed = renamed_sites(&was, &is, &pairs.both);
    let mut sites: Vec<(&'a Site, &'a Site)> = Vec::new();
    for (code, site) in &was {
        let new = is.get(code).or_else(|| renamed.get(*code).and_then(|code| is.get(*code)));
        sites.extend(new.map(|new| (*site, *new)));
    }
    for (site, new) in &sites {
        if site.code != new.code {
            let (was, is) = (Some(site.code.to_string()), Some(new.code.to_string()));
            let subject = Subject { site: Some(new.code.clone()), ..Subject::default() };
            found.add(Statement::new(ChangeKind::SiteCode, site.code.as_str(), was, is), subject);
        }
        if site.name != new.name {
            let subject = Subject { site: Some(new.code.clone()), ..Subject::default() };
            let what = new.code.as_str();
            found.add(
                Statement::new(ChangeKind::SiteName, what, site.name.clone(), new.name.clone()),
                subject,
            );
        }
    }
    let kept_before: BTreeSet<&SiteCode> = sites.iter().map(|(site, _)| &site.code).collect();
    let kept_after: BTreeSet<&SiteCode> = sites.iter().map(|(_, site)| &site.code).collect();
    let removed_sites: BTreeSet<&SiteCode> =
        was.keys().copied().filter(|code| !kept_before.contains(code)).collect();
    let added_sites: BTreeSet<&SiteCode> =
        is.keys().copied().filter(|code| !kept_after.contains(code)).collect();
    for (codes, sites, located, kind) in [
        (&removed_sites, &was, &pairs.removed, ChangeKind::SiteRemoved),
        (&added_sites, &is, &pairs.added, ChangeKind::SiteAdded),
    ] {
        for code in codes {
            whole_site(kind, sites[code], located, found);
        }
    }
    let mut networks = names_of_networks(pairs, &sites, found);
    // A network none of whose subnets is what it was, but which is still there by its name, goes on as well.
    for (site, new) in &sites {
        let still = |name: &str| new.networks.iter().any(|network| network.name == name);
        for network in site.networks.iter().filter(|network| still(&network.name)) {
            networks.before.insert((&site.code, &network.name));
            networks.after.insert((&new.code, &network.name));
        }
    }
    let stays = |one: &Located<'_>| networks.before.contains(&(&one.site.code, one.network.name.as_str()));
    part_of_site(&pairs.removed, &removed_sites, ChangeKind::NetworkRemoved, &stays, found);
    let stays = |one: &Located<'_>| networks.after.contains(&(&one.site.code, one.network.name.as_str()));
    part_of_site(&pairs.added, &added_sites, ChangeKind::NetworkAdded, &stays, found);
    for gone in &pairs.removed {
        found.dangers.push(comparison.risks.subnet_removed(gone, removed_sites.contains(&gone.site.code)));
    }
    comparison.risks.ids_reused(comparison, &pairs.added, &mut found.dangers);
    pairs.sites = sites;
}

/// Old codes of sites that have another code now: all their subnets, and no others, are in a site that is new.
fn renamed_sites<'a>(
    was: &BTreeMap<&'a SiteCode, &'a Site>,
    is: &BTreeMap<&'a SiteCode, &'a Site>,
    both: &[(Located<'a>, Located<'a>)],
) -> BTreeMap<&'a SiteCode, &'a SiteCode> {
    let mut homes: BTreeMap<&SiteCode, (BTreeSet<&'a SiteCode>, usize)> = BTreeMap::new();
    for (old, new) in both {
        if !is.contains_key(&old.site.code) && !was.contains_key(&new.site.code) {
            let (codes, count) = homes.entry(&old.site.code).or_default();
            codes.insert(&new.site.code);
            *count += 1;
        }
    }
    let subnets = |site: &Site| site.networks.iter().map(|network| network.subnets.len()).sum::<usize>();
    let mut renamed = BTreeMap::new();
    for (old, (codes, count)) in homes {
        let (Some(new), Some((old, site))) = (codes.first(), was.get_key_value(old)) else { continue };
        if codes.len() == 1 && count == subnets(site) && count == subnets(is[new]) {
            renamed.insert(*old, *new);
        }
    }
    renamed
}

fn whole_site(kind: ChangeKind, site: &Site, located: &[Located<'_>], found: &mut Found) {
    let subject = Subject { site: Some(site.code.clone()), ..Subject::default() };
    let own: Vec<&Located<'_>> = located.iter().filter(|one| one.site.code == site.code).collect();
    let about = Some(format!("{}{}", name_before(site), contents(&own)));
    let (was, is) = if kind == ChangeKind::SiteRemoved { (about, None) } else { (None, about) };
    let statement = Statement::new(kind, site.code.as_str(), was, is);
    let subjects: Vec<Subject> = own.iter().map(|one| one.subject()).collect();
    if subjects.is_empty() {
        found.add(statement.clone(), subject);
    }
    subjects.into_iter().for_each(|subject| found.add(statement.clone(), subject));
}

fn name_before(site: &Site) -> String {
    site.name.as_ref().map(|name| format!("{name}: ")).unwrap_or_default()
}

/// `2 subnets, 480 addresses in pools, 12 reservations`
fn contents(subnets: &[&Located<'_>]) -> String {
    let pools = subnets.iter().flat_map(|one| &one.subnet.pools).flat_map(|pool| &pool.ranges);
    let addresses: u64 = pools.map(|range| range.size()).sum();
    let reservations: usize = subnets.iter().map(|one| one.subnet.reservations.len()).sum();
    format!(
        "{}, {} in pools, {}",
        count(subnets.len() as u64, "subnet"),
        count(addresses, "address"),
        count(reservations as u64, "reservation")
    )
}

/// Networks, or single subnets of networks that stay.
fn part_of_site(
    located: &[Located<'_>],
    whole_sites: &BTreeSet<&SiteCode>,
    kind: ChangeKind,
    stays: &dyn Fn(&Located<'_>) -> bool,
    found: &mut Found,
) {
    let removed = kind == ChangeKind::NetworkRemoved;
    let mut networks: BTreeMap<Network<'_>, Vec<&Located<'_>>> = BTreeMap::new();
    for one in located.iter().filter(|one| !whole_sites.contains(&one.site.code)) {
        networks.entry((&one.site.code, &one.network.name)).or_default().push(one);
    }
    let sides = |about: String| if removed { (Some(about), None) } else { (None, Some(about)) };
    for ((_, name), subnets) in networks {
        if !stays(subnets[0]) {
            let (was, is) = sides(contents(&subnets));
            let statement = Statement::new(kind, name, was, is);
            subnets.iter().for_each(|one| found.add(statement.clone(), one.subject()));
            continue;
        }
        let kind = if removed { ChangeKind::SubnetRemoved } else { ChangeKind::SubnetAdded };
        for one in subnets {
            let about = contents(&[one]);
            let (was, is) = sides(about.strip_prefix("1 subnet, ").unwrap_or(&about).to_owned());
            found.add(Statement::new(kind, format!("subnet {}", one.subnet.subnet), was, is), one.subject());
        }
    }
}

/// Networks that go on.
struct Networks<'a> {
    before: BTreeSet<Network<'a>>,
    after: BTreeSet<Network<'a>>,
}

/// States networks of another name, subnets that moved, and relays; and says which networks go on.
fn names_of_networks<'a>(pairs: &Pairs<'a>, sites: &[(&Site, &Site)], found: &mut Found) -> Networks<'a> {
    let sites: BTreeSet<(&SiteCode, &SiteCode)> =
        sites.iter().map(|(was, is)| (&was.code, &is.code)).collect();
    let mut homes: BTreeMap<Network<'a>, BTreeSet<Network<'a>>> = BTreeMap::new();
    let mut origins: BTreeMap<Network<'a>, BTreeSet<Network<'a>>> = BTreeMap::new();
    let name = |one: &Located<'a>| -> Network<'a> { (&one.site.code, &one.network.name) };
    for (was, is) in &pairs.both {
        homes.entry(name(was)).or_default().insert(name(is));
        origins.entry(name(is)).or_default().insert(name(was));
    }
    // All subnets of the network are in one of the same site now, whatever its name, which has no others.
    let same = |was: Network<'a>, is: Network<'a>| {
        let alone = homes[&was].len() == 1 && origins[&is].len() == 1;
        sites.contains(&(was.0, is.0)) && (alone || was.1 == is.1)
    };
    let mut seen = BTreeSet::new();
    for (was, is) in &pairs.both {
        let (old, new) = (name(was), name(is));
        if !same(old, new) {
            let (from, to) = (place_name(old), place_name(new));
            let what = format!("subnet {}", is.subnet.subnet);
            found.add(Statement::new(ChangeKind::SubnetMoved, what, Some(from), Some(to)), is.subject());
            continue;
        }
        if !seen.insert((old, new)) {
            continue;
        }
        let subject =
            Subject { site: Some(new.0.clone()), network: Some(new.1.to_owned()), ..Subject::default() };
        if old.1 != new.1 {
            let (from, to) = (Some(old.1.to_owned()), Some(new.1.to_owned()));
            found.add(Statement::new(ChangeKind::NetworkRenamed, old.1, from, to), subject.clone());
        }
        if was.network.relays != is.network.relays {
            let (from, to) = (relays(&was.network.relays), relays(&is.network.relays));
            found.add(Statement::new(ChangeKind::Relays, "relays", from, to), subject);
        }
    }
    Networks { before: homes.into_keys().collect(), after: origins.into_keys().collect() }
}

fn place_name((site, network): Network<'_>) -> String {
    format!("site {site}, network {network}")
}

fn relays(relays: &[Ipv4Addr]) -> Option<String> {
    let shown: Vec<String> = relays.iter().map(ToString::to_string).collect();
    (!shown.is_empty()).then(|| shown.join(", "))
}

/// One subnet of both sides.
pub fn compare<'a>(
    comparison: &'a Comparison<'_>,
    (was, is): &(Located<'a>, Located<'a>),
) -> (Found, Leftovers<'a>) {
    let mut found = Found::default();
    if was.subnet.id != is.subnet.id {
        let (from, to) = (Some(was.subnet.id.to_string()), Some(is.subnet.id.to_string()));
        found.add(Statement::new(ChangeKind::SubnetId, "id", from, to), is.subject());
        found.dangers.push(comparison.risks.id_changed(is, was.subnet.id));
    }
    let (old, new) =
        (guard(&[&was.network.only, &was.subnet.only]), guard(&[&is.network.only, &is.subnet.only]));
    if old != new && pools::guard_matters(was, is) {
        let (from, to) = (guard_text(&old), guard_text(&new));
        if is_narrower(&old, &new) {
            found.dangers.push(comparison.risks.guard_narrowed(is.subject(), is.grounds(), &from, &to));
        }
        found.add(Statement::new(ChangeKind::SubnetGuard, "guard", from, to), is.subject());
    }
    let (before, after) =
        (comparison.before.values(was.subnet, None), comparison.after.values(is.subnet, None));
    let differences = differences(&before, &after);
    for difference in &differences {
        value(comparison, difference, is, None, is.subject(), &mut found);
    }
    pools::compare(comparison, (was, is), &differences, &mut found);
    let leftovers = clients::compare_in_subnet(comparison, (*was, *is), &mut found);
    (found, leftovers)
}

/// States that a value is another, and that a lease was cut.
pub fn value(
    comparison: &Comparison<'_>,
    difference: &Difference,
    place: &Located<'_>,
    pool: Option<Ipv4Addr>,
    subject: Subject,
    found: &mut Found,
) {
    let Difference { client, key, before, after } = difference;
    let words = &comparison.words;
    let class = match client {
        For::Anyone => None,
        For::Member(class) => Some(class.to_string()),
        For::Both(one, other) => Some(format!("{one} and {other}")),
    };
    let kind = if class.is_some() { ChangeKind::ClassValue } else { ChangeKind::Value };
    let (from, to) = (words.value(*key, before), words.value(*key, after));
    if let (Key::LeaseDefault, Some(Value::Time(from)), Some(Value::Time(to))) = (key, before, after) {
        let member = match client {
            For::Member(class) => Some(class.clone()),
            For::Anyone | For::Both(..) => None,
        };
        let said = Ground::Value { subnet: place.subnet.subnet, pool, class: member, key: *key };
        let mut grounds = vec![said];
        grounds.extend(place.grounds());
        found.dangers.extend(comparison.risks.lease_cut(
            class.as_deref(),
            (*from, *to),
            subject.clone(),
            grounds,
        ));
    }
    found.add(Statement { kind, class, what: words.key(*key), before: from, after: to }, subject);
}

/// Every prefix of the located subnets.
pub fn prefixes(located: &[Located<'_>]) -> BTreeSet<Cidr> {
    located.iter().map(|one| one.subnet.subnet).collect()
}
