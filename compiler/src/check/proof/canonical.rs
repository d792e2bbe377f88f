//! Formulas in an order of their own, so that tests that only look different become equal, and what formulas look
//! at, so that tests that cannot mean the same need not be compared.

use std::collections::BTreeSet;

use leasehold_schemas::artefact::Accessor;

use super::formula::{ClassNumber, ClassTests, Formula};

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
