//! Reservations, and devices that are known in a whole site or estate.
//!
//! Kea looks at one entry for a client, its subnet's or else the global one; Leasehold puts all of them together. So
//! what site and estate say of a device is written into each of its entries.

use std::collections::{BTreeMap, BTreeSet};

use leasehold_schemas::artefact::{Identifier, Parameters, Reservation, Site, Subnet, ValueSet};
use leasehold_schemas::vocab::{ClassName, OptionCode, Space};
use serde_json::{Map, Value, json};

use super::condition::Condition;
use super::lifetime::{Times, is_said, networks};
use super::network::Spot;
use super::option::option_data;
use super::place::{Field, is_basic, never, sources, unasked};
use super::share::Pieces;
use super::{Exporter, Target, origins};
use crate::lower::{Parameter, ValueName};

/// The entries of a subnet, or the global ones.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    pub(super) entries: Vec<Value>,
    /// Classes that know them, with the options that they say.
    pub(super) marks: Vec<Mark>,
}

/// A class that knows clients by their reservations, and what those say that is not sent to everybody anyway.
pub(super) type Mark = (String, Vec<(u8, Vec<u8>)>);

/// One client's entry and the wider ones that say more of it, the nearest first, each with its place.
struct Entry<'a> {
    said: Vec<(&'a Reservation, origins::Place)>,
    path: String,
}

/// As people name a client.
pub(super) fn identifier_text(identifier: &Identifier) -> String {
    match identifier {
        Identifier::Mac(mac) => format!("mac {mac}"),
        Identifier::ClientId(octets) => format!("client-id 0x{octets}"),
        Identifier::CircuitId(octets) => format!("circuit-id 0x{octets}"),
        Identifier::RemoteId(octets) => format!("remote-id 0x{octets}"),
        Identifier::Duid(octets) => format!("duid 0x{octets}"),
    }
}

impl<'a> Exporter<'a> {
    /// The entries of a subnet: its reservations, and the devices of its site.
    pub(super) fn hosts(&mut self, spot: &Spot<'a>) -> Hosts {
        let mut hosts = Hosts::default();
        let prefix = spot.subnet.subnet;
        for reservation in &spot.subnet.reservations {
            let place = origins::Place::Reservation(prefix, reservation.identifier.clone());
            let mut said = vec![(reservation, place)];
            said.extend(self.devices_named(Some(spot.site), &reservation.identifier));
            let path = format!("{} / {}", spot.path(), identifier_text(&reservation.identifier));
            self.host(&Entry { said, path }, Some(spot), &mut hosts);
        }
        // Kea knows an entry without an address only in its own subnet.
        for other in spot.network.subnets.iter().filter(|other| other.subnet != prefix) {
            for reservation in other.reservations.iter().filter(|one| one.address.is_none()) {
                let place = origins::Place::Reservation(other.subnet, reservation.identifier.clone());
                let mut said = vec![(reservation, place)];
                said.extend(self.devices_named(Some(spot.site), &reservation.identifier));
                let path = format!("{} / {}", spot.path(), identifier_text(&reservation.identifier));
                self.host(&Entry { said, path }, Some(spot), &mut hosts);
            }
        }
        let reserved: BTreeSet<&Identifier> = spot
            .network
            .subnets
            .iter()
            .flat_map(|subnet| &subnet.reservations)
            .map(|reservation| &reservation.identifier)
            .collect();
        for device in spot.site.reservations.iter().filter(|device| !reserved.contains(&device.identifier)) {
            let said = self.devices_named(Some(spot.site), &device.identifier);
            let path = format!("{} / {}", spot.path(), identifier_text(&device.identifier));
            self.host(&Entry { said, path }, Some(spot), &mut hosts);
        }
        hosts
    }

