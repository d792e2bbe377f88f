//! A subnet that can give no address to anyone.

use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::Estate;

/// L323.
pub static RULE: Rule = Rule {
    code: "L323",
    slug: "subnet-without-addresses",
    severity: Severity::Warning,
    allowable: true,
    page: include_str!("subnet_without_addresses.md"),
};

/// Looks at every subnet that was read whole.
pub fn check(estate: &Estate, sink: &mut Sink) {
    for subnet in estate.subnets.values() {
        let empty = subnet.pools.is_empty() && subnet.reservations.is_empty();
        if empty && !estate.is_partial(estate.scopes[subnet.scope].span) {
            let message = format!("subnet `{}` has neither a pool nor a reservation", subnet.prefix.value);
            let label = "no client can get an address in it";
            let finding = Diagnostic::new(&RULE, subnet.prefix.span, message, label);
            sink.push(finding.with_help("give it `pools` or `reservations`, or remove it"));
        }
    }
}
