//! L5 options: values that their definitions, the protocol and each other allow.

mod lifetimes;

pub mod bad_option_value;

pub mod protocol_option;

pub mod mask_contradicts_subnet;

pub mod timer_order;

pub mod zero_lease;

pub mod lease_order;

pub mod shadowed_option;

pub mod reply_too_large;

pub mod encapsulated_too_long;

pub mod router_beside_classless_routes;

pub mod bad_domain_name;

pub mod option_defined_twice;

#[cfg(test)]
mod tests;
