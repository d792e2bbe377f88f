//! Who can ask in a place: clients that nothing names, and those that reservations and device entries name.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use leasehold_schemas::artefact::Identifier;
use leasehold_schemas::vocab::MacAddr;

use super::formula::{ClassNumber, ClassTests};
use super::packet::Packet;
use super::search::{Contents, Sender, Verdict};
use crate::model::{Estate, Guard, Id, Network};

/// More combinations of entries than these are not told apart.
const COMBINATIONS_MAX: usize = 64;

/// Every class that a reservation or device entry puts somebody into; all, where some entries may be missing.
pub fn listed(estate: &Estate, tests: &ClassTests) -> BTreeSet<ClassNumber> {
    if estate.incomplete || !estate.poisoned.is_empty() {
        return tests.numbers().collect();
    }
    let reservations = estate.reservations.values().flat_map(|reservation| &reservation.classes);
    let devices = estate.devices.values().flat_map(|device| &device.classes);
    numbers(tests, reservations.chain(devices))
}

fn numbers<'a>(tests: &ClassTests, guards: impl Iterator<Item = &'a Guard>) -> BTreeSet<ClassNumber> {
    guards.filter_map(|guard| tests.number(&guard.value)).collect()
}

/// Who can ask on one network.
#[derive(Clone, Copy, Debug)]
pub struct Senders<'a> {
    estate: &'a Estate,
    tests: &'a ClassTests,
    network: Id<Network>,
}

