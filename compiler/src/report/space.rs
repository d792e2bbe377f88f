//! The prefixes that the estate may use: where subnets are in them, and where there is room.

use std::collections::BTreeMap;

use leasehold_schemas::vocab::{AddrRange, Cidr, SiteCode};

use super::document::{Block, Cell, Site};
use super::free;
use crate::model::Estate;
use crate::plan::addresses::{count, joined};

/// A block is shown in so many parts, as a power of two.
const CELLS_BITS: u8 = 8;

/// Free prefixes that are told of each block.
const LARGEST_MAX: usize = 8;

/// Every prefix of `address-space`, in the order written.
pub fn blocks(estate: &Estate, sites: &[Site]) -> Vec<Block> {
    let mut subnets: Vec<(Cidr, &SiteCode)> = sites
        .iter()
        .flat_map(|site| site.subnets.iter().map(move |subnet| (subnet.prefix, &site.code)))
        .collect();
    subnets.sort_unstable();
    let taken = joined(subnets.iter().map(|(prefix, _)| prefix.range()).collect());
    estate.address_space.iter().map(|prefix| block(prefix.value, &subnets, &taken)).collect()
}

fn block(prefix: Cidr, subnets: &[(Cidr, &SiteCode)], taken: &[AddrRange]) -> Block {
    let free = free::without(prefix.range(), taken);
    let mut largest: Vec<Cidr> = free.iter().flat_map(|range| free::prefixes(*range)).collect();
    let mut by_length: BTreeMap<u8, u64> = BTreeMap::new();
    for prefix in &largest {
        *by_length.entry(prefix.length()).or_default() += 1;
    }
    free::by_size(&mut largest);
    largest.truncate(LARGEST_MAX);
    let cell_length = (prefix.length() + CELLS_BITS).min(32);
    Block {
        prefix,
        in_subnets: prefix.range().size() - count(&free),
        cells: cells(prefix, cell_length, subnets),
        cell_length,
        largest_free: largest,
        free_by_length: by_length.into_iter().collect(),
    }
}

/// The parts with subnets. Subnets of a sound estate do not overlap; of any other a part is never more than full.
fn cells(block: Cidr, length: u8, subnets: &[(Cidr, &SiteCode)]) -> Vec<Cell> {
    let mut cells: BTreeMap<Cidr, (Vec<AddrRange>, Vec<SiteCode>)> = BTreeMap::new();
    for (subnet, site) in subnets {
        let Some(inside) = subnet.range().intersection(block.range()) else { continue };
        let mut at = inside.first();
        loop {
            let cell = Cidr::containing(at, length).expect("a length of at most 32");
            let (ranges, sites) = cells.entry(cell).or_default();
            ranges.extend(cell.range().intersection(inside));
            if sites.last() != Some(site) {
                sites.push((*site).clone());
            }
            match super::addresses::behind(cell.range()) {
                Some(next) if inside.contains(next) => at = next,
                Some(_) | None => break,
            }
        }
    }
    let cell = |(prefix, (ranges, mut sites)): (Cidr, (Vec<AddrRange>, Vec<SiteCode>))| {
        sites.sort_unstable();
        sites.dedup();
        Cell { prefix, in_subnets: count(&joined(ranges)), sites }
    };
    cells.into_iter().map(cell).collect()
}
