//! A pool that would give a client the address of its router.

use super::infrastructure::{finding, intrusions};
use crate::diag::{Rule, Severity, Sink};
use crate::model::Estate;

/// L309.
pub static RULE: Rule = Rule {
    code: "L309",
    slug: "pool-contains-router",
    severity: Severity::Error,
    allowable: true,
    page: include_str!("pool_contains_router.md"),
};

/// Looks at every pool after its exclusions. A pool with the network or broadcast address has that fault already.
pub fn check(estate: &Estate, sink: &mut Sink) {
    intrusions(estate, |pool, intruders| {
        if intruders.ends.is_empty() && !intruders.routers.is_empty() {
            sink.push(finding(&RULE, &estate.pools[pool], intruders, &intruders.routers, "router"));
        }
    });
}
