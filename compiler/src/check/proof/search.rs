//! The search for a packet that makes formulas hold: a tableau, one alternative after the other, cut off where the
//! claims on one place contradict each other.
//!
//! Invariant: "never" is said only if every alternative was refuted; "possible" only with a packet that is shown.

use std::collections::{BTreeMap, BTreeSet};

use leasehold_schemas::artefact::Accessor;

use super::formula::{Claim, ClassNumber, ClassTests, Doubt, Formula};
use super::octets::{self, Demand, Found};
use super::place;

/// How many claims one question may take.
pub const STEPS_MAX: u32 = 50_000;
/// How many alternatives may be chosen on the way to one packet.
pub const CHOICES_MAX: usize = 1_000;
/// How deep classes may ask for classes, as in the server.
pub const DEPTH_MAX: u32 = 64;

/// Who may be asking, as far as reservations and device entries are concerned.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Sender {
    /// A client that none of them names.
    Unknown,
    /// A client that some name, in exactly these classes.
    Known(BTreeSet<ClassNumber>),
    /// Any client; some of them may name it, in any of these classes.
    Anyone(BTreeSet<ClassNumber>),
}

/// What a packet carries where that matters; places that are not listed are empty.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Contents(pub BTreeMap<Accessor, Vec<u8>>);

/// What is known of a question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// No packet of this sender makes all formulas hold.
    Never,
    /// One with these contents does.
    Possible(Contents),
    /// Not decided.
    Unknown(Doubt),
}

/// Whether a packet of `sender` can make all of the formulas hold.
pub fn ask(tests: &ClassTests, sender: &Sender, question: &[&Formula]) -> Verdict {
    let mut search = Search {
        tests,
        sender,
        claims: Vec::new(),
        choices: Vec::new(),
        reserved: Vec::new(),
        known: match sender {
            Sender::Unknown => Some(false),
            Sender::Known(_) => Some(true),
            Sender::Anyone(_) => None,
        },
        unclear: Vec::new(),
        steps: 0,
        doubt: None,
    };
    let told = question.iter().try_for_each(|formula| search.hold(formula, 0));
    let ended = told.and_then(|()| search.choose(0));
    match (ended, search.doubt) {
        (Ok(contents), _) => Verdict::Possible(contents),
        (Err(Dead::Doubtful(doubt)), _) | (Err(Dead::Refuted), Some(doubt)) => Verdict::Unknown(doubt),
        (Err(Dead::Refuted), None) => Verdict::Never,
    }
}

/// Why there is no packet this way.
#[derive(Clone, Copy)]
enum Dead {
    /// There is none.
    Refuted,
    /// The search ended early.
    Doubtful(Doubt),
}

struct Search<'a> {
    tests: &'a ClassTests,
    sender: &'a Sender,
    claims: Vec<&'a Claim>,
    /// Alternatives, of which one must hold.
    choices: Vec<&'a [Formula]>,
    /// What is assumed of reservations of a sender who may be anyone.
    reserved: Vec<(ClassNumber, bool)>,
    known: Option<bool>,
    /// Why formulas are not decided that were assumed to hold.
    unclear: Vec<Doubt>,
    steps: u32,
    /// Why a packet that was found may be none.
    doubt: Option<Doubt>,
}

/// How far back to go.
struct Mark {
    claims: usize,
    choices: usize,
    reserved: usize,
    known: Option<bool>,
    unclear: usize,
}

impl<'a> Search<'a> {
    fn mark(&self) -> Mark {
        Mark {
            claims: self.claims.len(),
            choices: self.choices.len(),
            reserved: self.reserved.len(),
            known: self.known,
            unclear: self.unclear.len(),
        }
    }

    fn back(&mut self, mark: &Mark) {
        self.claims.truncate(mark.claims);
        self.choices.truncate(mark.choices);
        self.reserved.truncate(mark.reserved);
        self.unclear.truncate(mark.unclear);
        self.known = mark.known;
    }

    /// Assumes that the formula holds; alternatives are put off. `depth` counts classes asked for by classes.
    fn hold(&mut self, formula: &'a Formula, depth: u32) -> Result<(), Dead> {
        match formula {
            Formula::All(parts) => parts.iter().try_for_each(|part| self.hold(part, depth)),
            Formula::Any(parts) => match &parts[..] {
                [] => Err(Dead::Refuted),
                [only] => self.hold(only, depth),
                _ => {
                    self.choices.push(parts);
                    Ok(())
                }
            },
            Formula::Claim(claim) => self.claim(claim),
            Formula::Member(class, is) => self.member(*class, *is, depth),
            Formula::Passes(class) => self.hold(self.tests.test(*class, true), depth + 1),
            Formula::Reserved(class, is) => self.reserve(*class, *is),
            Formula::Known(is) => self.know(*is),
            Formula::Unclear(doubt) => {
                self.unclear.push(*doubt);
                Ok(())
            }
        }
    }

    fn step(&mut self) -> Result<(), Dead> {
        // A claim is compared with those before it.
        self.steps += 1 + u32::try_from(self.claims.len() / 16).unwrap_or(u32::MAX);
        if self.steps > STEPS_MAX { Err(Dead::Doubtful(Doubt::Many)) } else { Ok(()) }
    }

