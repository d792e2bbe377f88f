//! The registry. To add a rule: its file and page in the folder of its family, and one line here.
//!
//! Codes are never reused; the family says which part of the estate a rule looks at: L0 form, L1 identity, L2
//! references, L3 addressing, L4 reservations, L5 options, L6 classes, L7 availability, L8 secrets, L9 change.

pub mod addressing;
pub mod availability;
pub mod change;
pub mod class;
pub mod form;
pub mod identity;
pub mod option;
pub mod reference;
pub mod reservation;
pub mod secret;
pub mod suppression;

use crate::diag::{Rule, Sink};
use crate::model::Estate;

/// A rule and what runs it.
#[derive(Debug)]
pub struct Registered {
    /// The rule.
    pub rule: &'static Rule,
    /// Its check over the estate; `None` where an earlier phase or another rule raises it.
    pub check: Option<fn(&Estate, &mut Sink)>,
}

/// Every rule, in the order of codes.
pub static REGISTRY: &[Registered] = &[
    Registered { rule: &form::yaml_syntax::RULE, check: None },
    Registered { rule: &form::duplicate_key::RULE, check: None },
    Registered { rule: &form::unknown_key::RULE, check: None },
    Registered { rule: &form::missing_key::RULE, check: None },
    Registered { rule: &form::wrong_value::RULE, check: None },
    Registered { rule: &form::unsupported_yaml::RULE, check: None },
    Registered { rule: &form::too_large::RULE, check: None },
    Registered { rule: &form::unknown_version::RULE, check: None },
    Registered { rule: &form::not_utf8::RULE, check: None },
    Registered { rule: &form::missing_estate::RULE, check: None },
    Registered { rule: &suppression::expired_allow::RULE, check: None },
    Registered { rule: &suppression::unused_allow::RULE, check: None },
    Registered { rule: &suppression::unknown_rule::RULE, check: None },
    Registered { rule: &suppression::not_allowable::RULE, check: None },
    checked(&identity::duplicate_site::RULE, identity::duplicate_site::check),
    checked(&identity::duplicate_network::RULE, identity::duplicate_network::check),
    checked(&identity::duplicate_subnet_id::RULE, identity::duplicate_subnet_id::check),
    checked(&identity::duplicate_class::RULE, identity::duplicate_class::check),
    checked(&identity::duplicate_site_name::RULE, identity::duplicate_site_name::check),
    Registered { rule: &identity::duplicate_option::RULE, check: None },
    Registered { rule: &reference::unknown_profile::RULE, check: None },
    Registered { rule: &reference::unknown_class::RULE, check: None },
    Registered { rule: &reference::unknown_option::RULE, check: None },
    checked(&reference::unused_profile::RULE, reference::unused_profile::check),
    checked(&reference::unused_class::RULE, reference::unused_class::check),
    checked(&reference::unused_definition::RULE, reference::unused_definition::check),
    Registered { rule: &addressing::host_bits::RULE, check: None },
    checked(&addressing::overlapping_subnets::RULE, addressing::overlapping_subnets::check),
    checked(&addressing::same_base_other_mask::RULE, addressing::same_base_other_mask::check),
    checked(&addressing::pool_outside_subnet::RULE, addressing::pool_outside_subnet::check),
    Registered { rule: &addressing::reversed_range::RULE, check: None },
    checked(&addressing::overlapping_pools::RULE, addressing::overlapping_pools::check),
    checked(
        &addressing::pool_with_network_or_broadcast::RULE,
        addressing::pool_with_network_or_broadcast::check,
    ),
    checked(&addressing::pool_contains_router::RULE, addressing::pool_contains_router::check),
    checked(&addressing::pool_contains_relay::RULE, addressing::pool_contains_relay::check),
    checked(&addressing::router_outside_subnet::RULE, addressing::router_outside_subnet::check),
    checked(&addressing::relay_claimed_twice::RULE, addressing::relay_claimed_twice::check),
    checked(&addressing::exclusion_outside_pools::RULE, addressing::exclusion_outside_pools::check),
    checked(&addressing::overlapping_exclusions::RULE, addressing::overlapping_exclusions::check),
    checked(&addressing::exhausted_pool::RULE, addressing::exhausted_pool::check),
    checked(&addressing::subnet_without_addresses::RULE, addressing::subnet_without_addresses::check),
    checked(&addressing::network_without_subnets::RULE, addressing::network_without_subnets::check),
    checked(&addressing::no_standby_share::RULE, addressing::no_standby_share::check),
    checked(&addressing::prefix_not_private::RULE, addressing::prefix_not_private::check),
    checked(&addressing::selection_source_in_pool::RULE, addressing::selection_source_in_pool::check),
    checked(&reservation::duplicate_identifier::RULE, reservation::duplicate_identifier::check),
    checked(&reservation::mac_in_two_networks::RULE, reservation::mac_in_two_networks::check),
    checked(&reservation::duplicate_address::RULE, reservation::duplicate_address::check),
    checked(&reservation::address_outside_subnet::RULE, reservation::address_outside_subnet::check),
    checked(&reservation::reserved_special_address::RULE, reservation::reserved_special_address::check),
    checked(&reservation::bad_mac::RULE, reservation::bad_mac::check),
    checked(&reservation::mac_and_client_id::RULE, reservation::mac_and_client_id::check),
    checked(&reservation::duplicate_hostname::RULE, reservation::duplicate_hostname::check),
    checked(&reservation::bad_hostname::RULE, reservation::bad_hostname::check),
    checked(&reservation::reservation_in_pool::RULE, reservation::reservation_in_pool::check),
    checked(&reservation::address_excluded::RULE, reservation::address_excluded::check),
    checked(&reservation::mac_in_two_sites::RULE, reservation::mac_in_two_sites::check),
    Registered { rule: &option::bad_option_value::RULE, check: None },
    checked(&option::protocol_option::RULE, option::protocol_option::check),
    checked(&option::mask_contradicts_subnet::RULE, option::mask_contradicts_subnet::check),
    checked(&option::timer_order::RULE, option::timer_order::check),
    checked(&option::zero_lease::RULE, option::zero_lease::check),
    checked(&option::lease_order::RULE, option::lease_order::check),
    checked(&option::shadowed_option::RULE, option::shadowed_option::check),
    checked(&option::reply_too_large::RULE, option::reply_too_large::check),
    checked(&option::encapsulated_too_long::RULE, option::encapsulated_too_long::check),
    checked(&option::router_beside_classless_routes::RULE, option::router_beside_classless_routes::check),
    Registered { rule: &option::bad_domain_name::RULE, check: None },
    checked(&option::option_defined_twice::RULE, option::option_defined_twice::check),
    Registered { rule: &class::class_expression::RULE, check: None },
    Registered { rule: &class::unknown_option_in_expression::RULE, check: None },
    Registered { rule: &class::class_order::RULE, check: None },
    Registered { rule: &class::unknown_class_in_expression::RULE, check: None },
    checked(&class::always_false::RULE, class::always_false::check),
    checked(&class::always_true::RULE, class::always_true::check),
    checked(&class::same_test_twice::RULE, class::same_test_twice::check),
    checked(&class::names_alike::RULE, class::names_alike::check),
    checked(&class::dead_guard::RULE, class::dead_guard::check),
    checked(&class::not_proved::RULE, class::not_proved::check),
    checked(&availability::roles_that_do_not_fit::RULE, availability::roles_that_do_not_fit::check),
    checked(&availability::duplicate_server_name::RULE, availability::duplicate_server_name::check),
    checked(&availability::duplicate_peer_address::RULE, availability::duplicate_peer_address::check),
    checked(&availability::heartbeat_too_slow::RULE, availability::heartbeat_too_slow::check),
    Registered { rule: &availability::share_leaves_nothing::RULE, check: None },
    Registered { rule: &secret::secret_in_estate::RULE, check: None },
    Registered { rule: &change::subnet_removed::RULE, check: None },
    Registered { rule: &change::pool_shrunk::RULE, check: None },
    Registered { rule: &change::subnet_id_changed::RULE, check: None },
    Registered { rule: &change::lease_cut::RULE, check: None },
    Registered { rule: &change::guard_narrowed::RULE, check: None },
    Registered { rule: &change::reservation_on_held_address::RULE, check: None },
    Registered { rule: &change::high_availability_changed::RULE, check: None },
    Registered { rule: &change::many_reservations_removed::RULE, check: None },
    Registered { rule: &change::artefact_format_raised::RULE, check: None },
];

/// A rule that looks at the estate.
const fn checked(rule: &'static Rule, check: fn(&Estate, &mut Sink)) -> Registered {
    Registered { rule, check: Some(check) }
}

/// The rule of this code or slug.
pub fn find(name: &str) -> Option<&'static Rule> {
    REGISTRY.iter().map(|registered| registered.rule).find(|rule| rule.code == name || rule.slug == name)
}
