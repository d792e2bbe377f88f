//! A share that leaves the second server nothing in the whole estate.

use leasehold_schemas::source::HighAvailability;

use crate::diag::{Diagnostic, Rule, Severity};

/// L705; raised by the rule that looks at each pool's share, where it finds no pool at all with one.
pub static RULE: Rule = Rule {
    code: "L705",
    slug: "share-leaves-nothing",
    severity: Severity::Error,
    allowable: true,
    page: include_str!("share_leaves_nothing.md"),
};

/// The finding, at the share, or at the mode where the share is the default or the mode's own. `who` is the second
/// server, which has one address in `k`.
pub fn finding(pair: &HighAvailability, k: u32, who: &str) -> Diagnostic {
    let message = format!("a share of 1/{k} leaves the {who} no address in any pool");
    report(&RULE, pair, (k, who), message, format!("no pool has an address that is the {who}'s"))
}

/// The same for `lacking` of all `pools`, of which one is shown.
pub fn many(
    rule: &'static Rule,
    pair: &HighAvailability,
    (k, who): (u32, &str),
    (lacking, pools): (usize, usize),
    example: &Diagnostic,
) -> Diagnostic {
    let message = format!("a share of 1/{k} leaves the {who} no address in {lacking} of {pools} pools");
    let label = format!("too small a share: the {who} could give no new client there an address");
    report(rule, pair, (k, who), message, label).with_secondary(example.primary.span, "one of these pools")
}

fn report(
    rule: &'static Rule,
    pair: &HighAvailability,
    (k, who): (u32, &str),
    message: String,
    label: String,
) -> Diagnostic {
    let said = pair.standby_share.as_ref().filter(|share| share.value.k == k);
    let span = said.map_or(pair.mode.span, |share| share.span);
    let note =
        format!("the {who} gives new clients one address in {k}, those that leave {} modulo {k}", k - 1);
    let help = if said.is_some() && k > 2 {
        "write a larger share, such as `1/2`, or enlarge the pools"
    } else {
        "enlarge the pools"
    };
    Diagnostic::new(rule, span, message, label).with_note(note).with_help(help)
}
