//! A reserved address that is excluded as well.

use super::position::{Position, positions};
use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::Estate;

/// L411.
pub static RULE: Rule = Rule {
    code: "L411",
    slug: "address-excluded",
    severity: Severity::Warning,
    allowable: true,
    page: include_str!("address_excluded.md"),
};

/// Looks at every reserved address inside its subnet. An exclusion outside every pool excludes nothing.
pub fn check(estate: &Estate, sink: &mut Sink) {
    positions(estate, |_, address, position| {
        let Position::Excluded(exclusion) = position else { return };
        let message = format!("reserved address `{}` is excluded", address.value);
        let there = match &exclusion.reason {
            Some(reason) => format!("excluded here: {}", reason.value),
            None => "excluded here".to_owned(),
        };
        sink.push(
            Diagnostic::new(&RULE, address.span, message, "reserved here")
                .with_secondary(exclusion.range.span, there)
                .with_help("drop the reservation, or take the address out of the exclusion"),
        );
    });
}
