//! L607: classes whose tests mean the same.

use std::collections::{BTreeMap, BTreeSet};

use leasehold_schemas::artefact::Test;

use super::truths::{Truth, Truths};
use crate::check::proof::{ClassNumber, Formula, Sender, Verdict, ask, canonical, looks_at};
use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::{Class, Id};

/// Two classes have tests that mean the same.
pub static RULE: Rule = Rule {
    code: "L607",
    slug: "same-test-twice",
    severity: Severity::Warning,
    allowable: true,
    page: include_str!("same_test_twice.md"),
};

/// A class and its test in canonical form.
type Form = (Id<Class>, ClassNumber, Formula);

/// So many pairs of tests that look at the same places but not alike are compared.
const PAIRS_MAX: usize = 2_000;

/// Reports each class whose test is, in other words perhaps, that of a class before it.
pub fn check(truths: &Truths<'_>, sink: &mut Sink) {
    let estate = truths.estate;
    let Sender::Anyone(listed) = &truths.anyone else { return };
    // A test that only asks for another class gives that class a second name, and says so.
    let alias = |id: Id<Class>| match estate.classes[id].test.as_ref().map(|test| &test.value) {
        Some(Test::Member(_)) => true,
        Some(_) | None => false,
    };
    let forms: Vec<Form> = truths
        .classes
        .iter()
        .filter(|(id, _, truth)| matches!(truth, Truth::Varies | Truth::Open(_)) && !alias(*id))
        .map(|(id, number, _)| {
            (*id, *number, canonical(&truths.tests, listed, truths.tests.test(*number, true)))
        })
        .filter(|(_, _, form)| looks_at(form).is_some())
        .collect();
    let mut first: BTreeMap<&Formula, Id<Class>> = BTreeMap::new();
    let mut reported = BTreeSet::new();
    for (id, _, form) in &forms {
        match first.get(form) {
            Some(earlier) => {
                report(truths, *earlier, *id, sink);
                reported.insert(*id);
            }
            None => {
                first.insert(form, *id);
            }
        }
    }
    let mut alike: BTreeMap<_, Vec<&Form>> = BTreeMap::new();
    for entry in forms.iter().filter(|(id, _, _)| !reported.contains(id)) {
        alike.entry(looks_at(&entry.2)).or_default().push(entry);
    }
    let mut pairs = 0;
    for group in alike.values() {
        // Two claims in their plainest forms differ in meaning if they differ at all.
        let (plain, others): (Vec<&Form>, Vec<_>) =
            group.iter().copied().partition(|(_, _, form)| matches!(form, Formula::Claim(_)));
        for (at, (id, number, _)) in others.iter().enumerate() {
            let rivals = others[..at].iter().chain(&plain).take(PAIRS_MAX - pairs);
            let same = rivals.into_iter().find(|(_, rival, _)| {
                pairs += 1;
                mean_the_same(truths, *rival, *number)
            });
            if let Some((rival, _, _)) = same {
                report(truths, *rival.min(id), *rival.max(id), sink);
            }
        }
    }
}

fn mean_the_same(truths: &Truths<'_>, one: ClassNumber, other: ClassNumber) -> bool {
    let only = |passes: ClassNumber, fails: ClassNumber| {
        let question = [truths.tests.test(passes, true), truths.tests.test(fails, false)];
        ask(&truths.tests, &truths.anyone, &question) == Verdict::Never
    };
    only(one, other) && only(other, one)
}

fn report(truths: &Truths<'_>, earlier: Id<Class>, later: Id<Class>, sink: &mut Sink) {
    let estate = truths.estate;
    let (first, class) = (&estate.classes[earlier], &estate.classes[later]);
    let (Some(test), Some(other)) = (&class.test, &first.test) else { return };
    let message = format!("classes `{}` and `{}` have the same test", first.name.value, class.name.value);
    let mut diagnostic = Diagnostic::new(&RULE, test.span, message, "the same packets pass this test")
        .with_secondary(other.span, format!("as pass that of `{}`", first.name.value));
    let both = [&first.name.value, &class.name.value].map(|name| truths.tests.number(name));
    if let [Some(one), Some(two)] = both {
        let question = [truths.tests.test(one, true), truths.tests.test(two, true)];
        let shown = truths
            .somewhere()
            .and_then(|senders| senders.witness(|sender| ask(&truths.tests, sender, &question)));
        if let Some(packet) = shown {
            diagnostic =
                diagnostic.with_note(format!("`leasehold why {packet}` shows a packet that is in both"));
        }
    }
    sink.push(diagnostic.with_help(format!("use `{}` for both and remove the other", first.name.value)));
}
