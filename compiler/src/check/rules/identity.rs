//! L1 identity: names and numbers by which something is known stand once.

pub mod duplicate_class;
pub mod duplicate_network;
pub mod duplicate_option;
pub mod duplicate_site;
pub mod duplicate_site_name;
pub mod duplicate_subnet_id;
