//! Many classes at once: of those that compare one value with literals, only the one that fits is looked at.
//!
//! A class is found by a condition that it needs: its test is an equality, a list of literals, an `Or` of such, or an
//! `And` that has one among its parts. Only classes without such a condition are evaluated one by one. So a packet's
//! cost grows with the number of different values that are compared, not with the number of classes.

use std::collections::HashMap;

use leasehold_schemas::artefact::Meaning;

use super::check::{Check, Value};
use super::{ClassId, Classes, Membership};
use crate::estate::error::TableError;
use crate::estate::hash::FastHash;
use crate::estate::values::ValuesId;

/// What classes mean in one place, arranged so that a packet asks few questions.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// In the order in which they win.
    entries: Box<[(ClassId, ValuesId)]>,
    groups: Box<[Group]>,
    /// Entries whose tests are evaluated one by one.
    tested: Box<[u16]>,
}

/// Classes that need one value to be one of some literals.
#[derive(Clone, Debug)]
struct Group {
    value: Value,
    entries: HashMap<Box<[u8]>, Vec<Entry>, FastHash>,
}

/// A class that a literal leads to.
#[derive(Clone, Copy, Debug)]
struct Entry {
    at: u16,
    /// Whether the literal is all that it needs.
    enough: bool,
}

impl Plan {
    pub(in crate::estate) fn build(
        meanings: &[Meaning],
        sets: usize,
        classes: &mut Classes,
    ) -> Result<Plan, TableError> {
        let mut entries = Vec::with_capacity(meanings.len());
        for Meaning { class, values } in meanings {
            if *values as usize >= sets {
                return Err(TableError::NoSuchValues(*values));
            }
            entries.push((classes.resolve(class)?, ValuesId(*values)));
        }
        entries.sort_by_key(|(class, _)| *class);
        let (mut groups, mut tested): (Vec<Group>, _) = (Vec::new(), Vec::new());
        for (at, (class, _)) in entries.iter().enumerate() {
            let at = u16::try_from(at).map_err(|_| TableError::TooManyClasses)?;
            let Some(check) = &classes.classes[usize::from(class.0)].check else { continue };
            match need(check) {
                Some(Need { value, literals, enough }) => {
                    let group = group_of(&mut groups, value);
                    for literal in literals {
                        let found = group.entries.entry(literal.into()).or_default();
                        if found.last().is_none_or(|last| last.at != at) {
                            found.push(Entry { at, enough });
                        }
                    }
                }
                None => tested.push(at),
            }
        }
        Ok(Plan { entries: entries.into(), groups: groups.into(), tested: tested.into() })
    }

    /// Appends what the client's classes mean here, the winning one first.
    pub fn collect(&self, membership: &Membership<'_>, into: &mut Vec<(ClassId, ValuesId)>) {
        let begin = into.len();
        let mut buffer = membership.buffer.take();
        let entry = |at: u16| self.entries[usize::from(at)];
        for Group { value, entries } in &self.groups {
            let found = membership.look(value, &mut buffer, |octets| entries.get(octets));
            for Entry { at, enough } in found.ok().flatten().into_iter().flatten() {
                if *enough || membership.holds(entry(*at).0, &mut buffer) {
                    into.push(entry(*at));
                }
            }
        }
        let tested = self.tested.iter().map(|at| entry(*at));
        into.extend(tested.filter(|(class, _)| membership.holds(*class, &mut buffer)));
        membership.buffer.replace(buffer);
        for class in membership.reserved.iter().copied().flatten() {
            if let Ok(at) = self.entries.binary_search_by_key(class, |(class, _)| *class) {
                into.push(self.entries[at]);
            }
        }
        if into.len() > begin + 1 {
            into[begin..].sort_unstable();
            into.dedup();
        }
    }
}

/// That a value is one of some literals: without it, a test does not pass.
struct Need<'c> {
    value: &'c Value,
    literals: Vec<&'c [u8]>,
    /// Whether the test passes with it.
    enough: bool,
}

fn need(check: &Check) -> Option<Need<'_>> {
    match check {
        Check::Equal(value, Value::Literal(literal)) => {
            Some(Need { value, literals: vec![&**literal], enough: true })
        }
        Check::OneOf(value, literals) => {
            Some(Need { value, literals: literals.iter().map(|literal| &**literal).collect(), enough: true })
        }
        Check::And(checks) => checks.iter().find_map(need).map(|need| Need { enough: false, ..need }),
        Check::Or(checks) => {
            let mut needs = checks.iter().map(need);
            let mut all = needs.next()??;
            for other in needs {
                let other = other.filter(|other| other.value == all.value)?;
                all.literals.extend(other.literals);
                all.enough &= other.enough;
            }
            Some(all)
        }
        // A reservation may put a client into a class whose test it does not pass, so `Member` needs no value.
        Check::Constant(_)
        | Check::Not(_)
        | Check::Equal(..)
        | Check::In(..)
        | Check::Within(..)
        | Check::Match(..)
        | Check::Exists(_)
        | Check::Member(_)
        | Check::Known => None,
    }
}

fn group_of<'a>(groups: &'a mut Vec<Group>, value: &Value) -> &'a mut Group {
    let at = groups.iter().position(|group| group.value == *value).unwrap_or_else(|| {
        groups.push(Group { value: value.clone(), entries: HashMap::default() });
        groups.len() - 1
    });
    &mut groups[at]
}
