//! What the columns of tables mean.
//!
//! A mapping file is YAML: `delimiter` (one character, or `tab`), and for each kind of table its columns with their keys:
//!
//! ```yaml
//! delimiter: ";"
//! subnets: {Netz: subnet, Standort: site, Gateway: option.routers}
//! reservations: {MAC-Adresse: mac, Raum: ignore}
//! ```
//!
//! Columns that it does not name are known by their usual names.

use std::collections::BTreeMap;

use leasehold_schemas::source::FileId;

use super::Kind;
use crate::diag::Sink;
use crate::import::json::{Fault, Loaded};
use crate::parse::{self, NodeKind};

/// What the columns mean, and what stands between fields.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mapping {
    /// Between fields; one octet.
    pub delimiter: u8,
    columns: BTreeMap<(Kind, String), String>,
}

impl Default for Mapping {
    fn default() -> Mapping {
        Mapping { delimiter: b',', columns: BTreeMap::new() }
    }
}

/// Keys of every table, but for options: `option.NAME`.
const KEYS: [(Kind, &[&str]); 5] = [
    (Kind::Sites, &["site", "name", "lease"]),
    (Kind::Subnets, &["site", "network", "subnet", "id", "pool", "relay", "lease", "description"]),
    (
        Kind::Reservations,
        &[
            "site",
            "subnet",
            "mac",
            "client-id",
            "circuit-id",
            "remote-id",
            "duid",
            "ip",
            "hostname",
            "description",
            "classes",
        ],
    ),
    (Kind::Exclusions, &["site", "subnet", "range", "first", "last", "reason"]),
    (Kind::Options, &["site", "network", "subnet", "option", "value"]),
];

/// Usual names of columns, letters and digits only, and their keys.
const USUAL: [(&str, &str); 50] = [
    ("site", "site"),
    ("sitecode", "site"),
    ("location", "site"),
    ("branch", "site"),
    ("office", "site"),
    ("name", "name"),
    ("sitename", "name"),
    ("network", "network"),
    ("networkname", "network"),
    ("vlan", "network"),
    ("segment", "network"),
    ("subnet", "subnet"),
    ("prefix", "subnet"),
    ("cidr", "subnet"),
    ("id", "id"),
    ("subnetid", "id"),
    ("pool", "pool"),
    ("pools", "pool"),
    ("dhcprange", "pool"),
    ("relay", "relay"),
    ("relays", "relay"),
    ("giaddr", "relay"),
    ("lease", "lease"),
    ("leasetime", "lease"),
    ("router", "option.routers"),
    ("routers", "option.routers"),
    ("gateway", "option.routers"),
    ("defaultgateway", "option.routers"),
    ("dns", "option.domain-name-servers"),
    ("dnsservers", "option.domain-name-servers"),
    ("domain", "option.domain-name"),
    ("domainname", "option.domain-name"),
    ("mac", "mac"),
    ("macaddress", "mac"),
    ("hwaddress", "mac"),
    ("clientid", "client-id"),
    ("circuitid", "circuit-id"),
    ("remoteid", "remote-id"),
    ("duid", "duid"),
    ("ip", "ip"),
    ("ipaddress", "ip"),
    ("address", "ip"),
    ("hostname", "hostname"),
    ("host", "hostname"),
    ("description", "description"),
    ("comment", "description"),
    ("range", "range"),
    ("first", "first"),
    ("last", "last"),
    ("reason", "reason"),
];

/// Usual names that are keys of one kind of table alone.
const USUAL_THERE: [(Kind, &str, &str); 8] = [
    (Kind::Reservations, "name", "hostname"),
    (Kind::Reservations, "class", "classes"),
    (Kind::Reservations, "classes", "classes"),
    (Kind::Subnets, "range", "pool"),
    (Kind::Exclusions, "ip", "range"),
    (Kind::Exclusions, "address", "range"),
    (Kind::Options, "option", "option"),
    (Kind::Options, "value", "value"),
];