    /// The devices of the whole estate.
    pub(super) fn global_hosts(&mut self) -> Hosts {
        let mut hosts = Hosts::default();
        let estate = self.estate;
        for device in &estate.reservations {
            let said = self.devices_named(None, &device.identifier);
            let path = format!("estate / {}", identifier_text(&device.identifier));
            self.host(&Entry { said, path }, None, &mut hosts);
        }
        hosts
    }

    fn devices_named(
        &self,
        site: Option<&'a Site>,
        identifier: &Identifier,
    ) -> Vec<(&'a Reservation, origins::Place)> {
        let estate = self.estate;
        let in_site = site.into_iter().flat_map(|site| {
            let found = site.reservations.iter().find(|device| device.identifier == *identifier);
            found.map(|device| (device, origins::Place::SiteDevice(site.code.clone(), identifier.clone())))
        });
        let in_estate = estate.reservations.iter().find(|device| device.identifier == *identifier);
        let in_estate = in_estate.map(|device| (device, origins::Place::Device(identifier.clone())));
        in_site.chain(in_estate).collect()
    }

    fn host(&mut self, entry: &Entry<'a>, spot: Option<&Spot<'a>>, hosts: &mut Hosts) {
        let (first, place) = &entry.said[0];
        let Some((key, id)) = self.identifier(&first.identifier) else {
            let span = self.place_span(place);
            let what = "Kea 2.2 knows no client by its remote ID";
            self.losses.lose(span, &entry.path, what, "the reservation is left out");
            return;
        };
        let mut host = Map::new();
        host.insert(key.to_owned(), id.into());
        let mut classes: Vec<ClassName> = Vec::new();
        for (said, _) in &entry.said {
            classes.extend(said.classes.iter().cloned());
        }
        classes.sort_unstable();
        classes.dedup();
        let mut classes: Vec<String> = classes.iter().map(ToString::to_string).collect();
        host.extend(first.address.map(|address| ("ip-address".to_owned(), address.to_string().into())));
        let hostname = entry.said.iter().find_map(|(said, _)| said.hostname.as_deref());
        host.extend(hostname.map(|name| ("hostname".to_owned(), name.into())));
        self.host_values(entry, spot, &mut host, &mut classes, hosts);
        if classes.is_empty() && host.len() == 1 {
            // Kea wants an entry to say something; this one says that its client is known.
            classes.push(self.classes.ordinary("known", None, Map::new()));
        }
        if !classes.is_empty() {
            host.insert("client-classes".to_owned(), classes.into());
        }
        hosts.entries.push(Value::Object(host));
    }

