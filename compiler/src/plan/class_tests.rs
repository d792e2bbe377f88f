//! Whether a class's new test takes in the packets that the old one did, proved; what is not proved counts as another.
//!
//! A class that either test asks for counts as the new side has it: if it takes in others now, that is a change of its
//! own.

use leasehold_schemas::artefact::{Class, Test};
use leasehold_schemas::vocab::ClassName;

use crate::check::proof::{ClassNumber, ClassTests, Defined, Sender, Verdict, ask};

/// What became of a test.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turn {
    /// It is met by the same packets.
    Same,
    /// Whoever met it still does, and others may.
    Wider,
    /// Somebody who met it does not, as far as is proved.
    Other,
}

/// Compares the test that a class of the new side had with the one it has.
pub fn turn(classes: &[Class], name: &ClassName, old: &Test) -> Turn {
    let Some(former) = free_name(classes) else { return Turn::Other };
    let now = classes.iter().map(|class| (&class.name, defined(class)));
    let tests = ClassTests::new(now.chain([(&former, Defined::By(old))]), std::iter::empty());
    let (Some(is), Some(was)) = (tests.number(name), tests.number(&former)) else { return Turn::Other };
    let anyone = Sender::Anyone(tests.numbers().collect());
    let only = |passes: ClassNumber, fails: ClassNumber| {
        let question = [tests.test(passes, true), tests.test(fails, false)];
        ask(&tests, &anyone, &question) != Verdict::Never
    };
    match (only(was, is), only(is, was)) {
        (true, _) => Turn::Other,
        (false, true) => Turn::Wider,
        (false, false) => Turn::Same,
    }
}

fn defined(class: &Class) -> Defined<'_> {
    class.test.as_ref().map_or(Defined::ByReservation, Defined::By)
}

/// A name that no class has.
fn free_name(classes: &[Class]) -> Option<ClassName> {
    let taken = |name: &ClassName| classes.iter().any(|class| class.name == *name);
    let mut names = (0..=classes.len()).filter_map(|number| format!("before-{number}").parse().ok());
    names.find(|name| !taken(name))
}
