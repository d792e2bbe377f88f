//! The routers that clients are told (option 3, RFC 2132 section 3.5).

use std::net::Ipv4Addr;

use leasehold_schemas::source::Span;
use leasehold_schemas::vocab::{OptionCode, Space};

use crate::model::{Assignment, Definition, Estate, Id, Scope, Values};

/// The option itself.
#[derive(Clone, Copy, Debug)]
pub struct Routers(Option<Id<Definition>>);

/// One address of one `routers` value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Router {
    /// Where the address is written.
    pub span: Span,
    /// The address.
    pub addr: Ipv4Addr,
}

impl Routers {
    /// Looks the option up.
    pub fn of(estate: &Estate) -> Routers {
        Routers(estate.definition(Space::Dhcp4, OptionCode(3)))
    }

    /// The routers that hold in a place, and the scope that says so.
    pub fn effective(
        self,
        estate: &Estate,
        scope: Id<Scope>,
    ) -> Option<(&Scope, impl Iterator<Item = Router>)> {
        let (scope, assignment) = estate.effective_option(scope, self.0?)?;
        Some((scope, addresses(assignment)))
    }

    /// The routers that one scope, class or reservation says itself.
    pub fn said_in(self, values: &Values) -> impl Iterator<Item = Router> {
        self.0.and_then(|option| values.assignment(option)).into_iter().flat_map(addresses)
    }
}

fn addresses(assignment: &Assignment) -> impl Iterator<Item = Router> {
    let octets = assignment.bytes.as_deref().unwrap_or_default();
    octets.chunks_exact(4).enumerate().map(|(at, octets)| Router {
        span: assignment.elements.get(at).copied().unwrap_or(assignment.span),
        addr: Ipv4Addr::new(octets[0], octets[1], octets[2], octets[3]),
    })
}
