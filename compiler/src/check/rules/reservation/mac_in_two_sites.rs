//! One MAC reserved in several sites.

use super::clients::{Named, comparable, mac_number};
use crate::check::repeats::Keyed;
use crate::check::rules::addressing::placement::Placement;
use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::{Estate, Id, Reservation, Site};

/// L412.
pub static RULE: Rule = Rule {
    code: "L412",
    slug: "mac-in-two-sites",
    severity: Severity::Information,
    allowable: true,
    page: include_str!("mac_in_two_sites.md"),
};

/// Looks at all reservations.
pub fn keys(estate: &Estate) -> Vec<Keyed> {
    let reservations = estate.reservations.iter();
    let macs =
        reservations.filter_map(|(id, reservation)| Some((mac_number(&reservation.identifier.value)?, id)));
    macs.collect()
}

/// A MAC is reported once for each site after its first; the same address reserved in both means that their subnets
/// overlap, and that is reported.
pub fn check(estate: &Estate, repeated: &[Keyed], sink: &mut Sink) {
    if repeated.is_empty() {
        return;
    }
    let placement = Placement::of(estate);
    for same in repeated.chunk_by(|a, b| a.0 == b.0) {
        let mut seen: Option<(Id<Reservation>, Id<Site>)> = None;
        let mut last = None;
        for &(_, id) in same.iter().filter(|(_, id)| comparable(estate, &placement, *id)) {
            let site = site_of(estate, id);
            match seen {
                None => seen = Some((id, site)),
                Some((first, home))
                    if site != home && last != Some(site) && !same_address(estate, id, first) =>
                {
                    sink.push(finding(estate, id, site, first, home));
                }
                Some(_) => {}
            }
            last = Some(site);
        }
    }
}

fn site_of(estate: &Estate, id: Id<Reservation>) -> Id<Site> {
    estate.networks[estate.subnets[estate.reservations[id].subnet].network].site
}

fn same_address(estate: &Estate, a: Id<Reservation>, b: Id<Reservation>) -> bool {
    let address = |id: Id<Reservation>| estate.reservations[id].address.as_ref().map(|address| address.value);
    address(a).is_some() && address(a) == address(b)
}

fn finding(
    estate: &Estate,
    id: Id<Reservation>,
    site: Id<Site>,
    first: Id<Reservation>,
    home: Id<Site>,
) -> Diagnostic {
    let identifier = |id: Id<Reservation>| &estate.reservations[id].identifier;
    let message = format!("{} is reserved in two sites", Named(&identifier(id).value));
    let here = format!("in site {} here", estate.sites[site].code.value);
    let there = format!("and in site {} here", estate.sites[home].code.value);
    Diagnostic::new(&RULE, identifier(id).span, message, here).with_secondary(identifier(first).span, there)
}
