//! What of a test is the same for every packet, worked out once.
//!
//! Invariant: for every packet the folded test gives what the test gave, also where a part of it has no value. So a
//! part that may have none stays, even where its answer no longer counts.

use leasehold_schemas::artefact::{Term, Test};
use leasehold_schemas::vocab::HexBytes;

use super::octets;
use super::pattern::Pattern;

/// The same test with its constants folded.
pub fn fold(test: Test) -> Test {
    match test {
        Test::And(tests) => joined(tests, true),
        Test::Or(tests) => joined(tests, false),
        Test::Not(inner) => match fold(*inner) {
            Test::Constant(passes) => Test::Constant(!passes),
            Test::Not(twice) => *twice,
            other => Test::Not(Box::new(other)),
        },
        Test::Equal(left, right) => match (fold_term(left), fold_term(right)) {
            (Term::Literal(left), Term::Literal(right)) => Test::Constant(left == right),
            (left, right) => Test::Equal(left, right),
        },
        Test::In(term, list) => one_of(fold_term(term), list.into_iter().map(fold_term).collect()),
        Test::Within(term, prefixes) => match fold_term(term) {
            Term::Literal(HexBytes(octets)) => {
                let address = <[u8; 4]>::try_from(octets).map(std::net::Ipv4Addr::from);
                Test::Constant(address.is_ok_and(|at| prefixes.iter().any(|prefix| prefix.contains(at))))
            }
            term => Test::Within(term, prefixes),
        },
        Test::Match(written, term) => match (fold_term(term), Pattern::new(&written)) {
            (Term::Literal(octets), Ok(pattern)) => Test::Constant(pattern.matches(&octets.0)),
            (term, _) => Test::Match(written, term),
        },
        Test::Constant(_) | Test::Exists(_) | Test::Member(_) => test,
    }
}

/// `And` (of which `neutral` is true) or `Or` (false): neutral parts are left out, and what follows the first part
/// that decides.
fn joined(tests: Vec<Test>, neutral: bool) -> Test {
    let mut kept = Vec::with_capacity(tests.len());
    for test in tests {
        match fold(test) {
            Test::Constant(passes) if passes == neutral => {}
            Test::Constant(_) => {
                if kept.iter().any(may_lack_value) {
                    kept.push(Test::Constant(!neutral));
                    break;
                }
                return Test::Constant(!neutral);
            }
            Test::And(inner) if neutral => kept.extend(inner),
            Test::Or(inner) if !neutral => kept.extend(inner),
            other => kept.push(other),
        }
    }
    match (kept.len(), neutral) {
        (0, _) => Test::Constant(neutral),
        (1, _) => kept.remove(0),
        (_, true) => Test::And(kept),
        (_, false) => Test::Or(kept),
    }
}

fn one_of(term: Term, list: Vec<Term>) -> Test {
    let (literals, others): (Vec<&Term>, Vec<&Term>) =
        list.iter().partition(|other| matches!(other, Term::Literal(_)));
    match (&term, others.as_slice()) {
        (Term::Literal(_), []) => Test::Constant(literals.contains(&&term)),
        _ => Test::In(term, list),
    }
}

fn fold_term(term: Term) -> Term {
    let boxed = |term: Box<Term>| Box::new(fold_term(*term));
    let folded = match term {
        Term::Substring { of, start, length } => Term::Substring { of: boxed(of), start, length },
        Term::Split { of, delimiters, field } => {
            Term::Split { of: boxed(of), delimiters: boxed(delimiters), field }
        }
        Term::Concat(parts) => return concat(parts),
        Term::IfElse { test, then, otherwise } => match fold(*test) {
            Test::Constant(true) => return fold_term(*then),
            Test::Constant(false) => return fold_term(*otherwise),
            test => Term::IfElse { test: Box::new(test), then: boxed(then), otherwise: boxed(otherwise) },
        },
        Term::Lower(of) => Term::Lower(boxed(of)),
        Term::Upper(of) => Term::Upper(boxed(of)),
        Term::HexText { of, separator } => Term::HexText { of: boxed(of), separator: boxed(separator) },
        Term::AddressText(of) => Term::AddressText(boxed(of)),
        Term::NumberText(kind, of) => Term::NumberText(kind, boxed(of)),
        Term::Literal(_) | Term::Value(_) => term,
    };
    match constant(&folded) {
        Some(octets) => Term::Literal(HexBytes(octets)),
        None => folded,
    }
}

