//! The registry. To add a rule: its file and page in the folder of its family, and one line here.
//!
//! Codes are never reused; the family says which part of the estate a rule looks at: L0 form, L1 identity, L2
//! references, L3 addressing, L4 reservations, L5 options, L6 classes, L7 availability, L8 secrets, L9 change.

pub mod class;
pub mod form;
pub mod option;

use crate::diag::{Rule, Sink};
use crate::model::Estate;

/// A rule and what runs it.
#[derive(Debug)]
pub struct Registered {
    /// The rule.
    pub rule: &'static Rule,
    /// Its check over the estate; `None` where an earlier phase raises it.
    pub check: Option<fn(&Estate, &mut Sink)>,
}

/// Every rule, in the order of codes.
pub static REGISTRY: &[Registered] = &[
    Registered { rule: &form::yaml_syntax::RULE, check: None },
    Registered { rule: &form::duplicate_key::RULE, check: None },
    Registered { rule: &form::unsupported_yaml::RULE, check: None },
    Registered { rule: &form::too_large::RULE, check: None },
    Registered { rule: &form::not_utf8::RULE, check: None },
    Registered { rule: &option::bad_option_value::RULE, check: None },
    Registered { rule: &option::protocol_option::RULE, check: Some(option::protocol_option::check) },
    Registered {
        rule: &option::mask_contradicts_subnet::RULE,
        check: Some(option::mask_contradicts_subnet::check),
    },
    Registered { rule: &option::timer_order::RULE, check: Some(option::timer_order::check) },
    Registered { rule: &option::zero_lease::RULE, check: Some(option::zero_lease::check) },
    Registered { rule: &option::lease_order::RULE, check: Some(option::lease_order::check) },
    Registered { rule: &option::bad_domain_name::RULE, check: None },
    Registered {
        rule: &option::option_defined_twice::RULE,
        check: Some(option::option_defined_twice::check),
    },
    Registered { rule: &class::class_expression::RULE, check: None },
    Registered { rule: &class::unknown_option_in_expression::RULE, check: None },
    Registered { rule: &class::class_order::RULE, check: None },
    Registered { rule: &class::unknown_class_in_expression::RULE, check: None },
];

/// The rule of this code or slug.
pub fn find(name: &str) -> Option<&'static Rule> {
    REGISTRY.iter().map(|registered| registered.rule).find(|rule| rule.code == name || rule.slug == name)
}
