//! L0, form: what a file must be before anything in it means something.

pub mod yaml_syntax;

pub mod duplicate_key;

pub mod unknown_key;

pub mod missing_key;

pub mod wrong_value;

pub mod unsupported_yaml;

pub mod too_large;

pub mod unknown_version;

pub mod not_utf8;

pub mod missing_estate;
