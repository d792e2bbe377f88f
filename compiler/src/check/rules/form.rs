//! L0, form: what a file must be before anything in it means something.

pub mod yaml_syntax;

pub mod duplicate_key;

pub mod unsupported_yaml;

pub mod too_large;

pub mod not_utf8;
