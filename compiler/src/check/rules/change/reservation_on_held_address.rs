//! An address is now reserved for one client while another holds it.

use crate::diag::{Rule, Severity};

/// An address is now reserved for one client while another holds it.
pub static RULE: Rule = Rule {
    code: "L906",
    slug: "reservation-on-held-address",
    severity: Severity::Error,
    allowable: true,
    page: include_str!("reservation_on_held_address.md"),
};
