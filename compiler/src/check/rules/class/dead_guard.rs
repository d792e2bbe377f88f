//! L609: guards that no client passes together.

use super::guards::{Guarded, Guards, Passage, named, one_of, span};
use super::truths::{Truths, excluded};
use crate::check::proof::{Formula, Senders, Verdict, ask};
use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::{Estate, Guard};

/// No client passes the guards of a network, subnet or pool together.
pub static RULE: Rule = Rule {
    code: "L609",
    slug: "dead-guard",
    severity: Severity::Error,
    allowable: true,
    page: include_str!("dead_guard.md"),
};

/// Reports the widest place that nobody gets into.
pub fn check(truths: &Truths<'_>, sink: &mut Sink) {
    let estate = truths.estate;
    if estate.scopes.values().all(|scope| scope.only.is_empty()) {
        return;
    }
    Guards::of(truths).each(&mut |guards, guarded, passage| match passage {
        Passage::Open | Passage::Unknown(_) => {}
        Passage::Shut | Passage::Dropped => {
            if !guards.follows(guarded) {
                sink.push(report(estate, guards, guarded, passage));
            }
        }
    });
}

fn report(estate: &Estate, guards: &Guards<'_>, guarded: &Guarded<'_>, passage: Passage) -> Diagnostic {
    let Guarded { place, network, own, around } = guarded;
    let message = format!("no client can use {place}");
    let admitted = format!("only for {}", named(own));
    let mut diagnostic = Diagnostic::new(&RULE, guarded.span(), message, admitted);
    for (what, guard) in around {
        diagnostic =
            diagnostic.with_secondary(span(guard), format!("in a {what} that is only for {}", named(guard)));
    }
    diagnostic.notes.extend(match passage {
        Passage::Dropped => {
            Some("whoever passes these guards is in class `DROP`, which gets no answer".to_owned())
        }
        Passage::Open | Passage::Shut | Passage::Unknown(_) => reason(estate, guards, guarded),
    });
    let wider: Vec<Formula> = around.iter().map(|(_, guard)| one_of(&guards.numbers(guard))).collect();
    let wider: Vec<&Formula> = wider.iter().collect();
    let tests = &guards.truths.tests;
    let shown = Senders::on(estate, tests, *network).witness(|sender| match passage {
        Passage::Dropped => {
            let own = one_of(&guards.numbers(own));
            let all: Vec<&Formula> = wider.iter().copied().chain([&own]).collect();
            ask(tests, sender, &all)
        }
        Passage::Open | Passage::Shut | Passage::Unknown(_) => ask(tests, sender, &wider),
    });
    diagnostic.notes.extend(shown.map(|packet| {
        let comes = match (passage, around.is_empty()) {
            (Passage::Dropped, _) => "passes them and is dropped",
            (_, false) => "passes the guards around and is refused here",
            (_, true) => "is refused here",
        };
        format!("`leasehold why {packet}` shows a packet that {comes}")
    }));
    diagnostic.with_help(match (passage, around.is_empty()) {
        (Passage::Dropped, _) => "name a class here whose members are not in `DROP`",
        (_, false) => {
            "name a class here whose members pass the guards around too, or remove one of the guards"
        }
        (_, true) => "name a class here that a client can be in, or remove `only`",
    })
}

/// Why nobody passes: a class that nobody is in, or conditions of two classes that exclude each other.
fn reason(estate: &Estate, guards: &Guards<'_>, guarded: &Guarded<'_>) -> Option<String> {
    if let [class] = guarded.own {
        let untested = estate.classes.values().find(|own| own.name.value == class.value);
        if untested.is_some_and(|class| class.test.is_none()) {
            let name = &class.value;
            return Some(format!(
                "class `{name}` has no `match`, and no reservation that counts here puts a client into it"
            ));
        }
        if class.value.as_str() == "KNOWN" && guarded.around.is_empty() {
            return Some("no reservation or device entry counts here".to_owned());
        }
    }
    let all: Vec<&[Guard]> = guarded.around.iter().map(|(_, guard)| *guard).chain([guarded.own]).collect();
    if all.iter().any(|guard| guard.len() > 1) {
        return None;
    }
    let tests = &guards.truths.tests;
    let mut conditions = Vec::new();
    for class in all.iter().flat_map(|guard| guards.numbers(guard)) {
        flatten(tests.test(class, true), &mut conditions);
    }
    let mut at = conditions.len();
    while at > 0 {
        at -= 1;
        let removed = conditions.remove(at);
        if ask(tests, &guards.truths.anyone, &conditions) != Verdict::Never {
            conditions.insert(at, removed);
        }
    }
    excluded(tests, &conditions)
}

fn flatten<'f>(formula: &'f Formula, conditions: &mut Vec<&'f Formula>) {
    match formula.conditions() {
        [alone] if std::ptr::eq(alone, formula) => conditions.push(formula),
        parts => parts.iter().for_each(|part| flatten(part, conditions)),
    }
}
