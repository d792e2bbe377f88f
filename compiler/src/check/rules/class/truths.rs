//! What is proved of each class's test alone, and in which words it is said.

use std::collections::BTreeSet;

use leasehold_schemas::artefact::{Term, Test};

use crate::check::proof::{
    ClassNumber, ClassTests, Contents, Doubt, Formula, Packet, Phrase, Sender, Senders, Verdict, ask, listed,
};
use crate::model::{Class, Estate, Id};

/// More conditions than these are not searched for those that contradict each other.
const CONDITIONS_MAX: usize = 48;
/// As many conditions are shown.
const SHOWN_MAX: usize = 3;

/// What is proved of a test.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Truth {
    /// No packet passes it.
    Never,
    /// Every packet passes it.
    Always,
    /// No packet passes it or every packet does, because that is so of a class that it asks for.
    Follows,
    /// Some do, some do not.
    Varies,
    /// Not decided.
    Open(Doubt),
}

/// The tests of an estate's classes, and what is proved of each.
pub struct Truths<'a> {
    /// The estate.
    pub estate: &'a Estate,
    /// Everything that can be asked for.
    pub tests: ClassTests,
    /// Any client, as far as class tests are concerned.
    pub anyone: Sender,
    /// Classes with a test, in the order of evaluation.
    pub classes: Vec<(Id<Class>, ClassNumber, Truth)>,
}

impl<'a> Truths<'a> {
    /// Proves what can be proved.
    pub fn of(estate: &'a Estate) -> Truths<'a> {
        let tests = ClassTests::of(estate);
        let anyone = Sender::Anyone(listed(estate, &tests));
        let mut truths = Truths { estate, tests, anyone, classes: Vec::new() };
        let (mut settled, mut affected) = (BTreeSet::new(), BTreeSet::new());
        let mut named = BTreeSet::new();
        for (id, class) in estate.classes.iter() {
            let number = truths.tests.number(&class.name.value).expect("every class has a number");
            // Of two classes with one name only the first counts; the second was reported.
            if class.test.is_none() || !named.insert(number) {
                continue;
            }
            let mut truth = truth(&truths.tests, &truths.anyone, number);
            if matches!(truth, Truth::Never | Truth::Always) {
                let asks = truths.tests.asks_for(number, &affected);
                affected.insert(number);
                if asks && self::truth(&truths.tests.without(&settled), &truths.anyone, number) != truth {
                    truth = Truth::Follows;
                } else {
                    settled.insert(number);
                }
            }
            truths.classes.push((id, number, truth));
        }
        truths
    }

    /// Classes that are reported because nobody or everybody passes their tests.
    pub fn settled(&self) -> BTreeSet<ClassNumber> {
        let settled = |truth: &Truth| match truth {
            Truth::Never | Truth::Always => true,
            Truth::Follows | Truth::Varies | Truth::Open(_) => false,
        };
        self.classes.iter().filter(|(_, _, truth)| settled(truth)).map(|(_, number, _)| *number).collect()
    }

    /// Who asks in a network that admits everybody, else in the first there is.
    pub fn somewhere(&self) -> Option<Senders<'_>> {
        let networks = || self.estate.networks.iter().filter(|(_, network)| !network.subnets.is_empty());
        let open = networks().find(|(_, network)| self.estate.scopes[network.scope].only.is_empty());
        let (id, _) = open.or_else(|| networks().next())?;
        Some(Senders::on(self.estate, &self.tests, id))
    }

    /// Why no packet passes the test, if that can be shown, and one that comes near.
    pub fn contradiction(&self, test: &Test) -> (Option<String>, Option<Packet>) {
        let mut conditions = Vec::new();
        conditions_of(test, &mut conditions);
        if conditions.len() > CONDITIONS_MAX {
            return (None, None);
        }
        let tests = &self.tests;
        let formulas: Vec<Formula> = conditions.iter().map(|test| tests.lower(test, true)).collect();
        let mut left: Vec<&Formula> = formulas.iter().collect();
        let never = |formulas: &[&Formula]| ask(tests, &self.anyone, formulas) == Verdict::Never;
        let mut at = left.len();
        while at > 0 {
            at -= 1;
            let removed = left.remove(at);
            if !never(&left) {
                left.insert(at, removed);
            }
        }
        let near: Vec<&Formula> = match left.last() {
            Some(last) if left.len() > 1 => formulas.iter().filter(|formula| formula != last).collect(),
            Some(_) | None => Vec::new(),
        };
        let packet = self.somewhere().and_then(|senders| match &left[..] {
            [only] => {
                let at = formulas.iter().position(|formula| formula == *only)?;
                senders.stranger(&contents_near(conditions[at]))
            }
            _ => senders.witness(|sender| ask(tests, sender, &near)),
        });
        let reason = match &left[..] {
            [only] => {
                let at = formulas.iter().position(|formula| formula == *only);
                at.and_then(|at| reason(conditions[at]))
            }
            many => excluded(tests, many),
        };
        (reason, packet)
    }
}

