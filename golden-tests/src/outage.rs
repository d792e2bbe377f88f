//! What a pair's clients feel when something fails: real servers, real time, network namespaces.
//!
//! Clients behave as RFC 2131 says: they ask again after 4 s, 8 s and so on, renew with the server that leased,
//! rebind through the relay, and restart. Their relay has both servers as helper addresses; some reach only one of
//! them. Needs root and iproute2; a step of the clock needs `faketime`.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the harness starts programs, talks to them and looks at the clock"
)]

mod client;
mod fleet;
mod hosts;
mod packet;
mod report;
mod trial;

pub use fleet::{Fleet, Group};
pub use hosts::{Hosts, Network, SERVER_NAMES};
pub use report::{Felt, Goal, Outcome, Summary};
pub use trial::{Fault, Length, Programs, run};
