//! A draft as files: keys in the order in which people write them.

use std::collections::BTreeMap;

use leasehold_schemas::source::FileId;
use leasehold_schemas::vocab::{AddrRange, Space};

use super::draft::{
    ClassIndex, EstateDraft, Key, NetworkDraft, PlaceDraft, PoolDraft, ReservationDraft, SiteDraft,
    SubnetDraft,
};
use super::yaml::{self, Yaml};
use crate::format::format;
use crate::grammar::Document;
use crate::parse::limits::FILE_BYTES_MAX;
use crate::source::{ESTATE_PATH, SourceFile};

type Entries = Vec<(String, Yaml)>;

/// Names that files say instead of numbers.
pub struct Layout<'n> {
    /// Names of options; one that has none is named by its code.
    pub options: &'n BTreeMap<(Space, u8), String>,
    /// Names of classes in the estate's order.
    pub classes: Vec<String>,
}

impl Layout<'_> {
    /// `estate.yaml` and one file a site. A site whose file would be too large is divided.
    pub fn files(&self, estate: &EstateDraft) -> Vec<SourceFile> {
        let mut files = vec![file(ESTATE_PATH, self.estate(estate))];
        let mut sites: Vec<SiteDraft> = estate.sites.iter().rev().cloned().collect();
        while let Some(site) = sites.pop() {
            let text = self.site(&site);
            if text.len() > FILE_BYTES_MAX && site.networks.len() > 1 {
                let (mut first, mut second) = (site.clone(), site);
                second.networks = first.networks.split_off(first.networks.len() / 2);
                second.devices.clear();
                second.name = None;
                let taken = |code: &str| {
                    estate.sites.iter().chain(&sites).any(|site| site.code == code)
                        || files.iter().any(|file| file.path == format!("{code}.yaml"))
                };
                let codes = (2..).map(|number: u32| format!("{}-{number}", first.code));
                second.code =
                    codes.into_iter().find(|code| !taken(code)).expect("there are more numbers than sites");
                sites.push(second);
                sites.push(first);
                continue;
            }
            files.push(file(&format!("{}.yaml", site.code), text));
        }
        files
    }

    fn estate(&self, estate: &EstateDraft) -> String {
        let EstateDraft { name, definitions, classes, high_availability, place, devices, profiles, sites: _ } =
            estate;
        let mut entries = vec![entry("version", Yaml::text("1")), entry("estate", Yaml::text(name))];
        entries.extend(self.settings(place, None));
        if !definitions.is_empty() {
            entries.push(entry("option-definitions", Yaml::Map(definitions.clone())));
        }
        let class = |(at, class): (usize, &super::draft::ClassDraft)| {
            let mut entries = vec![entry("name", Yaml::text(&class.name))];
            entries.extend(class.test.as_ref().map(|test| entry("match", Yaml::text(test))));
            entries.extend(self.settings(place, Some(at)));
            Yaml::Map(entries).remarked(class.remarks.clone())
        };
        push_list(&mut entries, "classes", classes.iter().enumerate().map(class).collect());
        if !profiles.is_empty() {
            let profile = |(name, place): &(String, PlaceDraft)| (name.clone(), Yaml::Map(self.said(place)));
            entries.push(entry("profiles", Yaml::Map(profiles.iter().map(profile).collect())));
        }
        entries.extend(high_availability.clone().map(|pair| entry("high-availability", pair)));
        push_list(
            &mut entries,
            "reservations",
            devices.iter().map(|device| self.reservation(device)).collect(),
        );
        yaml::document(&place.remarks, &entries)
    }

    fn site(&self, site: &SiteDraft) -> String {
        let SiteDraft { code, name, profile, place, devices, networks } = site;
        let mut entries = vec![entry("version", Yaml::text("1")), entry("site", Yaml::text(code))];
        entries.extend(name.as_ref().map(|name| entry("name", Yaml::text(name))));
        entries.extend(profile.as_ref().map(|profile| entry("profile", Yaml::text(profile))));
        entries.extend(self.said(place));
        push_list(
            &mut entries,
            "reservations",
            devices.iter().map(|device| self.reservation(device)).collect(),
        );
        push_list(&mut entries, "networks", networks.iter().map(|network| self.network(network)).collect());
        yaml::document(&place.remarks, &entries)
    }

    fn network(&self, network: &NetworkDraft) -> Yaml {
        let NetworkDraft { name, relays, place, subnets } = network;
        let mut entries = vec![entry("name", Yaml::text(name))];
        push_list(&mut entries, "relays", relays.iter().map(|relay| Yaml::text(relay.to_string())).collect());
        push_list(&mut entries, "only", place.only.iter().map(Yaml::text).collect());
        entries.extend(self.said(place));
        entries
            .push(entry("subnets", Yaml::List(subnets.iter().map(|subnet| self.subnet(subnet)).collect())));
        Yaml::Map(entries).remarked(place.remarks.clone())
    }

    fn subnet(&self, subnet: &SubnetDraft) -> Yaml {
        let SubnetDraft { prefix, id, pools, exclusions, place, reservations } = subnet;
        let mut entries = vec![entry("subnet", Yaml::text(prefix.to_string()))];
        entries.extend(id.map(|id| entry("id", Yaml::text(id.to_string()))));
        push_list(&mut entries, "pools", pools.iter().map(|pool| self.pool(pool)).collect());
        let exclusion = |(range, reason): &(AddrRange, Option<String>)| match reason {
            None => Yaml::text(range.to_string()),
            Some(reason) => {
                Yaml::map([("range", Yaml::text(range.to_string())), ("reason", Yaml::text(reason))])
            }
        };
        push_list(&mut entries, "exclude", exclusions.iter().map(exclusion).collect());
        push_list(&mut entries, "only", place.only.iter().map(Yaml::text).collect());
        entries.extend(self.said(place));
        let reservations = reservations.iter().map(|reservation| self.reservation(reservation));
        push_list(&mut entries, "reservations", reservations.collect());
        Yaml::Map(entries).remarked(place.remarks.clone())
    }

    fn pool(&self, pool: &PoolDraft) -> Yaml {
        let PoolDraft { range, place } = pool;
        let said = self.said(place);
        let range = Yaml::text(range.to_string());
        let remarks = place.remarks.clone();
        if said.is_empty() && place.only.is_empty() {
            return range.remarked(remarks);
        }
        let mut entries = vec![entry("range", range)];
        push_list(&mut entries, "only", place.only.iter().map(Yaml::text).collect());
        entries.extend(said);
        Yaml::Map(entries).remarked(remarks)
    }

    fn reservation(&self, reservation: &ReservationDraft) -> Yaml {
        let ReservationDraft { identifier, address, hostname, description, classes, settings, remarks } =
            reservation;
        let (key, value) = identifier;
        let mut entries = vec![entry(key, value.clone())];
        entries.extend(address.map(|address| entry("ip", Yaml::text(address.to_string()))));
        entries.extend(hostname.as_ref().map(|name| entry("hostname", Yaml::text(name))));
        entries.extend(description.as_ref().map(|text| entry("description", Yaml::text(text))));
        push_list(&mut entries, "classes", classes.iter().map(Yaml::text).collect());
        entries.extend(self.keys(settings.iter().map(|(key, value)| (*key, value))));
        Yaml::Map(entries).remarked(remarks.clone())
    }

    /// What a place says to everybody, then what it says of classes.
    fn said(&self, place: &PlaceDraft) -> Entries {
        let mut entries = self.settings(place, None);
        let mut named: Vec<ClassIndex> = place.says.keys().filter_map(|(class, _)| *class).collect();
        named.dedup();
        let meaning = |class: ClassIndex| {
            let mut entries = vec![entry("class", Yaml::text(&self.classes[class]))];
            entries.extend(self.settings(place, Some(class)));
            Yaml::Map(entries)
        };
        push_list(&mut entries, "classes", named.into_iter().map(meaning).collect());
        entries
    }

    fn settings(&self, place: &PlaceDraft, class: Option<ClassIndex>) -> Entries {
        let says = place.says.iter().filter(|((of, _), _)| *of == class);
        self.keys(says.map(|((_, key), value)| (*key, value)))
    }

    fn keys<'y>(&self, says: impl Iterator<Item = (Key, &'y Yaml)>) -> Entries {
        let (mut entries, mut options, mut lists) = (Entries::new(), Entries::new(), Entries::new());
        let mut lease = Entries::new();
        for (key, value) in says {
            let plain = match key {
                Key::LeaseDefault => {
                    lease.push(entry("default", value.clone()));
                    continue;
                }
                Key::LeaseMin => {
                    lease.push(entry("min", value.clone()));
                    continue;
                }
                Key::LeaseMax => {
                    lease.push(entry("max", value.clone()));
                    continue;
                }
                Key::Authoritative => "authoritative",
                Key::Identity => "identity",
                Key::DeclineProbation => "decline-probation",
                Key::RenewAfter => "renew-after",
                Key::RebindAfter => "rebind-after",
                Key::NextServer => "next-server",
                Key::ServerHostname => "server-hostname",
                Key::BootFileName => "boot-file-name",
                Key::AlwaysSend => {
                    lists.push(entry("always-send", value.clone()));
                    continue;
                }
                Key::NeverSend => {
                    lists.push(entry("never-send", value.clone()));
                    continue;
                }
                Key::Option(space, code) => {
                    let name = self.options.get(&(space, code)).cloned();
                    options.push((name.unwrap_or_else(|| code.to_string()), value.clone()));
                    continue;
                }
            };
            entries.push(entry(plain, value.clone()));
        }
        match lease.as_slice() {
            [] => {}
            [(key, value)] if key == "default" => entries.insert(0, entry("lease", value.clone())),
            _ => entries.insert(0, entry("lease", Yaml::Map(lease))),
        }
        if !options.is_empty() {
            entries.push(entry("options", Yaml::Map(options)));
        }
        entries.extend(lists);
        entries
    }
}

fn entry(key: &str, value: Yaml) -> (String, Yaml) {
    (key.to_owned(), value)
}

fn push_list(entries: &mut Entries, key: &str, items: Vec<Yaml>) {
    if !items.is_empty() {
        entries.push(entry(key, Yaml::List(items)));
    }
}

/// A file in the one layout of estates.
fn file(path: &str, text: String) -> SourceFile {
    let document = if path == ESTATE_PATH { Document::Estate } else { Document::Site };
    let bytes = format(document, FileId(0), text.as_bytes()).unwrap_or_else(|_| text.into_bytes());
    SourceFile { path: path.to_owned(), bytes }
}
