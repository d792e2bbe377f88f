//! Rows to the draft of an estate.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use leasehold_schemas::vocab::{AddrRange, Cidr, ClassName, MacAddr, Seconds, SiteCode, Space};

use super::{Field, Kind, Row, Table};
use crate::diag::Sink;
use crate::import::draft::{
    ClassDraft, EstateDraft, Key, NetworkDraft, PlaceDraft, PoolDraft, ReservationDraft, SiteDraft,
    SubnetDraft,
};
use crate::import::kea::options::option_value;
use crate::import::layout::Layout;
use crate::import::lift::lift;
use crate::import::yaml::Yaml;
use crate::model::Definition;
use crate::resolve::{definitions, option_bytes};
use crate::source::SourceFile;

/// What stands between several values in one field.
const SEPARATORS: [char; 4] = [';', '|', '\n', ','];

/// An estate that grows row by row.
pub struct Filling {
    estate: EstateDraft,
    definitions: Vec<Definition>,
}

impl Filling {
    /// With nothing in it.
    pub fn new(name: &str) -> Filling {
        let estate = EstateDraft { name: name.to_owned(), ..EstateDraft::default() };
        Filling { estate, definitions: definitions::standard() }
    }

    /// The estate's files, what is common lifted.
    pub fn files(mut self) -> Vec<SourceFile> {
        if self.estate.sites.is_empty() {
            let code = self.default_site();
            self.site_mut(&code);
        }
        lift(&mut self.estate);
        let name = |definition: &Definition| ((definition.space, definition.code.0), definition.name.clone());
        let options: BTreeMap<(Space, u8), String> = self.definitions.iter().map(name).collect();
        let classes = self.estate.classes.iter().map(|class| class.name.clone()).collect();
        Layout { options: &options, classes }.files(&self.estate)
    }

    /// Takes one row in; what hinders it is told where it is found, and then there is nothing.
    pub fn row(&mut self, kind: Kind, row: Row, table: &mut Table<'_>) -> Option<()> {
        match kind {
            Kind::Sites => self.site(row, table),
            Kind::Subnets => self.subnet(row, table),
            Kind::Exclusions => self.exclusion(row, table),
            Kind::Options => self.option(row, table),
            Kind::Reservations => self.reservation(row, table),
        }
    }

    fn site(&mut self, mut row: Row, table: &mut Table<'_>) -> Option<()> {
        let code = self.site_code(&mut row, table)?.or_else(|| {
            table.row_lost(row.line, "a site without a code", "fill in its column `site`");
            None
        })?;
        let said = self.said(&mut row, table);
        let site = self.site_mut(&code);
        site.name = row.fields.remove("name").map(|field| field.text).filter(|name| *name != code);
        site.place.says.extend(said);
        Some(())
    }

    fn subnet(&mut self, mut row: Row, table: &mut Table<'_>) -> Option<()> {
        let prefix = prefix(&mut row, table)?.or_else(|| {
            table.row_lost(row.line, "a subnet without a prefix", "fill in its column `subnet`");
            None
        })?;
        let code = self.site_code(&mut row, table)?.unwrap_or_else(|| self.default_site());
        let id =
            parsed(&mut row, "id", "a number", table, |text| text.parse().ok().filter(|id: &u32| *id > 0))?;
        let relays = several(&mut row, "relay", "an IPv4 address", table, |text| text.parse().ok())?;
        let pools: Vec<AddrRange> =
            several(&mut row, "pool", "a range such as 10.42.8.20 - 10.42.8.99", table, range)?;
        let name = row.fields.remove("network").map_or_else(|| prefix.to_string(), |field| field.text);
        let mut place = PlaceDraft { says: self.said(&mut row, table), ..PlaceDraft::default() };
        place.remarks = row.fields.remove("description").map(|field| field.text).into_iter().collect();
        let pools =
            pools.into_iter().map(|range| PoolDraft { range, place: PlaceDraft::default() }).collect();
        let subnet =
            SubnetDraft { prefix, id, pools, exclusions: Vec::new(), place, reservations: Vec::new() };
        let networks = &mut self.site_mut(&code).networks;
        let at = networks.iter().position(|network| network.name == name).unwrap_or_else(|| {
            networks.push(NetworkDraft { name, ..NetworkDraft::default() });
            networks.len() - 1
        });
        networks[at].relays.extend(relays.into_iter().filter(|relay: &Ipv4Addr| !prefix.contains(*relay)));
        networks[at].subnets.push(subnet);
        Some(())
    }

