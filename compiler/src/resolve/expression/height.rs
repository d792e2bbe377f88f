//! How deep the JSON of a test is.

use leasehold_schemas::artefact::{Accessor, Term, Test};

/// Levels of objects and lists that a test takes.
pub fn of_test(test: &Test) -> u32 {
    match test {
        Test::Constant(_) | Test::Member(_) => 1,
        Test::And(tests) | Test::Or(tests) => 2 + highest(tests.iter().map(of_test)),
        Test::Not(test) => 1 + of_test(test),
        Test::Equal(left, right) => 2 + highest([left, right].into_iter().map(of_term)),
        Test::In(term, list) => 2 + of_term(term).max(1 + highest(list.iter().map(of_term))),
        Test::Within(term, _) => 2 + of_term(term).max(1),
        Test::Match(_, term) => 2 + of_term(term),
        Test::Exists(accessor) => 1 + of_accessor(accessor),
    }
}

fn of_term(term: &Term) -> u32 {
    match term {
        Term::Literal(_) => 1,
        Term::Value(accessor) => 1 + of_accessor(accessor),
        Term::Substring { of, start: _, length: _ } => 2 + of_term(of),
        Term::Split { of, delimiters, field: _ } => 2 + of_term(of).max(of_term(delimiters)),
        Term::Concat(parts) => 2 + highest(parts.iter().map(of_term)),
        Term::IfElse { test, then, otherwise } => {
            2 + of_test(test).max(of_term(then)).max(of_term(otherwise))
        }
        Term::Lower(of) | Term::Upper(of) | Term::AddressText(of) => 1 + of_term(of),
        Term::HexText { of, separator } => 2 + of_term(of).max(of_term(separator)),
        Term::NumberText(_, of) => 2 + of_term(of),
    }
}

fn of_accessor(accessor: &Accessor) -> u32 {
    match accessor {
        Accessor::Option(_)
        | Accessor::Vendor(_)
        | Accessor::VendorEnterprise
        | Accessor::VendorClass(_)
        | Accessor::VendorClassEnterprise
        | Accessor::Packet(_) => 1,
        Accessor::VendorClassData(..) => 2,
        Accessor::SubOption(..) | Accessor::VendorOption(..) => 3,
    }
}

fn highest(levels: impl Iterator<Item = u32>) -> u32 {
    levels.max().unwrap_or(0)
}
