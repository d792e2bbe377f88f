//! L4: reservations.
//!
//! A reservation whose address lies outside its subnet takes part in no other rule about addresses or clients: it
//! is most often a copy, or stands in the wrong file. A broken MAC identifies nobody, so it has no duplicates.

pub mod address_excluded;
pub mod address_outside_subnet;
pub mod bad_hostname;
pub mod bad_mac;
pub mod duplicate_address;
pub mod duplicate_hostname;
pub mod duplicate_identifier;
pub mod mac_and_client_id;
pub mod mac_in_two_networks;
pub mod mac_in_two_sites;
pub mod reservation_in_pool;
pub mod reserved_special_address;

mod clients;
mod position;
