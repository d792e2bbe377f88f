//! Lays out sites, networks and subnets; `quota` fills them with reservations.
//!
//! A larger estate repeats the organisation with other numbers: every repetition has the same sites of the same
//! kinds, so that counts grow exactly, and differs in everything else.

use std::net::Ipv4Addr;

use super::model::{Exclusion, Network, Pool, Role, Site, SiteKind, Subnet};
use super::places::REGIONS;
use super::random::Random;
use super::{SCALE_MAX, SITES, SUBNETS, quota};

/// Where the site packs its subnets: 10.0.0.0/8 but its last two /16, which hold infrastructure, then
/// 100.64.0.0/10.
const SPACE: [(u32, u32); 2] = [(0x0a01_0000, 0x0afd_ffff), (0x6440_0000, 0x647f_ffff)];

/// Order in which a site gets its networks.
const ROLES: [Role; 10] = [
    Role::Staff,
    Role::Voice,
    Role::Printers,
    Role::Wireless,
    Role::Cameras,
    Role::Guest,
    Role::Doors,
    Role::Servers,
    Role::Courtroom,
    Role::Kiosks,
];

/// The sites of an estate of this scale, in the order of their numbers.
pub(super) fn sites(scale: usize) -> Vec<Site> {
    let mut sites = layout(scale);
    for (seed, repetition) in (0..).zip(sites.chunks_mut(SITES)) {
        quota::fill(repetition, &mut Random::new(0x7175_0000 + seed));
    }
    for site in &mut sites {
        let mut random = Random::new(0x5173_0000 + site.number as u64);
        furnish(site, &mut random);
    }
    sites
}

/// Sites, networks and subnets with their prefixes and numbers, still without content.
fn layout(scale: usize) -> Vec<Site> {
    assert!((1..=SCALE_MAX).contains(&scale), "scale is 1 to {SCALE_MAX}");
    let repetitions = (0..scale).map(|at| repetition_of_sites(&mut Random::new(at as u64), at));
    let mut sites: Vec<Site> = repetitions.flatten().collect();
    place(&mut sites, scale);
    number(&mut sites);
    sites
}

fn repetition_of_sites(random: &mut Random, repetition: usize) -> Vec<Site> {
    let towns = REGIONS.iter().flat_map(|region| region.towns.iter().map(move |town| (region.folder, *town)));
    let kinds: Vec<SiteKind> = towns.clone().map(|(_, town)| kind_of(town, random)).collect();
    let sizes = sizes(&kinds, random);
    let of_each = towns.zip(kinds.into_iter().zip(sizes));
    of_each
        .enumerate()
        .map(|(at, ((region, town), (kind, size)))| {
            let number = repetition * SITES + at + 1;
            let again = if repetition == 0 { String::new() } else { format!(" {}", repetition + 1) };
            Site {
                region,
                code: format!("FITS-{number:04}"),
                name: format!("{town} Example {}{again}", kind_name(kind)),
                label: format!("{town}{again}").to_lowercase().replace(' ', "-"),
                kind,
                number,
                networks: networks(kind, size, random),
            }
        })
        .collect()
}

fn kind_of(town: &str, random: &mut Random) -> SiteKind {
    match town {
        "Westminster" | "Birmingham" | "Leeds" => SiteKind::Campus,
        "Bristol" | "Liverpool" | "Manchester" | "Newcastle" | "Nottingham" | "Southwark" | "Swansea"
        | "Winchester" | "Cambridge" | "Preston" | "Sheffield" => SiteKind::CourtCentre,
        "Cardiff" => SiteKind::Court,
        _ => random.pick(&[
            SiteKind::Court,
            SiteKind::Court,
            SiteKind::Court,
            SiteKind::Court,
            SiteKind::Office,
            SiteKind::Office,
            SiteKind::Depot,
        ]),
    }
}

fn kind_name(kind: SiteKind) -> &'static str {
    match kind {
        SiteKind::Campus => "Headquarters",
        SiteKind::CourtCentre => "Court Centre",
        SiteKind::Court => "Court",
        SiteKind::Office => "Office",
        SiteKind::Depot => "Depot",
    }
}

/// How few and how many subnets a site of this kind has.
fn size_range(kind: SiteKind) -> (u32, u32) {
    match kind {
        SiteKind::Campus => (26, 30),
        SiteKind::CourtCentre => (11, 18),
        SiteKind::Court => (3, 10),
        SiteKind::Office => (2, 6),
        SiteKind::Depot => (1, 3),
    }
}

