//! A pool that would give a client the subnet's network or broadcast address.

use super::infrastructure::intrusions;
use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::Estate;

/// L308.
pub static RULE: Rule = Rule {
    code: "L308",
    slug: "pool-with-network-or-broadcast",
    severity: Severity::Error,
    allowable: true,
    page: include_str!("pool_with_network_or_broadcast.md"),
};

/// Looks at every pool after its exclusions. A /31 or /32 has neither address (RFC 3021).
pub fn check(estate: &Estate, sink: &mut Sink) {
    intrusions(estate, |pool, intruders| {
        let pool = &estate.pools[pool];
        let range = pool.range.value;
        let prefix = &estate.subnets[pool.subnet].prefix;
        let (what, label) = match intruders.ends[..] {
            [] => return,
            [end] if end == prefix.value.network() => {
                (format!("network address `{end}`"), "would give it to a client")
            }
            [end] => (format!("broadcast address `{end}`"), "would give it to a client"),
            [..] => ("network and the broadcast address".to_owned(), "would give them to clients"),
        };
        let message = format!("pool `{range}` contains the {what}");
        let holds = format!("the subnet is {}", prefix.value.range());
        let diagnostic =
            Diagnostic::new(&RULE, pool.range.span, message, label).with_secondary(prefix.span, holds);
        sink.push(intruders.propose(pool, diagnostic));
    });
}
