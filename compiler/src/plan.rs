//! What a change means: the difference of two estates, and what of it could hurt.
//!
//! Both sides are [`Effective`] views: what clients get, whoever said it. So a reservation that moves within a file, a
//! profile with another name and a pool cut in two are no change. A view is taken from a resolved estate, sound or
//! not, or decoded from an artefact.
//!
//! Invariant: the plan of two estates that mean the same is empty, and the same pair gives the same plan. This module
//! knows nothing of files, revisions and clocks: views, leases and the moment are arguments.

pub(crate) mod addresses;
mod class_names;
mod class_tests;
mod clients;
mod compare;
mod differences;
mod effective;
mod expression_text;
mod impact;
mod leases;
mod markdown;
mod option_text;
mod places;
mod pools;
mod report;
mod risks;
mod statement;
mod text;
mod value;
mod words;

#[cfg(test)]
mod tests;

pub use effective::Effective;
pub(crate) use expression_text::test_text;
pub use leases::{LeaseTable, LeaseTableError, rfc3339};
pub use markdown::{MARKDOWN_CHARS_MAX, markdown};
pub use text::{PlanLook, human};

use leasehold_schemas::plan::Plan;
use leasehold_schemas::vocab::Date;

use crate::diag::Rule;
use crate::{check, model};

/// Everything a plan is made of.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// What it is compared with.
    pub before: &'a Effective,
    /// The estate with the change.
    pub after: &'a Effective,
    /// The estate with the change as written: where `allow:` entries and limits stand.
    pub estate: &'a model::Estate,
    /// Its files, by whose names places are shown.
    pub sources: &'a crate::source::Sources,
    /// Active leases, if they are known.
    pub leases: Option<&'a LeaseTable>,
    /// Rules acknowledged for this plan as a whole, each with its reason.
    pub acknowledged: &'a [(&'static Rule, String)],
    /// The day against which `until:` is judged.
    pub today: Date,
}

/// The plan: what changes for whom, and what of it could hurt.
pub fn plan(question: &Question<'_>) -> Plan {
    report::plan(question)
}

/// The rule of change that has this code or name.
pub fn rule_of_change(name: &str) -> Option<&'static Rule> {
    check::rules::find(name).filter(|rule| check::rules::change::is_of_change(rule))
}
