//! L98 other programs' languages: what of an estate they cannot say. `export` raises them; `check` sees an estate only.

pub mod lost_in_kea;

use crate::diag::Rule;

/// Whether `export` raises the rule.
pub fn is_of_export(rule: &Rule) -> bool {
    rule.code.starts_with("L98")
}