    fn exclusion(&mut self, mut row: Row, table: &mut Table<'_>) -> Option<()> {
        let whole = parsed(&mut row, "range", "an address or a range", table, range)?;
        let first =
            parsed(&mut row, "first", "an IPv4 address", table, |text| text.parse::<Ipv4Addr>().ok())?;
        let last = parsed(&mut row, "last", "an IPv4 address", table, |text| text.parse::<Ipv4Addr>().ok())?;
        let ends = first.and_then(|first| AddrRange::new(first, last.unwrap_or(first)).ok());
        let Some(range) = whole.or(ends) else {
            table.row_lost(
                row.line,
                "an exclusion without addresses",
                "fill in its column `range`, or `first` and `last`",
            );
            return None;
        };
        let reason = row.fields.remove("reason").map(|field| field.text);
        match self.subnet_of(range.first()) {
            Some(subnet) => subnet.exclusions.push((range, reason)),
            None => {
                table.row_lost(row.line, format!("no subnet holds {range}"), "add the subnet to its table");
            }
        }
        Some(())
    }

    fn option(&mut self, mut row: Row, table: &mut Table<'_>) -> Option<()> {
        let (option, value) = (row.fields.remove("option"), row.fields.remove("value"));
        let (Some(option), Some(value)) = (option, value) else {
            table.row_lost(
                row.line,
                "an option without name or value",
                "fill in its columns `option` and `value`",
            );
            return None;
        };
        let (key, value) = self.valued(&option.text, &value, table)?;
        let prefix = prefix(&mut row, table)?;
        let site = self.site_code(&mut row, table)?;
        let network = row.fields.remove("network");
        let place = match (prefix, network, site) {
            (Some(prefix), _, _) => {
                self.subnets().find(|subnet| subnet.prefix == prefix).map(|subnet| &mut subnet.place)
            }
            (None, Some(network), Some(site)) => {
                let mut networks = self.site_mut(&site).networks.iter_mut();
                networks.find(|known| known.name == network.text).map(|network| &mut network.place)
            }
            (None, None, Some(site)) => Some(&mut self.site_mut(&site).place),
            (None, Some(_), None) => None,
            (None, None, None) => Some(&mut self.estate.place),
        };
        match place {
            Some(place) => place.say(key, value),
            None => table.row_lost(
                row.line,
                "there is no such place",
                "name a subnet of the table, or a site and its network",
            ),
        }
        Some(())
    }

