//! Clients known by name: reservations by what they know a client by, wherever they stand, and devices.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use leasehold_schemas::artefact::{Identifier, Reservation, Site};
use leasehold_schemas::plan::ChangeKind;
use leasehold_schemas::vocab::{Cidr, ClassName};

use super::compare::{Comparison, Located, Side};
use super::differences::{PlaceValues, Told, find};
use super::places::prefixes;
use super::statement::{Found, Ground, Statement, Subject};
use super::value::{Key, Said, Value, default_of};
use super::words::client;

/// A reservation and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Placed<'a> {
    /// The reservation.
    pub reservation: &'a Reservation,
    /// Its subnet.
    pub place: Located<'a>,
}

/// Reservations that their subnet has on one side only.
#[derive(Debug, Default)]
pub struct Leftovers<'a> {
    before: Vec<Placed<'a>>,
    after: Vec<Placed<'a>>,
    /// Subnets that are on one side only: what goes or comes with them needs no word of its own.
    removed_subnets: BTreeSet<Cidr>,
    added_subnets: BTreeSet<Cidr>,
}

impl<'a> Leftovers<'a> {
    /// Takes somebody else's.
    pub fn merge(&mut self, other: Leftovers<'a>) {
        self.before.extend(other.before);
        self.after.extend(other.after);
    }

    /// Reservations of subnets that are gone.
    pub fn gone_with_subnet(&mut self, removed: &[Located<'a>]) {
        self.removed_subnets = prefixes(removed);
        self.before.extend(removed.iter().flat_map(all));
    }

    /// Reservations of subnets that are new.
    pub fn new_with_subnet(&mut self, added: &[Located<'a>]) {
        self.added_subnets = prefixes(added);
        self.after.extend(added.iter().flat_map(all));
    }
}

fn all<'a>(place: &Located<'a>) -> impl Iterator<Item = Placed<'a>> {
    let place = *place;
    place.subnet.reservations.iter().map(move |reservation| Placed { reservation, place })
}

/// Reservations of one subnet of both sides; gives those that have no counterpart in it.
pub fn compare_in_subnet<'a>(
    comparison: &'a Comparison<'_>,
    (was, is): (Located<'a>, Located<'a>),
    found: &mut Found,
) -> Leftovers<'a> {
    let mut leftovers = Leftovers::default();
    let (mut before, mut after) = (all(&was).peekable(), all(&is).peekable());
    loop {
        let order = match (before.peek(), after.peek()) {
            (None, None) => return leftovers,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(old), Some(new)) => old.reservation.identifier.cmp(&new.reservation.identifier),
        };
        match order {
            Ordering::Less => leftovers.before.extend(before.next()),
            Ordering::Greater => leftovers.after.extend(after.next()),
            Ordering::Equal => {
                if let (Some(old), Some(new)) = (before.next(), after.next()) {
                    same_client(comparison, old, new, found);
                }
            }
        }
    }
}

/// Reservations that moved to another subnet, that were given to another device, that came and that went.
pub fn compare(comparison: &Comparison<'_>, leftovers: Leftovers<'_>, found: &mut Found) {
    let Leftovers { mut before, after, removed_subnets, added_subnets } = leftovers;
    before.sort_by(|a, b| a.reservation.identifier.cmp(&b.reservation.identifier));
    let mut by_client: BTreeMap<&Identifier, Vec<Placed<'_>>> = BTreeMap::new();
    for new in after {
        by_client.entry(&new.reservation.identifier).or_default().push(new);
    }
    let mut gone: Vec<Placed<'_>> = Vec::new();
    for old in before {
        match by_client.get_mut(&old.reservation.identifier).filter(|places| !places.is_empty()) {
            Some(places) => same_client(comparison, old, places.remove(0), found),
            None => gone.push(old),
        }
    }
    let mut by_address: BTreeMap<(Cidr, Ipv4Addr), Placed<'_>> = BTreeMap::new();
    let mut come: Vec<Placed<'_>> = Vec::new();
    for new in by_client.into_values().flatten() {
        match new.reservation.address {
            Some(address) => {
                if let Some(other) = by_address.insert((new.place.subnet.subnet, address), new) {
                    come.push(other);
                }
            }
            None => come.push(new),
        }
    }
    let mut removed: Vec<Placed<'_>> = Vec::new();
    for old in gone {
        let at = old.reservation.address.map(|address| (old.place.subnet.subnet, address));
        match at.and_then(|at| by_address.remove(&at)) {
            Some(new) => replaced(comparison, old, new, found),
            None if removed_subnets.contains(&old.place.subnet.subnet) => {}
            None => removed.push(old),
        }
    }
    come.extend(by_address.into_values());
    for new in come {
        comparison.risks.takes_address(comparison, new, found);
        if !added_subnets.contains(&new.place.subnet.subnet) {
            let shown = client(new.reservation).shown;
            let statement = Statement::new(ChangeKind::ReservationAdded, shown, None, address_of(&new));
            found.add(statement, subject(&new));
        }
    }
    for old in &removed {
        let shown = client(old.reservation).shown;
        let statement = Statement::new(ChangeKind::ReservationRemoved, shown, address_of(old), None);
        found.add(statement, subject(old));
    }
    comparison.risks.many_removed(comparison, &removed, &mut found.dangers);
}

