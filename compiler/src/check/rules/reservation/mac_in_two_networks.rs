//! One MAC reserved in several networks of a site.

use super::clients::{comparable, mac_number};
use crate::check::rules::addressing::placement::Placement;
use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::{Estate, Id, Network, Reservation};

/// L402.
pub static RULE: Rule = Rule {
    code: "L402",
    slug: "mac-in-two-networks",
    severity: Severity::Warning,
    allowable: true,
    page: include_str!("mac_in_two_networks.md"),
};

/// Looks at the reservations of each site. A MAC is reported once for each network after its first.
pub fn check(estate: &Estate, sink: &mut Sink) {
    let placement = Placement::of(estate);
    let mut macs: Vec<(u64, Id<Reservation>)> = Vec::new();
    for site in estate.sites.values().filter(|site| site.networks.len() > 1) {
        macs.clear();
        let subnets = site.networks.iter().flat_map(|&network| &estate.networks[network].subnets);
        for &id in subnets.flat_map(|&subnet| &estate.subnets[subnet].reservations) {
            if let Some(mac) = mac_number(&estate.reservations[id].identifier.value) {
                macs.push((mac, id));
            }
        }
        macs.sort_unstable();
        for same in macs.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
            let mut seen: Option<(Id<Reservation>, Id<Network>)> = None;
            let mut last = None;
            for &(_, id) in same.iter().filter(|(_, id)| comparable(estate, &placement, *id)) {
                let network = estate.subnets[estate.reservations[id].subnet].network;
                match seen {
                    None => seen = Some((id, network)),
                    Some((first, home)) if network != home && last != Some(network) => {
                        sink.push(finding(estate, id, network, first, home));
                    }
                    Some(_) => {}
                }
                last = Some(network);
            }
        }
    }
}

fn finding(
    estate: &Estate,
    id: Id<Reservation>,
    network: Id<Network>,
    first: Id<Reservation>,
    home: Id<Network>,
) -> Diagnostic {
    let identifier = |id: Id<Reservation>| &estate.reservations[id].identifier;
    let message =
        format!("{} is reserved in two networks of the site", super::clients::Named(&identifier(id).value));
    let here = format!("in network `{}` here", estate.networks[network].name.value);
    let there = format!("and in network `{}` here", estate.networks[home].name.value);
    let help = "remove it from the network where the device is not; if it moves between them, allow \
                `mac-in-two-networks` here";
    Diagnostic::new(&RULE, identifier(id).span, message, here)
        .with_secondary(identifier(first).span, there)
        .with_help(help)
}
