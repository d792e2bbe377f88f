//! Which networks make a site.
//!
//! Kea knows no sites. People who have them write them into user contexts, or into the names of shared networks:
//! `FITS-0042-user`. Where neither says so, everything is one site.

use std::collections::{BTreeMap, BTreeSet};

use leasehold_schemas::vocab::SiteCode;

use super::super::draft::{NetworkDraft, ReservationDraft, SiteDraft};
use super::super::kea::{Network, Server};

/// How networks come to sites.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Grouping {
    /// By user contexts if they name sites, else by names of shared networks if those do, else one site.
    #[default]
    Auto,
    /// By the value of this key of user contexts.
    Context(String),
    /// Each shared network is a site.
    Network,
    /// One site.
    One,
}

/// Keys of a user context that name a site, the first that is there counts.
const SITE_KEYS: [&str; 7] = ["site", "site-code", "site-id", "location", "office", "branch", "building"];

/// Keys that a site's file says, so that a network need not.
pub const SAID_BY_SITES: [&str; 9] =
    ["site", "site-code", "site-id", "location", "office", "branch", "building", "site-name", "name"];

/// Keys that a site's file or a network's name says, so that a subnet need not.
pub const SAID_BY_SUBNETS: [&str; 12] = [
    "site",
    "site-code",
    "site-id",
    "location",
    "office",
    "branch",
    "building",
    "site-name",
    "name",
    "network",
    "network-name",
    "vlan-name",
];

/// Puts networks into sites, in the order in which each first appears; `devices` are those of each network.
pub fn group(
    server: &Server<'_>,
    networks: Vec<NetworkDraft>,
    devices: Vec<Vec<ReservationDraft>>,
    grouping: &Grouping,
    estate: &str,
) -> Vec<SiteDraft> {
    let named = named(server, grouping);
    let mut sites: Vec<SiteDraft> = Vec::new();
    let mut known: BTreeMap<Option<String>, usize> = BTreeMap::new();
    for (at, (mut network, devices)) in networks.into_iter().zip(devices).enumerate() {
        let Named { site, network: own_name } = &named[at];
        let index = *known.entry(site.clone()).or_insert(sites.len());
        if index == sites.len() {
            let code = code(site.as_deref().unwrap_or(estate), &sites);
            let name = site_name(server, &named, site.as_ref()).filter(|name| *name != code);
            let taken = |name: &String| sites.iter().any(|site| site.name.as_ref() == Some(name));
            let name = name.filter(|name| !taken(name));
            sites.push(SiteDraft { code, name, ..SiteDraft::default() });
        }
        if let Some(name) = own_name {
            network.name.clone_from(name);
        }
        let site = &mut sites[index];
        network.name = free_name(&network.name, &site.networks);
        for device in devices {
            if !site.devices.contains(&device) {
                site.devices.push(device);
            }
        }
        site.networks.push(network);
    }
    if sites.is_empty() {
        sites.push(SiteDraft { code: code(estate, &[]), ..SiteDraft::default() });
    }
    sites
}

/// What says to which site a network belongs.
#[derive(Clone, Debug, Default)]
struct Named {
    site: Option<String>,
    network: Option<String>,
}

fn named(server: &Server<'_>, grouping: &Grouping) -> Vec<Named> {
    let by_context = |keys: &[&str]| -> Vec<Named> {
        let site = |network| Named { site: context_value(network, keys), network: None };
        server.networks.iter().map(site).collect()
    };
    let named = match grouping {
        Grouping::Auto => {
            let by_context = by_context(&SITE_KEYS);
            if by_context.iter().any(|named| named.site.is_some()) { by_context } else { by_names(server) }
        }
        Grouping::Context(key) => by_context(&[key.as_str()]),
        Grouping::Network => server
            .networks
            .iter()
            .map(|network| Named { site: network.name.clone(), network: None })
            .collect(),
        Grouping::One => vec![Named::default(); server.networks.len()],
    };
    shortened(server, named)
}

/// What the network's context says, or that of its first subnet that says it.
fn context_value(network: &Network<'_>, keys: &[&str]) -> Option<String> {
    let subnets = network.subnets.iter().map(|subnet| &subnet.scope.context);
    let mut contexts = std::iter::once(&network.scope.context).chain(subnets);
    contexts.find_map(|context| context.value(keys)).map(|value| value.trim().to_owned())
}

