//! L509: sub-options that one container cannot hold.

use std::collections::BTreeMap;

use leasehold_schemas::vocab::Space;

use crate::check::{Lines, Seen};
use crate::diag::{Diagnostic, Rule, Severity};
use crate::model::{Assignment, Estate, Values};

/// The sub-options of a space take more than one option can hold.
pub static RULE: Rule = Rule {
    code: "L509",
    slug: "encapsulated-too-long",
    severity: Severity::Warning,
    allowable: true,
    page: include_str!("encapsulated_too_long.md"),
};

/// Most octets in one option (RFC 2132 section 2), and in one enterprise's part of option 125 (RFC 3925).
const CONTAINER_OCTETS_MAX: usize = 255;

/// Adds up each space for each kind of client, and reports the longest of its values.
pub fn check(estate: &Estate, lines: &mut Lines) {
    let space = |assignment: &Assignment| estate.definitions[assignment.option].space;
    let encapsulated = |assignment: &Assignment| space(assignment) != Space::Dhcp4;
    if !estate.values_in_sight().flat_map(|values| &values.options).any(encapsulated) {
        return;
    }
    estate.views(Values::says_option, &mut |view| {
        let mut spaces: BTreeMap<Space, Vec<(&Assignment, usize)>> = BTreeMap::new();
        for (assignment, bytes) in view.options().filter(|(assignment, _)| encapsulated(assignment)) {
            // A code and a length before each.
            spaces.entry(space(assignment)).or_default().push((assignment, bytes.len() + 2));
        }
        for (space, parts) in spaces {
            let total: usize = parts.iter().map(|(_, length)| length).sum();
            let longest = parts.iter().max_by_key(|(assignment, length)| (*length, assignment.span));
            let Some((longest, length)) = longest.filter(|_| total > CONTAINER_OCTETS_MAX) else { continue };
            lines.add(Seen::in_view(view), longest.span, || {
                let message = format!(
                    "options of space `{space}` take {total} octets together, more than {CONTAINER_OCTETS_MAX}"
                );
                Diagnostic::new(&RULE, longest.span, message, format!("{length} of them here, the most"))
                    .with_note("the container is split (RFC 3396), and many clients read its first part only")
            });
        }
    });
}
