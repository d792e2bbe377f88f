//! Two addresses reserved under one full host name.

use leasehold_schemas::vocab::{OptionCode, Space};

use super::bad_hostname::fault;
use super::clients::comparable;
use crate::check::repeats::Keyed;
use crate::check::rules::addressing::placement::Placement;
use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::{Definition, Estate, Id, Reservation, Subnet};

/// L408.
pub static RULE: Rule = Rule {
    code: "L408",
    slug: "duplicate-hostname",
    severity: Severity::Warning,
    allowable: true,
    page: include_str!("duplicate_hostname.md"),
};

/// Looks at all reservations with a host name and an address. Names are compared without regard to case, with the
/// domain that holds for the reservation; a name with a dot is taken as full.
pub fn keys(estate: &Estate) -> Vec<Keyed> {
    let domain = estate.definition(Space::Dhcp4, OptionCode(15));
    let mut named: Vec<Keyed> = Vec::new();
    for subnet in estate.subnets.values() {
        let inherited = domain_of_subnet(estate, domain, subnet);
        for &id in &subnet.reservations {
            let reservation = &estate.reservations[id];
            if let (Some(hostname), Some(_)) = (&reservation.hostname, &reservation.address)
                && fault(&hostname.value).is_none()
            {
                let domain = own_domain(domain, reservation).unwrap_or(inherited);
                named.push((hash(&hostname.value, domain), id));
            }
        }
    }
    named
}

/// Looks at those whose names may be one.
pub fn check(estate: &Estate, repeated: &[Keyed], sink: &mut Sink) {
    if repeated.is_empty() {
        return;
    }
    let domain = estate.definition(Space::Dhcp4, OptionCode(15));
    let placement = Placement::of(estate);
    for same in repeated.chunk_by(|a, b| a.0 == b.0) {
        // Equal hashes of different names are possible: the names themselves decide.
        let mut first: Vec<(String, Id<Reservation>)> = Vec::new();
        for &(_, id) in same.iter().filter(|(_, id)| comparable(estate, &placement, *id)) {
            let name = full_name(estate, domain, id);
            match first.iter().find(|(known, _)| *known == name) {
                None => first.push((name, id)),
                Some((_, earlier)) => report(estate, &name, id, *earlier, sink),
            }
        }
    }
}

fn report(estate: &Estate, name: &str, id: Id<Reservation>, earlier: Id<Reservation>, sink: &mut Sink) {
    let (later, earlier) = (&estate.reservations[id], &estate.reservations[earlier]);
    let address = |reservation: &Reservation| reservation.address.as_ref().map(|address| address.value);
    let (Some(hostname), Some(known)) = (&later.hostname, &earlier.hostname) else { return };
    let (Some(here), Some(there)) = (address(later), address(earlier)) else { return };
    if here == there || later.identifier.value == earlier.identifier.value {
        return;
    }
    let message = format!("host name `{name}` is reserved for two clients");
    sink.push(
        Diagnostic::new(&RULE, hostname.span, message, format!("at `{here}` here"))
            .with_secondary(known.span, format!("already at `{there}` here"))
            .with_help("give one of the two another name"),
    );
}

/// The domain that holds in a subnet; empty if there is none.
fn domain_of_subnet<'a>(estate: &'a Estate, domain: Option<Id<Definition>>, subnet: &Subnet) -> &'a [u8] {
    let said = domain.and_then(|domain| estate.effective_option(subnet.scope, domain));
    said.and_then(|(_, assignment)| assignment.bytes.as_deref()).unwrap_or_default()
}

/// The domain that a reservation says itself; empty if it takes the inherited one away.
fn own_domain(domain: Option<Id<Definition>>, reservation: &Reservation) -> Option<&[u8]> {
    let assignment = reservation.values.assignment(domain?)?;
    Some(assignment.bytes.as_deref().unwrap_or_default())
}

fn full_name(estate: &Estate, domain: Option<Id<Definition>>, id: Id<Reservation>) -> String {
    let reservation = &estate.reservations[id];
    let hostname = reservation.hostname.as_ref().map_or("", |hostname| &hostname.value);
    let inherited = || domain_of_subnet(estate, domain, &estate.subnets[reservation.subnet]);
    let domain = own_domain(domain, reservation).unwrap_or_else(inherited);
    let full = if hostname.contains('.') || domain.is_empty() {
        hostname.to_owned()
    } else {
        format!("{hostname}.{}", String::from_utf8_lossy(domain))
    };
    full.to_ascii_lowercase()
}

/// FNV-1a over the lower-case full name. It only brings equal names together.
fn hash(hostname: &str, domain: &[u8]) -> u64 {
    let domain = if hostname.contains('.') { &[] } else { domain };
    let dot: &[u8] = if domain.is_empty() { &[] } else { b"." };
    let octets = hostname.bytes().chain(dot.iter().copied()).chain(domain.iter().copied());
    octets.fold(0xcbf2_9ce4_8422_2325, |hash, octet| {
        (hash ^ u64::from(octet.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3)
    })
}
