//! Addresses of a subnet that no client may be given: its ends, its routers, its relays.
//!
//! A pool that takes in several of them has one fault, its bounds: the ends are named first, then routers, then
//! relays, and what is proposed avoids all three.

use std::net::Ipv4Addr;

use leasehold_schemas::vocab::AddrRange;

use super::placement::{Placement, reserved};
use super::routers::{Router, Routers};
use crate::diag::{Diagnostic, Edit, Rule};
use crate::model::{Estate, Id, Pool, Subnet};

/// What a pool wrongly takes in. Excluded and reserved addresses are not in a pool: nobody is given them.
#[derive(Debug, Default)]
pub struct Intruders {
    /// Network and broadcast address.
    pub ends: Vec<Ipv4Addr>,
    /// Routers of which anybody in the subnet or the pool is told, and where each is said.
    pub routers: Vec<Router>,
    /// The network's relays that are no routers, and where each is said.
    pub relays: Vec<Router>,
}

/// Calls `found` for every pool that takes in an address of the infrastructure. Pools outside their subnet have a
/// fault already.
pub fn intrusions(estate: &Estate, mut found: impl FnMut(Id<Pool>, &Intruders)) {
    let placement = Placement::of(estate);
    let routers = Routers::of(estate);
    for (id, subnet) in estate.subnets.iter() {
        if !placement.sure(estate, id) {
            continue;
        }
        let mut shared: Vec<Router> =
            routers.effective(estate, subnet.scope).into_iter().flat_map(|(_, said)| said).collect();
        let reserved = subnet.reservations.iter().map(|&id| &estate.reservations[id].values);
        let meant = estate.scopes[subnet.scope].meanings.iter().map(|meaning| &meaning.values);
        shared.extend(reserved.chain(meant).flat_map(|values| routers.said_in(values)));
        for &id in &subnet.pools {
            let pool = &estate.pools[id];
            if placement.pool_outside(estate, pool) {
                continue;
            }
            let own = routers.said_in(&estate.scopes[pool.scope].values);
            let intruders = intruders(estate, subnet, pool, shared.iter().copied().chain(own));
            if let Some(intruders) = intruders {
                found(id, &intruders);
            }
        }
    }
}

fn intruders(
    estate: &Estate,
    subnet: &Subnet,
    pool: &Pool,
    routers: impl Iterator<Item = Router>,
) -> Option<Intruders> {
    let prefix = subnet.prefix.value;
    let range = pool.range.value;
    let excluded = |addr| subnet.exclusions.iter().any(|exclusion| exclusion.range.value.contains(addr));
    let held_back = |addr| excluded(addr) || reserved(estate, subnet).any(|reserved| reserved == addr);
    let mut found = Intruders::default();
    let ends = [prefix.network(), prefix.last()];
    if prefix.reserves_ends() {
        found.ends.extend(ends.into_iter().filter(|&addr| range.contains(addr) && !excluded(addr)));
    }
    for router in routers.filter(|router| range.contains(router.addr) && !ends.contains(&router.addr)) {
        if !held_back(router.addr) && found.routers.iter().all(|known| known.addr != router.addr) {
            found.routers.push(router);
        }
    }
    for relay in &estate.networks[subnet.network].relays {
        let addr = relay.value;
        let known = ends.contains(&addr) || found.routers.iter().any(|router| router.addr == addr);
        if range.contains(addr) && !known && !held_back(addr) {
            found.relays.push(Router { span: relay.span, addr });
        }
    }
    let none = found.ends.is_empty() && found.routers.is_empty() && found.relays.is_empty();
    (!none).then_some(found)
}

impl Intruders {
    /// Proposes bounds for the pool that leave every intruder out, or else exclusions.
    pub fn propose(&self, pool: &Pool, diagnostic: Diagnostic) -> Diagnostic {
        let mut all: Vec<Ipv4Addr> = self.ends.clone();
        all.extend(self.routers.iter().chain(&self.relays).map(|router| router.addr));
        match trimmed(pool.range.value, &all) {
            Some(range) => {
                let edit = Edit { span: pool.range.span, text: range.to_string() };
                let title = format!("Make the pool {range}");
                diagnostic.with_help(format!("make the pool `{range}`")).with_fix(title, vec![edit])
            }
            None => {
                all.sort_unstable();
                diagnostic.with_help(format!("add {} to `exclude`", list(&all)))
            }
        }
    }
}

/// The range with its ends moved inwards past `unwanted`; `None` if one of them would stay in it.
fn trimmed(range: AddrRange, unwanted: &[Ipv4Addr]) -> Option<AddrRange> {
    let (mut first, mut last) = (range.first(), range.last());
    while unwanted.contains(&first) {
        first = Ipv4Addr::from_bits(first.to_bits().checked_add(1)?);
    }
    while unwanted.contains(&last) {
        last = Ipv4Addr::from_bits(last.to_bits().checked_sub(1)?);
    }
    let range = AddrRange::new(first, last).ok()?;
    (!unwanted.iter().any(|&addr| range.contains(addr))).then_some(range)
}

/// `` `10.0.0.1`, `10.0.0.2` ``
pub fn list(addrs: &[Ipv4Addr]) -> String {
    addrs.iter().map(|addr| format!("`{addr}`")).collect::<Vec<_>>().join(", ")
}

/// A finding about the routers or relays in a pool; the words are the rule's.
pub fn finding(
    rule: &'static Rule,
    pool: &Pool,
    intruders: &Intruders,
    named: &[Router],
    kind: &str,
) -> Diagnostic {
    let addrs: Vec<Ipv4Addr> = named.iter().map(|router| router.addr).collect();
    let what = if addrs.len() == 1 { kind.to_owned() } else { format!("{kind}s") };
    let range = pool.range.value;
    let message = format!("pool `{range}` contains the {what} {}", list(&addrs));
    let label = format!("would give {} to a client", if addrs.len() == 1 { "it" } else { "them" });
    let mut diagnostic = Diagnostic::new(rule, pool.range.span, message, label);
    for router in named {
        diagnostic = diagnostic.with_secondary(router.span, format!("a {kind} according to this"));
    }
    intruders.propose(pool, diagnostic)
}