/// `` `a` and `b` exclude each other ``, if they can be shown.
pub fn excluded(tests: &ClassTests, formulas: &[&Formula]) -> Option<String> {
    if formulas.len() > SHOWN_MAX || formulas.len() < 2 {
        return None;
    }
    let shown: Option<Vec<String>> = formulas
        .iter()
        .map(|formula| Phrase::of(tests, formula).map(|phrase| format!("`{phrase}`")))
        .collect();
    let shown = shown?;
    let (last, first) = shown.split_last()?;
    Some(format!("{} and {last} exclude each other", first.join(", ")))
}

fn truth(tests: &ClassTests, anyone: &Sender, class: ClassNumber) -> Truth {
    match ask(tests, anyone, &[tests.test(class, true)]) {
        Verdict::Never => return Truth::Never,
        Verdict::Possible(_) => {}
        Verdict::Unknown(doubt) => {
            return match ask(tests, anyone, &[tests.test(class, false)]) {
                Verdict::Never => Truth::Always,
                Verdict::Possible(_) | Verdict::Unknown(_) => Truth::Open(doubt),
            };
        }
    }
    match ask(tests, anyone, &[tests.test(class, false)]) {
        Verdict::Never => Truth::Always,
        Verdict::Possible(_) => Truth::Varies,
        Verdict::Unknown(doubt) => Truth::Open(doubt),
    }
}

/// What must all hold for a test to pass.
fn conditions_of<'t>(test: &'t Test, conditions: &mut Vec<&'t Test>) {
    match test {
        Test::And(tests) => tests.iter().for_each(|test| conditions_of(test, conditions)),
        Test::Constant(_)
        | Test::Or(_)
        | Test::Not(_)
        | Test::Equal(..)
        | Test::In(..)
        | Test::Within(..)
        | Test::Match(..)
        | Test::Exists(_)
        | Test::Member(_) => {
            conditions.push(test);
        }
    }
}

/// Why a single condition never holds.
fn reason(test: &Test) -> Option<String> {
    let (left, right) = match test {
        Test::Constant(_) => return Some("it does not depend on the packet".to_owned()),
        Test::Equal(left, right) => (left, right),
        _ => return None,
    };
    let (part, literal) = match (left, right) {
        (Term::Literal(literal), part) | (part, Term::Literal(literal)) => (part, literal),
        _ => return None,
    };
    let octets = |count: usize| if count == 1 { "1 octet".to_owned() } else { format!("{count} octets") };
    match part {
        Term::Substring { of: _, start: _, length: Some(length) } => {
            let most = usize::try_from(length.unsigned_abs()).ok()?;
            (literal.0.len() > most).then(|| {
                format!("a part of at most {} is compared with {}", octets(most), octets(literal.0.len()))
            })
        }
        Term::Value(place) if *place == MESSAGE_TYPE => Some(format!(
            "option 53 is one octet, 1, 3, 4, 7 or 8 in what a client sends; it is compared with {}",
            octets(literal.0.len())
        )),
        _ => None,
    }
}

const MESSAGE_TYPE: leasehold_schemas::artefact::Accessor = leasehold_schemas::artefact::Accessor::Option(53);

/// What a packet would carry that somebody expected to pass.
fn contents_near(test: &Test) -> Contents {
    let mut contents = Contents::default();
    if let Test::Equal(left, right) = test {
        let (part, literal) = match (left, right) {
            (Term::Literal(literal), part) | (part, Term::Literal(literal)) => (part, literal),
            _ => return contents,
        };
        if let Some(place) = place_of(part).filter(|place| **place != MESSAGE_TYPE) {
            contents.0.insert(place.clone(), literal.0.clone());
        }
    }
    contents
}

fn place_of(term: &Term) -> Option<&leasehold_schemas::artefact::Accessor> {
    match term {
        Term::Literal(_) => None,
        Term::Value(place) => Some(place),
        Term::Substring { of, .. } => place_of(of),
        Term::Split { .. }
        | Term::Concat(_)
        | Term::IfElse { .. }
        | Term::Lower(_)
        | Term::Upper(_)
        | Term::HexText { .. }
        | Term::AddressText(_)
        | Term::NumberText(..) => None,
    }
}
