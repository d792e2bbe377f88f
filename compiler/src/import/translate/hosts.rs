//! Reservations.
//!
//! Kea has them in subnets and for the whole configuration, and flags say which of the two it looks at. A reservation of
//! the whole configuration with an address is one of the subnet that the address lies in; what it says besides holds
//! wherever the client is, and is a device entry.

use std::collections::BTreeMap;

use super::{At, Tree, sending};
use crate::import::draft::{Key, ReservationDraft};
use crate::import::kea::scope::HostFlags;
use crate::import::kea::{Host, names_a_server};
use crate::import::listing::Fate;
use crate::import::yaml::Yaml;

/// Devices: clients that are known without an address.
#[derive(Default)]
pub struct Devices {
    /// Known everywhere.
    pub estate: Vec<ReservationDraft>,
    /// Known in one network: for each network in order.
    pub networks: Vec<Vec<ReservationDraft>>,
}

/// Writes reservations into their subnets, and gives the devices.
pub fn fill(tree: &mut Tree<'_, '_>) -> Devices {
    let server = tree.server;
    for (n, network) in server.networks.iter().enumerate() {
        for (s, subnet) in network.subnets.iter().enumerate() {
            let at = At::Subnet(n, s);
            let counts = flag(tree, at, |flags| flags.in_subnet).unwrap_or(true);
            for host in &subnet.hosts {
                if !counts {
                    host.view.tell(
                        Fate::Idle,
                        "`reservations-in-subnet` is off, so Kea does not look at it",
                        "",
                    );
                    continue;
                }
                let draft = reservation(tree, at, host);
                tree.networks[n].subnets[s].reservations.push(draft);
            }
        }
    }
    global(tree)
}

fn flag(tree: &Tree<'_, '_>, at: At, read: fn(&HostFlags) -> Option<bool>) -> Option<bool> {
    at.chain().find_map(|at| read(&tree.scope(at).hosts))
}

fn global(tree: &mut Tree<'_, '_>) -> Devices {
    let server = tree.server;
    let mut devices = Devices { estate: Vec::new(), networks: vec![Vec::new(); server.networks.len()] };
    let subnets: Vec<At> = tree.places().into_iter().filter(|at| matches!(at, At::Subnet(..))).collect();
    let looking: Vec<At> =
        subnets.iter().copied().filter(|at| flag(tree, *at, |flags| flags.global).unwrap_or(false)).collect();
    for host in &server.hosts {
        let everywhere = flag(tree, At::Estate, |flags| flags.global).unwrap_or(false);
        if looking.is_empty() && !(subnets.is_empty() && everywhere) {
            host.view.tell(Fate::Idle, "`reservations-global` is off, so Kea does not look at it", "");
            continue;
        }
        let mut draft = reservation(tree, At::Estate, host);
        if let Some(address) = draft.address.take() {
            let home = looking.iter().find_map(|at| match at {
                At::Subnet(n, s) if tree.networks[*n].subnets[*s].prefix.contains(address) => Some((*n, *s)),
                _ => None,
            });
            let Some((n, s)) = home else {
                let reason = format!("address {address} lies in no subnet that looks at reservations of all");
                host.view.tell(Fate::Lost, reason, "write it in the subnet it belongs to");
                continue;
            };
            let says_more = says_more(&draft);
            let reserved = ReservationDraft {
                address: Some(address),
                hostname: None,
                classes: Vec::new(),
                settings: BTreeMap::new(),
                ..draft.clone()
            };
            let alone = looking.len() == 1 || !says_more;
            let reserved =
                if alone { ReservationDraft { address: Some(address), ..draft.clone() } } else { reserved };
            tree.networks[n].subnets[s].reservations.push(reserved);
            if alone {
                continue;
            }
        }
        if looking.len() == subnets.len() {
            devices.estate.push(draft);
            continue;
        }
        let mut told = Vec::new();
        for at in &looking {
            if let At::Subnet(n, _) = at
                && !told.contains(n)
            {
                told.push(*n);
                devices.networks[*n].push(draft.clone());
            }
        }
    }
    devices
}

fn says_more(draft: &ReservationDraft) -> bool {
    draft.hostname.is_some() || !draft.classes.is_empty() || !draft.settings.is_empty()
}

fn reservation(tree: &Tree<'_, '_>, at: At, host: &Host<'_>) -> ReservationDraft {
    let scope = &host.scope;
    let mut settings: BTreeMap<Key, Yaml> = BTreeMap::new();
    for datum in &scope.options {
        if !datum.tags.is_empty() {
            let reason = "an option of one client that only members of a class get";
            datum.view.tell(Fate::Lost, reason, "write a second reservation, or leave the class out");
            continue;
        }
        if let Some(value) = &datum.value {
            settings.insert(Key::Option(datum.space, datum.code), value.clone());
        }
    }
    if let Some(address) = scope.next_server.filter(|address| !address.is_unspecified()) {
        settings.insert(Key::NextServer, Yaml::text(address.to_string()));
    }
    settings.extend(scope.server_hostname.as_ref().map(|name| (Key::ServerHostname, Yaml::text(name))));
    settings.extend(scope.boot_file_name.as_ref().map(|name| (Key::BootFileName, Yaml::text(name))));
    settings.extend(sending::of_host(tree, at, &scope.options));
    let mut classes = Vec::new();
    for (name, view) in &scope.guards {
        match tree.classes.name(name) {
            Some(ours) => classes.push(ours.to_owned()),
            None if names_a_server(name) => {
                view.note(
                    Fate::Lost,
                    "a class that names a server of the pair says nothing of a client",
                    "remove it",
                );
            }
            None => view.note(Fate::Idle, "every client is in it", ""),
        }
    }
    let remarks = scope.context.remarks(&[]);
    let description = scope.context.comment.clone().filter(|text| text.chars().count() <= 1000);
    let remarks = if description.is_some() { remarks.into_iter().skip(1).collect() } else { remarks };
    ReservationDraft {
        identifier: (host.identity.key, host.identity.value.clone()),
        address: host.address,
        hostname: host.hostname.clone(),
        description,
        classes,
        settings,
        remarks,
    }
}
