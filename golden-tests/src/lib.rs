//! Tests as data: the harness that finds cases and runs them.