fn subject(placed: &Placed<'_>) -> Subject {
    Subject { client: Some(client(placed.reservation)), ..placed.place.subject() }
}

fn address_of(placed: &Placed<'_>) -> Option<String> {
    let address = placed.reservation.address;
    Some(address.map_or_else(|| "no address of its own".to_owned(), |address| address.to_string()))
}

/// Another device behind the same address.
fn replaced(comparison: &Comparison<'_>, old: Placed<'_>, new: Placed<'_>, found: &mut Found) {
    let what = old.reservation.address.map(|address| address.to_string()).unwrap_or_default();
    let (from, to) = (client(old.reservation).shown, client(new.reservation).shown);
    let statement = Statement::new(ChangeKind::ReservationReplaced, what, Some(from), Some(to));
    found.add(statement, subject(&new));
    comparison.risks.takes_address(comparison, new, found);
    details(comparison, old, new, true, found);
}

/// One client before and after.
fn same_client(comparison: &Comparison<'_>, old: Placed<'_>, new: Placed<'_>, found: &mut Found) {
    let elsewhere = (&old.place.site.code, &old.place.network.name)
        != (&new.place.site.code, &new.place.network.name)
        && old.place.subnet.subnet != new.place.subnet.subnet;
    if old.reservation.address != new.reservation.address || elsewhere {
        let place = |placed: &Placed<'_>| {
            let address = address_of(placed)?;
            let Located { site, network, .. } = placed.place;
            Some(if elsewhere {
                format!("{address} (site {}, network {})", site.code, network.name)
            } else {
                address
            })
        };
        let shown = client(new.reservation).shown;
        let statement = Statement::new(ChangeKind::ReservationMoved, shown, place(&old), place(&new));
        found.add(statement, subject(&new));
        if old.reservation.address != new.reservation.address {
            comparison.risks.takes_address(comparison, new, found);
        }
    }
    details(comparison, old, new, false, found);
}

/// Everything of a reservation but its client and address.
fn details(
    comparison: &Comparison<'_>,
    old: Placed<'_>,
    new: Placed<'_>,
    is_other_device: bool,
    found: &mut Found,
) {
    // The address and the client are compared by whoever finds the counterpart.
    let Reservation { identifier: _, address: _, hostname, classes, values } = new.reservation;
    let shown = || client(new.reservation).shown;
    if old.reservation.hostname != *hostname && !is_other_device {
        let (was, is) = (old.reservation.hostname.clone(), hostname.clone());
        let known_by = super::words::identifier_text(&new.reservation.identifier);
        found.add(Statement::new(ChangeKind::ReservationHostname, known_by, was, is), subject(&new));
    }
    if old.reservation.classes != *classes {
        let (was, is) = (class_list(&old.reservation.classes), class_list(classes));
        found.add(Statement::new(ChangeKind::ReservationClasses, shown(), was, is), subject(&new));
    }
    if old.reservation.values.is_none() && values.is_none() {
        return;
    }
    let nothing = Said::new();
    let before = own(&comparison.before, old.reservation, &nothing);
    let after = own(&comparison.after, new.reservation, &nothing);
    if before == after {
        return;
    }
    let was = comparison.before.values(old.place.subnet, None);
    let is = comparison.after.values(new.place.subnet, None);
    let mut keys: Vec<Key> = before.iter().chain(after).map(|(key, _)| *key).collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        let (before, after) = (told(before, &was, key), told(after, &is, key));
        if before != after {
            value(comparison, &new, key, (&before, &after), found);
        }
    }
}

