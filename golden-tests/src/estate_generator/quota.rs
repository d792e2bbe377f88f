//! How many reservations each subnet has, and who is reserved.

use std::net::Ipv4Addr;

use super::RESERVATIONS;
use super::model::{Identifier, Reservation, Role, Site, Subnet};
use super::random::Random;

/// Addresses a pool keeps, however many are reserved.
const POOL_MIN: u32 = 8;

/// Addresses before the first that is reserved or in a pool: network, routers, switches.
pub(super) fn gap(length: u8) -> u32 {
    if length <= 26 { 10 } else { 3 }
}

/// Most reservations a subnet of this length takes.
fn capacity(length: u8) -> u32 {
    (1 << (32 - length)) - gap(length) - POOL_MIN - 2
}

/// Reservations among a hundred addresses, before they are scaled to the exact total.
fn weight(role: Role) -> u32 {
    match role {
        Role::Staff | Role::Wireless => 4,
        Role::Voice => 12,
        Role::Printers => 45,
        Role::Cameras => 50,
        Role::Servers | Role::Doors | Role::Courtroom => 40,
        Role::Kiosks => 30,
        Role::Guest | Role::Load => 0,
    }
}

/// Gives the subnets of one repetition exactly [`RESERVATIONS`] reservations between them, still without
/// address and identity.
pub(super) fn fill(sites: &mut [Site], random: &mut Random) {
    let mut subnets: Vec<(Role, &mut Subnet)> = sites
        .iter_mut()
        .flat_map(|site| &mut site.networks)
        .flat_map(|network| network.subnets.iter_mut().map(|subnet| (network.role, subnet)))
        .collect();
    let shares: Vec<u64> = subnets
        .iter()
        .map(|(role, subnet)| u64::from(weight(*role) * subnet.size() * random.between(50, 150)))
        .collect();
    let total: u64 = shares.iter().sum();
    let limits: Vec<usize> = subnets
        .iter()
        .map(|(role, subnet)| if weight(*role) == 0 { 0 } else { capacity(subnet.length) as usize })
        .collect();
    let mut counts: Vec<usize> = shares
        .iter()
        .zip(&limits)
        .map(|(share, limit)| {
            let fair = usize::try_from(RESERVATIONS as u64 * share / total).expect("below 14,404");
            fair.min(*limit)
        })
        .collect();
    let mut left = RESERVATIONS - counts.iter().sum::<usize>();
    assert!(limits.iter().sum::<usize>() >= RESERVATIONS, "the subnets have room for every reservation");
    for at in (0..counts.len()).cycle() {
        if left == 0 {
            break;
        }
        if counts[at] < limits[at] {
            counts[at] += 1;
            left -= 1;
        }
    }
    for ((_, subnet), count) in subnets.iter_mut().zip(counts) {
        subnet.reservations = vec![unknown(); count];
    }
}

fn unknown() -> Reservation {
    Reservation {
        identifier: Identifier::Mac([0; 6]),
        address: None,
        hostname: None,
        description: None,
        class: None,
        router: None,
    }
}

/// Widens the pool over the reservations below it, with the reason.
pub(super) fn keep_in_pool(subnet: &mut Subnet) {
    let below = subnet.first + gap(subnet.length);
    if let [pool] = subnet.pools.as_mut_slice()
        && !subnet.reservations.is_empty()
    {
        pool.first = below;
        subnet.in_pool = Some("cameras keep the addresses they had before the pool grew");
    }
}

/// Who is reserved: addresses in order from the gap on, identities unique in the estate.
pub(super) fn identify(site: &mut Site, random: &mut Random) {
    let mut counts = std::collections::BTreeMap::new();
    let mut device = site.number as u64 * 4096;
    for network in &mut site.networks {
        let role = network.role;
        for subnet in &mut network.subnets {
            let first = subnet.first + gap(subnet.length);
            let second_router = Ipv4Addr::from(subnet.first + 2);
            for (at, reservation) in (0..).zip(&mut subnet.reservations) {
                device += 1;
                let count = counts.entry(prefix(role)).or_insert(0);
                *count += 1;
                let classes_only = role == Role::Staff && random.once_in(9);
                *reservation = Reservation {
                    identifier: identifier(role, device, random),
                    address: (!classes_only).then(|| Ipv4Addr::from(first + at)),
                    hostname: (!classes_only)
                        .then(|| format!("{}-{:04}-{count:03}", prefix(role), site.number)),
                    description: description(role, random),
                    class: match role {
                        Role::Staff if classes_only => Some("win10-test"),
                        Role::Kiosks => Some("kiosk"),
                        _ => None,
                    },
                    router: (role == Role::Servers && random.once_in(5)).then_some(second_router),
                };
            }
        }
    }
}

fn prefix(role: Role) -> &'static str {
    match role {
        Role::Staff => "desk",
        Role::Voice => "tel",
        Role::Printers => "prn",
        Role::Wireless => "wap",
        Role::Cameras => "cam",
        Role::Guest => "gst",
        Role::Servers => "srv",
        Role::Doors => "door",
        Role::Courtroom => "av",
        Role::Kiosks => "info",
        Role::Load => "load",
    }
}

/// Mostly by MAC; what is tied to a socket by circuit ID; what changes its MAC by client identifier.
fn identifier(role: Role, device: u64, random: &mut Random) -> Identifier {
    // Multiplied by an odd constant modulo 2^40, so that neighbours look nothing alike and none is given twice.
    let mixed = device.wrapping_mul(0x3f_58a1_c2d3) & 0xff_ffff_ffff;
    let [_, _, _, a, b, c, d, e] = mixed.to_be_bytes();
    let mac = [0x02, a, b, c, d, e];
    let [.., building, slot, port_high, port_low] = device.to_be_bytes();
    let port = [0, 4, building, slot, port_high, port_low];
    match role {
        Role::Courtroom | Role::Doors if random.once_in(3) => Identifier::CircuitId(port),
        Role::Kiosks if random.once_in(8) => Identifier::RemoteId(mac),
        Role::Voice if random.once_in(4) => Identifier::ClientId(format!("handset-{device:07}")),
        _ => Identifier::Mac(mac),
    }
}

fn description(role: Role, random: &mut Random) -> Option<String> {
    if !random.once_in(3) {
        return None;
    }
    let wing = random.pick(&["east wing", "west wing", "annex", "main building"]);
    let floor = random.pick(&["basement", "ground floor", "first floor", "second floor", "third floor"]);
    let thing = match role {
        Role::Staff => {
            random.pick(&["desk with fixed address", "scanner station", "duty desk", "imaging bench"])
        }
        Role::Voice => random.pick(&["reception phone", "custody phone", "lift phone", "meeting room phone"]),
        Role::Printers => {
            random.pick(&["multifunction printer", "label printer", "cheque printer", "plotter"])
        }
        Role::Wireless => "access point",
        Role::Cameras => {
            random.pick(&["corridor camera", "entrance camera", "car park camera", "dock camera"])
        }
        Role::Guest | Role::Load => "visitor",
        Role::Servers => random.pick(&["file cache", "print server", "update cache", "recording server"]),
        Role::Doors => random.pick(&["door controller", "barrier controller", "turnstile"]),
        Role::Courtroom => {
            random.pick(&["video link", "evidence screen", "recorder", "hearing loop controller"])
        }
        Role::Kiosks => random.pick(&["list screen", "wayfinding screen", "check-in screen"]),
    };
    Some(format!("{thing} in the {wing} ({floor})"))
}