/// A network whose name begins with its site's need not say it again.
fn shortened(server: &Server<'_>, mut named: Vec<Named>) -> Vec<Named> {
    for (network, named) in server.networks.iter().zip(&mut named) {
        let (Some(name), Some(site)) = (&network.name, &named.site) else { continue };
        let rest = name.strip_prefix(site.as_str()).and_then(|rest| rest.strip_prefix(SEPARATORS));
        if let Some(rest) = rest.filter(|rest| !rest.trim().is_empty()) {
            named.network = Some(rest.trim().to_owned());
        }
    }
    named
}

/// What may stand between a site's name and its network's.
const SEPARATORS: [char; 7] = ['/', ':', ' ', '_', '-', '.', '|'];

/// Sites by what stands before the last separator of names, if that groups most of them.
fn by_names(server: &Server<'_>) -> Vec<Named> {
    let split = |name: &str| -> Option<(String, String)> {
        let (site, network) = name.rsplit_once(SEPARATORS)?;
        let (site, network) = (site.trim(), network.trim());
        (!site.is_empty() && !network.is_empty()).then(|| (site.to_owned(), network.to_owned()))
    };
    let parts: Vec<Option<(String, String)>> =
        server.networks.iter().map(|network| network.name.as_deref().and_then(split)).collect();
    let names = server.networks.iter().filter(|network| network.name.is_some()).count();
    let mut of_site: BTreeMap<&str, usize> = BTreeMap::new();
    let mut kinds: BTreeSet<&str> = BTreeSet::new();
    for (site, network) in parts.iter().flatten() {
        *of_site.entry(site).or_default() += 1;
        kinds.insert(network);
    }
    let grouped: usize = of_site.values().filter(|count| **count > 1).sum();
    let split_names = parts.iter().flatten().count();
    let says_so = of_site.len() > 1
        && (3 * grouped >= 2 * names || (split_names == names && names > 3 && 2 * kinds.len() <= names));
    if !says_so {
        return vec![Named::default(); server.networks.len()];
    }
    let named = |(parts, network): (Option<(String, String)>, &Network<'_>)| match parts {
        Some((site, network)) => Named { site: Some(site), network: Some(network) },
        None => Named { site: network.name.clone(), network: None },
    };
    parts.into_iter().zip(&server.networks).map(named).collect()
}

/// What people call a site, if all its subnets agree.
fn site_name(server: &Server<'_>, named: &[Named], site: Option<&String>) -> Option<String> {
    site?;
    let members = server.networks.iter().zip(named).filter(|(_, named)| named.site.as_ref() == site);
    let names = members.filter_map(|(network, _)| context_value(network, &["site-name", "name"]));
    let names: BTreeSet<String> = names.collect();
    let only = names.first().filter(|_| names.len() == 1)?;
    (only.chars().count() <= 128 && !only.chars().any(char::is_control)).then(|| only.clone())
}

/// A code that no other site has.
fn code(wanted: &str, sites: &[SiteDraft]) -> String {
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let code: String = wanted.chars().map(|c| if word(c) { c } else { '-' }).take(56).collect();
    let code = code.trim_start_matches(['.', '_', '-']).to_owned();
    let code = if code.parse::<SiteCode>().is_ok() { code } else { "site".to_owned() };
    let taken = |code: &str| sites.iter().any(|site| site.code.eq_ignore_ascii_case(code));
    if !taken(&code) && !code.eq_ignore_ascii_case("estate") {
        return code;
    }
    let numbered = (1..).map(|number: u32| format!("{code}-{number}")).find(|code| !taken(code));
    numbered.expect("there are more numbers than sites")
}

fn free_name(wanted: &str, networks: &[NetworkDraft]) -> String {
    let taken = |name: &str| networks.iter().any(|network| network.name == name);
    if !taken(wanted) {
        return wanted.to_owned();
    }
    let numbered = (2..).map(|number: u32| format!("{wanted} ({number})")).find(|name| !taken(name));
    numbered.expect("there are more numbers than networks")
}
