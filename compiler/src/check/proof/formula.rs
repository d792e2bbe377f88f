//! Class tests as formulas over what can be decided: every `not` stands at a leaf, constants are folded, and what
//! lies beyond exact proof is marked as such.
//!
//! Invariant: a formula without [`Formula::Unclear`] holds for a packet exactly if the test does.

use std::collections::{BTreeMap, BTreeSet};

use leasehold_schemas::artefact::{Accessor, Part as Inner, Term, Test};
use leasehold_schemas::vocab::{ClassName, HexBytes};
use leasehold_server::estate::may_lack_value;

use super::octets::{Cut, Demand};
use super::place;
use crate::model::Estate;

/// Option 60 (RFC 2132 section 9.13).
const VENDOR_CLASS: u8 = 60;

/// A class by its place among those that tests and guards name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ClassNumber(u32);

/// Why something is not decided.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Doubt {
    /// Two parts of one packet are compared with each other.
    TwoValues,
    /// An expression that was reported as broken.
    Broken,
    /// A text so long, or a part so far back, that it is not looked at.
    Far,
    /// An option is asked for as a whole and by its sub-options.
    Container,
    /// A function, a pattern, a prefix or a place that proofs do not look into.
    Beyond,
    /// More combinations than are tried.
    Many,
    /// Classes that ask for classes, too deep.
    Deep,
}

impl std::fmt::Display for Doubt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Doubt::TwoValues => "it compares two values of a packet with each other",
            Doubt::Broken => "a class that it depends on has a broken expression",
            Doubt::Far => "it looks at octets farther than 512 from either end",
            Doubt::Container => "it looks at one option in two ways, as a whole and by its parts",
            Doubt::Beyond => "it uses a function, a pattern, a prefix or a field that is not looked into",
            Doubt::Many => "it has more combinations than are tried",
            Doubt::Deep => "it depends on classes that depend on classes, more than 64 deep",
        })
    }
}

/// Something demanded of one place of a packet.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Claim {
    /// The place.
    pub place: Accessor,
    /// What is demanded.
    pub demand: Demand,
}

/// A test without `not`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Formula {
    /// All hold; none: always.
    All(Vec<Formula>),
    /// One holds; none: never.
    Any(Vec<Formula>),
    /// A claim.
    Claim(Claim),
    /// The packet is, or is not, in the class, by its test or by a reservation.
    Member(ClassNumber, bool),
    /// The packet passes the class's test, whatever reservations say.
    Passes(ClassNumber),
    /// A reservation or device entry puts the client into the class, or none does.
    Reserved(ClassNumber, bool),
    /// A reservation or device entry names the client, or none does.
    Known(bool),
    /// Not decided.
    Unclear(Doubt),
}

impl Formula {
    /// Holds for every packet.
    pub const ALWAYS: Formula = Formula::All(Vec::new());
    /// Holds for none.
    pub const NEVER: Formula = Formula::Any(Vec::new());

    /// The formulas that all must hold for it: its parts, or itself.
    pub fn conditions(&self) -> &[Formula] {
        match self {
            Formula::All(parts) => parts,
            Formula::Any(_)
            | Formula::Claim(_)
            | Formula::Member(..)
            | Formula::Passes(_)
            | Formula::Reserved(..)
            | Formula::Known(_)
            | Formula::Unclear(_) => std::slice::from_ref(self),
        }
    }

    fn constant(holds: bool) -> Formula {
        if holds { Formula::ALWAYS } else { Formula::NEVER }
    }
}

/// What is known of a class.
#[derive(Clone, Copy, Debug)]
pub enum Defined<'a> {
    /// Packets that pass the test are in it, and those of clients whose reservations name it.
    By(&'a Test),
    /// Only clients whose reservations name it are in it.
    ByReservation,
    /// Its expression was reported as broken.
    Broken,
}

