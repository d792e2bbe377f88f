//! Rules over a resolved estate: one rule, one file, and its manual page beside it.
//!
//! Invariant: every rule of the program is in [`rules::REGISTRY`], those that other phases raise included, and
//! has a page whose examples run as tests. Rules only read; they never see each other's findings.

pub mod proof;
pub mod rules;
mod suppression;

use leasehold_schemas::vocab::Date;
use rayon::prelude::*;

use crate::diag::{Diagnostic, Severity, Sink};
use crate::model::Estate;

/// An estate in which no phase and no rule found an error that stands in the way: the only one that can be lowered.
#[derive(Clone, Copy, Debug)]
pub struct Checked<'a>(&'a Estate);

impl<'a> Checked<'a> {
    /// The estate.
    pub fn estate(self) -> &'a Estate {
        self.0
    }
}

/// Which errors stand in the way of lowering.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Strictness {
    /// All: what is lowered will serve.
    Serve,
    /// Those that `allow:` cannot silence: what is lowered is only explained.
    Explain,
}

/// Runs every rule, adds what earlier phases found, and applies `allow:`. The findings are in their order, the
/// same whatever the number of threads.
pub fn check(
    estate: &Estate,
    earlier: Sink,
    today: Date,
    strictness: Strictness,
) -> (Vec<Diagnostic>, Option<Checked<'_>>) {
    let run = |check: fn(&Estate, &mut Sink)| {
        let mut sink = Sink::default();
        check(estate, &mut sink);
        sink
    };
    let found: Vec<Sink> = rules::REGISTRY.par_iter().filter_map(|rule| rule.check).map(run).collect();
    let mut sink = earlier;
    found.into_iter().for_each(|found| sink.merge(found));
    let mut findings = suppression::apply(estate, sink, today).into_sorted();
    let stands_in_the_way = |finding: &Diagnostic| {
        finding.rule.severity == Severity::Error
            && (strictness == Strictness::Serve || !finding.rule.allowable)
    };
    let sound = !findings.iter().any(stands_in_the_way);
    rules::secret::secret_in_estate::silence_followers(&mut findings);
    // Without `estate.yaml` there is a finding; this makes sure that nothing is lowered whatever the findings are.
    let whole = estate.scope.is_some() && estate.name.is_some() && !estate.incomplete;
    (findings, (sound && whole).then_some(Checked(estate)))
}
