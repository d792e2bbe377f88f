//! Room that no subnet takes, as prefixes.

use std::net::Ipv4Addr;

use leasehold_schemas::vocab::{AddrRange, Cidr};

use super::addresses::behind;
use super::document::{Gap, Site};

/// Gaps that are told: who looks for room wants the largest.
const GAPS_MAX: usize = 25;

/// The parts of a range that none of `taken`, in order, takes.
pub fn without(range: AddrRange, taken: &[AddrRange]) -> Vec<AddrRange> {
    let from = taken.partition_point(|taken| taken.last() < range.first());
    let mut free = Vec::new();
    let mut rest = Some(range);
    for taken in &taken[from..] {
        let Some(left) = rest.filter(|left| left.intersection(*taken).is_some()) else { break };
        let [before, after] = left.without(*taken);
        free.extend(before);
        rest = after;
    }
    free.extend(rest);
    free
}

/// A range as prefixes, as few as can be, in order.
pub fn prefixes(range: AddrRange) -> Vec<Cidr> {
    let mut prefixes = Vec::new();
    let mut rest = Some(range);
    while let Some(left) = rest {
        // No larger than the first address is aligned to, and no larger than what is left.
        let aligned = left.first().to_bits().trailing_zeros();
        let fitting = left.size().ilog2();
        let length = 32 - u8::try_from(aligned.min(fitting)).expect("an address has 32 bits");
        let prefix = Cidr::containing(left.first(), length).expect("0 to 32 bits");
        prefixes.push(prefix);
        rest = behind(prefix.range()).and_then(|first| AddrRange::new(first, left.last()).ok());
    }
    prefixes
}

/// The largest prefixes first, of equals the lowest.
pub fn by_size(prefixes: &mut [Cidr]) {
    prefixes.sort_by_key(|prefix| (prefix.length(), prefix.network()));
}

/// The largest prefix between each two subnets of the estate that follow one another and are one site's.
pub fn gaps(sites: &[Site]) -> Vec<Gap> {
    let mut subnets: Vec<(Cidr, &Site)> =
        sites.iter().flat_map(|site| site.subnets.iter().map(move |subnet| (subnet.prefix, site))).collect();
    subnets.sort_by_key(|(prefix, _)| *prefix);
    let mut gaps: Vec<Gap> = subnets.windows(2).filter_map(gap).collect();
    gaps.sort_by_key(|gap| (gap.prefix.length(), gap.prefix.network()));
    gaps.truncate(GAPS_MAX);
    gaps
}

/// Fills in how much room there is behind each site's subnets.
pub fn find_rooms(sites: &mut [Site], space: &[Cidr]) {
    let mut subnets: Vec<(Cidr, usize)> = Vec::new();
    for (at, site) in sites.iter().enumerate() {
        subnets.extend(site.subnets.iter().map(|subnet| (subnet.prefix, at)));
    }
    subnets.sort_unstable();
    for (at, (prefix, site)) in subnets.iter().enumerate() {
        let Some(block) = space.iter().find(|block| block.contains(prefix.last())) else { continue };
        let next = subnets.get(at + 1).map(|(next, _)| next.network());
        let last = match next.filter(|next| block.contains(*next)) {
            Some(next) => next.to_bits().checked_sub(1).map(Ipv4Addr::from_bits),
            None => Some(block.last()),
        };
        let room =
            behind(prefix.range()).zip(last).and_then(|(first, last)| AddrRange::new(first, last).ok());
        let largest = room.and_then(|room| prefixes(room).into_iter().min_by_key(|prefix| prefix.length()));
        let room = &mut sites[*site].room;
        *room = room.iter().copied().chain(largest).min_by_key(|prefix| prefix.length());
    }
}

fn gap(neighbours: &[(Cidr, &Site)]) -> Option<Gap> {
    let [(after, site), (before, other)] = neighbours else { return None };
    if site.code != other.code {
        return None;
    }
    let first = behind(after.range())?;
    let last = before.network().to_bits().checked_sub(1).map(Ipv4Addr::from_bits)?;
    let room = AddrRange::new(first, last).ok()?;
    let prefix = prefixes(room).into_iter().min_by_key(|prefix| prefix.length())?;
    Some(Gap { prefix, site: site.code.clone(), after: *after, before: *before })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_free_is_what_nobody_takes() {
        let range = |text: &str| text.parse::<AddrRange>().unwrap();
        let taken = [range("10.0.0.0/24"), range("10.0.2.0/24"), range("10.0.4.0/22")];
        let free = |text: &str| {
            let free = without(range(text), &taken);
            free.iter().map(ToString::to_string).collect::<Vec<String>>()
        };
        assert_eq!(free("10.0.0.0/21"), ["10.0.1.0 - 10.0.1.255", "10.0.3.0 - 10.0.3.255"]);
        assert_eq!(free("10.0.5.0/24"), [""; 0]);
        assert_eq!(free("10.0.8.0/24"), ["10.0.8.0 - 10.0.8.255"]);
        assert_eq!(free("255.255.255.0/24"), ["255.255.255.0 - 255.255.255.255"]);
    }

    proptest! {
        #[test]
        fn prefixes_cover_the_range_and_could_not_be_fewer(one: u32, other: u32) {
            let (first, last) = (one.min(other), one.max(other));
            let range = AddrRange::new(Ipv4Addr::from_bits(first), Ipv4Addr::from_bits(last)).unwrap();
            let all = prefixes(range);
            prop_assert_eq!(all[0].network(), range.first());
            prop_assert_eq!(all[all.len() - 1].last(), range.last());
            for two in all.windows(2) {
                prop_assert_eq!(behind(two[0].range()), Some(two[1].network()));
                let wider = Cidr::containing(two[0].network(), two[0].length() - 1).unwrap();
                prop_assert!(two[0].length() != two[1].length() || !wider.contains(two[1].network()));
            }
        }
    }
}
