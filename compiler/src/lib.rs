//! The compiler: YAML text to artefact, in phases that never stop at the first fault.
//!
//! text -> [`parse`] -> [`decode`] -> [`model`] -> `resolve` -> `check` -> `lower` -> `emit`. Every phase is a
//! pure function over files in memory; the program around this library reads and writes.

pub mod check;
pub mod decode;
pub mod diag;
pub mod model;
pub mod parse;
pub mod resolve;
pub mod source;
