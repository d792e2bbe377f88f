//! A reservation for an address that its subnet does not have.

use std::net::Ipv4Addr;

use leasehold_schemas::source::Spanned;

use crate::check::rules::addressing::placement::{Placement, whose};
use crate::check::rules::addressing::prefixes::{Prefixes, overlaps};
use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::{Estate, Id, Subnet};

/// L404.
pub static RULE: Rule = Rule {
    code: "L404",
    slug: "address-outside-subnet",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("address_outside_subnet.md"),
};

/// Looks at every reserved address. One in a pool that lies outside the subnet itself follows from the pool.
pub fn check(estate: &Estate, sink: &mut Sink) {
    let mut prefixes = None;
    let placement = Placement::of(estate);
    let sure = estate.subnets.iter().filter(|(id, _)| placement.sure(estate, *id)).map(|(_, subnet)| subnet);
    for (subnet, address) in sure.flat_map(|subnet| outside(estate, subnet)) {
        let addr = address.value;
        if subnet.pools.iter().any(|&pool| estate.pools[pool].range.value.contains(addr)) {
            continue;
        }
        let prefix = subnet.prefix.value;
        let message = format!("reserved address `{addr}` lies outside its subnet `{prefix}`");
        let finding = Diagnostic::new(&RULE, address.span, message, "not in the subnet")
            .with_secondary(subnet.prefix.span, format!("the subnet holds {}", prefix.range()));
        let prefixes = prefixes.get_or_insert_with(|| Prefixes::of(estate, |_| true));
        sink.push(match prefixes.containing(addr).map(|home| &estate.subnets[home]) {
            Some(home) => {
                let help = format!("it belongs to subnet `{}` of {}", home.prefix.value, whose(estate, home));
                finding.with_help(help)
            }
            None => {
                let help =
                    format!("no subnet has this address: reserve one of `{prefix}`, or correct the prefix");
                finding.with_help(help)
            }
        });
    }
    report_misplaced(estate, &placement, sink);
}

/// The addresses reserved in a subnet that it does not have: the first position of all, so that no other need be known.
fn outside<'a>(
    estate: &'a Estate,
    subnet: &'a Subnet,
) -> impl Iterator<Item = (&'a Subnet, &'a Spanned<Ipv4Addr>)> {
    let prefix = subnet.prefix.value;
    let reserved = subnet.reservations.iter().filter_map(|&id| estate.reservations[id].address.as_ref());
    reserved.filter(move |address| !prefix.contains(address.value)).map(move |address| (subnet, address))
}

/// A subnet whose prefix fits none of its reservations is reported once, at its prefix; one with pools is the
/// pools' rule's.
fn report_misplaced(estate: &Estate, placement: &Placement, sink: &mut Sink) {
    let misplaced =
        estate.subnets.iter().filter(|(id, subnet)| placement.misplaced(*id) && subnet.pools.is_empty());
    let misplaced: Vec<Id<Subnet>> = misplaced.map(|(id, _)| id).collect();
    if misplaced.is_empty() {
        return;
    }
    let mut reported: Vec<Id<Subnet>> =
        overlaps(estate, placement).iter().map(|overlap| overlap.at).collect();
    reported.sort_unstable();
    for id in misplaced.into_iter().filter(|id| reported.binary_search(id).is_err()) {
        let subnet = &estate.subnets[id];
        let prefix = subnet.prefix.value;
        let message = format!("subnet `{prefix}` contains none of the addresses reserved in it");
        let mut finding =
            Diagnostic::new(&RULE, subnet.prefix.span, message, format!("holds {}", prefix.range()));
        let first = subnet.reservations.iter().find_map(|&id| estate.reservations[id].address.as_ref());
        if let Some(first) = first {
            finding =
                finding.with_secondary(first.span, "lies outside, as every other reserved address does");
        }
        sink.push(finding.with_help("correct the prefix, or move the reservations"));
    }
}
