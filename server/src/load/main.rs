//! Placeholder entry point, replaced with the load generator.
fn main() {}
