//! Where in the estate a value was said.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The levels of inheritance, from the widest to the nearest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "source", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// `estate.yaml`.
    Estate,
    /// A profile that the site names.
    Profile,
    /// A site's file.
    Site,
    /// A network: one layer-2 segment.
    Network,
    /// A subnet of a network.
    Subnet,
    /// A pool of a subnet.
    Pool,
    /// A reservation.
    Reservation,
}

impl Layer {
    /// Every layer, widest first.
    pub const ALL: [Layer; 7] = [
        Layer::Estate,
        Layer::Profile,
        Layer::Site,
        Layer::Network,
        Layer::Subnet,
        Layer::Pool,
        Layer::Reservation,
    ];
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Layer::Estate => "estate",
            Layer::Profile => "profile",
            Layer::Site => "site",
            Layer::Network => "network",
            Layer::Subnet => "subnet",
            Layer::Pool => "pool",
            Layer::Reservation => "reservation",
        })
    }
}