impl<'a> Senders<'a> {
    /// On that network.
    pub fn on(estate: &'a Estate, tests: &'a ClassTests, network: Id<Network>) -> Senders<'a> {
        Senders { estate, tests, network }
    }

    /// All of them, without those that nothing names. An entry of the network, of its site and of the estate may
    /// name one client together; whether one client can be named by all three is not asked.
    pub fn known(self) -> BTreeSet<Sender> {
        let Senders { estate, tests, network } = self;
        let site = estate.networks[network].site;
        let site_span = estate.scopes[estate.sites[site].scope].span;
        let partial = |span| estate.is_partial(span);
        let estate_partial = estate.scope.is_none_or(|scope| partial(estate.scopes[scope].span));
        if estate.incomplete || estate_partial || partial(site_span) {
            return BTreeSet::from([Sender::Anyone(tests.numbers().collect())]);
        }
        let of_network = self.reservations().map(|(_, classes)| numbers(tests, classes.iter()));
        let of_site = self.devices(true).map(|(_, classes)| numbers(tests, classes.iter()));
        let of_estate = self.devices(false).map(|(_, classes)| numbers(tests, classes.iter()));
        let levels: [BTreeSet<BTreeSet<ClassNumber>>; 3] =
            [of_network.collect(), of_site.collect(), of_estate.collect()];
        let mut named: BTreeSet<BTreeSet<ClassNumber>> = BTreeSet::new();
        for level in levels {
            let joined = named.iter().flat_map(|narrow| level.iter().map(move |wide| narrow | wide));
            let joined: Vec<_> = joined.take(COMBINATIONS_MAX + 1).collect();
            named.extend(joined.into_iter().chain(level));
            if named.len() > COMBINATIONS_MAX {
                let classes = self.reservations().chain(self.devices(true)).chain(self.devices(false));
                return BTreeSet::from([Sender::Anyone(numbers(tests, classes.flat_map(|(_, all)| all)))]);
            }
        }
        named.into_iter().map(Sender::Known).collect()
    }

    /// A packet of an unknown client with these contents; `None` where the arguments cannot say them, or where they
    /// name a client that is known.
    pub fn stranger(self, contents: &Contents) -> Option<Packet> {
        let packet = Packet::new(contents, self.free_mac()?, self.relay())?;
        let named = self.entries().any(|(identifier, _)| names(identifier, &packet));
        (!named && self.reaches(&packet)).then_some(packet)
    }

    /// A packet that makes the formulas hold, shown by an unknown client or one that an entry names.
    pub fn witness(self, ask: impl Fn(&Sender) -> Verdict) -> Option<Packet> {
        if let Verdict::Possible(contents) = ask(&Sender::Unknown)
            && let Some(packet) = self.stranger(&contents)
        {
            return Some(packet);
        }
        let mut tried: BTreeSet<BTreeSet<ClassNumber>> = BTreeSet::new();
        self.entries().find_map(|(identifier, classes)| {
            let Identifier::Mac(mac) = identifier else { return None };
            let classes = numbers(self.tests, classes.iter());
            if tried.len() >= COMBINATIONS_MAX || !tried.insert(classes.clone()) {
                return None;
            }
            let Verdict::Possible(contents) = ask(&Sender::Known(classes)) else { return None };
            let packet = Packet::new(&contents, *mac, self.relay())?;
            let naming = self.entries().filter(|(identifier, _)| names(identifier, &packet)).count();
            (naming == 1 && self.reaches(&packet)).then_some(packet)
        })
    }

    /// Whether the packet, whatever the claims made of it, still comes from this network: option 82.5 (RFC 3527) and
    /// 118 (RFC 3011) choose another.
    fn reaches(self, packet: &Packet) -> bool {
        let network = &self.estate.networks[self.network];
        let here = |address: Ipv4Addr| {
            let mut subnets = network.subnets.iter().map(|id| self.estate.subnets[*id].prefix.value);
            network.relays.iter().any(|relay| relay.value == address)
                || subnets.any(|prefix| prefix.contains(address))
        };
        let chooses = |at: &(u8, Option<u8>)| packet.options.contains_key(at);
        packet.relay.is_some_and(here) && ![(82, Some(5)), (118, None)].iter().any(chooses)
    }

    /// An address that means the network.
    fn relay(self) -> Option<Ipv4Addr> {
        let network = &self.estate.networks[self.network];
        let own = network.relays.first().map(|relay| relay.value);
        let first = || {
            let subnet = *network.subnets.first()?;
            let prefix = self.estate.subnets[subnet].prefix.value;
            Some(Ipv4Addr::from_bits(prefix.network().to_bits() + u32::from(prefix.length() < 31)))
        };
        own.or_else(first)
    }

    /// A hardware address that no entry names.
    fn free_mac(self) -> Option<MacAddr> {
        let taken: BTreeSet<&[u8]> = self
            .entries()
            .filter_map(|(identifier, _)| match identifier {
                Identifier::Mac(mac) => Some(mac.octets()),
                Identifier::ClientId(_)
                | Identifier::CircuitId(_)
                | Identifier::RemoteId(_)
                | Identifier::Duid(_) => None,
            })
            .collect();
        let macs = (1..=u16::MAX).map(|last| {
            let [high, low] = last.to_be_bytes();
            [0x52, 0x54, 0, 0, high, low]
        });
        macs.into_iter().find(|mac| !taken.contains(&mac[..])).and_then(|mac| MacAddr::new(&mac))
    }

    fn entries(self) -> impl Iterator<Item = (&'a Identifier, &'a [Guard])> {
        self.reservations().chain(self.devices(true)).chain(self.devices(false))
    }

    fn reservations(self) -> impl Iterator<Item = (&'a Identifier, &'a [Guard])> {
        let Senders { estate, network, .. } = self;
        let subnets = estate.networks[network].subnets.iter().map(|id| &estate.subnets[*id]);
        subnets.flat_map(|subnet| &subnet.reservations).map(|id| {
            let reservation = &estate.reservations[*id];
            (&reservation.identifier.value, &reservation.classes[..])
        })
    }

    /// Devices known in the network's site, or those known in the whole estate.
    fn devices(self, in_site: bool) -> impl Iterator<Item = (&'a Identifier, &'a [Guard])> {
        let site = Some(self.estate.networks[self.network].site).filter(|_| in_site);
        let devices = self.estate.devices.in_sight().filter(move |(_, device)| device.site == site);
        devices.map(|(_, device)| (&device.identifier.value, &device.classes[..]))
    }
}

/// Whether an entry names the packet's sender.
fn names(identifier: &Identifier, packet: &Packet) -> bool {
    let carries = |code, inner| packet.options.get(&(code, inner)).map(Vec::as_slice);
    match identifier {
        Identifier::Mac(mac) => *mac == packet.mac,
        Identifier::ClientId(octets) => carries(61, None) == Some(&octets.0),
        Identifier::CircuitId(octets) => carries(82, Some(1)) == Some(&octets.0),
        Identifier::RemoteId(octets) => carries(82, Some(2)) == Some(&octets.0),
        Identifier::Duid(octets) => carries(61, None).is_some_and(|identifier| {
            identifier.first() == Some(&255) && identifier.get(5..) == Some(&octets.0)
        }),
    }
}
