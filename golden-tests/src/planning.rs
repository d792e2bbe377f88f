//! Plans of estates in memory, at a moment of the test's own.

use leasehold_compiler::diag::Rule;
use leasehold_compiler::plan::{Effective, LeaseTable, Question, plan};
use leasehold_compiler::source::Sources;
use leasehold_compiler::{Cache, compile};
use leasehold_schemas::plan::Plan;
use leasehold_schemas::vocab::Date;

use crate::case;

/// What is asked beside the two estates.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// Active leases.
    pub leases: Option<&'a LeaseTable>,
    /// Rules acknowledged as a whole.
    pub acknowledged: Vec<(&'static Rule, String)>,
    /// The day.
    pub today: Date,
}

impl Default for Asked<'_> {
    fn default() -> Self {
        Asked { leases: None, acknowledged: Vec::new(), today: case::today() }
    }
}

/// One side, from files.
pub fn side(sources: &Sources) -> Effective {
    let mut compilation = compile(sources, &mut Cache::none(), case::today());
    Effective::of_files("before", sources, &mut compilation)
}

/// The plan of an estate against a side.
pub fn plan_of(before: &Effective, after: &Sources, asked: &Asked<'_>) -> Plan {
    let mut compilation = compile(after, &mut Cache::none(), case::today());
    let effective = Effective::of_files("after", after, &mut compilation);
    plan(&Question {
        before,
        after: &effective,
        estate: &compilation.estate,
        sources: after,
        leases: asked.leases,
        acknowledged: &asked.acknowledged,
        today: asked.today,
    })
}
