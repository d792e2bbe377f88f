//! Names to ids, written values to octets, expressions to trees: documents become the model.
//!
//! Invariant: what is reported as broken here is left out of the model, so that no rule reports it again.

pub mod definitions;
pub mod expression;
pub mod option_bytes;
