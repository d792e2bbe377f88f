//! L508: replies that do not fit into what every client must take.

use leasehold_schemas::vocab::{OptionCode, Space};

use crate::check::{Lines, Seen};
use crate::diag::{Diagnostic, Rule, Severity};
use crate::model::{Assignment, Client, Estate, Values, View};

/// A reply with everything that a client can ask for is larger than a client must take.
pub static RULE: Rule = Rule {
    code: "L508",
    slug: "reply-too-large",
    severity: Severity::Warning,
    allowable: true,
    page: include_str!("reply_too_large.md"),
};

/// DHCP in a datagram of 576 octets, which every client takes (RFC 2131 section 2).
const REPLY_OCTETS_MAX: usize = 548;
/// Header and cookie, message type, server identifier, lease time, T1, T2, subnet mask and end.
const FIXED_OCTETS: usize = 236 + 4 + 3 + 6 + 6 + 6 + 6 + 6 + 1;

/// Adds up each kind of client's options, and reports the longest of its values.
pub fn check(estate: &Estate, lines: &mut Lines) {
    estate.views(Values::says_option, &mut |view| {
        let hostname = hostname_octets(estate, view);
        let bytes = |assignment: &Assignment| assignment.bytes.as_ref().map_or(0, Vec::len);
        // What is overridden only makes the sum larger, so that most views are settled here.
        let most: usize = view.said_options().map(|assignment| on_the_wire(bytes(assignment))).sum();
        if view.subnet.is_none() || FIXED_OCTETS + hostname + most <= REPLY_OCTETS_MAX {
            return;
        }
        let never = view.parameter(|parameters| &parameters.never_send).map(|codes| &codes.value);
        let is_sent = |assignment: &Assignment| {
            let option = &estate.definitions[assignment.option];
            let code = match option.space {
                Space::Dhcp4 => option.code,
                Space::Vendor43 => OptionCode(43),
                Space::Vendor125(_) => OptionCode(125),
            };
            !matches!(code.0, 1 | 51 | 58 | 59) && !never.is_some_and(|never| never.contains(&code))
        };
        let sent = || view.options().filter(|(assignment, _)| is_sent(assignment));
        let options: usize = sent().map(|(_, bytes)| on_the_wire(bytes.len())).sum();
        let total = FIXED_OCTETS + hostname + options;
        let longest = sent().max_by_key(|(assignment, bytes)| (bytes.len(), assignment.span));
        let Some((longest, bytes)) = longest.filter(|_| total > REPLY_OCTETS_MAX) else { return };
        lines.add(Seen::in_view(view), longest.span, || {
            let message = format!("a reply takes {total} octets, more than {REPLY_OCTETS_MAX}");
            Diagnostic::new(&RULE, longest.span, message, format!("{} of them here, the most", bytes.len()))
                .with_note("a client that does not name a larger size gets only what fits, before option 82")
                .with_help("shorten it, or say it only of the classes that need it")
        });
    });
}

/// Octets of an option with its codes and lengths; more than 255 are split (RFC 3396).
fn on_the_wire(length: usize) -> usize {
    length + 2 * length.div_ceil(255).max(1)
}

fn hostname_octets(estate: &Estate, view: &View<'_>) -> usize {
    let hostname = match view.client {
        Client::Anyone | Client::Member(_) => None,
        Client::Reserved(id) => estate.reservations[id].hostname.as_ref(),
        Client::Known(id) => estate.devices[id].hostname.as_ref(),
    };
    hostname.map_or(0, |hostname| on_the_wire(hostname.value.len()))
}