/// The octets of a function of literals, if it has a value.
fn constant(term: &Term) -> Option<Vec<u8>> {
    let literal = |term: &Term| match term {
        Term::Literal(octets) => Some(octets.0.clone()),
        _ => None,
    };
    match term {
        Term::Substring { of, start, length } => {
            let whole = literal(of)?;
            Some(whole[octets::substring(whole.len(), *start, *length)].to_vec())
        }
        Term::Split { of, delimiters, field } => {
            let whole = literal(of)?;
            Some(whole[octets::split(&whole, &literal(delimiters)?, *field)].to_vec())
        }
        Term::Lower(of) => literal(of).map(|octets| octets.to_ascii_lowercase()),
        Term::Upper(of) => literal(of).map(|octets| octets.to_ascii_uppercase()),
        Term::HexText { of, separator } => {
            let mut made = literal(of)?;
            let middle = made.len();
            made.extend(literal(separator)?);
            octets::hex_in_place(&mut made, 0, middle).ok()?;
            Some(made)
        }
        Term::AddressText(of) => {
            let mut made = Vec::new();
            octets::write_address(&literal(of)?, &mut made).ok()?;
            Some(made)
        }
        Term::NumberText(kind, of) => {
            let mut made = Vec::new();
            octets::write_number(*kind, &literal(of)?, &mut made).ok()?;
            Some(made)
        }
        Term::Literal(_) | Term::Value(_) | Term::Concat(_) | Term::IfElse { .. } => None,
    }
}

fn concat(parts: Vec<Term>) -> Term {
    let mut kept: Vec<Term> = Vec::with_capacity(parts.len());
    let mut add = |part: Term| match (kept.last_mut(), part) {
        (_, Term::Literal(octets)) if octets.0.is_empty() => {}
        (Some(Term::Literal(before)), Term::Literal(octets)) => before.0.extend(octets.0),
        (_, part) => kept.push(part),
    };
    for part in parts {
        match fold_term(part) {
            Term::Concat(inner) => inner.into_iter().for_each(&mut add),
            part => add(part),
        }
    }
    match kept.len() {
        0 => Term::Literal(HexBytes::default()),
        1 => kept.remove(0),
        _ => Term::Concat(kept),
    }
}

/// Whether there may be packets for which a test has no answer.
pub fn may_lack_value(test: &Test) -> bool {
    match test {
        Test::Constant(_) | Test::Exists(_) | Test::Member(_) => false,
        Test::And(tests) | Test::Or(tests) => tests.iter().any(may_lack_value),
        Test::Not(test) => may_lack_value(test),
        Test::Equal(left, right) => term_may_lack_value(left) || term_may_lack_value(right),
        Test::In(term, list) => term_may_lack_value(term) || list.iter().any(term_may_lack_value),
        Test::Within(term, _) | Test::Match(_, term) => term_may_lack_value(term),
    }
}

fn term_may_lack_value(term: &Term) -> bool {
    match term {
        Term::Literal(_) | Term::Value(_) => false,
        Term::Substring { of, .. } | Term::Lower(of) | Term::Upper(of) => term_may_lack_value(of),
        Term::Split { of, delimiters, field: _ } => {
            term_may_lack_value(of) || term_may_lack_value(delimiters)
        }
        Term::IfElse { test, then, otherwise } => {
            may_lack_value(test) || term_may_lack_value(then) || term_may_lack_value(otherwise)
        }
        // Strings that grow too long have no value either.
        Term::Concat(_) | Term::HexText { .. } | Term::AddressText(_) | Term::NumberText(..) => true,
    }
}
