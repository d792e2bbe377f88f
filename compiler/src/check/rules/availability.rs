//! L7 availability: the pair that serves the estate.
//!
//! Whether the link between the two is encrypted is no key of the estate: certificates are a server's own, and so it is
//! the server that refuses or warns of a plain-text link when it starts.

pub mod roles_that_do_not_fit;

pub mod duplicate_server_name;

pub mod duplicate_peer_address;

pub mod heartbeat_too_slow;

pub mod share_leaves_nothing;

use leasehold_schemas::source::{HighAvailability, Server};

use crate::model::Estate;

/// The two servers of the estate's pair, in the order written.
fn servers(estate: &Estate) -> Option<(&HighAvailability, &Server, &Server)> {
    let pair = estate.high_availability.as_ref()?;
    match pair.servers.as_slice() {
        [first, second] => Some((pair, first, second)),
        // The decoder reports any other number.
        _ => None,
    }
}

/// Whether the second server is the first one once more, which is one mistake.
fn is_copied(first: &Server, second: &Server) -> bool {
    let Server { name, role, peer_address, span: _ } = second;
    first.name.value == name.value
        && first.role.value == role.value
        && duplicate_peer_address::same(&first.peer_address.value, &peer_address.value)
}
