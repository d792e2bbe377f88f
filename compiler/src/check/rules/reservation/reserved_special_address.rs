//! A reservation for an address that is not for clients.

use super::position::{Position, positions};
use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::Estate;

/// L405.
pub static RULE: Rule = Rule {
    code: "L405",
    slug: "reserved-special-address",
    severity: Severity::Error,
    allowable: true,
    page: include_str!("reserved_special_address.md"),
};

/// Looks at every reserved address inside its subnet.
pub fn check(estate: &Estate, sink: &mut Sink) {
    positions(estate, |id, address, position| {
        let addr = address.value;
        let prefix = &estate.subnets[estate.reservations[id].subnet].prefix;
        let (what, place, there) = match position {
            Position::Network => ("network", prefix.span, format!("the subnet is {}", prefix.value.range())),
            Position::Broadcast => {
                ("broadcast", prefix.span, format!("the subnet is {}", prefix.value.range()))
            }
            Position::Router(span) => ("router's", span, "the router according to this".to_owned()),
            Position::Relay(span) => ("relay's", span, "the relay according to this".to_owned()),
            Position::Outside | Position::Excluded(_) | Position::InPool(_) | Position::Free => return,
        };
        let message = format!("reserved address `{addr}` is the {what} address of `{}`", prefix.value);
        let finding = Diagnostic::new(&RULE, address.span, message, "not for a client");
        let help = format!("reserve another address of `{}`", prefix.value);
        sink.push(finding.with_secondary(place, there).with_help(help));
    });
}