fn value(
    comparison: &Comparison<'_>,
    new: &Placed<'_>,
    key: Key,
    (before, after): (&Told<'_>, &Told<'_>),
    found: &mut Found,
) {
    let words = &comparison.words;
    // Where classes speak, the reservation's own word comes before theirs.
    let shown = |told: &Told<'_>, other: &Told<'_>| {
        let rest = words.value(key, &told.rest);
        if told.classes.is_empty() || told.rest != other.rest {
            return rest;
        }
        Some(format!("{}, or what its classes say", rest.unwrap_or_else(|| "nothing".to_owned())))
    };
    let (was, is) = (shown(before, after), shown(after, before));
    if let (Key::LeaseDefault, Some(Value::Time(from)), Some(Value::Time(to))) =
        (key, &before.rest, &after.rest)
    {
        let mut grounds = new.place.grounds();
        let prefix = new.place.subnet.subnet;
        grounds.insert(0, Ground::Reservation(prefix, new.reservation.identifier.clone()));
        found.dangers.extend(comparison.risks.lease_cut(None, (*from, *to), subject(new), grounds));
    }
    found.add(Statement::new(ChangeKind::ReservationValue, words.key(key), was, is), subject(new));
}

/// What a reservation itself says.
fn own<'a>(side: &'a Side<'_>, reservation: &Reservation, nothing: &'a Said) -> &'a Said {
    reservation.values.map_or(nothing, |values| &side.sets[values as usize])
}

/// What a reserved client is told of a key: its own word, else what its place says.
fn told<'a>(own: &Said, place: &PlaceValues<'a>, key: Key) -> Told<'a> {
    match find(own, key) {
        Some(value) => Told { classes: Vec::new(), rest: value.clone().or_else(|| default_of(key)) },
        None => place.told(key),
    }
}

fn class_list(classes: &[ClassName]) -> Option<String> {
    (!classes.is_empty()).then(|| classes.iter().map(ClassName::as_str).collect::<Vec<&str>>().join(", "))
}

/// Devices known anywhere in the estate or in a site.
pub fn devices(comparison: &Comparison<'_>, sites: &[(&Site, &Site)], found: &mut Found) {
    let (before, after) = (comparison.before.estate, comparison.after.estate);
    devices_of(comparison, (&before.reservations, &after.reservations), &Subject::default(), found);
    for (was, is) in sites {
        let subject = Subject { site: Some(is.code.clone()), ..Subject::default() };
        devices_of(comparison, (&was.reservations, &is.reservations), &subject, found);
    }
}

fn devices_of(
    comparison: &Comparison<'_>,
    (before, after): (&[Reservation], &[Reservation]),
    place: &Subject,
    found: &mut Found,
) {
    if before.is_empty() && after.is_empty() {
        return;
    }
    let index = |devices: &[Reservation]| -> BTreeMap<Identifier, Reservation> {
        devices.iter().map(|device| (device.identifier.clone(), device.clone())).collect()
    };
    let (was, is) = (index(before), index(after));
    let subject = |device: &Reservation| Subject { client: Some(client(device)), ..place.clone() };
    for (_, device) in was.iter().filter(|(identifier, _)| !is.contains_key(*identifier)) {
        let statement =
            Statement::new(ChangeKind::DeviceRemoved, client(device).shown, Some("known".to_owned()), None);
        found.add(statement, subject(device));
    }
    for (identifier, device) in &is {
        let shown = client(device).shown;
        let Some(old) = was.get(identifier) else {
            let statement = Statement::new(ChangeKind::DeviceAdded, shown, None, Some("known".to_owned()));
            found.add(statement, subject(device));
            continue;
        };
        let Reservation { identifier: _, address: _, hostname, classes, values: _ } = device;
        if old.hostname != *hostname {
            let known_by = super::words::identifier_text(identifier);
            let (from, to) = (old.hostname.clone(), hostname.clone());
            found.add(Statement::new(ChangeKind::DeviceHostname, known_by, from, to), subject(device));
        }
        if old.classes != *classes {
            let (from, to) = (class_list(&old.classes), class_list(classes));
            found.add(Statement::new(ChangeKind::DeviceClasses, shown, from, to), subject(device));
        }
        device_values(comparison, (old, device), &subject(device), found);
    }
}

fn device_values(
    comparison: &Comparison<'_>,
    (old, new): (&Reservation, &Reservation),
    subject: &Subject,
    found: &mut Found,
) {
    let nothing = Said::new();
    let before = own(&comparison.before, old, &nothing);
    let after = own(&comparison.after, new, &nothing);
    let mut keys: Vec<Key> = before.iter().chain(after).map(|(key, _)| *key).collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        let (was, is) = (find(before, key), find(after, key));
        if was == is {
            continue;
        }
        let shown = |said: Option<&Option<Value>>| match said {
            None => Some("what its place says".to_owned()),
            Some(value) => comparison.words.value(key, &value.clone().or_else(|| default_of(key))),
        };
        let statement =
            Statement::new(ChangeKind::DeviceValue, comparison.words.key(key), shown(was), shown(is));
        found.add(statement, subject.clone());
    }
}
