//! Classes compiled: names become numbers, and of many equality tests on one term only one is looked up.
//!
//! Invariant: a class refers only to classes with a lower number or to built-in ones, at most
//! [`REFERENCE_DEPTH_MAX`] deep, so evaluation ends and its stack is bounded. What is absent is the empty string.

use std::collections::HashMap;

use leasehold_schemas::artefact::{Accessor, Class, Meaning, Term, Test};
use leasehold_schemas::vocab::ClassName;

use super::error::TableError;
use super::hash::FastHash;
use super::values::ValuesId;
use crate::wire::{Message, code, sub_option};

/// How deep classes may refer to classes.
pub const REFERENCE_DEPTH_MAX: u32 = 64;
/// How many steps the evaluation of one class may take, those of the classes it refers to included: they could double
/// with each reference.
pub const STEPS_MAX: u64 = 10_000;
const CLASSES_MAX: usize = 65_000;
const VENDOR_PREFIX: &str = "VENDOR_CLASS_";

/// A class by its place in the estate's order; built-in ones follow the estate's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ClassId(u16);

/// A test with its names resolved.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Check {
    And(Box<[Check]>),
    Or(Box<[Check]>),
    Not(Box<Check>),
    Equal(Term, Term),
    Exists(Accessor),
    Member(ClassId),
    Known,
}

#[derive(Clone, Debug)]
struct Compiled {
    name: String,
    check: Option<Check>,
    weight: Weight,
}

/// What the evaluation of a class takes.
#[derive(Clone, Copy, Default, Debug)]
struct Weight {
    /// Classes referred to, one by the other.
    depth: u32,
    /// Tests made.
    steps: u64,
}

/// All classes of an estate, and those built-in ones that something names.
#[derive(Clone, Debug, Default)]
pub struct Classes {
    classes: Vec<Compiled>,
    by_name: HashMap<String, ClassId>,
    /// Count of the estate's own; built-in ones have higher numbers.
    defined: usize,
}

impl Classes {
    pub(super) fn build(defined: &[Class]) -> Result<Classes, TableError> {
        let mut classes = Classes::default();
        for Class { name, test: _ } in defined {
            let id = classes.next_id()?;
            if classes.by_name.insert(name.as_str().to_owned(), id).is_some() {
                return Err(TableError::DuplicateClass(name.to_string()));
            }
            classes.classes.push(Compiled { name: name.to_string(), check: None, weight: Weight::default() });
        }
        classes.defined = defined.len();
        for (at, Class { name, test }) in defined.iter().enumerate() {
            if let Some(test) = test {
                let mut weight = Weight::default();
                let check = classes.check(name, at, test, &mut weight)?;
                classes.classes[at].check = Some(check);
                classes.classes[at].weight = weight;
            }
        }
        Ok(classes)
    }

    fn next_id(&self) -> Result<ClassId, TableError> {
        let at = Some(self.classes.len()).filter(|at| *at < CLASSES_MAX).ok_or(TableError::TooManyClasses)?;
        u16::try_from(at).map(ClassId).map_err(|_| TableError::TooManyClasses)
    }

    fn check(
        &mut self,
        class: &ClassName,
        at: usize,
        test: &Test,
        weight: &mut Weight,
    ) -> Result<Check, TableError> {
        weight.steps += 1;
        let mut list = |tests: &[Test], weight: &mut Weight| {
            tests.iter().map(|test| self.check(class, at, test, weight)).collect::<Result<Box<[Check]>, _>>()
        };
        Ok(match test {
            Test::And(tests) => Check::And(list(tests, weight)?),
            Test::Or(tests) => Check::Or(list(tests, weight)?),
            Test::Not(test) => Check::Not(Box::new(self.check(class, at, test, weight)?)),
            Test::Equal(Term::Literal(left), right) => {
                Check::Equal(right.clone(), Term::Literal(left.clone()))
            }
            Test::Equal(left, right) => Check::Equal(left.clone(), right.clone()),
            Test::Exists(accessor) => Check::Exists(accessor.clone()),
            Test::Member(name) => {
                let to = self.resolve(name)?;
                let place = usize::from(to.0);
                if (at..self.defined).contains(&place) {
                    return Err(TableError::ForwardReference {
                        class: class.to_string(),
                        to: name.to_string(),
                    });
                }
                let other = self.classes[place].weight;
                weight.depth = weight.depth.max(other.depth + 1);
                weight.steps = weight.steps.saturating_add(other.steps);
                if weight.depth > REFERENCE_DEPTH_MAX || weight.steps > STEPS_MAX {
                    return Err(TableError::ReferencesTooDeep(class.to_string()));
                }
                Check::Member(to)
            }
        })
    }

    /// The number of a class that is defined or built in.
    pub(super) fn resolve(&mut self, name: &ClassName) -> Result<ClassId, TableError> {
        if let Some(id) = self.by_name.get(name.as_str()) {
            return Ok(*id);
        }
        let check = match name.as_str() {
            "ALL" => Some(Check::And(Box::new([]))),
            "KNOWN" => Some(Check::Known),
            "UNKNOWN" => Some(Check::Not(Box::new(Check::Known))),
            "DROP" => None,
            other => {
                let text = other.strip_prefix(VENDOR_PREFIX);
                let text = text.ok_or_else(|| TableError::NoSuchClass(other.to_owned()))?;
                let literal = leasehold_schemas::vocab::HexBytes(text.as_bytes().to_vec());
                let vendor = Term::Value(Accessor::Option(code::VENDOR_CLASS));
                Some(Check::Equal(vendor, Term::Literal(literal)))
            }
        };
        let id = self.next_id()?;
        self.by_name.insert(name.as_str().to_owned(), id);
        self.classes.push(Compiled { name: name.to_string(), check, weight: Weight::default() });
        Ok(id)
    }