    fn host_values(
        &mut self,
        entry: &Entry<'a>,
        spot: Option<&Spot<'a>>,
        host: &mut Map<String, Value>,
        classes: &mut Vec<String>,
        hosts: &mut Hosts,
    ) {
        let estate = self.estate;
        let sets: Vec<(&'a ValueSet, &origins::Place)> = entry
            .said
            .iter()
            .filter_map(|(said, place)| Some((&estate.value_sets[said.values? as usize], place)))
            .collect();
        let mut options: BTreeMap<(Space, u8), Vec<u8>> = BTreeMap::new();
        let mut decided: BTreeSet<(Space, u8)> = BTreeSet::new();
        for (set, place) in &sets {
            for option in &set.options {
                let key = (option.space, option.code.0);
                if !decided.insert(key) {
                    continue;
                }
                match &option.value {
                    Some(_) if !self.may_send(entry, place, spot, key) => {}
                    Some(octets) if option.space == Space::Dhcp4 && !matches!(option.code.0, 1 | 125) => {
                        options.insert(key, octets.0.clone());
                    }
                    Some(_) => self.lose_option(entry, place, key, "Kea cannot say it for one client alone"),
                    None => self.lose_option(entry, place, key, "Kea cannot take an option from one client"),
                }
            }
            self.lose_host_parameters(entry, place, &set.parameters);
        }
        for field in Field::ALL {
            match sets.iter().find_map(|(set, _)| field.said(&set.parameters)) {
                Some(value) if !value.is_empty() => {
                    host.insert(field.key().to_owned(), value.into());
                }
                Some(_) => {
                    let span = self.place_span(sets[0].1);
                    let what = format!("Kea cannot take `{}` from one client", field.key());
                    self.losses.lose(span, &entry.path, &what, "what its classes or its subnet say holds");
                }
                None => {}
            }
        }
        self.host_options(&options, host, classes, hosts);
        self.host_lease(entry, spot, &sets, classes);
    }

    /// Whether an option of a reservation is sent where the client is. Kea sends it always.
    fn may_send(
        &mut self,
        entry: &Entry<'_>,
        place: &origins::Place,
        spot: Option<&Spot<'a>>,
        key: (Space, u8),
    ) -> bool {
        let estate = self.estate;
        let here = |subnet: &'a Subnet| {
            let meanings = &estate.meanings[subnet.meanings as usize];
            never(&sources(meanings, &estate.value_sets, subnet.values), key.1)
        };
        let forbidden = match spot {
            Some(spot) => here(spot.subnet),
            None => networks(&estate.sites)
                .flat_map(|(_, network)| &network.subnets)
                .map(here)
                .find(|never| *never != Condition::Never)
                .map_or(Condition::Never, |never| Condition::When(never.test())),
        };
        match forbidden {
            _ if key.0 != Space::Dhcp4 => true,
            Condition::Never => true,
            Condition::Always => false,
            Condition::When(_) => {
                let value = ValueName::Option(key.0, OptionCode(key.1));
                let what = "Kea sends a reservation's option also where `never-send` names it";
                self.lose_value(&entry.path, place, None, value, what, "clients in such places get it");
                true
            }
        }
    }

    fn host_options(
        &mut self,
        options: &BTreeMap<(Space, u8), Vec<u8>>,
        host: &mut Map<String, Value>,
        classes: &mut Vec<String>,
        hosts: &mut Hosts,
    ) {
        if options.is_empty() {
            return;
        }
        let entry = |this: &Self, space: Space, code: u8, octets: &[u8], always| {
            option_data(this.definitions.get(&(space, code)).copied(), space, code, octets, always)
        };
        let data: Vec<Value> =
            options.iter().map(|((space, code), octets)| entry(self, *space, *code, octets, false)).collect();
        host.insert("option-data".to_owned(), data.into());
        // Kea's mark for what is sent unasked stands at a value, and a host's cannot depend on who asks.
        let unlisted: Vec<(&(Space, u8), &Vec<u8>)> =
            options.iter().filter(|((_, code), _)| !is_basic(*code)).collect();
        if unlisted.is_empty() {
            return;
        }
        let codes: Vec<String> = unlisted
            .iter()
            .map(|((_, code), octets)| {
                format!("{code}={}", octets.iter().map(|octet| format!("{octet:02x}")).collect::<String>())
            })
            .collect();
        let mark = self.classes.ordinary(
            "reserved",
            None,
            Map::from_iter([("user-context".to_owned(), json!({"says": codes}))]),
        );
        let said: Vec<(u8, Vec<u8>)> =
            unlisted.iter().map(|((_, code), octets)| (*code, (*octets).clone())).collect();
        hosts.marks.push((mark.clone(), said));
        classes.push(mark);
    }

    /// The classes that a subnet must name, so that clients get unasked what their reservations say.
    pub(super) fn unasked(&mut self, spot: &Spot<'a>, marks: &[Mark]) -> Vec<String> {
        let estate = self.estate;
        let meanings = &estate.meanings[spot.subnet.meanings as usize];
        let heard = sources(meanings, &estate.value_sets, spot.subnet.values);
        let mut pieces = Pieces::default();
        for (rank, (mark, options)) in marks.iter().enumerate() {
            for (code, octets) in options {
                let when = Condition::When(format!("member('{mark}')")).and(unasked(&heard, *code));
                let definition = self.definitions.get(&(Space::Dhcp4, *code)).copied();
                pieces.option(rank, when, option_data(definition, Space::Dhcp4, *code, octets, true));
            }
        }
        let mut names = self.made(pieces);
        let mut seen = BTreeSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names
    }

