//! L9 change: what of a difference between two estates could hurt. `plan` raises them; `check` sees one estate only.

pub mod artefact_format_raised;
pub mod guard_narrowed;
pub mod high_availability_changed;
pub mod lease_cut;
pub mod many_reservations_removed;
pub mod pool_shrunk;
pub mod reservation_on_held_address;
pub mod subnet_id_changed;
pub mod subnet_removed;

use crate::diag::Rule;

/// Whether `plan` raises the rule.
pub fn is_of_change(rule: &Rule) -> bool {
    rule.code.starts_with("L9") && !super::export::is_of_export(rule)
}
