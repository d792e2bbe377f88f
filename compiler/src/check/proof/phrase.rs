//! Formulas in the words of the language they were read from, for notes.

use std::fmt;

use leasehold_schemas::artefact::Accessor;

use super::formula::{Claim, ClassTests, Formula};
use super::octets::{Cut, Demand};

/// A formula that a note can show: a claim, or membership.
pub struct Phrase<'a> {
    tests: &'a ClassTests,
    formula: &'a Formula,
}

impl<'a> Phrase<'a> {
    /// The formula's words; `None` for what is better not shown.
    pub fn of(tests: &'a ClassTests, formula: &'a Formula) -> Option<Phrase<'a>> {
        match formula {
            Formula::Claim(_) | Formula::Member(..) | Formula::Known(_) => Some(Phrase { tests, formula }),
            Formula::All(_)
            | Formula::Any(_)
            | Formula::Passes(_)
            | Formula::Reserved(..)
            | Formula::Unclear(_) => None,
        }
    }
}

impl fmt::Display for Phrase<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let not = |is: bool| if is { "" } else { "not " };
        match self.formula {
            Formula::Claim(claim) => show(claim, f),
            Formula::Member(class, is) => write!(f, "{}member('{}')", not(*is), self.tests.name(*class)),
            Formula::Known(is) => write!(f, "{}", if *is { "known" } else { "unknown" }),
            Formula::All(_)
            | Formula::Any(_)
            | Formula::Passes(_)
            | Formula::Reserved(..)
            | Formula::Unclear(_) => Ok(()),
        }
    }
}

fn show(claim: &Claim, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let place = &claim.place;
    match &claim.demand {
        Demand::Present(true) => write!(f, "{place}.exists"),
        Demand::Present(false) => write!(f, "not {place}.exists"),
        Demand::Part { cuts, octets, is } => {
            let operator = if *is { "==" } else { "!=" };
            write!(f, "{} {operator} {}", Part { place, cuts }, Literal(octets))
        }
    }
}

struct Part<'a> {
    place: &'a Accessor,
    cuts: &'a [Cut],
}

impl fmt::Display for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cuts.iter().try_for_each(|_| f.write_str("substring("))?;
        write!(f, "{}.hex", self.place)?;
        self.cuts.iter().try_for_each(|Cut { start, length }| match length {
            Some(length) => write!(f, ",{start},{length})"),
            None => write!(f, ",{start},all)"),
        })
    }
}

struct Literal<'a>(&'a [u8]);

impl fmt::Display for Literal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |octet: &u8| (b' '..=b'~').contains(octet) && *octet != b'\'';
        match std::str::from_utf8(self.0).ok().filter(|_| self.0.iter().all(text)) {
            Some(text) => write!(f, "'{text}'"),
            None => {
                f.write_str("0x")?;
                self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
            }
        }
    }
}
