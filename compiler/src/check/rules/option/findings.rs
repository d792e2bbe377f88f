//! One finding for each wrong line, however many places inherit it, and none for what is wrong only against it.

use std::collections::{BTreeMap, BTreeSet};

use leasehold_schemas::source::Span;

use crate::diag::{Diagnostic, Sink};
use crate::model::{Id, Subnet, Values};

/// Whether any option is said. Most classes, reservations and devices say none, and need not be looked at.
pub fn says_any(values: &Values) -> bool {
    !values.options.is_empty()
}

/// Findings by the place that said the wrong value.
#[derive(Default)]
pub struct Findings(BTreeMap<Span, Finding>);

struct Finding {
    diagnostic: Diagnostic,
    /// What it is wrong against, if that is said somewhere else.
    against: Option<Span>,
    subnets: u32,
    latest: Option<Id<Subnet>>,
}

impl Findings {
    /// Takes what was found in a subnet. Of one line the first finding is kept, the others are counted. Subnets
    /// come in order, so that one that comes again is the latest.
    pub fn add(&mut self, subnet: Option<Id<Subnet>>, at: Span, diagnostic: impl FnOnce() -> Diagnostic) {
        self.add_against(subnet, at, None, diagnostic);
    }

    /// The same, for what is wrong against something that is said elsewhere. If that is found to be wrong itself, it
    /// alone is reported.
    pub fn add_against(
        &mut self,
        subnet: Option<Id<Subnet>>,
        at: Span,
        against: Option<Span>,
        diagnostic: impl FnOnce() -> Diagnostic,
    ) {
        let finding = self.0.entry(at).or_insert_with(|| Finding {
            diagnostic: diagnostic(),
            against: against.filter(|against| *against != at),
            subnets: 0,
            latest: None,
        });
        if subnet.is_some() && finding.latest != subnet {
            finding.subnets += 1;
            finding.latest = subnet;
        }
    }

    /// Reports them.
    pub fn report(self, sink: &mut Sink) {
        let wrong: BTreeSet<Span> = self.0.keys().copied().collect();
        for Finding { diagnostic, against, subnets, latest: _ } in self.0.into_values() {
            if against.is_some_and(|against| wrong.contains(&against)) {
                continue;
            }
            sink.push(match subnets {
                0 | 1 => diagnostic,
                many => diagnostic.with_note(format!("this holds in {many} subnets")),
            });
        }
    }
}
