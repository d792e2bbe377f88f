//! Formulas in an order of their own, so that tests that only look different become equal, and what formulas look
//! at, so that tests that cannot mean the same need not be compared.

use std::collections::BTreeSet;

use leasehold_schemas::artefact::Accessor;

use super::formula::{Claim, ClassNumber, ClassTests, Formula};
use super::octets::Demand;
use super::place;

/// Classes are put in the place of their names until a formula has so many parts.
const PARTS_MAX: usize = 500;

/// The formula with its parts sorted and each of them once. Classes that no reservation names, which is what
/// `listed` are, stand for their tests.
pub fn canonical(tests: &ClassTests, listed: &BTreeSet<ClassNumber>, formula: &Formula) -> Formula {
    let mut parts = 0;
    sorted(tests, listed, formula, &mut parts)
}

fn sorted(
    tests: &ClassTests,
    listed: &BTreeSet<ClassNumber>,
    formula: &Formula,
    count: &mut usize,
) -> Formula {
    *count += 1;
    match formula {
        Formula::All(parts) | Formula::Any(parts) => {
            let all = matches!(formula, Formula::All(_));
            let mut flat = BTreeSet::new();
            for part in parts {
                match (sorted(tests, listed, part, count), all) {
                    (Formula::All(inner), true) | (Formula::Any(inner), false) => flat.extend(inner),
                    (part, _) => {
                        flat.insert(part);
                    }
                }
            }
            match flat.len() {
                1 => flat.pop_first().expect("it has one"),
                _ if all => Formula::All(flat.into_iter().collect()),
                _ => Formula::Any(flat.into_iter().collect()),
            }
        }
        Formula::Member(class, is) if !listed.contains(class) && *count < PARTS_MAX => {
            sorted(tests, listed, tests.test(*class, *is), count)
        }
        Formula::Claim(_)
        | Formula::Member(..)
        | Formula::Passes(_)
        | Formula::Reserved(..)
        | Formula::Known(_)
        | Formula::Unclear(_) => formula.clone(),
    }
}

/// What a formula looks at.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct LooksAt<'a> {
    places: BTreeSet<&'a Accessor>,
    classes: BTreeSet<ClassNumber>,
    known: bool,
}

/// What a canonical formula looks at; `None` where a part of it is not decided.
pub fn looks_at(formula: &Formula) -> Option<LooksAt<'_>> {
    let mut seen = LooksAt::default();
    gather(formula, &mut seen).then_some(seen)
}

/// The options and fields that a formula looks at; `None` where it looks at more: at classes, or at what is not decided.
pub fn families(formula: &Formula) -> Option<BTreeSet<u16>> {
    let LooksAt { places, classes, known: _ } = looks_at(formula)?;
    classes.is_empty().then(|| places.into_iter().map(place::family).collect())
}

/// Whether a packet can meet the one formula and not the other, as far as that is seen at a glance: the other demands
/// something of a place that the one leaves alone, or another text. `families` is what the one looks at.
pub fn is_free_of(families: &BTreeSet<u16>, one: &Formula, other: &Formula) -> bool {
    other.conditions().iter().filter_map(claim).any(|wanted| {
        let Demand::Part { cuts, octets, is: true } = &wanted.demand else {
            return !families.contains(&place::family(&wanted.place));
        };
        let differs = |claim: &Claim| match &claim.demand {
            Demand::Part { cuts: same, octets: others, is: true } => {
                claim.place == wanted.place && same == cuts && others != octets
            }
            Demand::Part { .. } | Demand::Present(_) => false,
        };
        !families.contains(&place::family(&wanted.place))
            || one.conditions().iter().filter_map(claim).any(differs)
    })
}

fn claim(formula: &Formula) -> Option<&Claim> {
    match formula {
        Formula::Claim(claim) => Some(claim),
        Formula::All(_)
        | Formula::Any(_)
        | Formula::Member(..)
        | Formula::Passes(_)
        | Formula::Reserved(..)
        | Formula::Known(_)
        | Formula::Unclear(_) => None,
    }
}

fn gather<'a>(formula: &'a Formula, seen: &mut LooksAt<'a>) -> bool {
    match formula {
        Formula::All(parts) | Formula::Any(parts) => parts.iter().all(|part| gather(part, seen)),
        Formula::Claim(claim) => {
            seen.places.insert(&claim.place);
            true
        }
        Formula::Member(class, _) | Formula::Passes(class) | Formula::Reserved(class, _) => {
            seen.classes.insert(*class);
            true
        }
        Formula::Known(_) => {
            seen.known = true;
            true
        }
        Formula::Unclear(_) => false,
    }
}
