//! What a comparison gathers: statements of what changes, each with everything it is true of; and risks.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use leasehold_schemas::artefact::Identifier;
use leasehold_schemas::plan::{BlockedReservation, ChangeKind};
use leasehold_schemas::vocab::{AddrRange, Cidr, ClassName, SiteCode};

use super::value::Key;
use crate::diag::Rule;

/// What changes. The same statement of many subjects is one change.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Statement {
    /// What kind.
    pub kind: ChangeKind,
    /// For members of which class.
    pub class: Option<String>,
    /// What it is about.
    pub what: String,
    /// As it was.
    pub before: Option<String>,
    /// As it is.
    pub after: Option<String>,
}

/// What a statement is true of.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Subject {
    /// The site.
    pub site: Option<SiteCode>,
    /// The network, by name.
    pub network: Option<String>,
    /// The subnet, as the new estate has it, or the old one where it is gone.
    pub subnet: Option<Cidr>,
    /// A part of it.
    pub ranges: Vec<AddrRange>,
    /// A client.
    pub client: Option<Client>,
}

/// A client known by name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Client {
    /// What it is known by.
    pub identifier: Identifier,
    /// As people call it: `prn-1 (52:54:00:12:34:56)`.
    pub shown: String,
}

/// Something that could hurt, at one place.
#[derive(Clone, Debug)]
pub struct Danger {
    /// The rule.
    pub rule: &'static Rule,
    /// What could hurt. The same of many subjects is one risk.
    pub text: String,
    /// Where.
    pub subject: Subject,
    /// Where an `allow:` entry covers it, the best place first.
    pub grounds: Vec<Ground>,
    /// Leases that show it.
    pub leases: Vec<String>,
}

/// A place of the new estate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ground {
    /// The line that says a value.
    Value {
        /// In which subnet.
        subnet: Cidr,
        /// In which pool of it: any of its addresses.
        pool: Option<Ipv4Addr>,
        /// For members of which class.
        class: Option<ClassName>,
        /// Which value.
        key: Key,
    },
    /// A reservation.
    Reservation(Cidr, Identifier),
    /// A subnet.
    Subnet(Cidr),
    /// A network.
    Network(SiteCode, String),
    /// A site.
    Site(SiteCode),
    /// A class.
    Class(ClassName),
    /// The pair.
    HighAvailability,
    /// The whole estate.
    Estate,
}

/// Everything a comparison found.
#[derive(Debug, Default)]
pub struct Found {
    /// What changes, and of what it is true.
    pub statements: BTreeMap<Statement, Vec<Subject>>,
    /// What could hurt.
    pub dangers: Vec<Danger>,
    /// Reservations whose address somebody else holds.
    pub blocked: Vec<BlockedReservation>,
}

impl Found {
    /// Notes that a statement is true of a subject.
    pub fn add(&mut self, statement: Statement, subject: Subject) {
        self.statements.entry(statement).or_default().push(subject);
    }

    /// Takes what somebody else found.
    pub fn merge(&mut self, other: Found) {
        for (statement, subjects) in other.statements {
            self.statements.entry(statement).or_default().extend(subjects);
        }
        self.dangers.extend(other.dangers);
        self.blocked.extend(other.blocked);
    }
}

impl Statement {
    /// A statement for everybody.
    pub fn new(
        kind: ChangeKind,
        what: impl Into<String>,
        before: Option<String>,
        after: Option<String>,
    ) -> Statement {
        Statement { kind, class: None, what: what.into(), before, after }
    }
}
