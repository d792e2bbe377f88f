//! A site's addresses in rows of equal size, so that a subnet is as large on the page as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use leasehold_schemas::vocab::{AddrRange, Cidr};

use super::document::{Map, Row, Run};
use crate::plan::addresses::joined;

/// Addresses of a row where a site is not too large for it.
const WIDTH: u64 = 256;

/// Rows of a site; one that needs more has wider rows.
const ROWS_MAX: usize = 64;

/// A subnet with what is known of its addresses.
pub struct Painted {
    /// The subnet.
    pub prefix: Cidr,
    /// What its addresses are for.
    pub runs: Vec<Run>,
    /// Those with an active lease, in order.
    pub leased: Vec<Ipv4Addr>,
}

/// The map of subnets in the order of their prefixes.
pub fn map(subnets: &[Painted]) -> Map {
    let mut width = WIDTH;
    while rows(subnets, width).len() > ROWS_MAX {
        width *= 2;
    }
    let empty = |first: u32| Row {
        first: Ipv4Addr::from_bits(first),
        subnets: Vec::new(),
        runs: Vec::new(),
        leased: Vec::new(),
    };
    let mut by_first: BTreeMap<u32, Row> =
        rows(subnets, width).into_iter().map(|first| (first, empty(first))).collect();
    for Painted { prefix, runs, leased } in subnets {
        for_each_row(AddrRange::single(prefix.network()), width, |first, _| {
            by_first.entry(first).or_insert_with(|| empty(first)).subnets.push(prefix.network());
        });
        for run in runs {
            for_each_row(run.range, width, |first, range| {
                let row = by_first.entry(first).or_insert_with(|| empty(first));
                row.runs.push(Run { range, kind: run.kind });
            });
        }
        for range in joined(leased.iter().map(|address| AddrRange::single(*address)).collect()) {
            for_each_row(range, width, |first, range| {
                by_first.entry(first).or_insert_with(|| empty(first)).leased.push(range);
            });
        }
    }
    Map { width, rows: by_first.into_values().collect() }
}

/// The first addresses of the rows in which there are subnets; of too many, one more than may be.
fn rows(subnets: &[Painted], width: u64) -> BTreeSet<u32> {
    let mut rows = BTreeSet::new();
    for subnet in subnets {
        let range = subnet.prefix.range();
        if range.size() / width > ROWS_MAX as u64 {
            // A range of so many rows is too many by itself, and need not be walked.
            rows.extend(0..=u32::try_from(ROWS_MAX).expect("a few dozen"));
            return rows;
        }
        for_each_row(range, width, |first, _| {
            rows.insert(first);
        });
    }
    rows
}

/// Calls `visit` for each row that a range touches, with the row's first address and the part of the range in it.
fn for_each_row(range: AddrRange, width: u64, mut visit: impl FnMut(u32, AddrRange)) {
    let bits = u8::try_from(32 - width.ilog2()).expect("an address has 32 bits");
    let mut rest = Some(range);
    while let Some(left) = rest {
        let row = Cidr::containing(left.first(), bits).expect("0 to 32 bits").range();
        let part = left.intersection(row).expect("the row holds the first address");
        visit(row.first().to_bits(), part);
        rest = super::addresses::behind(part).and_then(|first| AddrRange::new(first, left.last()).ok());
    }
}
