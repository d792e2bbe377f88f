//! A router that no client of the network can reach.

use leasehold_schemas::vocab::Layer;

use super::placement::Placement;
use super::routers::{Router, Routers};
use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::{Estate, Id, Network, Values};

/// L311.
pub static RULE: Rule = Rule {
    code: "L311",
    slug: "router-outside-subnet",
    severity: Severity::Error,
    allowable: true,
    page: include_str!("router_outside_subnet.md"),
};

/// Looks at the routers that hold in each network, whoever said them; each value is reported once.
pub fn check(estate: &Estate, sink: &mut Sink) {
    let routers = Routers::of(estate);
    let placement = Placement::of(estate);
    let mut found: Vec<(Router, Id<Network>)> = Vec::new();
    for (id, network) in estate.networks.iter() {
        let sure = network.subnets.iter().all(|&subnet| placement.sure(estate, subnet));
        if sure && !network.subnets.is_empty() && !estate.is_partial(estate.scopes[network.scope].span) {
            let outside = told(estate, routers, network)
                .into_iter()
                .filter(|router| !reachable(estate, network, router));
            found.extend(outside.map(|router| (router, id)));
        }
    }
    found.sort_unstable();
    found.dedup();
    for said in found.chunk_by(|a, b| a.0.span == b.0.span) {
        sink.push(finding(estate, said));
    }
}

fn reachable(estate: &Estate, network: &Network, router: &Router) -> bool {
    network.subnets.iter().any(|&subnet| estate.subnets[subnet].prefix.value.contains(router.addr))
}

/// Every router that some client of the network is told, by its places, by classes in the network or by its
/// reservation, and that does not lie in that client's own subnet.
fn told(estate: &Estate, routers: Routers, network: &Network) -> Vec<Router> {
    let site = &estate.scopes[estate.sites[network.site].scope];
    let mut told: Vec<Router> = Vec::new();
    let mut scopes = vec![network.scope];
    for &subnet in &network.subnets {
        let subnet = &estate.subnets[subnet];
        scopes.push(subnet.scope);
        scopes.extend(subnet.pools.iter().map(|&pool| estate.pools[pool].scope));
        // Most routers lie in the very subnet: only the others are worth a look at the rest of the network.
        let strange = |router: &Router| !subnet.prefix.value.contains(router.addr);
        let reserved = subnet.reservations.iter().map(|&id| &estate.reservations[id].values);
        told.extend(reserved.flat_map(|values| routers.said_in(values)).filter(strange));
        if let Some((scope, said)) = routers.effective(estate, subnet.scope) {
            // What the site says may be missing from a broken file, and would have won over profile and estate.
            let wider = scope.layer < Layer::Site;
            if !(wider && estate.is_partial(site.span)) {
                told.extend(said.filter(strange));
            }
        }
    }
    let mut said_by = |values: &Values| told.extend(routers.said_in(values));
    for scope in scopes.into_iter().map(|scope| &estate.scopes[scope]) {
        scope.meanings.iter().for_each(|meaning| said_by(&meaning.values));
        if scope.layer == Layer::Pool {
            said_by(&scope.values);
        }
    }
    told
}

fn finding(estate: &Estate, said: &[(Router, Id<Network>)]) -> Diagnostic {
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