    /// A lease time is a class's, into which the reservation puts its client.
    fn host_lease(
        &mut self,
        entry: &Entry<'a>,
        spot: Option<&Spot<'a>>,
        sets: &[(&'a ValueSet, &origins::Place)],
        classes: &mut Vec<String>,
    ) {
        let Some((set, place)) = sets.iter().find(|(set, _)| is_said(&set.parameters)) else { return };
        let estate = self.estate;
        let Some(spot) = spot.filter(|spot| spot.network.subnets.len() == 1) else {
            let what = "Kea looks at the lease time before it knows this reservation's classes";
            self.lose_lease(&entry.path, place, None, what);
            return;
        };
        let around = &estate.value_sets[spot.subnet.values as usize].parameters;
        let mut content = Map::new();
        Times::of(&set.parameters, around).write(&mut content);
        classes.push(self.classes.ordinary("lease", None, content));
    }

    fn lose_host_parameters(&mut self, entry: &Entry<'_>, place: &origins::Place, parameters: &Parameters) {
        let said = [
            (Parameter::RenewAfter, parameters.renew_after_secs.is_some()),
            (Parameter::RebindAfter, parameters.rebind_after_secs.is_some()),
            (Parameter::AlwaysSend, parameters.always_send.is_some()),
            (Parameter::NeverSend, parameters.never_send.is_some()),
        ];
        for (parameter, _) in said.into_iter().filter(|(_, is_said)| *is_said) {
            let value = ValueName::Parameter(parameter);
            let what = "Kea cannot say this for one client alone";
            self.lose_value(
                &entry.path,
                place,
                None,
                value,
                what,
                "what its classes or its subnet say holds",
            );
        }
    }

    fn lose_option(
        &mut self,
        entry: &Entry<'_>,
        place: &origins::Place,
        (space, code): (Space, u8),
        what: &str,
    ) {
        let value = ValueName::Option(space, OptionCode(code));
        self.lose_value(&entry.path, place, None, value, what, "what its classes or its subnet say holds");
    }

    fn identifier(&self, identifier: &Identifier) -> Option<(&'static str, String)> {
        let hex = |octets: &[u8]| octets.iter().map(|octet| format!("{octet:02x}")).collect::<String>();
        Some(match identifier {
            Identifier::Mac(mac) => {
                let octets: Vec<String> = mac.octets().iter().map(|octet| format!("{octet:02x}")).collect();
                ("hw-address", octets.join(":"))
            }
            Identifier::ClientId(octets) => ("client-id", hex(&octets.0)),
            Identifier::CircuitId(octets) => ("circuit-id", hex(&octets.0)),
            Identifier::RemoteId(octets) => match self.target {
                Target::Kea22 => return None,
                Target::Kea30 => ("flex-id", hex(&octets.0)),
            },
            Identifier::Duid(octets) => ("duid", hex(&octets.0)),
        })
    }

    /// What clients are known by, in the order in which it counts.
    pub(super) fn identifier_kinds(&self) -> BTreeSet<usize> {
        let estate = self.estate;
        let subnets =
            estate.sites.iter().flat_map(|site| &site.networks).flat_map(|network| &network.subnets);
        let sites = estate.sites.iter().flat_map(|site| &site.reservations);
        let all =
            estate.reservations.iter().chain(sites).chain(subnets.flat_map(|subnet| &subnet.reservations));
        all.map(|reservation| match reservation.identifier {
            Identifier::Mac(_) => 0,
            Identifier::ClientId(_) => 1,
            Identifier::CircuitId(_) => 2,
            Identifier::RemoteId(_) => 3,
            Identifier::Duid(_) => 4,
        })
        .collect()
    }
}
