//! Which address a DISCOVER is offered.

use std::net::Ipv4Addr;

use super::holds::Holds;
use super::silence::Silence;
use super::situation::Situation;
use crate::leases::{Binding, State, Store};
use crate::time::Now;
use crate::wire::code;

/// The reserved address; the one offered just before; the current or a former one; the one asked for (RFC 2131
/// section 4.3.1); else the free one that has rested longest. None of them may be anybody else's.
pub fn choose(
    situation: &Situation<'_>,
    store: &mut Store,
    holds: &Holds,
    now: Now,
) -> Result<Ipv4Addr, Silence> {
    let (bindings, may_offer) = (store.bindings(), &*store);
    let can_have = |address: &Ipv4Addr| {
        situation.place_of(*address).is_some()
            && (!holds.is_held_for_other(*address, &situation.client.key)
                || situation.is_reserved_to_one_device(*address))
            && bindings.get(*address).is_none_or(|binding| is_open(situation, binding, now))
            && may_offer.may_offer(now, *address, &situation.client.key)
    };
    let reserved = situation.reservation().and_then(|reservation| reservation.address);
    let offered = holds.of_client(&situation.client.key);
    let had = bindings.of_client(&situation.client.key).map(|binding| binding.address);
    let asked = situation.message.address_option(code::REQUESTED_ADDRESS);
    let known = reserved.into_iter().chain(offered).chain(had).chain(asked).find(can_have);
    match known {
        Some(address) => Ok(address),
        None => pick(situation, store, holds),
    }
}

/// Whether the record leaves the address to this client.
fn is_open(situation: &Situation<'_>, binding: &Binding, now: Now) -> bool {
    match &binding.state {
        State::Free { .. } => true,
        State::Bound(holder) => holder.key == situation.client.key || !binding.is_active(now.wall_ms),
        State::Declined { until_wall_ms } => *until_wall_ms <= now.wall_ms,
    }
}

/// A free address of the first open pool that has one. A client whose reserved address is taken gets one too.
fn pick(situation: &Situation<'_>, store: &mut Store, holds: &Holds) -> Result<Ipv4Addr, Silence> {
    let tables = situation.tables;
    // A lease that ends while its address is offered to its client puts the address into the list.
    let usable = |address: Ipv4Addr| {
        !tables.is_reserved(address) && !holds.is_held_for_other(address, &situation.client.key)
    };
    let mut open = false;
    for subnet in &tables.segment(situation.segment).subnets {
        if !situation.may_enter(*subnet) {
            continue;
        }
        for pool in &tables.subnet(*subnet).pools {
            let pool = tables.pool(*pool);
            if !situation.membership().passes_guard(&pool.only) {
                continue;
            }
            open = true;
            for range in &pool.ranges {
                if let Some(address) = store.pick(*range, usable) {
                    return Ok(address);
                }
            }
        }
    }
    Err(if open { Silence::NoAddress } else { Silence::Guarded })
}
