//! The registry. To add a rule: its file and page in the folder of its family, and one line here.
//!
//! Codes are never reused; the family says which part of the estate a rule looks at: L0 form, L1 identity, L2
//! references, L3 addressing, L4 reservations, L5 options, L6 classes, L7 availability, L8 secrets, L9 change, and
//! L98 what other programs cannot say.

pub mod addressing;
pub mod availability;
pub mod change;
pub mod class;
pub mod export;
pub mod form;
pub mod identity;
pub mod option;
pub mod reference;
pub mod reservation;
pub mod secret;
pub mod suppression;

use super::Lines;
use super::repeats::{Keyed, Keys, repeated};
use crate::diag::{Rule, Sink};
use crate::model::Estate;
use class::truths::Truths;

/// A rule and what runs it.
#[derive(Debug)]
pub struct Registered {
    /// The rule.
    pub rule: &'static Rule,
    /// How it is checked, and how much of the estate that takes.
    pub looks_at: LooksAt,
}

/// How much of an estate a rule looks at. After an edit only those are asked again that may find something else.
#[derive(Clone, Copy, Debug)]
pub enum LooksAt {
    /// An earlier phase or another rule raises it.
    Nothing,
    /// One site: what it finds in an estate is what it finds in each part. It looks up what it likes in what is common,
    /// but walks what the part says.
    Site(fn(&Estate, &mut Sink)),
    /// The same, but what it finds wrong may be a line that several parts inherit.
    Lines(fn(&Estate, &mut Lines)),
    /// The whole estate.
    Estate(fn(&Estate, &mut Sink)),
    /// The whole estate, for what several sites may say alike: the rule gives each reservation that it looks at a number,
    /// site by site, and is asked about those whose number another has too.
    Repeats(Keys, fn(&Estate, &[Keyed], &mut Sink)),
    /// The whole estate, and what is proved of its classes, which is proved once.
    Classes(fn(&Truths<'_>, &mut Sink)),
}

impl LooksAt {
    /// Asks about a whole estate at once.
    pub fn ask(self, estate: &Estate, sink: &mut Sink) {
        match self {
            LooksAt::Nothing => {}
            LooksAt::Site(check) | LooksAt::Estate(check) => check(estate, sink),
            LooksAt::Classes(check) => check(&Truths::of(estate), sink),
            LooksAt::Repeats(keys, check) => check(estate, &repeated(&[&keys(estate)]), sink),
            LooksAt::Lines(check) => {
                let mut lines = Lines::default();
                check(estate, &mut lines);
                Lines::report(std::iter::once(&lines), sink);
            }
        }
    }
}

/// Every rule, in the order of codes.
pub static REGISTRY: &[Registered] = &[
    elsewhere(&form::yaml_syntax::RULE),
    elsewhere(&form::duplicate_key::RULE),
    elsewhere(&form::unknown_key::RULE),
    elsewhere(&form::missing_key::RULE),
    elsewhere(&form::wrong_value::RULE),
    elsewhere(&form::unsupported_yaml::RULE),
    elsewhere(&form::too_large::RULE),
    elsewhere(&form::unknown_version::RULE),
    elsewhere(&form::not_utf8::RULE),
    elsewhere(&form::missing_estate::RULE),
    elsewhere(&suppression::expired_allow::RULE),
    elsewhere(&suppression::unused_allow::RULE),
    elsewhere(&suppression::unknown_rule::RULE),
    elsewhere(&suppression::not_allowable::RULE),
    estate(&identity::duplicate_site::RULE, identity::duplicate_site::check),
    site(&identity::duplicate_network::RULE, identity::duplicate_network::check),
    estate(&identity::duplicate_subnet_id::RULE, identity::duplicate_subnet_id::check),
    estate(&identity::duplicate_class::RULE, identity::duplicate_class::check),
    estate(&identity::duplicate_site_name::RULE, identity::duplicate_site_name::check),
    elsewhere(&identity::duplicate_option::RULE),
    elsewhere(&reference::unknown_profile::RULE),
    elsewhere(&reference::unknown_class::RULE),
    elsewhere(&reference::unknown_option::RULE),
    estate(&reference::unused_profile::RULE, reference::unused_profile::check),
    estate(&reference::unused_class::RULE, reference::unused_class::check),
    estate(&reference::unused_definition::RULE, reference::unused_definition::check),
    elsewhere(&addressing::host_bits::RULE),
    estate(&addressing::overlapping_subnets::RULE, addressing::overlapping_subnets::check),
    estate(&addressing::same_base_other_mask::RULE, addressing::same_base_other_mask::check),
    estate(&addressing::pool_outside_subnet::RULE, addressing::pool_outside_subnet::check),
    elsewhere(&addressing::reversed_range::RULE),
    site(&addressing::overlapping_pools::RULE, addressing::overlapping_pools::check),
    site(
        &addressing::pool_with_network_or_broadcast::RULE,
        addressing::pool_with_network_or_broadcast::check,
    ),
    site(&addressing::pool_contains_router::RULE, addressing::pool_contains_router::check),
    site(&addressing::pool_contains_relay::RULE, addressing::pool_contains_relay::check),
    estate(&addressing::router_outside_subnet::RULE, addressing::router_outside_subnet::check),
    estate(&addressing::relay_claimed_twice::RULE, addressing::relay_claimed_twice::check),
    site(&addressing::exclusion_outside_pools::RULE, addressing::exclusion_outside_pools::check),
    site(&addressing::overlapping_exclusions::RULE, addressing::overlapping_exclusions::check),
    site(&addressing::exhausted_pool::RULE, addressing::exhausted_pool::check),
    site(&addressing::subnet_without_addresses::RULE, addressing::subnet_without_addresses::check),
    site(&addressing::network_without_subnets::RULE, addressing::network_without_subnets::check),
    estate(&addressing::no_standby_share::RULE, addressing::no_standby_share::check),
    site(&addressing::prefix_not_private::RULE, addressing::prefix_not_private::check),
    estate(&addressing::selection_source_in_pool::RULE, addressing::selection_source_in_pool::check),
    site(&reservation::duplicate_identifier::RULE, reservation::duplicate_identifier::check),
    site(&reservation::mac_in_two_networks::RULE, reservation::mac_in_two_networks::check),
    site(&reservation::duplicate_address::RULE, reservation::duplicate_address::check),
    estate(&reservation::address_outside_subnet::RULE, reservation::address_outside_subnet::check),
    site(&reservation::reserved_special_address::RULE, reservation::reserved_special_address::check),
    site(&reservation::bad_mac::RULE, reservation::bad_mac::check),
    site(&reservation::mac_and_client_id::RULE, reservation::mac_and_client_id::check),
    repeats(
        &reservation::duplicate_hostname::RULE,
        reservation::duplicate_hostname::keys,
        reservation::duplicate_hostname::check,
    ),
    site(&reservation::bad_hostname::RULE, reservation::bad_hostname::check),
    site(&reservation::reservation_in_pool::RULE, reservation::reservation_in_pool::check),
    site(&reservation::address_excluded::RULE, reservation::address_excluded::check),
    repeats(
        &reservation::mac_in_two_sites::RULE,
        reservation::mac_in_two_sites::keys,
        reservation::mac_in_two_sites::check,
    ),
    elsewhere(&option::bad_option_value::RULE),
    site(&option::protocol_option::RULE, option::protocol_option::check),
    lines(&option::mask_contradicts_subnet::RULE, option::mask_contradicts_subnet::check),
    lines(&option::timer_order::RULE, option::timer_order::check),
    site(&option::zero_lease::RULE, option::zero_lease::check),
    lines(&option::lease_order::RULE, option::lease_order::check),
    classes(&option::shadowed_option::RULE, option::shadowed_option::check),
    lines(&option::reply_too_large::RULE, option::reply_too_large::check),
    lines(&option::encapsulated_too_long::RULE, option::encapsulated_too_long::check),
    lines(&option::router_beside_classless_routes::RULE, option::router_beside_classless_routes::check),
    elsewhere(&option::bad_domain_name::RULE),
    estate(&option::option_defined_twice::RULE, option::option_defined_twice::check),
    elsewhere(&class::class_expression::RULE),
    elsewhere(&class::unknown_option_in_expression::RULE),
    elsewhere(&class::class_order::RULE),
    elsewhere(&class::unknown_class_in_expression::RULE),
    classes(&class::always_false::RULE, class::always_false::check),
    classes(&class::always_true::RULE, class::always_true::check),
    classes(&class::same_test_twice::RULE, class::same_test_twice::check),
    estate(&class::names_alike::RULE, class::names_alike::check),
    classes(&class::dead_guard::RULE, class::dead_guard::check),
    classes(&class::not_proved::RULE, class::not_proved::check),
    estate(&availability::roles_that_do_not_fit::RULE, availability::roles_that_do_not_fit::check),
    estate(&availability::duplicate_server_name::RULE, availability::duplicate_server_name::check),
    estate(&availability::duplicate_peer_address::RULE, availability::duplicate_peer_address::check),
    estate(&availability::heartbeat_too_slow::RULE, availability::heartbeat_too_slow::check),
    elsewhere(&availability::share_leaves_nothing::RULE),
    elsewhere(&secret::secret_in_estate::RULE),
    elsewhere(&change::subnet_removed::RULE),
    elsewhere(&change::pool_shrunk::RULE),
    elsewhere(&change::subnet_id_changed::RULE),
    elsewhere(&change::lease_cut::RULE),
    elsewhere(&change::guard_narrowed::RULE),
    elsewhere(&change::reservation_on_held_address::RULE),
    elsewhere(&change::high_availability_changed::RULE),
    elsewhere(&change::many_reservations_removed::RULE),
    elsewhere(&change::artefact_format_raised::RULE),
    elsewhere(&export::lost_in_kea::RULE),
];

const fn elsewhere(rule: &'static Rule) -> Registered {
    Registered { rule, looks_at: LooksAt::Nothing }
}

const fn site(rule: &'static Rule, check: fn(&Estate, &mut Sink)) -> Registered {
    Registered { rule, looks_at: LooksAt::Site(check) }
}

const fn lines(rule: &'static Rule, check: fn(&Estate, &mut Lines)) -> Registered {
    Registered { rule, looks_at: LooksAt::Lines(check) }
}

const fn classes(rule: &'static Rule, check: fn(&Truths<'_>, &mut Sink)) -> Registered {
    Registered { rule, looks_at: LooksAt::Classes(check) }
}

const fn repeats(rule: &'static Rule, keys: Keys, check: fn(&Estate, &[Keyed], &mut Sink)) -> Registered {
    Registered { rule, looks_at: LooksAt::Repeats(keys, check) }
}

const fn estate(rule: &'static Rule, check: fn(&Estate, &mut Sink)) -> Registered {
    Registered { rule, looks_at: LooksAt::Estate(check) }
}

/// The rule of this code or slug.
pub fn find(name: &str) -> Option<&'static Rule> {
    REGISTRY.iter().map(|registered| registered.rule).find(|rule| rule.code == name || rule.slug == name)
}
