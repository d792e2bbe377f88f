//! L0 form, what `allow:` says: its rule exists and may be silenced, it silences something, its time is not over.
//! Raised by `crate::check`, which applies the entries when every rule has run.

pub mod expired_allow;
pub mod not_allowable;
pub mod unknown_rule;
pub mod unused_allow;
