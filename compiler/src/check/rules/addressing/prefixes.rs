//! The estate's prefixes in order.
//!
//! Prefixes that overlap contain one another, so that a sorted list with a link from each prefix to the one
//! around it answers everything. Prefixes written with host bits set are not in it.

use std::net::Ipv4Addr;

use leasehold_schemas::vocab::Cidr;

use super::placement::Placement;
use crate::model::{Estate, Id, Subnet};

/// One prefix.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The prefix.
    pub prefix: Cidr,
    /// Its subnet.
    pub subnet: Id<Subnet>,
    /// Place of the longest prefix that is wider and contains this one.
    around: Option<usize>,
}

/// Subnets by prefix, the wider first; equal ones in the order written.
#[derive(Debug)]
pub struct Prefixes(Vec<Entry>);

impl Prefixes {
    /// Every subnet that `keep` wants.
    pub fn of(estate: &Estate, keep: impl Fn(Id<Subnet>) -> bool) -> Prefixes {
        let subnets = estate.subnets.iter().filter(|(id, subnet)| !subnet.suspect && keep(*id));
        let mut entries: Vec<Entry> = subnets
            .map(|(id, subnet)| Entry { prefix: subnet.prefix.value, subnet: id, around: None })
            .collect();
        entries.sort_unstable_by_key(|entry| (entry.prefix, entry.subnet));
        let mut open: Vec<usize> = Vec::new();
        for at in 0..entries.len() {
            let first = entries[at].prefix.network();
            let twin = entries[at].prefix;
            while open
                .pop_if(|&mut outer| entries[outer].prefix.last() < first || entries[outer].prefix == twin)
                .is_some()
            {}
            entries[at].around = open.last().copied();
            open.push(at);
        }
        Prefixes(entries)
    }

    /// In order.
    pub fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// Place of a prefix that shares the addresses of the one at `at`: its twin before it, or the one around it.
    fn partner(&self, at: usize) -> Option<usize> {
        let twin = at.checked_sub(1).filter(|&before| self.0[before].prefix == self.0[at].prefix);
        twin.or(self.0[at].around)
    }

    /// The longest prefix that contains the address.
    pub fn containing(&self, addr: Ipv4Addr) -> Option<Id<Subnet>> {
        let behind = self.0.partition_point(|entry| entry.prefix.network() <= addr);
        let mut at = behind.checked_sub(1);
        while let Some(entry) = at.map(|at| self.0[at]) {
            if entry.prefix.contains(addr) {
                return Some(entry.subnet);
            }
            at = entry.around;
        }
        None
    }

    /// The free prefix of this length nearest to `like`, inside the block of `space` that contains `like`.
    pub fn nearest_free(&self, like: Cidr, space: &[Cidr]) -> Option<Cidr> {
        /// Subnets looked at in each direction: beyond them "nearest" helps nobody.
        const STEPS_MAX: usize = 1024;
        let block = space.iter().copied().find(|block| block.contains(like.network()))?;
        let size = like.range().size();
        let base = u64::from(like.network().to_bits());
        let prefix_at = |start: u64| {
            let addr = Ipv4Addr::from_bits(u32::try_from(start).ok()?);
            let prefix = Cidr::containing(addr, like.length())?;
            block.range().covers(prefix.range()).then_some(prefix)
        };
        let mut above = base;
        let mut up = None;
        for _ in 0..STEPS_MAX {
            let Some(prefix) = prefix_at(above) else { break };
            let Some(hit) = self.overlapping(prefix) else {
                up = Some(prefix);
                break;
            };
            above = (u64::from(hit.last().to_bits()) + 1).next_multiple_of(size);
        }
        let mut below = base.checked_sub(size);
        for _ in 0..STEPS_MAX {
            let Some(prefix) = below.and_then(prefix_at) else { break };
            let Some(hit) = self.overlapping(prefix) else {
                let nearer = up.is_none_or(|up| {
                    above - base > base - u64::from(prefix.network().to_bits()) && up > prefix
                });
                return if nearer { Some(prefix) } else { up };
            };
            let start = u64::from(hit.network().to_bits()) / size * size;
            below = start.min(u64::from(prefix.network().to_bits())).checked_sub(size);
        }
        up
    }

