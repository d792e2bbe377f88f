//! Rules over a resolved estate: one rule, one file, and its manual page beside it.
//!
//! Invariant: every rule of the program is in [`rules::REGISTRY`], those that other phases raise included, and
//! has a page whose examples run as tests. Rules only read; they never see each other's findings.

mod lines;
pub mod proof;
pub mod repeats;
pub mod rules;
mod suppression;

use leasehold_schemas::vocab::Date;
use rayon::prelude::*;

use crate::diag::{Diagnostic, Severity, Sink};
use crate::model::Estate;
use crate::resolve::{Part, Resolved};
pub use lines::{Lines, Seen};
use repeats::{Keyed, repeated};
use rules::LooksAt;
use rules::class::truths::Truths;

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

/// What rules that look at one site alone, or at one site after the other, find in one file's part of the estate.
#[derive(Debug, Default)]
pub struct Local {
    findings: Sink,
    /// What is wrong with single lines, rule by rule.
    lines: Vec<Lines>,
    /// Numbers of what several sites may say alike, rule by rule.
    keys: Vec<Vec<Keyed>>,
}

/// What there is to do: one part of the estate for all rules that look at sites, or the whole for one rule, or for all
/// that ask what is proved of classes.
enum Task<'a> {
    Whole(fn(&Estate, &mut Sink)),
    Classes,
    Part(&'a Part),
}

/// Runs every rule, adds what earlier phases found, and applies `allow:`. `estate` is the whole of `resolved`. The
/// findings are in their order, the same whatever the number of threads. A part that was asked before is not asked again.
pub fn check<'a>(
    resolved: &Resolved,
    estate: &'a Estate,
    today: Date,
    strictness: Strictness,
) -> (Vec<Diagnostic>, Option<Checked<'a>>) {
    let wholes = rules::REGISTRY.iter().filter_map(|registered| match registered.looks_at {
        LooksAt::Estate(check) => Some(Task::Whole(check)),
        LooksAt::Nothing
        | LooksAt::Site(_)
        | LooksAt::Lines(_)
        | LooksAt::Repeats(..)
        | LooksAt::Classes(_) => None,
    });
    let parts = resolved.parts.iter().map(|part| Task::Part(part));
    let tasks: Vec<Task<'_>> = std::iter::once(Task::Classes).chain(wholes).chain(parts).collect();
    let run = |task: &Task<'_>| {
        let mut sink = Sink::default();
        match task {
            Task::Whole(check) => check(estate, &mut sink),
            Task::Classes => classes(estate, &mut sink),
            Task::Part(part) => {
                part.local.get_or_init(|| local(&part.estate));
            }
        }
        sink
    };
    let (found, common): (Vec<Sink>, Local) = rayon::join(
        || tasks.par_iter().map(run).collect(),
        // From where sites inherit is theirs to say, so what is common is asked each time; it is little.
        || {
            let mut common = resolved.base.estate.clone();
            common.inherited.clone_from(&estate.inherited);
            local(&common)
        },
    );
    let mut sink = Sink::default();
    resolved.findings().for_each(|finding| sink.push(finding.clone()));
    found.into_iter().for_each(|found| sink.merge(found));
    gather(&common, resolved, &mut sink);
    repeats(estate, resolved, &mut sink);
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

/// Asks every rule that asks what is proved of classes.
fn classes(estate: &Estate, sink: &mut Sink) {
    let truths = Truths::of(estate);
    for registered in rules::REGISTRY {
        match registered.looks_at {
            LooksAt::Classes(check) => check(&truths, sink),
            LooksAt::Nothing
            | LooksAt::Site(_)
            | LooksAt::Lines(_)
            | LooksAt::Repeats(..)
            | LooksAt::Estate(_) => {}
        }
    }
}

/// Asks every rule that looks at sites about one part.
fn local(part: &Estate) -> Local {
    let mut local = Local::default();
    for registered in rules::REGISTRY {
        match registered.looks_at {
            LooksAt::Site(check) => check(part, &mut local.findings),
            LooksAt::Lines(check) => {
                let mut lines = Lines::default();
                check(part, &mut lines);
                local.lines.push(lines);
            }
            LooksAt::Repeats(keys, _) => local.keys.push(keys(part)),
            LooksAt::Nothing | LooksAt::Estate(_) | LooksAt::Classes(_) => {}
        }
    }
    local
}

/// Asks every rule that looks for what several sites say alike.
fn repeats(estate: &Estate, resolved: &Resolved, sink: &mut Sink) {
    let checks = rules::REGISTRY.iter().filter_map(|registered| match registered.looks_at {
        LooksAt::Repeats(_, check) => Some(check),
        LooksAt::Nothing
        | LooksAt::Site(_)
        | LooksAt::Lines(_)
        | LooksAt::Estate(_)
        | LooksAt::Classes(_) => None,
    });
    let parts: Vec<&Local> = resolved.parts.iter().filter_map(|part| part.local.get()).collect();
    for (rule, check) in checks.enumerate() {
        // What is common has no reservations in subnets.
        let keys: Vec<&[Keyed]> = parts.iter().map(|local| local.keys[rule].as_slice()).collect();
        check(estate, &repeated(&keys), sink);
    }
}

/// Puts together what was found in the parts. A line that several of them inherit is one finding.
fn gather(common: &Local, resolved: &Resolved, sink: &mut Sink) {
    let parts = resolved.parts.iter().filter_map(|part| part.local.get());
    let all: Vec<&Local> = std::iter::once(common).chain(parts).collect();
    for local in &all {
        local.findings.iter().for_each(|finding| sink.push(finding.clone()));
    }
    for rule in 0..common.lines.len() {
        Lines::report(all.iter().map(|local| &local.lines[rule]), sink);
    }
}
