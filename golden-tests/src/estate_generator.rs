//! The example estate: the files of `sites/`, and the same organisation 10 or 100 times as large.
//!
//! Invariant: the same arguments give the same bytes on every machine, and an estate of scale `n` has exactly
//! `n` times [`SITES`], [`SUBNETS`] and [`RESERVATIONS`]. This module knows no file system; the binary
//! `leasehold-example-estate` writes what it returns.
//!
//! A model comes first ([`model`]), so that the benchmark can write the same estate for a peer ([`kea`]).

pub mod kea;
mod model;
mod places;
mod plan;
mod quota;
pub(crate) mod random;
mod yaml;

use std::net::Ipv4Addr;

pub use model::{
    Exclusion, Identifier, Network, Pool, Reservation, Role, Site, SiteKind, Subnet, model, model_with_load,
};

/// Sites of an estate of scale 1.
pub const SITES: usize = 142;
/// Subnets of an estate of scale 1.
pub const SUBNETS: usize = 829;
/// Reservations of an estate of scale 1.
pub const RESERVATIONS: usize = 14_404;
/// The largest scale whose prefixes fit the estate's declared address space.
pub const SCALE_MAX: usize = 100;

/// A subnet with one wide pool, added for load tests.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// The subnet's network address.
    pub network: Ipv4Addr,
    /// Bits in its prefix.
    pub length: u8,
    /// First and last address of its pool.
    pub pool: (Ipv4Addr, Ipv4Addr),
}

/// The files of an estate `scale` times as large as the example, each by its path below the estate's folder.
///
/// # Panics
/// If `scale` is 0 or above [`SCALE_MAX`].
pub fn generate(scale: usize, load: Option<Load>) -> Vec<(String, String)> {
    let sites = model_with_load(scale, load);
    let mut files = vec![("estate.yaml".to_owned(), yaml::estate_file())];
    files.extend(sites.iter().map(|site| (site.path(), yaml::site_file(site))));
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(sites: &[Site]) -> (usize, usize, usize) {
        let subnets = || sites.iter().flat_map(|site| &site.networks).flat_map(|network| &network.subnets);
        (sites.len(), subnets().count(), subnets().map(|subnet| subnet.reservations.len()).sum())
    }

    #[test]
    fn every_scale_has_exactly_its_multiple_of_everything() {
        for scale in [1, 3] {
            assert_eq!(counts(&model(scale)), (SITES * scale, SUBNETS * scale, RESERVATIONS * scale));
        }
    }

    #[test]
    fn sites_are_uneven() {
        let sizes: Vec<usize> =
            model(1).iter().map(|site| site.networks.iter().map(|n| n.subnets.len()).sum()).collect();
        assert_eq!(sizes.iter().min(), Some(&1));
        assert_eq!(sizes.iter().max(), Some(&30));
    }

    #[test]
    fn names_and_hardware_addresses_are_given_once() {
        let sites = model(2);
        let reservations =
            || sites.iter().flat_map(|s| &s.networks).flat_map(|n| &n.subnets).flat_map(|s| &s.reservations);
        let unique = |texts: Vec<String>| {
            let count = texts.len();
            texts.into_iter().collect::<std::collections::BTreeSet<_>>().len() == count
        };
        assert!(unique(reservations().filter_map(|r| r.hostname.clone()).collect()));
        assert!(unique(reservations().map(|r| format!("{:?}", r.identifier)).collect()));
        assert!(unique(reservations().filter_map(|r| r.address).map(|a| a.to_string()).collect()));
        assert!(unique(sites.iter().map(|s| s.name.clone()).collect()));
        assert!(unique(sites.iter().map(|s| s.code.clone()).collect()));
    }

    #[test]
    fn a_load_subnet_is_one_site_more() {
        let load = Load {
            network: Ipv4Addr::new(172, 16, 0, 0),
            length: 12,
            pool: (Ipv4Addr::new(172, 20, 0, 0), Ipv4Addr::new(172, 27, 255, 255)),
        };
        let with = generate(1, Some(load));
        let without = generate(1, None);
        assert_eq!(with.len(), without.len() + 1);
        assert!(
            with.iter().any(|(path, text)| path == "load/LOAD-0001.yaml" && text.contains("172.16.0.0/12"))
        );
        assert!(without.iter().all(|file| with.contains(file)), "the rest of the estate stays what it was");
    }
}