    /// A prefix of the estate that shares an address with `prefix`; the widest that contains it, if one does.
    fn overlapping(&self, prefix: Cidr) -> Option<Cidr> {
        let behind = self.0.partition_point(|entry| entry.prefix.network() <= prefix.last());
        let mut at = behind.checked_sub(1);
        let mut hit = None;
        while let Some(entry) = at.map(|at| self.0[at]) {
            if entry.prefix.overlaps(prefix) {
                hit = Some(entry.prefix);
            }
            at = entry.around;
        }
        hit
    }
}

/// The blocks in which the estate's subnets belong: those it declares, else private space (RFC 1918 section 3)
/// and the shared space of RFC 6598 section 7.
pub fn address_space(estate: &Estate) -> Vec<Cidr> {
    if !estate.address_space.is_empty() {
        return estate.address_space.iter().map(|block| block.value).collect();
    }
    let private = [([10, 0, 0, 0], 8), ([100, 64, 0, 0], 10), ([172, 16, 0, 0], 12), ([192, 168, 0, 0], 16)];
    private
        .into_iter()
        .filter_map(|(octets, length)| Cidr::containing(Ipv4Addr::from(octets), length))
        .collect()
}

/// One mistake by which subnets share addresses.
#[derive(Debug)]
pub struct Overlap {
    /// Where it is reported: the subnet whose prefix fits nothing it holds, else the one that contains several
    /// others, else the later written.
    pub at: Id<Subnet>,
    /// The first few of the others.
    pub with: Vec<Id<Subnet>>,
    /// How many others there are.
    pub others: usize,
}

/// Every overlap, each mistake once. `None` of them is the usual case and costs one sorted pass.
pub fn overlaps(estate: &Estate, placement: &Placement) -> Vec<Overlap> {
    let all = Prefixes::of(estate, |_| true);
    if (0..all.entries().len()).all(|at| all.partner(at).is_none()) {
        return Vec::new();
    }
    let mut found = misplaced_overlaps(&all, placement);
    let rest = Prefixes::of(estate, |subnet| !placement.misplaced(subnet));
    let mut inside: Vec<Vec<Id<Subnet>>> = vec![Vec::new(); rest.entries().len()];
    for (at, entry) in rest.entries().iter().enumerate() {
        if let Some(partner) = rest.partner(at) {
            inside[partner].push(entry.subnet);
        }
    }
    for (entry, inside) in rest.entries().iter().zip(inside) {
        match inside[..] {
            [] => {}
            [other] => {
                let at = entry.subnet.max(other);
                found.push(Overlap { at, with: vec![entry.subnet.min(other)], others: 1 });
            }
            [..] => found.push(Overlap { at: entry.subnet, others: inside.len(), with: first_few(inside) }),
        }
    }
    found
}

fn misplaced_overlaps(all: &Prefixes, placement: &Placement) -> Vec<Overlap> {
    let entries = all.entries();
    let mut other: Vec<Option<Id<Subnet>>> = vec![None; entries.len()];
    for (at, entry) in entries.iter().enumerate() {
        if let Some(partner) = all.partner(at) {
            other[at] = Some(entries[partner].subnet);
            other[partner] = other[partner].or(Some(entry.subnet));
        }
    }
    let misplaced = entries.iter().zip(other).filter(|(entry, _)| placement.misplaced(entry.subnet));
    misplaced
        .filter_map(|(entry, other)| Some(Overlap { at: entry.subnet, with: vec![other?], others: 1 }))
        .collect()
}

fn first_few(mut subnets: Vec<Id<Subnet>>) -> Vec<Id<Subnet>> {
    /// Labels that still fit on a screen.
    const SHOWN_MAX: usize = 3;
    subnets.sort_unstable();
    subnets.truncate(SHOWN_MAX);
    subnets
}
