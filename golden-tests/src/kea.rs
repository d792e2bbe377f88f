//! A real Kea beside Leasehold: the same estate, the same packets, the answers compared field by field.
//!
//! The estate goes to Kea as `leasehold export kea` writes it. Whatever differs is a fault of one of the two, or stands
//! with its reason in `cases/export/differences.txt`.

pub mod client;
pub mod comparison;
pub mod exchange;
pub mod program;
pub mod random_estate;
pub mod reply;
pub mod trial;
