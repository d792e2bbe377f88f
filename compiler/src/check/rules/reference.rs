//! L2 references: what is named exists, and what exists is named.

pub mod unknown_class;
pub mod unknown_option;
pub mod unknown_profile;
pub mod unused_class;
pub mod unused_definition;
pub mod unused_profile;
