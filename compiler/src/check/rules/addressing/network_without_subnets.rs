//! A network in which there is nothing.

use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::Estate;

/// L324.
pub static RULE: Rule = Rule {
    code: "L324",
    slug: "network-without-subnets",
    severity: Severity::Warning,
    allowable: true,
    page: include_str!("network_without_subnets.md"),
};

/// Looks at every network that was read whole.
pub fn check(estate: &Estate, sink: &mut Sink) {
    for network in estate.networks.values() {
        if network.subnets.is_empty() && !estate.is_partial(estate.scopes[network.scope].span) {
            let message = format!("network `{}` has no subnet", network.name.value);
            let label = "no client can get an address in it";
            let finding = Diagnostic::new(&RULE, network.name.span, message, label);
            sink.push(finding.with_help("list its subnets under `subnets`, or remove it"));
        }
    }
}
