//! One finding for each wrong line, however many places inherit it, and none for what is wrong only against it.
//!
//! Invariant: lines found in the parts of an estate and put together are those found in the whole.

use std::collections::{BTreeMap, BTreeSet};

use leasehold_schemas::source::Span;

use crate::diag::{Diagnostic, Sink};
use crate::model::{Id, Subnet, View};

/// So many lines that contradict one line show that it is the wrong one.
const CONTRADICTED_MIN: usize = 3;

/// Findings by the place that said the wrong value.
#[derive(Clone, Debug, Default)]
pub struct Lines(BTreeMap<Span, Finding>);

#[derive(Clone, Debug)]
struct Finding {
    /// Where it was seen first.
    first: Seen,
    diagnostic: Diagnostic,
    /// What it is wrong against, if that is said somewhere else, and the finding if that is to blame.
    against: Option<(Span, Diagnostic)>,
    subnets: u32,
    latest: Option<Id<Subnet>>,
}

/// Where a line was seen to be wrong; what comes first here is what is told of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Seen {
    /// In a place without subnets.
    Outside,
    /// In a subnet.
    In(Id<Subnet>),
    /// By itself, whatever stands around it.
    Alone,
}

impl Seen {
    /// In what a view shows.
    pub fn in_view(view: &View<'_>) -> Seen {
        view.subnet.map_or(Seen::Outside, Seen::In)
    }
}

impl Lines {
    /// Takes what was found. Of one line the first finding is kept, the others are counted. Subnets come in order, so
    /// that one that comes again is the latest.
    pub fn add(&mut self, seen: Seen, at: Span, diagnostic: impl FnOnce() -> Diagnostic) {
        self.insert(seen, at, || (diagnostic(), None));
    }

    /// The same, for what is wrong against something that is said elsewhere. If that is found to be wrong itself, or
    /// several lines are wrong against it, it alone is reported, in the words of the second finding.
    pub fn add_against(
        &mut self,
        seen: Seen,
        at: Span,
        against: Option<Span>,
        diagnostics: impl FnOnce() -> (Diagnostic, Diagnostic),
    ) {
        let against = against.filter(|against| *against != at);
        self.insert(seen, at, || {
            let (diagnostic, turned) = diagnostics();
            (diagnostic, against.map(|against| (against, turned)))
        });
    }

    fn insert(
        &mut self,
        seen: Seen,
        at: Span,
        found: impl FnOnce() -> (Diagnostic, Option<(Span, Diagnostic)>),
    ) {
        let new = || {
            let (diagnostic, against) = found();
            Finding { first: seen, diagnostic, against, subnets: 0, latest: None }
        };
        let finding = self.0.entry(at).or_insert_with(new);
        if let Seen::In(subnet) = seen
            && finding.latest != Some(subnet)
        {
            finding.subnets += 1;
            finding.latest = Some(subnet);
        }
    }

    /// Reports what was found in all parts, which come in order.
    pub fn report<'a>(parts: impl Iterator<Item = &'a Lines>, sink: &mut Sink) {
        let mut all: BTreeMap<Span, Finding> = BTreeMap::new();
        for (at, found) in parts.flat_map(|part| &part.0) {
            let Some(known) = all.get_mut(at) else {
                all.insert(*at, found.clone());
                continue;
            };
            let subnets = known.subnets + found.subnets;
            if found.first < known.first {
                *known = found.clone();
            }
            known.subnets = subnets;
        }
        let mut contradicted: BTreeMap<Span, usize> = BTreeMap::new();
        for (against, _) in all.values().filter_map(|finding| finding.against.as_ref()) {
            *contradicted.entry(*against).or_default() += 1;
        }
        let to_blame = |against: &Span| contradicted[against] >= CONTRADICTED_MIN;
        // What is found wrong only against a line that is to blame is right.
        let is_wrong = |at: &Span| {
            let against = |finding: &Finding| finding.against.as_ref().is_some_and(|(of, _)| to_blame(of));
            all.get(at).is_some_and(|finding| !against(finding))
        };
        let mut blamed = BTreeSet::new();
        for finding in all.values() {
            let Finding { first: _, diagnostic, against, subnets, latest: _ } = finding;
            match against {
                Some((against, _)) if is_wrong(against) => continue,
                Some((against, turned)) if to_blame(against) => {
                    if blamed.insert(*against) {
                        let others = contradicted[against] - 1;
                        let note = format!("{others} more lines contradict it in the same way");
                        sink.push(turned.clone().with_note(note));
                    }
                    continue;
                }
                Some(_) | None => {}
            }
            sink.push(match subnets {
                0 | 1 => diagnostic.clone(),
                many => diagnostic.clone().with_note(format!("this holds in {many} subnets")),
            });
        }
    }
}