/// Everything that tests and guards can ask of classes.
#[derive(Clone, Debug, Default)]
pub struct ClassTests {
    names: Vec<ClassName>,
    numbers: BTreeMap<ClassName, ClassNumber>,
    /// Of each class: when a packet is not in it by its test, and when it is.
    tests: Vec<[Formula; 2]>,
    /// Of each class: the ways into it.
    ways: Vec<[Formula; 2]>,
}

impl ClassTests {
    /// The classes of an estate, and the built-in ones that something in it names.
    pub fn of(estate: &Estate) -> ClassTests {
        let partial = estate.scope.is_none_or(|scope| estate.is_partial(estate.scopes[scope].span));
        let defined = estate.classes.values().map(|class| {
            let defined = match &class.test {
                Some(test) => Defined::By(&test.value),
                None if partial && estate.is_partial(class.span) => Defined::Broken,
                None => Defined::ByReservation,
            };
            (&class.name.value, defined)
        });
        let guards = estate.scopes.values().flat_map(|scope| &scope.only);
        let reserved = estate.reservations.values().flat_map(|reservation| &reservation.classes);
        let devices = estate.devices.values().flat_map(|device| &device.classes);
        ClassTests::new(defined, guards.chain(reserved).chain(devices).map(|guard| &guard.value))
    }

