//! What one scope, class or reservation says, names resolved and option values encoded.

use std::net::Ipv4Addr;
use std::ops::{Deref, DerefMut};

use leasehold_schemas::artefact::{Identity, ReplyPort, ReplyTo};
use leasehold_schemas::source::{Said, Span};
use leasehold_schemas::vocab::{OptionCode, Seconds};

use super::arena::Id;
use super::estate::{Class, Definition};

/// Options and parameters said together.
#[derive(Clone, Debug, Default)]
pub struct Values {
    /// Options in the order written; the same option stands once.
    pub options: Vec<Assignment>,
    /// Everything that is no option.
    pub parameters: Sparse,
}

impl Values {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.options.is_empty() && (self.parameters.0.is_none() || *self.parameters == NOTHING_SAID)
    }

    /// Whether any option is said. Most classes, reservations and devices say none, and need not be looked at.
    pub fn says_option(&self) -> bool {
        !self.options.is_empty()
    }

    /// What is said of an option here.
    pub fn assignment(&self, option: Id<Definition>) -> Option<&Assignment> {
        self.options.iter().find(|assignment| assignment.option == option)
    }
}

/// One option given a value, or taken away.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// Which option.
    pub option: Id<Definition>,
    /// Where its name stands.
    pub key: Span,
    /// Where its value stands.
    pub span: Span,
    /// Where each element of a list stands; one entry for a scalar, none for an unset.
    pub elements: Vec<Span>,
    /// The bytes as they go on the wire; `None` removes an inherited value.
    pub bytes: Option<Vec<u8>>,
}

/// Everything a scope, class or reservation may say that is no option. Those that only places may say are absent
/// elsewhere.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[expect(missing_docs, reason = "each is documented in `source::ClientSettings` and `source::PlaceSettings`")]
pub struct Parameters {
    pub lease_default: Said<Seconds>,
    pub lease_min: Said<Seconds>,
    pub lease_max: Said<Seconds>,
    pub renew_after: Said<Seconds>,
    pub rebind_after: Said<Seconds>,
    pub next_server: Said<Ipv4Addr>,
    pub server_hostname: Said<String>,
    pub boot_file_name: Said<String>,
    pub always_send: Said<Vec<OptionCode>>,
    pub never_send: Said<Vec<OptionCode>>,
    pub authoritative: Said<bool>,
    pub identity: Said<Identity>,
    pub rapid_commit: Said<bool>,
    pub decline_probation: Said<Seconds>,
    pub reply_to: Said<ReplyTo>,
    pub reply_port: Said<ReplyPort>,
}

/// Parameters that take up room only where one is said: most places and nearly all reservations say none.
#[derive(Clone, Debug, Default)]
pub struct Sparse(Option<Box<Parameters>>);

static NOTHING_SAID: Parameters = Parameters {
    lease_default: Said::Absent,
    lease_min: Said::Absent,
    lease_max: Said::Absent,
    renew_after: Said::Absent,
    rebind_after: Said::Absent,
    next_server: Said::Absent,
    server_hostname: Said::Absent,
    boot_file_name: Said::Absent,
    always_send: Said::Absent,
    never_send: Said::Absent,
    authoritative: Said::Absent,
    identity: Said::Absent,
    rapid_commit: Said::Absent,
    decline_probation: Said::Absent,
    reply_to: Said::Absent,
    reply_port: Said::Absent,
};

impl From<Parameters> for Sparse {
    fn from(parameters: Parameters) -> Sparse {
        Sparse((parameters != NOTHING_SAID).then(|| Box::new(parameters)))
    }
}

impl Deref for Sparse {
    type Target = Parameters;
    fn deref(&self) -> &Parameters {
        self.0.as_deref().unwrap_or(&NOTHING_SAID)
    }
}

impl DerefMut for Sparse {
    fn deref_mut(&mut self) -> &mut Parameters {
        self.0.get_or_insert_default()
    }
}

/// What a class means in one scope.
#[derive(Clone, Debug)]
pub struct Meaning {
    /// The class.
    pub class: Id<Class>,
    /// Where it is named.
    pub name: Span,
    /// What its members get.
    pub values: Values,
    /// Where the entry stands.
    pub span: Span,
}
