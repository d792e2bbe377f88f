//! Two subnets have the same number.

use std::collections::BTreeMap;

use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::{Estate, Subnet};

/// Two subnets have the same number.
pub static RULE: Rule = Rule {
    code: "L103",
    slug: "duplicate-subnet-id",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("duplicate_subnet_id.md"),
};

/// The number that a subnet has where none is said.
fn default_number(subnet: &Subnet) -> u32 {
    subnet.prefix.value.network().to_bits()
}

/// Reports every number that an earlier subnet has, or any subnet by default. Defaults never meet each other
/// unless prefixes do, which is another rule's finding.
pub fn check(estate: &Estate, sink: &mut Sink) {
    let mut first: BTreeMap<u32, &Subnet> = BTreeMap::new();
    let known_by_default = |subnet: &&Subnet| subnet.id.is_none() && !subnet.suspect;
    for subnet in estate.subnets.values().filter(known_by_default) {
        first.entry(subnet.number()).or_insert(subnet);
    }
    for subnet in estate.subnets.values() {
        let Some(id) = &subnet.id else { continue };
        let Some(earlier) = first.get(&id.value) else {
            first.insert(id.value, subnet);
            continue;
        };
        let (span, why) = match &earlier.id {
            Some(id) => (id.span, format!("the number of subnet {}", earlier.prefix.value)),
            None => (earlier.prefix.span, "this subnet has the number by default".to_owned()),
        };
        sink.push(
            Diagnostic::new(
                &RULE,
                id.span,
                format!("subnet id `{}` is already taken", id.value),
                "the same number again",
            )
            .with_secondary(span, why)
            .with_help(format!(
                "remove `id` from the newer subnet: without it the number is `{}`",
                default_number(subnet)
            )),
        );
    }
}