    /// The number of a class that something in the estate names.
    pub fn find(&self, name: &str) -> Option<ClassId> {
        self.by_name.get(name).copied()
    }

    /// A class's name.
    pub fn name(&self, id: ClassId) -> &str {
        &self.classes[usize::from(id.0)].name
    }
}

/// One packet and what is known of its sender, for which classes are asked.
#[derive(Clone, Copy, Debug)]
pub struct Membership<'a> {
    /// The classes.
    pub classes: &'a Classes,
    /// The packet.
    pub message: &'a Message<'a>,
    /// Whether a reservation or a device entry names the client.
    pub known: bool,
    /// Classes that reservations and device entries put it in; each list is sorted.
    pub reserved: [&'a [ClassId]; 3],
}

impl Membership<'_> {
    /// Whether the client is in the class.
    pub fn is_in(&self, class: ClassId) -> bool {
        if self.is_reserved(class) {
            return true;
        }
        match &self.classes.classes[usize::from(class.0)].check {
            Some(check) => self.passes(check),
            None => false,
        }
    }

    /// Whether the client is in one of the classes of a guard; an empty guard lets everyone pass.
    pub fn passes_guard(&self, only: &[ClassId]) -> bool {
        only.is_empty() || only.iter().any(|class| self.is_in(*class))
    }

    fn is_reserved(&self, class: ClassId) -> bool {
        self.reserved.iter().any(|classes| classes.binary_search(&class).is_ok())
    }

    fn passes(&self, check: &Check) -> bool {
        match check {
            Check::And(checks) => checks.iter().all(|check| self.passes(check)),
            Check::Or(checks) => checks.iter().any(|check| self.passes(check)),
            Check::Not(check) => !self.passes(check),
            Check::Equal(left, right) => self.octets(left) == self.octets(right),
            Check::Exists(accessor) => value(self.message, accessor).is_some(),
            Check::Member(class) => self.is_in(*class),
            Check::Known => self.known,
        }
    }

    fn octets<'b>(&'b self, term: &'b Term) -> &'b [u8] {
        match term {
            Term::Literal(octets) => &octets.0,
            Term::Value(accessor) => value(self.message, accessor).unwrap_or_default(),
            Term::Substring { of, start, length } => substring(self.octets(of), *start, *length),
        }
    }
}

/// What a packet carries at a place. As in Kea, an empty host name or vendor class counts as absent, and NULs at the
/// end of a host name are no part of it.
fn value<'a>(message: &Message<'a>, accessor: &Accessor) -> Option<&'a [u8]> {
    match *accessor {
        Accessor::Option(code::HOST_NAME) => {
            let name = message.option(code::HOST_NAME)?;
            let len = name.iter().rposition(|octet| *octet != 0)? + 1;
            Some(&name[..len])
        }
        Accessor::Option(code::VENDOR_CLASS) => {
            message.option(code::VENDOR_CLASS).filter(|text| !text.is_empty())
        }
        Accessor::Option(code) => message.option(code),
        Accessor::SubOption(code, inner) => sub_option(message.option(code)?, inner),
    }
}

/// Kea's `substring`: a negative start counts from the end, a negative length takes what stands before the start,
/// and a start outside the string gives the empty string.
pub(super) fn substring(whole: &[u8], start: i32, length: Option<i32>) -> &[u8] {
    let len = i64::try_from(whole.len()).unwrap_or(i64::MAX);
    let start = if start < 0 { i64::from(start) + len } else { i64::from(start) };
    if start < 0 || start >= len {
        return &[];
    }
    let (from, to) = match length.map(i64::from) {
        None => (start, len),
        Some(length) if length >= 0 => (start, (start + length).min(len)),
        Some(length) => ((start + length).max(0), start),
    };
    let at = |count: i64| usize::try_from(count).unwrap_or(0);
    &whole[at(from)..at(to)]
}

/// What classes mean in one place, arranged so that a packet asks few questions.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// In the order in which they win.
    entries: Box<[(ClassId, ValuesId)]>,
    groups: Box<[Group]>,
    /// Entries whose tests are evaluated one by one.
    tested: Box<[u16]>,
}

/// Classes that compare one term with literals.
#[derive(Clone, Debug)]
struct Group {
    term: Term,
    entries: HashMap<Box<[u8]>, Vec<u16>, FastHash>,
}

impl Plan {
    pub(super) fn build(
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
            match &classes.classes[usize::from(class.0)].check {
                Some(Check::Equal(term, Term::Literal(octets))) => {
                    group_of(&mut groups, term)
                        .entries
                        .entry(octets.0.as_slice().into())
                        .or_default()
                        .push(at);
                }
                Some(_) => tested.push(at),
                None => {}
            }
        }
        Ok(Plan { entries: entries.into(), groups: groups.into(), tested: tested.into() })
    }

    /// Appends what the client's classes mean here, the winning one first.
    pub fn collect(&self, membership: &Membership<'_>, into: &mut Vec<(ClassId, ValuesId)>) {
        let begin = into.len();
        let entry = |at: &u16| self.entries[usize::from(*at)];
        for Group { term, entries } in &self.groups {
            if let Some(found) = entries.get(membership.octets(term)) {
                into.extend(found.iter().map(entry));
            }
        }
        into.extend(self.tested.iter().map(entry).filter(|(class, _)| membership.is_in(*class)));
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

fn group_of<'a>(groups: &'a mut Vec<Group>, term: &Term) -> &'a mut Group {
    let at = groups.iter().position(|group| group.term == *term).unwrap_or_else(|| {
        groups.push(Group { term: term.clone(), entries: HashMap::default() });
        groups.len() - 1
    });
    &mut groups[at]
}
