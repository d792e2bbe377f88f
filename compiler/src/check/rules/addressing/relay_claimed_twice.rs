//! A relay address that could mean either of two networks.

use std::net::Ipv4Addr;

use leasehold_schemas::source::Span;

use super::placement::{Placement, whose};
use super::prefixes::Prefixes;
use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::{Estate, Id, Network, Subnet};

/// L312.
pub static RULE: Rule = Rule {
    code: "L312",
    slug: "relay-claimed-twice",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("relay_claimed_twice.md"),
};

/// Looks at every relay: a subnet claims the addresses in it for its network, `relays` claims the rest.
pub fn check(estate: &Estate, sink: &mut Sink) {
    let mut claims: Vec<(Ipv4Addr, Span, Id<Network>)> = Vec::new();
    for (id, network) in estate.networks.iter() {
        claims.extend(network.relays.iter().map(|relay| (relay.value, relay.span, id)));
    }
    if claims.is_empty() {
        return;
    }
    claims.sort_unstable();
    let placement = Placement::of(estate);
    let prefixes = Prefixes::of(estate, |subnet| placement.sure(estate, subnet));
    for claims in claims.chunk_by(|a, b| a.0 == b.0) {
        let owner = prefixes.containing(claims[0].0).map(|subnet| &estate.subnets[subnet]);
        let mut first: Option<(Span, Id<Network>)> = None;
        for &(addr, span, network) in claims {
            let own = holds(estate, network, addr);
            match (owner, first) {
                (Some(owner), _) if !own && owner.network != network => {
                    if !estate.is_partial(estate.scopes[estate.networks[network].scope].span) {
                        let message = format!("relay `{addr}` lies in a subnet of another network");
                        let label =
                            format!("claimed for network `{}` here", estate.networks[network].name.value);
                        let there = format!("claims it for {}", whose(estate, owner));
                        let finding = Diagnostic::new(&RULE, span, message, label);
                        let help =
                            "remove the relay here: an address in a subnet means that subnet's network";
                        sink.push(finding.with_secondary(owner.prefix.span, there).with_help(help));
                    }
                }
                (_, Some((earlier, other))) if other != network => {
                    if overlap(estate, network, other) {
                        continue;
                    }
                    sink.push(claimed_twice(estate, (addr, span, network), earlier, other));
                }
                (_, Some(_)) => {}
                (_, None) => first = Some((span, network)),
            }
        }
    }
}

/// Whether the address lies in one of the network's own subnets, as far as those are known.
fn holds(estate: &Estate, network: Id<Network>, addr: Ipv4Addr) -> bool {
    let subnets = &estate.networks[network].subnets;
    subnets.iter().any(|&subnet| estate.subnets[subnet].prefix.value.contains(addr))
}

/// Whether the networks share addresses: then one is a copy of the other, and its subnets are reported.
fn overlap(estate: &Estate, a: Id<Network>, b: Id<Network>) -> bool {
    let prefix = |id: &Id<Subnet>| estate.subnets[*id].prefix.value;
    let mut subnets = estate.networks[a].subnets.iter().map(prefix);
    subnets.any(|one| estate.networks[b].subnets.iter().map(prefix).any(|other| one.overlaps(other)))
}

fn claimed_twice(
    estate: &Estate,
    (addr, span, network): (Ipv4Addr, Span, Id<Network>),
    earlier: Span,
    other: Id<Network>,
) -> Diagnostic {
    let name = |network: Id<Network>| {
        let network = &estate.networks[network];
        format!("network `{}` of site {}", network.name.value, estate.sites[network.site].code.value)
    };
    let message = format!("relay `{addr}` is claimed by two networks");
    Diagnostic::new(&RULE, span, message, format!("claimed for {} here", name(network)))
        .with_secondary(earlier, format!("already claimed here, for {}", name(other)))
        .with_note("a packet from this relay could mean either")
        .with_help("keep it in the network whose clients it serves, and remove it from the other")
}
