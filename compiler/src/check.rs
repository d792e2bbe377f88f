//! Rules over a resolved estate: one rule, one file, and its manual page beside it.
//!
//! Invariant: every rule of the program is in [`rules::REGISTRY`], those that other phases raise included, and
//! has a page whose examples run as tests. Rules only read; they never see each other's findings.

pub mod rules;