    fn reservation(&mut self, mut row: Row, table: &mut Table<'_>) -> Option<()> {
        let keys = ["mac", "client-id", "circuit-id", "remote-id", "duid"];
        let mut named: Vec<(&'static str, Field)> =
            keys.into_iter().filter_map(|key| Some((key, row.fields.remove(key)?))).collect();
        let Some((key, field)) = named.pop().filter(|_| named.is_empty()) else {
            let advice = "fill in exactly one of mac, client-id, circuit-id, remote-id and duid";
            table.row_lost(row.line, "a reservation names its client in one way", advice);
            return None;
        };
        let identity = match key {
            "mac" => match field.text.parse::<MacAddr>() {
                Ok(mac) => Yaml::Quoted(mac.to_string()),
                Err(_) => {
                    table.lost(&field.place, format!("`{}` is no MAC address", field.text), "correct it");
                    return None;
                }
            },
            _ => Yaml::Quoted(field.text),
        };
        let address = parsed(&mut row, "ip", "an IPv4 address", table, |text| text.parse::<Ipv4Addr>().ok())?;
        let prefix = prefix(&mut row, table)?;
        let site = self.site_code(&mut row, table)?;
        let classes: Vec<ClassName> =
            several(&mut row, "classes", "a class's name", table, |text| text.parse().ok())?;
        let settings = self.said(&mut row, table).into_iter().map(|((_, key), value)| (key, value)).collect();
        let mut text = |key: &str| row.fields.remove(key).map(|field| field.text);
        let draft = ReservationDraft {
            identifier: (key, identity),
            address,
            hostname: text("hostname"),
            description: text("description"),
            classes: classes.iter().map(ToString::to_string).collect(),
            settings,
            remarks: Vec::new(),
        };
        for class in &draft.classes {
            if !self.estate.classes.iter().any(|known| known.name == *class) {
                self.estate.classes.push(ClassDraft { name: class.clone(), ..ClassDraft::default() });
            }
        }
        let home = match (prefix, address) {
            (Some(prefix), _) => self.subnets().find(|subnet| subnet.prefix == prefix),
            (None, Some(address)) => self.subnet_of(address),
            (None, None) => None,
        };
        match (home, site) {
            (Some(subnet), _) => subnet.reservations.push(draft),
            (None, _) if address.is_some() || prefix.is_some() => {
                table.row_lost(row.line, "no subnet holds this reservation", "add the subnet to its table");
            }
            (None, Some(site)) => self.site_mut(&site).devices.push(draft),
            (None, None) => self.estate.devices.push(draft),
        }
        Some(())
    }

    /// The row's site. The outer nothing: it has one that cannot be a site's code.
    fn site_code(&self, row: &mut Row, table: &mut Table<'_>) -> Option<Option<String>> {
        parsed(row, "site", "a code of letters, digits, `.`, `_` and `-`", table, |text| {
            text.parse::<SiteCode>().ok().map(|code| code.to_string())
        })
    }

    fn default_site(&self) -> String {
        let code: String =
            self.estate.name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        if code.parse::<SiteCode>().is_ok() { code } else { "site".to_owned() }
    }

    fn site_mut(&mut self, code: &str) -> &mut SiteDraft {
        let sites = &mut self.estate.sites;
        let at = sites.iter().position(|site| site.code == code).unwrap_or_else(|| {
            sites.push(SiteDraft { code: code.to_owned(), ..SiteDraft::default() });
            sites.len() - 1
        });
        &mut sites[at]
    }

    fn subnets(&mut self) -> impl Iterator<Item = &mut SubnetDraft> {
        let networks = self.estate.sites.iter_mut().flat_map(|site| &mut site.networks);
        networks.flat_map(|network| &mut network.subnets)
    }

    fn subnet_of(&mut self, address: Ipv4Addr) -> Option<&mut SubnetDraft> {
        self.subnets().find(|subnet| subnet.prefix.contains(address))
    }

    /// Lease time and options of a row.
    fn said(&self, row: &mut Row, table: &mut Table<'_>) -> crate::import::draft::Says {
        let mut place = PlaceDraft::default();
        let lease = parsed(row, "lease", "a duration such as 8h", table, |text| text.parse::<Seconds>().ok());
        if let Some(Some(lease)) = lease {
            place.say(Key::LeaseDefault, Yaml::text(lease.to_string()));
        }
        let options: Vec<String> =
            row.fields.keys().filter(|key| key.starts_with("option.")).cloned().collect();
        for key in options {
            let Some(field) = row.fields.remove(&key) else { continue };
            let name = key.trim_start_matches("option.");
            if let Some((key, value)) = self.valued(name, &field, table) {
                place.say(key, value);
            }
        }
        place.says
    }

    /// An option with its value, which is looked at as the check would.
    fn valued(&self, name: &str, field: &Field, table: &mut Table<'_>) -> Option<(Key, Yaml)> {
        let known =
            self.definitions.iter().find(|known| known.name == name || known.code.to_string() == name);
        let Some(definition) = known else {
            table.lost(
                &field.place,
                format!("no option is called `{name}`"),
                "write its standard name or its code",
            );
            return None;
        };
        let value = if definition.array {
            let parts = field.text.split(SEPARATORS).map(str::trim).filter(|part| !part.is_empty());
            Yaml::texts(parts)
        } else {
            Yaml::text(&field.text)
        };
        let mut sink = Sink::default();
        if option_bytes::encode(definition, &option_value(&value), &mut sink).is_none() {
            let fault = sink.into_sorted().into_iter().next();
            let (reason, label) = fault.map(|fault| (fault.message, fault.primary.text)).unwrap_or_default();
            table.lost(&field.place, reason, &label);
            return None;
        }
        Some((Key::Option(definition.space, definition.code.0), value))
    }
}

/// The row's prefix. The outer nothing: it has one that is none.
fn prefix(row: &mut Row, table: &mut Table<'_>) -> Option<Option<Cidr>> {
    parsed(row, "subnet", "a prefix such as 10.42.8.0/23, host bits zero", table, |text| text.parse().ok())
}

fn range(text: &str) -> Option<AddrRange> {
    let spaced = text.split_once('-').map(|(first, last)| format!("{} - {}", first.trim(), last.trim()));
    spaced.as_deref().unwrap_or(text).parse().ok()
}

/// A field that is read. The inner nothing: it is empty. The outer: it cannot be read, and that is told.
fn parsed<T>(
    row: &mut Row,
    key: &str,
    expected: &str,
    table: &mut Table<'_>,
    read: impl Fn(&str) -> Option<T>,
) -> Option<Option<T>> {
    let Some(Field { text, place }) = row.fields.remove(key) else { return Some(None) };
    let value = read(&text);
    if value.is_none() {
        table.lost(
            &place,
            format!("`{}` is not {expected}", text.escape_debug()),
            "correct it; the row is left out",
        );
        return None;
    }
    Some(value)
}

/// The values of a field that may hold several.
fn several<T>(
    row: &mut Row,
    key: &str,
    expected: &str,
    table: &mut Table<'_>,
    read: impl Fn(&str) -> Option<T>,
) -> Option<Vec<T>> {
    let Some(Field { text, place }) = row.fields.remove(key) else { return Some(Vec::new()) };
    let mut values = Vec::new();
    for part in text.split(SEPARATORS).map(str::trim).filter(|part| !part.is_empty()) {
        let Some(value) = read(part) else {
            table.lost(
                &place,
                format!("`{}` is not {expected}", part.escape_debug()),
                "correct it; the row is left out",
            );
            return None;
        };
        values.push(value);
    }
    Some(values)
}
