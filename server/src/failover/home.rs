//! Ownership is arithmetic: which server is an address's home depends on the address and `k`, and on nothing else. No
//! message moves it, and two servers cannot disagree about it.

use std::net::Ipv4Addr;

use leasehold_schemas::artefact::HighAvailability;

/// One server of the pair.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Side {
    /// The primary.
    Primary,
    /// The other: standby, secondary or backup.
    Standby,
}

impl Side {
    /// The partner.
    pub fn other(self) -> Side {
        match self {
            Side::Primary => Side::Standby,
            Side::Standby => Side::Primary,
        }
    }

    /// Its place in a [`crate::leases::Version`].
    pub fn index(self) -> usize {
        match self {
            Side::Primary => 0,
            Side::Standby => 1,
        }
    }
}

/// How addresses are shared out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ownership {
    /// One address in `share` is the standby's; at least 2.
    pub share: u32,
}

impl Ownership {
    /// As an artefact says. The compiler sees to it that the share is 2 or more; one of everything would leave no home
    /// to the primary.
    pub fn of(said: &HighAvailability) -> Ownership {
        Ownership { share: said.standby_share.max(2) }
    }

    /// The only server that may bind `address` to a new client.
    pub fn home(self, address: Ipv4Addr) -> Side {
        if address.to_bits() % self.share == self.share - 1 { Side::Standby } else { Side::Primary }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_range_of_k_addresses_has_exactly_one_home_address_of_the_standby() {
        for share in 2..=64 {
            let ownership = Ownership { share };
            let standby = |from: u32| {
                let homes = (from..from + share).map(|bits| ownership.home(Ipv4Addr::from_bits(bits)));
                homes.filter(|home| *home == Side::Standby).count()
            };
            assert!((0x0a00_0000..0x0a00_0100).all(|from| standby(from) == 1));
        }
    }
}
