//! How full pools are.

use leasehold_schemas::vocab::AddrRange;

use super::addresses::{reserved, within};
use super::document::PoolLoad;
use super::{free, sites};
use crate::model::{Estate, Pool, Subnet};
use crate::plan::LeaseTable;
use crate::plan::addresses::joined;

/// Pools that are told.
const BUSIEST_MAX: usize = 25;

/// Pools by the part of their addresses that is leased, the fullest first, of equals those with fewer addresses left.
/// Pools in which nothing is leased are left out.
pub fn busiest(estate: &Estate, leases: &LeaseTable) -> Vec<PoolLoad> {
    let mut pools: Vec<PoolLoad> = Vec::new();
    for subnet in estate.subnets.values() {
        let mut kept: Vec<AddrRange> =
            subnet.exclusions.iter().map(|exclusion| exclusion.range.value).collect();
        kept.extend(reserved(estate, subnet));
        let kept = joined(kept);
        let leased = sites::active(leases, subnet.prefix.value.range());
        for pool in &subnet.pools {
            let pool = &estate.pools[*pool];
            let ranges = free::without(pool.range.value, &kept);
            let count = ranges.iter().map(|range| within(&leased, *range)).sum();
            if count > 0 {
                pools.push(load(estate, subnet, pool, ranges.iter().map(|range| range.size()).sum(), count));
            }
        }
    }
    // `a / b > c / d` without rounding.
    let fuller = |a: &PoolLoad, b: &PoolLoad| {
        (u128::from(b.leased) * u128::from(a.size)).cmp(&(u128::from(a.leased) * u128::from(b.size)))
    };
    pools.sort_by(|a, b| {
        let left = |pool: &PoolLoad| pool.size - pool.leased;
        fuller(a, b).then(left(a).cmp(&left(b))).then(a.pool.cmp(&b.pool))
    });
    pools.truncate(BUSIEST_MAX);
    pools
}

fn load(estate: &Estate, subnet: &Subnet, pool: &Pool, size: u64, leased: u64) -> PoolLoad {
    let network = &estate.networks[subnet.network];
    PoolLoad {
        pool: pool.range.value,
        site: estate.sites[network.site].code.value.clone(),
        network: network.name.value.clone(),
        subnet: subnet.prefix.value,
        size,
        leased,
    }
}
