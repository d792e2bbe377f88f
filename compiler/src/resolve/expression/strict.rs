//! Kea's strict forms: `sand`, `sor` and `sifelse` look at every part, so a part without a value fails the whole even
//! where another part decides. Where every part has a value they say what `and`, `or` and `ifelse` say, and are read
//! as those; else the parts are made to be looked at first.
//!
//! Invariant: a tree grows by a bounded factor, because only so much is looked at ([`PARTS_MAX`]).

use std::ops::Range;

use leasehold_schemas::artefact::{Term, Test};

use super::Fault;
use super::lexer::syntax;

/// Functions without a value for every packet that a part of a strict form may hold.
const PARTS_MAX: usize = 16;

/// `whole`, after a look at `part`, which stands in it at `at`.
pub fn after_a_look(part: &Test, at: Range<usize>, whole: Test) -> Result<Test, Fault> {
    if bounded(uncertain_in_test(part), at)? == 0 {
        return Ok(whole);
    }
    let look = Test::Or(vec![part.clone(), Test::Not(Box::new(part.clone()))]);
    Ok(Test::And(vec![look, whole]))
}

/// `test`, after a look at each of these strings, which stand with it in a form at `at`.
pub fn after_looks(terms: [&Term; 2], at: Range<usize>, test: Test) -> Result<Test, Fault> {
    let mut tests = Vec::new();
    for term in terms {
        if bounded(uncertain(term), at.clone())? > 0 {
            tests.push(Test::Equal(term.clone(), term.clone()));
        }
    }
    if tests.is_empty() {
        return Ok(test);
    }
    tests.push(test);
    Ok(Test::And(tests))
}

fn bounded(parts: usize, at: Range<usize>) -> Result<usize, Fault> {
    if parts <= PARTS_MAX {
        return Ok(parts);
    }
    let message = "strict forms look at more than they may";
    Err(syntax(at, message, format!("over {PARTS_MAX} parts here may be without a value"))
        .help("write `and`, `or` and `ifelse`, which look only at what they need"))
}

/// Functions in a test that have no value for every packet.
fn uncertain_in_test(test: &Test) -> usize {
    match test {
        Test::Constant(_) | Test::Exists(_) | Test::Member(_) => 0,
        Test::And(tests) | Test::Or(tests) => tests.iter().map(uncertain_in_test).sum(),
        Test::Not(test) => uncertain_in_test(test),
        Test::Equal(left, right) => uncertain(left) + uncertain(right),
        Test::In(term, list) => uncertain(term) + list.iter().map(uncertain).sum::<usize>(),
        Test::Within(term, _) | Test::Match(_, term) => uncertain(term),
    }
}

fn uncertain(term: &Term) -> usize {
    match term {
        Term::Literal(_) | Term::Value(_) => 0,
        Term::Substring { of, start: _, length: _ } | Term::Lower(of) | Term::Upper(of) => uncertain(of),
        Term::Split { of, delimiters, field: _ } => uncertain(of) + uncertain(delimiters),
        Term::Concat(parts) => 1 + parts.iter().map(uncertain).sum::<usize>(),
        Term::IfElse { test, then, otherwise } => {
            uncertain_in_test(test) + uncertain(then) + uncertain(otherwise)
        }
        Term::HexText { of, separator } => 1 + uncertain(of) + uncertain(separator),
        Term::AddressText(of) | Term::NumberText(_, of) => 1 + uncertain(of),
    }
}
