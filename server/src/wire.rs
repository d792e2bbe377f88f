//! Bytes to message and back (RFC 2131, RFC 2132, RFC 3046, RFC 3396), and no policy.
//!
//! Invariant: no bytes whatever make this module panic, loop or allocate more than a datagram's length. It knows
//! where options stand, never what they mean to a server.

pub mod code;
mod message;
mod options;
mod reply;

pub use message::{Malformed, Message, MessageType, sub_option, sub_options};
pub(crate) use options::CodeSet;
pub use options::OptionIndex;
pub use reply::{Header, MESSAGE_SIZE_MAX, MESSAGE_SIZE_MIN, Reply, Written};

#[cfg(test)]
mod tests;