    /// Classes in the order of evaluation; of two with one name the first has it. `named` are others that will be
    /// asked for.
    pub fn new<'a>(
        defined: impl Iterator<Item = (&'a ClassName, Defined<'a>)> + Clone,
        named: impl Iterator<Item = &'a ClassName>,
    ) -> ClassTests {
        let mut classes = ClassTests::default();
        let names = defined.clone().map(|(name, _)| name);
        let fresh: Vec<bool> = names.map(|name| classes.add(name)).collect();
        for (_, defined) in defined.clone() {
            let Defined::By(test) = defined else { continue };
            test.walk(&mut |part| match part {
                Inner::Test(Test::Member(name)) => classes.add_built_in(name),
                Inner::Test(_) | Inner::Term(_) | Inner::Accessor(_) => {}
            });
        }
        for ((name, defined), _) in defined.zip(fresh).filter(|(_, fresh)| *fresh) {
            let test = match defined {
                Defined::By(test) => classes.both(test),
                Defined::ByReservation => [Formula::ALWAYS, Formula::NEVER],
                Defined::Broken => [Formula::Unclear(Doubt::Broken), Formula::Unclear(Doubt::Broken)],
            };
            let number = classes.numbers[name];
            classes.tests[number.0 as usize] = test;
        }
        for name in named {
            classes.add_built_in(name);
        }
        classes
    }

    /// A class that something names.
    pub fn number(&self, name: &ClassName) -> Option<ClassNumber> {
        self.numbers.get(name).copied()
    }

    /// Every class.
    pub fn numbers(&self) -> impl Iterator<Item = ClassNumber> + '_ {
        self.numbers.values().copied()
    }

    /// Its name.
    pub fn name(&self, class: ClassNumber) -> &ClassName {
        &self.names[class.0 as usize]
    }

    /// The same, with these classes' tests left open.
    pub fn without(&self, open: &BTreeSet<ClassNumber>) -> ClassTests {
        let mut classes = self.clone();
        for class in open {
            let unclear = || Formula::Unclear(Doubt::Broken);
            classes.tests[class.0 as usize] = [unclear(), unclear()];
        }
        classes
    }

    /// Whether the class's test asks for one of the classes.
    pub fn asks_for(&self, class: ClassNumber, others: &BTreeSet<ClassNumber>) -> bool {
        fn asks(formula: &Formula, others: &BTreeSet<ClassNumber>) -> bool {
            match formula {
                Formula::All(parts) | Formula::Any(parts) => parts.iter().any(|part| asks(part, others)),
                Formula::Member(class, _) | Formula::Passes(class) | Formula::Reserved(class, _) => {
                    others.contains(class)
                }
                Formula::Claim(_) | Formula::Known(_) | Formula::Unclear(_) => false,
            }
        }
        !others.is_empty() && asks(self.test(class, true), others)
    }

    /// When a packet passes the class's test, or fails it, whatever reservations say.
    pub fn test(&self, class: ClassNumber, passes: bool) -> &Formula {
        &self.tests[class.0 as usize][usize::from(passes)]
    }

    /// The ways into a class: a reservation, or its test.
    pub(super) fn either(&self, class: ClassNumber) -> &[Formula] {
        &self.ways[class.0 as usize]
    }

    fn add(&mut self, name: &ClassName) -> bool {
        let number = ClassNumber(u32::try_from(self.names.len()).expect("an estate has fewer classes"));
        if self.numbers.contains_key(name) {
            return false;
        }
        self.numbers.insert(name.clone(), number);
        self.names.push(name.clone());
        self.ways.push([Formula::Reserved(number, true), Formula::Passes(number)]);
        self.tests.push([Formula::Unclear(Doubt::Broken), Formula::Unclear(Doubt::Broken)]);
        true
    }

    /// Makes a built-in class known, unless a class has its name.
    fn add_built_in(&mut self, name: &ClassName) {
        if self.add(name) {
            let number = self.numbers[name];
            let vendor = |is: bool, text: &str| {
                let octets = text.as_bytes().to_vec();
                let demand = Demand::Part { cuts: Vec::new(), octets, is };
                Formula::Claim(Claim { place: Accessor::Option(VENDOR_CLASS), demand })
            };
            let vendor_class = name.as_str().strip_prefix("VENDOR_CLASS_");
            self.tests[number.0 as usize] = match (name.as_str(), vendor_class) {
                ("ALL", _) => [Formula::NEVER, Formula::ALWAYS],
                ("KNOWN", _) => [Formula::Known(false), Formula::Known(true)],
                ("UNKNOWN", _) => [Formula::Known(true), Formula::Known(false)],
                ("DROP", _) => [Formula::ALWAYS, Formula::NEVER],
                (_, Some(text)) => [vendor(false, text), vendor(true, text)],
                _ => [Formula::Unclear(Doubt::Broken), Formula::Unclear(Doubt::Broken)],
            };
        }
    }

    /// When a test fails, and when it passes. Where a part of it may have no value, the whole fails, whatever its
    /// other parts say.
    fn both(&self, test: &Test) -> [Formula; 2] {
        let [fails, passes] = [self.lower(test, false), self.lower(test, true)];
        if !may_lack_value(test) {
            return [fails, passes];
        }
        let unclear = || Formula::Unclear(Doubt::Beyond);
        [joined([fails, unclear()].into_iter(), false), joined([passes, unclear()].into_iter(), true)]
    }

    /// A test that has to pass, or to fail.
    pub fn lower(&self, test: &Test, passes: bool) -> Formula {
        match test {
            Test::And(tests) | Test::Or(tests) => {
                let parts = tests.iter().map(|test| self.lower(test, passes));
                joined(parts, matches!(test, Test::And(_)) == passes)
            }
            Test::Not(test) => self.lower(test, !passes),
            Test::Constant(holds) => Formula::constant(*holds == passes),
            Test::Equal(left, right) => self.equal(left, right, passes),
            Test::In(term, list) => {
                let parts = list.iter().map(|other| self.equal(term, other, passes));
                joined(parts, !passes)
            }
            Test::Within(..) | Test::Match(..) => Formula::Unclear(Doubt::Beyond),
            Test::Exists(place) if !place::is_looked_into(place) => Formula::Unclear(Doubt::Beyond),
            Test::Exists(place) => {
                Formula::Claim(Claim { place: place.clone(), demand: Demand::Present(passes) })
            }
            Test::Member(name) => match self.numbers.get(name) {
                Some(number) => Formula::Member(*number, passes),
                None => Formula::Unclear(Doubt::Broken),
            },
        }
    }

    /// Two terms that have to be equal, or not to be.
    fn equal(&self, left: &Term, right: &Term, is: bool) -> Formula {
        match (left, right) {
            (Term::IfElse { test, then, otherwise }, other)
            | (other, Term::IfElse { test, then, otherwise }) => {
                let first = [self.lower(test, true), self.equal(then, other, is)];
                let second = [self.lower(test, false), self.equal(otherwise, other, is)];
                joined([first, second].map(|way| joined(way.into_iter(), true)).into_iter(), false)
            }
            (left, right) => equal(part_of(left), part_of(right), is),
        }
    }
}

