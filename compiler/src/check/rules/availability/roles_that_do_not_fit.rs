//! Servers whose roles the mode does not have.

use leasehold_schemas::artefact::{HighAvailabilityMode, PeerRole};
use leasehold_schemas::source::{HighAvailability, Server};

use super::{is_copied, servers};
use crate::diag::{Diagnostic, Edit, Rule, Severity, Sink};
use crate::model::Estate;

/// L701.
pub static RULE: Rule = Rule {
    code: "L701",
    slug: "roles-that-do-not-fit",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("roles_that_do_not_fit.md"),
};

/// Compares the two roles with those of the mode: a primary, and the one that the mode is named for.
pub fn check(estate: &Estate, sink: &mut Sink) {
    let Some((pair, first, second)) = servers(estate) else { return };
    if is_copied(first, second) {
        return;
    }
    let (mode, other) = words_of(pair.mode.value);
    let (one, two) = (first.role.value, second.role.value);
    let fits = |role| role == PeerRole::Primary || role == other;
    let finding = if one == two && fits(one) {
        let missing = if one == PeerRole::Primary { other } else { PeerRole::Primary };
        let message = format!("both servers have role `{}`", word(one));
        let label = format!("no server is the {}", word(missing));
        replaced(&second.role, missing, message, label).with_secondary(first.role.span, "this server already")
    } else if fits(one) == fits(two) {
        if fits(one) {
            return;
        }
        let message = format!(
            "mode `{mode}` has a primary and a {}, not a {} and a {}",
            word(other),
            word(one),
            word(two)
        );
        Diagnostic::new(&RULE, pair.mode.span, message, "neither server has a role of this mode")
            .with_secondary(first.role.span, "no role of it")
            .with_secondary(second.role.span, "no role of it")
    } else {
        let (odd, even) = if fits(one) { (second, first) } else { (first, second) };
        one_odd(pair, odd, even)
    };
    sink.push(finding);
}

/// One server has a role that the mode does not have.
fn one_odd(pair: &HighAvailability, odd: &Server, even: &Server) -> Diagnostic {
    let (mode, other) = words_of(pair.mode.value);
    let missing = if even.role.value == PeerRole::Primary { other } else { PeerRole::Primary };
    let message =
        format!("mode `{mode}` has a primary and a {}, not a {}", word(other), word(odd.role.value));
    let label = format!("`{mode}` has no {}", word(odd.role.value));
    let finding = replaced(&odd.role, missing, message, label).with_secondary(pair.mode.span, "by this mode");
    match mode_of(odd.role.value).filter(|_| even.role.value == PeerRole::Primary) {
        Some(meant) => finding.with_note(format!("a {} belongs to mode `{meant}`", word(odd.role.value))),
        None => finding,
    }
}

fn replaced(
    role: &leasehold_schemas::source::Spanned<PeerRole>,
    by: PeerRole,
    message: String,
    label: String,
) -> Diagnostic {
    let text = word(by).to_owned();
    Diagnostic::new(&RULE, role.span, message, label)
        .with_help(format!("write `{text}`"))
        .with_fix(format!("Write `{text}`"), vec![Edit { span: role.span, text }])
}

/// The mode's name, and the role beside its primary.
fn words_of(mode: HighAvailabilityMode) -> (&'static str, PeerRole) {
    match mode {
        HighAvailabilityMode::HotStandby => ("hot-standby", PeerRole::Standby),
        HighAvailabilityMode::LoadBalancing => ("load-balancing", PeerRole::Secondary),
        HighAvailabilityMode::PassiveBackup => ("passive-backup", PeerRole::Backup),
    }
}

/// The mode that alone has the role.
fn mode_of(role: PeerRole) -> Option<&'static str> {
    match role {
        PeerRole::Primary => None,
        PeerRole::Standby => Some("hot-standby"),
        PeerRole::Secondary => Some("load-balancing"),
        PeerRole::Backup => Some("passive-backup"),
    }
}

fn word(role: PeerRole) -> &'static str {
    match role {
        PeerRole::Primary => "primary",
        PeerRole::Standby => "standby",
        PeerRole::Secondary => "secondary",
        PeerRole::Backup => "backup",
    }
}
