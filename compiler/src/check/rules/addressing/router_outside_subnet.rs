//! A router that the clients who are told it cannot reach.

use std::net::Ipv4Addr;

use leasehold_schemas::vocab::Layer;

use super::placement::Placement;
use super::routers::{Router, Routers};
use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::{Estate, Id, Network, Subnet};

/// L311.
pub static RULE: Rule = Rule {
    code: "L311",
    slug: "router-outside-subnet",
    severity: Severity::Error,
    allowable: true,
    page: include_str!("router_outside_subnet.md"),
};

/// Looks at the routers that clients of each network are told, whoever said them; each value is reported once.
pub fn check(estate: &Estate, sink: &mut Sink) {
    let routers = Routers::of(estate);
    let placement = Placement::of(estate);
    let mut shared: Vec<(Router, Id<Network>)> = Vec::new();
    for (id, network) in estate.networks.iter() {
        let sure = |&subnet: &Id<Subnet>| placement.sure(estate, subnet);
        for subnet in network.subnets.iter().copied().filter(sure).map(|subnet| &estate.subnets[subnet]) {
            let outside = own(estate, routers, subnet).into_iter().filter(|router| !usable(subnet, router));
            outside.for_each(|router| sink.push(outside_subnet(subnet, router)));
        }
        let certain = network.subnets.iter().all(sure) && !network.subnets.is_empty();
        if certain && !estate.is_partial(estate.scopes[network.scope].span) {
            let reachable = |router: &Router| {
                network.subnets.iter().any(|&subnet| usable(&estate.subnets[subnet], router))
            };
            let outside = inherited(estate, routers, network).into_iter().filter(|router| !reachable(router));
            shared.extend(outside.map(|router| (router, id)));
        }
    }
    of_classes(estate, routers, &placement, sink);
    shared.sort_unstable();
    shared.dedup();
    for said in shared.chunk_by(|a, b| a.0.span == b.0.span) {
        sink.push(outside_network(estate, said));
    }
}

/// Whether the router can be one in the subnet: it lies there, and not at one of its ends.
fn usable(subnet: &Subnet, router: &Router) -> bool {
    let prefix = subnet.prefix.value;
    let ends = [prefix.network(), prefix.last()];
    prefix.contains(router.addr) && !(prefix.reserves_ends() && ends.contains(&router.addr))
}

/// What a subnet says of routers itself: in the subnet, its pools and reservations, and of classes there.
fn own(estate: &Estate, routers: Routers, subnet: &Subnet) -> Vec<Router> {
    let pools = subnet.pools.iter().map(|&pool| estate.pools[pool].scope);
    let scopes = std::iter::once(subnet.scope).chain(pools).map(|scope| &estate.scopes[scope]);
    let places = scopes.flat_map(|scope| {
        std::iter::once(&scope.values).chain(scope.meanings.iter().map(|meaning| &meaning.values))
    });
    let reserved = subnet.reservations.iter().map(|&id| &estate.reservations[id].values);
    places.chain(reserved).flat_map(|values| routers.said_in(values)).collect()
}

/// Every router that some client of the network is told by the network or a wider place.
fn inherited(estate: &Estate, routers: Routers, network: &Network) -> Vec<Router> {
    let site = &estate.scopes[estate.sites[network.site].scope];
    let meanings = estate.scopes[network.scope].meanings.iter();
    let mut told: Vec<Router> = meanings.flat_map(|meaning| routers.said_in(&meaning.values)).collect();
    for subnet in network.subnets.iter().map(|&subnet| &estate.subnets[subnet]) {
        let Some((scope, said)) = routers.effective(estate, subnet.scope) else { continue };
        // What the site says may be missing from a broken file, and would have won over profile and estate.
        let unsure = scope.layer < Layer::Site && estate.is_partial(site.span);
        if scope.layer < Layer::Subnet && !unsure {
            told.extend(said.filter(|router| !usable(subnet, router)));
        }
    }
    told
}

/// Reports routers that members of a class are told wherever they are, and that lie in no subnet of the estate. Which
/// subnets the class is meant for is not known, so one that some subnet has is left alone.
fn of_classes(estate: &Estate, routers: Routers, placement: &Placement, sink: &mut Sink) {
    let certain = !estate.incomplete && estate.poisoned.is_empty();
    let Some(scope) = estate.scope.filter(|_| certain && estate.subnets.iter().next().is_some()) else {
        return;
    };
    for meaning in &estate.scopes[scope].meanings {
        for router in routers.said_in(&meaning.values) {
            let mut subnets = estate.subnets.iter();
            if subnets.any(|(id, subnet)| !placement.sure(estate, id) || usable(subnet, &router)) {
                continue;
            }
            let class = &estate.classes[meaning.class].name.value;
            let message = format!("router `{}` of class `{class}` lies outside every subnet", router.addr);
            let help = "say it where the class meets a subnet: under that subnet's `classes:`";
            sink.push(Diagnostic::new(&RULE, router.span, message, "no client can reach it").with_help(help));
        }
    }
}

fn outside_subnet(subnet: &Subnet, router: Router) -> Diagnostic {
    let (addr, prefix) = (router.addr, subnet.prefix.value);
    let end = match addr {
        _ if addr == prefix.network() => Some("network"),
        _ if addr == prefix.last() => Some("broadcast"),
        _ => None,
    };
    let (message, label) = match end {
        Some(end) => (format!("router `{addr}` is the {end} address of `{prefix}`"), "no router can have it"),
        None => {
            let message = format!("router `{addr}` lies outside its subnet `{prefix}`");
            (message, "clients of the subnet cannot reach it")
        }
    };
    let holds = format!("the subnet holds {}", prefix.range());
    let host = u32::MAX.checked_shr(u32::from(prefix.length())).unwrap_or(0);
    let meant = Ipv4Addr::from_bits(prefix.network().to_bits() | addr.to_bits() & host);
    let help = if usable(subnet, &Router { addr: meant, ..router }) {
        format!("did you mean `{meant}`?")
    } else {
        format!("write the router's address in `{prefix}`")
    };
    Diagnostic::new(&RULE, router.span, message, label)
        .with_secondary(subnet.prefix.span, holds)
        .with_help(help)
}

fn outside_network(estate: &Estate, said: &[(Router, Id<Network>)]) -> Diagnostic {
    let (router, network) = said[0];
    let network = &estate.networks[network];
    let site = &estate.sites[network.site].code.value;
    let addr = router.addr;
    let message = format!("router `{addr}` lies outside every subnet of network `{}`", network.name.value);
    let mut diagnostic = Diagnostic::new(&RULE, router.span, message, "clients there cannot reach it");
    let spans = network.subnets.iter().map(|&subnet| &estate.subnets[subnet].prefix);
    for prefix in spans.take(SUBNETS_SHOWN_MAX) {
        let holds = format!("site {site} has {} here", prefix.value.range());
        diagnostic = diagnostic.with_secondary(prefix.span, holds);
    }
    match said.len() {
        1 => diagnostic,
        2 => diagnostic.with_note("the same holds for one more network"),
        networks => diagnostic.with_note(format!("the same holds for {} more networks", networks - 1)),
    }
}

/// Labels that still fit on a screen.
const SUBNETS_SHOWN_MAX: usize = 3;
