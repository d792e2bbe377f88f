//! Classes compiled: names become numbers, and of many equality tests on one value only one is looked up.
//!
//! Invariant: a class refers only to classes with a lower number or to built-in ones, at most
//! [`REFERENCE_DEPTH_MAX`] deep, so evaluation ends and its stack is bounded. What is absent is the empty string.
//! Whether a packet passes a test is decided here alone: the compiler, too, asks these functions.

mod check;
mod constant;
mod evaluate;
mod octets;
mod pattern;
mod place;
mod plan;

use std::cell::RefCell;
use std::collections::HashMap;

use leasehold_schemas::artefact::{Accessor, Class};
use leasehold_schemas::vocab::ClassName;

use super::error::TableError;
use crate::wire::code;
use check::{Check, Compile, Value};

pub use constant::{fold, may_lack_value};
pub use octets::{NoValue, OCTETS_MAX};
pub use pattern::{Pattern, PatternError};
pub use place::Received;
pub use plan::Plan;

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
    /// Tests made and values looked up.
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
    /// Compiles an estate's classes, or names the first thing that no compiler wrote.
    pub fn build(defined: &[Class]) -> Result<Classes, TableError> {
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
                let mut compile =
                    Compile { classes: &mut classes, class: name, at, weight: Weight::default() };
                let check = compile.test(&fold(test.clone()))?;
                let weight = compile.weight;
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

    /// The number of a class that is defined or built in.
    pub fn resolve(&mut self, name: &ClassName) -> Result<ClassId, TableError> {
        if let Some(id) = self.by_name.get(name.as_str()) {
            return Ok(*id);
        }
        let check = match name.as_str() {
            "ALL" => Some(Check::Constant(true)),
            "KNOWN" => Some(Check::Known),
            "UNKNOWN" => Some(Check::Not(Box::new(Check::Known))),
            "DROP" => None,
            other => {
                let text = other.strip_prefix(VENDOR_PREFIX);
                let text = text.ok_or_else(|| TableError::NoSuchClass(other.to_owned()))?;
                let vendor = Value::At(Accessor::Option(code::VENDOR_CLASS));
                Some(Check::Equal(vendor, Value::Literal(text.as_bytes().into())))
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

    /// Every class that is defined or that something names, in the order in which they win.
    pub fn ids(&self) -> impl Iterator<Item = ClassId> + '_ {
        (0..self.classes.len())
            .map(|at| ClassId(u16::try_from(at).expect("there are at most 65,000 classes")))
    }

    /// Whether the class is built in, and not the estate's.
    pub fn is_built_in(&self, id: ClassId) -> bool {
        usize::from(id.0) >= self.defined
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
    /// The packet and how it came.
    pub received: Received<'a>,
    /// Whether a reservation or a device entry names the client.
    pub known: bool,
    /// Classes that reservations and device entries put it in; each list is sorted.
    pub reserved: [&'a [ClassId]; 3],
    /// Room for what functions make, used for packet after packet.
    pub buffer: &'a RefCell<Vec<u8>>,
}

impl Membership<'_> {
    /// Whether the client is in the class.
    pub fn is_in(&self, class: ClassId) -> bool {
        let mut buffer = self.buffer.take();
        let holds = self.holds(class, &mut buffer);
        buffer.clear();
        self.buffer.replace(buffer);
        holds
    }

    /// Whether the client is in one of the classes of a guard; an empty guard lets everyone pass.
    pub fn passes_guard(&self, only: &[ClassId]) -> bool {
        only.is_empty() || only.iter().any(|class| self.is_in(*class))
    }

    /// Whether a reservation or device entry puts the client in the class, whatever its packets say.
    pub fn is_reserved(&self, class: ClassId) -> bool {
        self.reserved.iter().any(|classes| classes.binary_search(&class).is_ok())
    }
}

#[cfg(test)]
mod tests;