/// The parts, of which all or one must hold: flat, and without what changes nothing.
fn joined(parts: impl Iterator<Item = Formula>, all: bool) -> Formula {
    let mut flat = Vec::new();
    for part in parts {
        match (part, all) {
            (Formula::All(inner), true) | (Formula::Any(inner), false) => flat.extend(inner),
            (Formula::All(inner), false) if inner.is_empty() => return Formula::ALWAYS,
            (Formula::Any(inner), true) if inner.is_empty() => return Formula::NEVER,
            (part, _) => flat.push(part),
        }
    }
    match flat.len() {
        1 => flat.remove(0),
        _ if all => Formula::All(flat),
        _ => Formula::Any(flat),
    }
}

/// A string of octets, as far as it is understood.
enum Part<'a> {
    Constant(Vec<u8>),
    Of { place: &'a Accessor, cuts: Vec<Cut> },
    Beyond,
}

fn part_of(term: &Term) -> Part<'_> {
    match term {
        Term::Literal(HexBytes(octets)) => Part::Constant(octets.clone()),
        Term::Value(place) if !place::is_looked_into(place) => Part::Beyond,
        Term::Value(place) => Part::Of { place, cuts: Vec::new() },
        Term::Substring { of, start, length } => {
            let cut = Cut { start: *start, length: *length };
            match part_of(of) {
                Part::Constant(octets) => {
                    let (from, to) = cut.range(octets.len());
                    Part::Constant(octets[from..to].to_vec())
                }
                Part::Of { place, mut cuts } => {
                    if cut != (Cut { start: 0, length: None }) {
                        cuts.push(cut);
                    }
                    Part::Of { place, cuts }
                }
                Part::Beyond => Part::Beyond,
            }
        }
        Term::Split { .. }
        | Term::Concat(_)
        | Term::IfElse { .. }
        | Term::Lower(_)
        | Term::Upper(_)
        | Term::HexText { .. }
        | Term::AddressText(_)
        | Term::NumberText(..) => Part::Beyond,
    }
}

fn equal(left: Part<'_>, right: Part<'_>, is: bool) -> Formula {
    match (left, right) {
        (Part::Constant(left), Part::Constant(right)) => Formula::constant((left == right) == is),
        (Part::Constant(octets), Part::Of { place, cuts })
        | (Part::Of { place, cuts }, Part::Constant(octets)) => compared(place, cuts, octets, is),
        (Part::Of { place, cuts }, Part::Of { place: other, cuts: others }) => {
            if place == other && cuts == others {
                Formula::constant(is)
            } else {
                Formula::Unclear(Doubt::TwoValues)
            }
        }
        (Part::Beyond, _) | (_, Part::Beyond) => Formula::Unclear(Doubt::Beyond),
    }
}

/// A part of a value compared with octets, in the plainest form that means the same.
fn compared(place: &Accessor, mut cuts: Vec<Cut>, octets: Vec<u8>, is: bool) -> Formula {
    if let [Cut { start, length: Some(length) }] = &mut cuts[..]
        && let Ok(count) = usize::try_from(*length)
    {
        if octets.len() > count {
            return Formula::constant(!is);
        }
        if count == 0 {
            return Formula::constant(is);
        }
        // A part that could be longer and is not ends where the value ends.
        if octets.len() < count && !octets.is_empty() {
            cuts = if *start == 0 { Vec::new() } else { vec![Cut { start: *start, length: None }] };
        }
    }
    Formula::Claim(Claim { place: place.clone(), demand: Demand::Part { cuts, octets, is } })
}
