//! Placeholder entry point, replaced with its first command.
fn main() {}
