//! Heartbeats too rare for the silence after which a partner counts as gone.

use leasehold_schemas::source::Spanned;
use leasehold_schemas::vocab::Millis;

use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::Estate;

/// L704.
pub static RULE: Rule = Rule {
    code: "L704",
    slug: "heartbeat-too-slow",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("heartbeat_too_slow.md"),
};

/// What holds where the estate does not say.
const HEARTBEAT_DEFAULT: Millis = Millis(250);
const RESPONSE_DEFAULT: Millis = Millis(750);

/// Compares the two times, the defaults included; where one of them cannot be read, nothing is known.
pub fn check(estate: &Estate, sink: &mut Sink) {
    let Some(pair) = &estate.high_availability else { return };
    if estate.is_partial(pair.span) {
        return;
    }
    let heartbeat = pair.heartbeat_delay.as_ref().map_or(HEARTBEAT_DEFAULT, |said| said.value);
    let response = pair.max_response_delay.as_ref().map_or(RESPONSE_DEFAULT, |said| said.value);
    let finding = if heartbeat.0 == 0 {
        pair.heartbeat_delay.as_ref().map(|said| {
            Diagnostic::new(&RULE, said.span, "`heartbeat-delay` is zero", "no time between two heartbeats")
                .with_help(format!("write `{HEARTBEAT_DEFAULT}`, or remove the key"))
        })
    } else if heartbeat >= response {
        too_slow(pair.heartbeat_delay.as_ref(), pair.max_response_delay.as_ref(), heartbeat, response)
    } else {
        None
    };
    finding.into_iter().for_each(|finding| sink.push(finding));
}

fn too_slow(
    heartbeat_said: Option<&Spanned<Millis>>,
    response_said: Option<&Spanned<Millis>>,
    heartbeat: Millis,
    response: Millis,
) -> Option<Diagnostic> {
    let message = format!("`heartbeat-delay` of {heartbeat} is not below `max-response-delay` of {response}");
    let gone = "the partner counts as gone before it can be heard";
    Some(match (heartbeat_said, response_said) {
        (Some(said), Some(other)) => Diagnostic::new(&RULE, said.span, message, gone)
            .with_secondary(other.span, "after so much silence it counts as gone")
            .with_help("let several heartbeats fit into `max-response-delay`, as 250ms into 750ms"),
        (Some(said), None) => Diagnostic::new(&RULE, said.span, message, gone)
            .with_note(format!("`max-response-delay` is {response} unless the estate says otherwise"))
            .with_help("make it shorter, or say a longer `max-response-delay`"),
        (None, said) => Diagnostic::new(&RULE, said?.span, message, gone)
            .with_note(format!("`heartbeat-delay` is {heartbeat} unless the estate says otherwise"))
            .with_help(format!("write at least `{}`", Millis(heartbeat.0.saturating_mul(3)))),
    })
}
