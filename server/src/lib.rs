//! The server as a library: everything that decides, and nothing that touches the world.
//!
//! A datagram goes `wire` -> `serve` -> a [`leases::LeaseRequest`] -> [`leases::Outcome`] -> reply. Time,
//! randomness and bytes are arguments; sockets, files and threads are the program's.

pub mod wire;

pub mod estate;
pub mod failover;
pub mod import;
pub mod leases;
pub mod node;
pub mod serve;
pub mod time;
