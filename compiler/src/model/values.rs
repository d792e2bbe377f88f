//! What one scope, class or reservation says, names resolved and option values encoded.

use std::net::Ipv4Addr;

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
    pub parameters: Parameters,
}

impl Values {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.options.is_empty() && self.parameters == Parameters::default()
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
