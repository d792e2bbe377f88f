//! Reserved addresses inside a pool.

use std::collections::BTreeMap;

use super::position::{Position, positions};
use crate::check::rules::addressing::infrastructure::intrusions;
use crate::check::rules::addressing::placement::Placement;
use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::{Estate, Id, Pool, Reservation};

/// L410.
pub static RULE: Rule = Rule {
    code: "L410",
    slug: "reservation-in-pool",
    severity: Severity::Information,
    allowable: true,
    page: include_str!("reservation_in_pool.md"),
};

/// Looks at every pool; one finding a pool, at the first of its reservations: where one lies in a pool, many do.
pub fn check(estate: &Estate, sink: &mut Sink) {
    let mut inside: BTreeMap<Id<Pool>, (Id<Reservation>, usize)> = BTreeMap::new();
    positions(estate, |id, _, position| {
        if let Position::InPool(pool) = position {
            inside.entry(pool).or_insert((id, 0)).1 += 1;
        }
    });
    if inside.is_empty() {
        return;
    }
    // A pool whose bounds are wrong takes in reservations by mistake.
    intrusions(estate, |pool, _| {
        inside.remove(&pool);
    });
    let placement = Placement::of(estate);
    inside.retain(|&pool, _| !placement.pool_outside(estate, &estate.pools[pool]));
    for (pool, (first, count)) in inside {
        let pool = &estate.pools[pool].range;
        let Some(address) = &estate.reservations[first].address else { continue };
        let message = match count {
            1 => format!("reserved address `{}` lies in pool `{}`", address.value, pool.value),
            _ => format!("{count} reserved addresses lie in pool `{}`", pool.value),
        };
        let label = if count == 1 { "in the pool" } else { "the first of them" };
        sink.push(Diagnostic::new(&RULE, address.span, message, label).with_secondary(pool.span, "the pool"));
    }
}