/// Whether a table of this kind has such a key.
fn is_key(kind: Kind, key: &str) -> bool {
    let has_options = matches!(kind, Kind::Sites | Kind::Subnets | Kind::Reservations);
    key == "ignore"
        || (has_options && key.strip_prefix("option.").is_some_and(|name| !name.is_empty()))
        || KEYS.iter().any(|(of, keys)| *of == kind && keys.contains(&key))
}

impl Mapping {
    /// Reads a mapping file.
    pub fn read(file: &Loaded) -> Result<Mapping, Fault> {
        let place = |offset: u32, message: String| {
            let before = &file.bytes[..file.bytes.len().min(offset as usize)];
            let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
            let column = 1 + before.iter().rev().take_while(|byte| **byte != b'\n').count();
            let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
            Fault { file: file.name.clone(), line: number(line), column: number(column), message }
        };
        let mut sink = Sink::default();
        let tree = parse::parse(FileId(0), &file.bytes, &mut sink);
        if let Some(fault) = sink.into_sorted().first() {
            return Err(place(fault.primary.span.start, fault.message.clone()));
        }
        let mut mapping = Mapping::default();
        let root = tree.node(tree.root());
        let NodeKind::Mapping(entries) = &root.kind else {
            return Err(place(
                root.span.start,
                "a mapping file is a map of tables to their columns".to_owned(),
            ));
        };
        for entry in entries {
            let value = tree.node(entry.value);
            if entry.key == "delimiter" {
                let text = match &value.kind {
                    NodeKind::Scalar { text, .. } => text.as_ref(),
                    _ => "",
                };
                mapping.delimiter = delimiter(text).ok_or_else(|| {
                    place(value.span.start, "a delimiter is one ASCII character, or `tab`".to_owned())
                })?;
                continue;
            }
            let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.name() == entry.key) else {
                let known =
                    "expected `delimiter`, `sites`, `subnets`, `reservations`, `exclusions` or `options`";
                return Err(place(entry.key_span.start, format!("`{}` is no table: {known}", entry.key)));
            };
            let NodeKind::Mapping(columns) = &value.kind else {
                return Err(place(value.span.start, "expected a map of columns to keys".to_owned()));
            };
            for column in columns {
                let node = tree.node(column.value);
                let key = match &node.kind {
                    NodeKind::Scalar { text, .. } => text.to_string(),
                    _ => String::new(),
                };
                if !is_key(kind, &key) {
                    let keys = KEYS.iter().find(|(of, _)| *of == kind).map_or(&[][..], |(_, keys)| keys);
                    let message = format!(
                        "`{key}` is no key of {}: expected one of {}, `option.NAME` or `ignore`",
                        kind.name(),
                        keys.join(", ")
                    );
                    return Err(place(node.span.start, message));
                }
                mapping.columns.insert((kind, column.key.to_string()), key);
            }
        }
        Ok(mapping)
    }

    /// The key of a column: what the mapping says, the key itself, or the one that the column's name usually means.
    pub fn key(&self, kind: Kind, header: &str) -> Option<String> {
        let header = header.trim();
        if let Some(key) = self.columns.get(&(kind, header.to_owned())) {
            return Some(key.clone());
        }
        if is_key(kind, header) {
            return Some(header.to_owned());
        }
        let plain: String =
            header.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
        let there =
            USUAL_THERE.iter().find(|(of, name, _)| *of == kind && *name == plain).map(|(_, _, key)| *key);
        let usual = || USUAL.iter().find(|(name, _)| *name == plain).map(|(_, key)| *key);
        there.or_else(usual).filter(|key| is_key(kind, key)).map(str::to_owned)
    }
}

/// The octet that a delimiter's name means.
pub fn delimiter(text: &str) -> Option<u8> {
    match text.as_bytes() {
        b"tab" | b"\\t" => Some(b'\t'),
        [one] if one.is_ascii() && !matches!(one, b'"' | b'\n' | b'\r') => Some(*one),
        _ => None,
    }
}
