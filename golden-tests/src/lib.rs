//! Tests as data: the generator of the example estate, and the harness that finds cases and runs them.

pub mod estate_generator;
