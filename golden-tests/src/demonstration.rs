//! The first command of the README: compile the example estate, serve it on loopback, lease an address, and show
//! which line of YAML gave each value. Pure but for [`Client`] and the server it talks to.

mod client;
mod packet;

pub use client::{Client, Exchange};
pub use packet::{Ask, Reply, Wish};
