//! Tests compiled: class names are numbers, regular expressions are machines, lists of literals are tables.

use std::collections::HashSet;

use leasehold_schemas::artefact::{Accessor, NumberKind, Term, Test};
use leasehold_schemas::vocab::{Cidr, ClassName};

use super::pattern::Pattern;
use super::{ClassId, Classes, REFERENCE_DEPTH_MAX, STEPS_MAX, Weight};
use crate::estate::error::TableError;
use crate::estate::hash::FastHash;

/// A test with its names resolved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Check {
    Constant(bool),
    And(Box<[Check]>),
    Or(Box<[Check]>),
    Not(Box<Check>),
    /// A literal stands right.
    Equal(Value, Value),
    /// One of many literals.
    OneOf(Value, HashSet<Box<[u8]>, FastHash>),
    In(Value, Box<[Value]>),
    Within(Value, Box<[Cidr]>),
    Match(Box<Pattern>, Value),
    Exists(Accessor),
    Member(ClassId),
    Known,
}

/// A term with the tests inside it compiled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Value {
    Literal(Box<[u8]>),
    At(Accessor),
    Substring { of: Box<Value>, start: i32, length: Option<i32> },
    Split { of: Box<Value>, delimiters: Box<Value>, field: i32 },
    Concat(Box<[Value]>),
    IfElse(Box<(Check, Value, Value)>),
    Lower(Box<Value>),
    Upper(Box<Value>),
    HexText { of: Box<Value>, separator: Box<Value> },
    AddressText(Box<Value>),
    NumberText(NumberKind, Box<Value>),
}

/// Compiles the test of one class.
pub(super) struct Compile<'a> {
    /// All classes; built-in ones are added when they are named.
    pub classes: &'a mut Classes,
    /// The class's name, for what is refused.
    pub class: &'a ClassName,
    /// Its number: only classes before it may be named.
    pub at: usize,
    /// What its evaluation takes.
    pub weight: Weight,
}

impl Compile<'_> {
    /// The compiled test, or why no compiler wrote it.
    pub fn test(&mut self, test: &Test) -> Result<Check, TableError> {
        self.weight.steps += 1;
        Ok(match test {
            Test::Constant(passes) => Check::Constant(*passes),
            Test::And(tests) => Check::And(self.tests(tests)?),
            Test::Or(tests) => Check::Or(self.tests(tests)?),
            Test::Not(test) => Check::Not(Box::new(self.test(test)?)),
            Test::Equal(left @ Term::Literal(_), right) => Check::Equal(self.term(right)?, self.term(left)?),
            Test::Equal(left, right) => Check::Equal(self.term(left)?, self.term(right)?),
            Test::In(term, list) => self.one_of(term, list)?,
            Test::Within(term, prefixes) => {
                self.weight.steps += prefixes.len() as u64;
                Check::Within(self.term(term)?, prefixes.as_slice().into())
            }
            Test::Match(written, term) => {
                let refused =
                    |_| TableError::BadPattern { class: self.class.to_string(), pattern: written.clone() };
                let pattern = Pattern::new(written).map_err(refused)?;
                Check::Match(Box::new(pattern), self.term(term)?)
            }
            Test::Exists(accessor) => Check::Exists(accessor.clone()),
            Test::Member(name) => self.member(name)?,
        })
    }

    fn tests(&mut self, tests: &[Test]) -> Result<Box<[Check]>, TableError> {
        tests.iter().map(|test| self.test(test)).collect()
    }

    fn one_of(&mut self, term: &Term, list: &[Term]) -> Result<Check, TableError> {
        let literal = |term: &Term| match term {
            Term::Literal(octets) => Some(octets.0.as_slice().into()),
            _ => None,
        };
        let value = self.term(term)?;
        Ok(match list.iter().map(literal).collect::<Option<_>>() {
            Some(literals) => Check::OneOf(value, literals),
            None => Check::In(value, self.terms(list)?),
        })
    }

    fn member(&mut self, name: &ClassName) -> Result<Check, TableError> {
        let to = self.classes.resolve(name)?;
        let place = usize::from(to.0);
        if (self.at..self.classes.defined).contains(&place) {
            return Err(TableError::ForwardReference { class: self.class.to_string(), to: name.to_string() });
        }
        let other = self.classes.classes[place].weight;
        let weight = &mut self.weight;
        weight.depth = weight.depth.max(other.depth + 1);
        weight.steps = weight.steps.saturating_add(other.steps);
        if weight.depth > REFERENCE_DEPTH_MAX || weight.steps > STEPS_MAX {
            return Err(TableError::ReferencesTooDeep(self.class.to_string()));
        }
        Ok(Check::Member(to))
    }

    fn terms(&mut self, terms: &[Term]) -> Result<Box<[Value]>, TableError> {
        terms.iter().map(|term| self.term(term)).collect()
    }

    fn boxed(&mut self, term: &Term) -> Result<Box<Value>, TableError> {
        self.term(term).map(Box::new)
    }

    fn term(&mut self, term: &Term) -> Result<Value, TableError> {
        self.weight.steps += 1;
        Ok(match term {
            Term::Literal(octets) => Value::Literal(octets.0.as_slice().into()),
            Term::Value(accessor) => Value::At(accessor.clone()),
            Term::Substring { of, start, length } => {
                Value::Substring { of: self.boxed(of)?, start: *start, length: *length }
            }
            Term::Split { of, delimiters, field } => {
                Value::Split { of: self.boxed(of)?, delimiters: self.boxed(delimiters)?, field: *field }
            }
            Term::Concat(parts) => Value::Concat(self.terms(parts)?),
            Term::IfElse { test, then, otherwise } => {
                Value::IfElse(Box::new((self.test(test)?, self.term(then)?, self.term(otherwise)?)))
            }
            Term::Lower(of) => Value::Lower(self.boxed(of)?),
            Term::Upper(of) => Value::Upper(self.boxed(of)?),
            Term::HexText { of, separator } => {
                Value::HexText { of: self.boxed(of)?, separator: self.boxed(separator)? }
            }
            Term::AddressText(of) => Value::AddressText(self.boxed(of)?),
            Term::NumberText(kind, of) => Value::NumberText(*kind, self.boxed(of)?),
        })
    }
}
