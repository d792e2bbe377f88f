//! Two servers of one name.

use super::{is_copied, servers};
use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::Estate;

/// L702.
pub static RULE: Rule = Rule {
    code: "L702",
    slug: "duplicate-server-name",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("duplicate_server_name.md"),
};

/// Compares the two names. A server that stands twice, word for word, is this fault and no other.
pub fn check(estate: &Estate, sink: &mut Sink) {
    let Some((_, first, second)) = servers(estate) else { return };
    if first.name.value != second.name.value {
        return;
    }
    let name = &second.name.value;
    let (message, help) = if is_copied(first, second) {
        (format!("server `{name}` stands twice in the pair"), "write the other server here")
    } else {
        (format!("both servers are named `{name}`"), "give each server the name it is started with")
    };
    sink.push(
        Diagnostic::new(&RULE, second.name.span, message, "the other server's name, too")
            .with_secondary(first.name.span, "already a server's name here")
            .with_help(help),
    );
}