    fn member(&mut self, class: ClassNumber, is: bool, depth: u32) -> Result<(), Dead> {
        self.step()?;
        if depth == DEPTH_MAX {
            return Err(Dead::Doubtful(Doubt::Deep));
        }
        let listed = match self.sender {
            Sender::Unknown => Some(false),
            Sender::Known(classes) => Some(classes.contains(&class)),
            Sender::Anyone(classes) => Some(false).filter(|_| !classes.contains(&class)),
        };
        match (listed, is) {
            (Some(true), is) => is.then_some(()).ok_or(Dead::Refuted),
            (Some(false), _) => self.hold(self.tests.test(class, is), depth + 1),
            (None, true) => {
                self.choices.push(self.tests.either(class));
                Ok(())
            }
            (None, false) => {
                self.reserve(class, false)?;
                self.hold(self.tests.test(class, false), depth + 1)
            }
        }
    }

    fn reserve(&mut self, class: ClassNumber, is: bool) -> Result<(), Dead> {
        let free = match self.sender {
            Sender::Unknown => !is,
            Sender::Known(classes) => classes.contains(&class) == is,
            Sender::Anyone(classes) => !is || classes.contains(&class),
        };
        if !free || self.reserved.contains(&(class, !is)) {
            return Err(Dead::Refuted);
        }
        self.reserved.push((class, is));
        if is { self.know(true) } else { Ok(()) }
    }

    fn know(&mut self, is: bool) -> Result<(), Dead> {
        if self.known.is_some_and(|known| known != is) {
            return Err(Dead::Refuted);
        }
        self.known = Some(is);
        Ok(())
    }

    /// Takes a claim, unless it contradicts those on the same place. Claims that only exclude are not looked at
    /// before the end: they hardly ever contradict each other.
    fn claim(&mut self, claim: &'a Claim) -> Result<(), Dead> {
        self.step()?;
        if self.claims.contains(&claim) {
            return Ok(());
        }
        self.claims.push(claim);
        let here = || self.claims.iter().filter(|other| other.place == claim.place);
        if here().all(|claim| matches!(claim.demand, Demand::Part { is: false, .. })) {
            return Ok(());
        }
        let demands: Vec<&Demand> = here().map(|claim| &claim.demand).collect();
        match value(&claim.place, &demands) {
            Found::Nothing => Err(Dead::Refuted),
            Found::Doubt | Found::Absent | Found::Octets(_) => Ok(()),
        }
    }

    /// Chooses among the alternatives from the `next` on.
    fn choose(&mut self, next: usize) -> Result<Contents, Dead> {
        let Some(parts) = self.choices.get(next).copied() else { return self.contents() };
        if next == CHOICES_MAX {
            return Err(Dead::Doubtful(Doubt::Many));
        }
        let settled = |part: &Formula| matches!(part, Formula::Claim(claim) if self.claims.contains(&claim));
        if parts.iter().any(settled) {
            return self.choose(next + 1);
        }
        let mark = self.mark();
        for part in parts {
            // How deep the class stands that offers the alternatives is not kept; classes only ask for earlier ones.
            match self.hold(part, 0).and_then(|()| self.choose(next + 1)) {
                Err(Dead::Refuted) => self.back(&mark),
                ended => return ended,
            }
        }
        Err(Dead::Refuted)
    }

    /// A packet that meets every claim.
    fn contents(&mut self) -> Result<Contents, Dead> {
        let mut demands: BTreeMap<&Accessor, Vec<&Demand>> = BTreeMap::new();
        for claim in self.claims.iter().copied() {
            demands.entry(&claim.place).or_default().push(&claim.demand);
        }
        let mut doubt = self.unclear.first().copied();
        let mut found = BTreeMap::new();
        for (place, demands) in &demands {
            match value(place, demands) {
                Found::Nothing => return Err(Dead::Refuted),
                Found::Doubt => doubt = doubt.or(Some(Doubt::Far)),
                Found::Absent => {}
                Found::Octets(octets) => {
                    found.insert((*place).clone(), octets);
                }
            }
        }
        let families: BTreeSet<u16> = found.keys().map(place::family).collect();
        for family in families {
            match together(family, &demands, &mut found) {
                Ok(()) => {}
                Err(Dead::Refuted) => return Err(Dead::Refuted),
                Err(Dead::Doubtful(other)) => doubt = doubt.or(Some(other)),
            }
        }
        if let Some(doubt) = doubt {
            self.doubt.get_or_insert(doubt);
            return Err(Dead::Refuted);
        }
        Ok(Contents(found))
    }
}

fn value(place: &Accessor, demands: &[&Demand]) -> Found {
    match place::nature(place) {
        Some(nature) => octets::find(&nature, demands),
        None => {
            let refused = |demand: &&Demand| match demand {
                Demand::Present(is) => *is,
                Demand::Part { cuts: _, octets, is } => octets.is_empty() != *is,
            };
            if demands.iter().any(refused) { Found::Nothing } else { Found::Absent }
        }
    }
}

/// Fits together what one option has as a whole and in its sub-options: a sub-option is there only if the option is.
fn together(
    family: u16,
    demands: &BTreeMap<&Accessor, Vec<&Demand>>,
    found: &mut BTreeMap<Accessor, Vec<u8>>,
) -> Result<(), Dead> {
    let asked = || demands.keys().filter(|place| place::family(place) == family);
    if asked().count() > 1 && !asked().all(|place| place::is_nested(place)) {
        return Err(Dead::Doubtful(Doubt::Container));
    }
    let inner = found.keys().filter(|place| place::family(place) == family);
    let outer: BTreeSet<Accessor> = inner.filter_map(place::around).collect();
    for place in outer {
        let Some(said) = demands.get(&place) else { continue };
        if said.contains(&&Demand::Present(false)) {
            return Err(Dead::Refuted);
        }
        if said.iter().any(|demand| matches!(demand, Demand::Part { .. })) {
            return Err(Dead::Doubtful(Doubt::Container));
        }
        found.remove(&place);
    }
    Ok(())
}
