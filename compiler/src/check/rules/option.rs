//! L5 options: values that their definitions, the protocol and each other allow.

pub mod bad_domain_name;
pub mod bad_option_value;
