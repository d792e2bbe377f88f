//! L610: tests and guards of which it is not known what can pass them.

use super::guards::{Guards, Passage};
use super::truths::{Truth, Truths};
use crate::check::proof::Doubt;
use crate::diag::{Diagnostic, Rule, Severity, Sink};

/// What a test or a guard lets through lies beyond proof.
pub static RULE: Rule = Rule {
    code: "L610",
    slug: "not-proved",
    severity: Severity::Information,
    allowable: true,
    page: include_str!("not_proved.md"),
};

/// Says where nothing is known, unless a broken expression is the reason: that was reported.
pub fn check(truths: &Truths<'_>, sink: &mut Sink) {
    tests(truths, sink);
    if truths.estate.scopes.values().all(|scope| scope.only.is_empty()) {
        return;
    }
    Guards::of(truths).each(&mut |_, guarded, passage| {
        if let Passage::Unknown(doubt) = passage
            && doubt != Doubt::Broken
        {
            let message = format!("it is not proved whether a client can use {}", guarded.place);
            sink.push(
                Diagnostic::new(&RULE, guarded.span(), message, "what passes this guard is not known")
                    .with_note(doubt.to_string()),
            );
        }
    });
}

fn tests(truths: &Truths<'_>, sink: &mut Sink) {
    for (id, _, truth) in &truths.classes {
        let class = &truths.estate.classes[*id];
        if let (Truth::Open(doubt), Some(test)) = (truth, &class.test)
            && *doubt != Doubt::Broken
        {
            let name = &class.name.value;
            let message = format!("it is not proved what passes the test of class `{name}`");
            sink.push(
                Diagnostic::new(&RULE, test.span, message, "whether always, sometimes or never is not known")
                    .with_note(doubt.to_string()),
            );
        }
    }
}
