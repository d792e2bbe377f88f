//! A pool that would give a client the address of a relay.

use super::infrastructure::{finding, intrusions};
use crate::diag::{Rule, Severity, Sink};
use crate::model::Estate;

/// L310.
pub static RULE: Rule = Rule {
    code: "L310",
    slug: "pool-contains-relay",
    severity: Severity::Error,
    allowable: true,
    page: include_str!("pool_contains_relay.md"),
};

/// Looks at every pool after its exclusions. A pool with an end of the subnet or a router has that fault already.
pub fn check(estate: &Estate, sink: &mut Sink) {
    intrusions(estate, |pool, intruders| {
        if intruders.ends.is_empty() && intruders.routers.is_empty() {
            sink.push(finding(&RULE, &estate.pools[pool], intruders, &intruders.relays, "relay"));
        }
    });
}
