//! L503: a netmask or broadcast address that is another than the subnet's.

use std::net::Ipv4Addr;

use leasehold_schemas::vocab::{Cidr, OptionCode, Space};

use crate::check::{Lines, Seen};
use crate::diag::{Diagnostic, Rule, Severity};
use crate::model::{Estate, Values};

/// Clients would be told another netmask or broadcast address than their subnet has.
pub static RULE: Rule = Rule {
    code: "L503",
    slug: "mask-contradicts-subnet",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("mask_contradicts_subnet.md"),
};

const SUBNET_MASK: OptionCode = OptionCode(1);
const BROADCAST_ADDRESS: OptionCode = OptionCode(28);

/// Reports each line that says a wrong address, once.
pub fn check(estate: &Estate, lines: &mut Lines) {
    for (code, expected) in [(SUBNET_MASK, mask as Expected), (BROADCAST_ADDRESS, broadcast)] {
        let Some(option) = estate.definition(Space::Dhcp4, code) else { continue };
        if !estate.values_in_sight().any(|values| values.assignment(option).is_some()) {
            continue;
        }
        estate.views(Values::says_option, &mut |view| {
            let Some(subnet) = view.subnet.map(|id| &estate.subnets[id]) else { return };
            let Some(assignment) = view.option(option) else { return };
            let Some(said) = assignment.bytes.as_deref().and_then(address) else { return };
            let prefix = subnet.prefix.value;
            let Some(right) = expected(prefix, said) else { return };
            if subnet.suspect {
                return;
            }
            lines.add(Seen::in_view(view), assignment.span, || {
                let name = &estate.definitions[option].name;
                let message = format!("`{name}` {said} contradicts subnet `{prefix}`");
                Diagnostic::new(&RULE, assignment.span, message, format!("expected {right}"))
                    .with_secondary(subnet.prefix.span, format!("here it is {right}"))
                    .with_help(format!("remove `{name}`: clients are told what the prefix says"))
            });
        });
    }
}

/// The right address, where the said one is wrong.
type Expected = fn(Cidr, Ipv4Addr) -> Option<Ipv4Addr>;

fn mask(prefix: Cidr, said: Ipv4Addr) -> Option<Ipv4Addr> {
    (said != prefix.mask()).then_some(prefix.mask())
}

/// The limited broadcast address is right everywhere (RFC 1122 section 3.2.1.3), and a /31 has no other.
fn broadcast(prefix: Cidr, said: Ipv4Addr) -> Option<Ipv4Addr> {
    let right = if prefix.reserves_ends() { prefix.last() } else { Ipv4Addr::BROADCAST };
    (said != right && said != Ipv4Addr::BROADCAST).then_some(right)
}

fn address(bytes: &[u8]) -> Option<Ipv4Addr> {
    <[u8; 4]>::try_from(bytes).ok().map(Ipv4Addr::from)
}
