//! Guards of a place and of those around it, all of which a client must pass, and what is proved of them together.

use std::collections::{BTreeMap, BTreeSet};

use leasehold_schemas::source::Span;
use leasehold_schemas::vocab::ClassName;

use super::truths::Truths;
use crate::check::proof::{ClassNumber, Doubt, Formula, Sender, Senders, Verdict, ask};
use crate::model::{Estate, Guard, Id, Network, Scope};

/// A place with a guard of its own.
pub struct Guarded<'a> {
    /// ``pool `10.1.0.20 - 10.1.0.60` ``.
    pub place: String,
    /// Its network.
    pub network: Id<Network>,
    /// Its guard.
    pub own: &'a [Guard],
    /// The guards of the places around it, the nearest last, and what those are.
    pub around: Vec<(&'static str, &'a [Guard])>,
}

impl Guarded<'_> {
    /// Where the guard stands.
    pub fn span(&self) -> Span {
        span(self.own)
    }
}

/// From the first class of a guard to the last.
pub fn span(guard: &[Guard]) -> Span {
    let first = guard.first().expect("a guard names a class").span;
    let last = guard.last().expect("a guard names a class").span;
    Span { end: last.end.max(first.end), ..first }
}

/// `` `a` `` or ``one of `a`, `b` ``.
pub fn named(guard: &[Guard]) -> String {
    let names: Vec<String> = guard.iter().map(|class| format!("`{}`", class.value)).collect();
    match &names[..] {
        [one] => one.clone(),
        many => format!("one of {}", many.join(", ")),
    }
}

/// What is proved of the guards of a place together, for one kind of client; for several, the last of theirs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Passage {
    /// No client passes.
    Shut,
    /// All that do are in the class `DROP`.
    Dropped,
    /// Not decided.
    Unknown(Doubt),
    /// Some client passes.
    Open,
}

/// Proves guards, each combination once.
pub struct Guards<'a> {
    /// What is proved of classes alone.
    pub truths: &'a Truths<'a>,
    estate: &'a Estate,
    /// Classes that are reported themselves.
    settled: BTreeSet<ClassNumber>,
    /// Not being in `DROP`, if something defines or names it.
    kept: Option<Formula>,
    proved: BTreeMap<(Vec<Vec<ClassNumber>>, Sender), Passage>,
}

impl<'a> Guards<'a> {
    /// For the guards of an estate.
    pub fn of(truths: &'a Truths<'a>) -> Guards<'a> {
        let estate = truths.estate;
        let drop: ClassName = "DROP".parse().expect("a class name");
        let kept = truths.tests.number(&drop).map(|drop| Formula::Member(drop, false));
        let settled = truths.settled();
        Guards { truths, estate, settled, kept, proved: BTreeMap::new() }
    }

    /// Shows every place with a guard of its own; those that lie in a place that is shut are left out.
    pub fn each(&mut self, visit: &mut dyn FnMut(&mut Guards<'a>, &Guarded<'a>, Passage)) {
        let estate = self.estate;
        for (id, network) in estate.networks.iter() {
            let scope = &estate.scopes[network.scope];
            let place = || format!("network `{}`", network.name.value);
            let Some(around) = self.enter(id, scope, "network", &[], place, visit) else { continue };
            for subnet in network.subnets.iter().map(|id| &estate.subnets[*id]) {
                let scope = &estate.scopes[subnet.scope];
                let place = || format!("subnet `{}`", subnet.prefix.value);
                let Some(around) = self.enter(id, scope, "subnet", &around, place, visit) else { continue };
                for pool in subnet.pools.iter().map(|id| &estate.pools[*id]) {
                    let place = || format!("pool `{}`", pool.range.value);
                    self.enter(id, &estate.scopes[pool.scope], "pool", &around, place, visit);
                }
            }
        }
    }

    /// Judges one place; the guards for those inside it, unless nobody gets there.
    fn enter(
        &mut self,
        network: Id<Network>,
        scope: &'a Scope,
        what: &'static str,
        around: &[(&'static str, &'a [Guard])],
        place: impl FnOnce() -> String,
        visit: &mut dyn FnMut(&mut Guards<'a>, &Guarded<'a>, Passage),
    ) -> Option<Vec<(&'static str, &'a [Guard])>> {
        let mut inner = around.to_vec();
        if scope.only.is_empty() || scope.only_partial {
            return Some(inner);
        }
        let guarded = Guarded { place: place(), network, own: &scope.only, around: around.to_vec() };
        inner.push((what, &scope.only));
        let passage = self.passage(network, &inner);
        visit(self, &guarded, passage);
        matches!(passage, Passage::Open | Passage::Unknown(_)).then_some(inner)
    }

    fn passage(&mut self, network: Id<Network>, guards: &[(&'static str, &'a [Guard])]) -> Passage {
        let numbers: Vec<Vec<ClassNumber>> = guards.iter().map(|(_, guard)| self.numbers(guard)).collect();
        let stranger = self.proved_for(&numbers, Sender::Unknown);
        if stranger == Passage::Open {
            return Passage::Open;
        }
        let known = Senders::on(self.estate, &self.truths.tests, network).known();
        known.into_iter().fold(stranger, |best, sender| best.max(self.proved_for(&numbers, sender)))
    }

    fn proved_for(&mut self, guards: &[Vec<ClassNumber>], sender: Sender) -> Passage {
        let key = (guards.to_vec(), sender);
        if let Some(passage) = self.proved.get(&key) {
            return *passage;
        }
        let formulas: Vec<Formula> = key.0.iter().map(|guard| one_of(guard)).collect();
        let mut question: Vec<&Formula> = formulas.iter().collect();
        let passage = match (ask(&self.truths.tests, &key.1, &question), &self.kept) {
            (Verdict::Never, _) => Passage::Shut,
            (Verdict::Unknown(doubt), _) => Passage::Unknown(doubt),
            (Verdict::Possible(_), None) => Passage::Open,
            (Verdict::Possible(_), Some(kept)) => {
                question.push(kept);
                match ask(&self.truths.tests, &key.1, &question) {
                    Verdict::Never => Passage::Dropped,
                    Verdict::Unknown(doubt) => Passage::Unknown(doubt),
                    Verdict::Possible(_) => Passage::Open,
                }
            }
        };
        self.proved.insert(key, passage);
        passage
    }

    /// Whether nobody passes only because of classes that are reported themselves.
    pub fn follows(&self, guarded: &Guarded<'_>) -> bool {
        if self.settled.is_empty() {
            return false;
        }
        let open = self.truths.tests.without(&self.settled);
        let guards = guarded.around.iter().map(|(_, guard)| *guard).chain([guarded.own]);
        let mut formulas: Vec<Formula> = guards.map(|guard| one_of(&self.numbers(guard))).collect();
        formulas.extend(self.kept.clone());
        let question: Vec<&Formula> = formulas.iter().collect();
        let known = Senders::on(self.estate, &open, guarded.network).known();
        let mut senders = known.into_iter().chain([Sender::Unknown]);
        senders.any(|sender| ask(&open, &sender, &question) != Verdict::Never)
    }

    /// A guard's classes.
    pub fn numbers(&self, guard: &[Guard]) -> Vec<ClassNumber> {
        let mut numbers: Vec<ClassNumber> =
            guard.iter().filter_map(|class| self.truths.tests.number(&class.value)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }
}

/// Being in one of the classes.
pub fn one_of(classes: &[ClassNumber]) -> Formula {
    match classes {
        [one] => Formula::Member(*one, true),
        many => Formula::Any(many.iter().map(|class| Formula::Member(*class, true)).collect()),
    }
}