/// Subnets of each site; together exactly [`SUBNETS`], the largest site with 30 and the smallest with 1.
fn sizes(kinds: &[SiteKind], random: &mut Random) -> Vec<usize> {
    let mut sizes: Vec<usize> = kinds
        .iter()
        .map(|kind| {
            let (few, many) = size_range(*kind);
            random.between(few, many) as usize
        })
        .collect();
    let largest = kinds.iter().position(|kind| *kind == SiteKind::Campus).expect("three towns are campuses");
    let smallest = kinds.iter().position(|kind| *kind == SiteKind::Depot).expect("some town is a depot");
    sizes[largest] = 30;
    sizes[smallest] = 1;
    while sizes.iter().sum::<usize>() != SUBNETS {
        let at = random.below(u32::try_from(sizes.len()).expect("142 sites")) as usize;
        let (few, many) = size_range(kinds[at]);
        if at == largest || at == smallest {
            continue;
        } else if sizes.iter().sum::<usize>() < SUBNETS {
            sizes[at] = (sizes[at] + 1).min(many as usize);
        } else {
            sizes[at] = (sizes[at] - 1).max(few as usize);
        }
    }
    sizes
}

fn networks(kind: SiteKind, size: usize, random: &mut Random) -> Vec<Network> {
    let mut networks: Vec<Network> = Vec::new();
    let mut left = size;
    for at in 0.. {
        if left == 0 {
            break;
        }
        let role = ROLES[at % ROLES.len()];
        let floor = at / ROLES.len();
        if floor > 0 && matches!(role, Role::Guest | Role::Servers | Role::Courtroom | Role::Kiosks) {
            continue; // one of these in a building
        }
        let shareable = matches!(role, Role::Staff | Role::Wireless | Role::Printers);
        let wanted = if shareable && size >= 5 && random.once_in(3) { random.between(2, 3) } else { 1 };
        let count = left.min(wanted as usize);
        left -= count;
        let name = if floor == 0 {
            role_name(role).to_owned()
        } else {
            format!("{}-floor-{}", role_name(role), floor + 1)
        };
        let subnets = (0..count).map(|_| empty_subnet(prefix_length(kind, role, random))).collect();
        networks.push(Network { name, role, relay: None, subnets });
    }
    networks
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Staff => "staff",
        Role::Voice => "voice",
        Role::Printers => "printers",
        Role::Wireless => "wireless",
        Role::Cameras => "cameras",
        Role::Guest => "guest",
        Role::Servers => "servers",
        Role::Doors => "doors",
        Role::Courtroom => "courtroom",
        Role::Kiosks => "kiosks",
        Role::Load => "load",
    }
}

fn prefix_length(kind: SiteKind, role: Role, random: &mut Random) -> u8 {
    let large = match kind {
        SiteKind::Campus | SiteKind::CourtCentre => 1,
        SiteKind::Court | SiteKind::Office | SiteKind::Depot => 0,
    };
    let length: u8 = match (role, kind) {
        (Role::Staff | Role::Wireless, SiteKind::Campus) => random.pick(&[22, 23, 23]),
        (Role::Staff | Role::Wireless, SiteKind::CourtCentre) => random.pick(&[23, 24]),
        (Role::Staff | Role::Wireless, SiteKind::Court) => random.pick(&[23, 24, 24, 25]),
        (Role::Staff | Role::Wireless, SiteKind::Office) => random.pick(&[24, 25]),
        (Role::Staff | Role::Wireless, SiteKind::Depot) => random.pick(&[25, 26]),
        (Role::Voice, _) => random.pick(&[25, 25, 26]) - large,
        (Role::Printers, _) => random.pick(&[26, 26, 27]) - large,
        (Role::Cameras, _) => random.pick(&[26, 26, 27]) - large,
        (Role::Guest, _) => random.pick(&[24, 25]) - large,
        (Role::Servers | Role::Courtroom, _) => random.pick(&[26, 27]),
        (Role::Doors | Role::Kiosks, _) => random.pick(&[27, 28]),
        (Role::Load, _) => 24,
    };
    length
}

fn empty_subnet(length: u8) -> Subnet {
    Subnet {
        first: 0,
        length,
        id: None,
        pools: Vec::new(),
        exclusions: Vec::new(),
        lease: None,
        in_pool: None,
        reservations: Vec::new(),
    }
}

/// Gives every subnet its prefix. Up to 250 sites, a site's number is the second octet of all its addresses;
/// larger estates are packed.
fn place(sites: &mut [Site], scale: usize) {
    let roomy = scale == 1;
    let mut spaces = SPACE.into_iter();
    let (mut next, mut end) = spaces.next().expect("there are two spaces");
    for site in sites {
        if roomy {
            next = SPACE[0].0 + ((site.number as u32 - 1) << 16) + 0x0800;
        }
        let mut subnets: Vec<&mut Subnet> =
            site.networks.iter_mut().flat_map(|network| &mut network.subnets).collect();
        subnets.sort_by_key(|subnet| subnet.length);
        for subnet in subnets {
            let size = subnet.size();
            next = next.next_multiple_of(size);
            if next + (size - 1) > end {
                (next, end) = spaces.next().expect("100 times the example fits both spaces");
            }
            subnet.first = next;
            next += size;
        }
    }
}

/// Gives most subnets the number they had in an older system; the others keep the default.
fn number(sites: &mut [Site]) {
    let mut id = 1000;
    for subnet in sites.iter_mut().flat_map(|s| &mut s.networks).flat_map(|n| &mut n.subnets) {
        id += 1;
        subnet.id = (id % 9 != 0).then_some(id);
    }
}

/// Pools, exclusions, lease times and the odd relay, around the reservations that are there.
fn furnish(site: &mut Site, random: &mut Random) {
    for (at, network) in site.networks.iter_mut().enumerate() {
        if random.once_in(25) && at < 4 {
            // The loopback of the building's router, from infrastructure space.
            let host = site.number as u32 * 4 + at as u32;
            network.relay = (host < 65_000).then(|| Ipv4Addr::from(0x0afe_0000 + host));
        }
        let role = network.role;
        for subnet in &mut network.subnets {
            furnish_subnet(subnet, role, random);
        }
    }
    let large = matches!(site.kind, SiteKind::Campus);
    let cameras = site.networks.iter_mut().find(|network| large && network.role == Role::Cameras);
    if let Some(subnet) = cameras.and_then(|network| network.subnets.first_mut()) {
        quota::keep_in_pool(subnet);
    }
    quota::identify(site, random);
}

fn furnish_subnet(subnet: &mut Subnet, role: Role, random: &mut Random) {
    let reserved = u32::try_from(subnet.reservations.len()).expect("a subnet has at most 1,024 addresses");
    let first = subnet.first + quota::gap(subnet.length) + reserved;
    let last = subnet.last() - if subnet.length <= 25 { 5 } else { 1 };
    if role == Role::Servers && reserved > 0 {
        return; // servers are all known by name
    }
    let class = match role {
        Role::Wireless => Some("voip"),
        Role::Cameras => Some("camera"),
        _ => None,
    };
    subnet.pools = match class {
        Some(only) if last - first >= 80 && random.once_in(6) => {
            let split = last - (last - first) / 4;
            vec![Pool { first, last: split - 1, only: None }, Pool { first: split, last, only: Some(only) }]
        }
        _ => vec![Pool { first, last, only: None }],
    };
    if last - first >= 80 && random.once_in(3) {
        subnet.exclusions = exclusions(subnet.pools[0], random);
    }
    subnet.lease = match role {
        Role::Staff => random.pick(&[None, None, None, Some("4h"), Some("12h")]),
        Role::Wireless => random.pick(&[None, Some("2h")]),
        _ => None,
    };
}

/// One or two exclusions well inside the pool.
fn exclusions(pool: Pool, random: &mut Random) -> Vec<Exclusion> {
    let reasons = [
        "kept for the old print servers",
        "lift telephones with fixed addresses",
        "door controllers until the rewiring",
        "tills of the canteen",
        "building management system",
        "heating controls with fixed addresses",
    ];
    let middle = pool.first + (pool.last - pool.first) / 2;
    let width = random.between(1, 8);
    let first = middle + random.between(0, 8);
    let reason = Some(random.pick(&reasons));
    let mut found = vec![Exclusion { first, last: first + width - 1, reason }];
    if random.once_in(2) {
        let only = middle - random.between(4, 20);
        found.insert(0, Exclusion { first: only, last: only, reason: None });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_run_from_22_to_28_and_are_aligned_and_disjoint() {
        for scale in [1, SCALE_MAX] {
            let mut spans: Vec<(u32, u32)> = Vec::new();
            for subnet in layout(scale).iter().flat_map(|s| &s.networks).flat_map(|n| &n.subnets) {
                assert!((22..=28).contains(&subnet.length));
                assert_eq!(subnet.first % subnet.size(), 0, "aligned");
                spans.push((subnet.first, subnet.last()));
            }
            spans.sort_unstable();
            assert!(spans.windows(2).all(|pair| pair[0].1 < pair[1].0), "disjoint at scale {scale}");
        }
    }
}
