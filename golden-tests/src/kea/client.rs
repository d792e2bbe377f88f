//! Clients and what they say: known by reservations or by nothing, in classes or in none, behind relays or not.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use leasehold_schemas::artefact::{Estate, Identifier, Network, Subnet};

use crate::estate_generator::random::Random;

/// Where both servers take packets.
pub const SERVER: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// One client.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its relay.
    pub giaddr: Ipv4Addr,
    /// A link that the relay selects in its stead.
    pub link: Option<Ipv4Addr>,
    /// Its hardware address.
    pub hardware: [u8; 6],
    /// Option 61.
    pub identifier: Option<Vec<u8>>,
    /// Option 82.1.
    pub circuit: Option<Vec<u8>>,
    /// Option 77.
    pub user_class: Option<&'static str>,
    /// Option 60.
    pub vendor_class: Option<&'static str>,
    /// Option 93.
    pub architecture: Option<u8>,
    /// The free address that it asks for.
    pub wish: Option<Ipv4Addr>,
    /// Whether its network has a reservation of an address for it.
    pub reserved: bool,
}

/// What a client says in one packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ask {
    /// Who has an address?
    Discover,
    /// The offered address is taken.
    Select(Ipv4Addr),
    /// Is the old one still right?
    Reboot(Ipv4Addr),
    /// May it be kept; through the relay.
    Rebind(Ipv4Addr),
    /// The same, past the relay.
    Renew(Ipv4Addr),
    /// Only values; from an address.
    Inform(Ipv4Addr),
}

/// What varies from packet to packet.
#[derive(Clone, Debug, Default)]
pub struct Manner {
    /// Option 55.
    pub wishes: Option<Vec<u8>>,
    /// Option 51.
    pub lease: Option<u32>,
    /// Option 12.
    pub hostname: Option<&'static str>,
    /// Whether answers are to be broadcast.
    pub broadcast: bool,
    /// Option 57.
    pub size: Option<u16>,
}

const USER_CLASSES: [&str; 5] = ["U0", "U1", "U2", "W10PROD", "W10TEST"];
const VENDOR_CLASSES: [&str; 5] = [
    "PXEClient:Arch:00000:UNDI:002001",
    "PXEClient:Arch:00007:UNDI:003000",
    "ExampleVoice 7",
    "ExampleCamera 2",
    "MSFT 5.0",
];
/// What a client may ask for.
const WISHES: [u8; 26] =
    [1, 3, 6, 15, 2, 4, 7, 12, 16, 17, 26, 28, 40, 42, 43, 46, 66, 67, 69, 119, 121, 150, 234, 235, 236, 237];

impl Manner {
    /// Some manner.
    pub(crate) fn any(random: &mut Random) -> Manner {
        let mut wishes: Vec<u8> = WISHES.iter().copied().filter(|_| random.below(3) > 0).collect();
        if random.once_in(3) {
            wishes.reverse();
        }
        Manner {
            wishes: (!random.once_in(6)).then_some(wishes),
            lease: random.once_in(4).then(|| random.pick(&[60, 900, 3600, 20_000, 40_000, 500_000])),
            hostname: random.once_in(12).then_some("Laptop-7"),
            broadcast: random.once_in(8),
            size: random.once_in(8).then(|| random.pick(&[576, 1500])),
        }
    }
}

impl Client {
    /// The packet; a direct one has no relay's marks.
    pub fn octets(&self, ask: Ask, manner: &Manner, transaction: u32) -> Vec<u8> {
        let direct = matches!(ask, Ask::Renew(_));
        let mut octets = vec![0; 236];
        octets[..4].copy_from_slice(&[1, 1, 6, u8::from(!direct)]);
        octets[4..8].copy_from_slice(&transaction.to_be_bytes());
        octets[10] = if manner.broadcast { 0x80 } else { 0 };
        if let Ask::Rebind(address) | Ask::Renew(address) | Ask::Inform(address) = ask {
            octets[12..16].copy_from_slice(&address.octets());
        }
        if !direct {
            octets[24..28].copy_from_slice(&self.giaddr.octets());
        }
        octets[28..34].copy_from_slice(&self.hardware);
        octets.extend_from_slice(&[99, 130, 83, 99]);
        let mut put = |code: u8, payload: &[u8]| {
            octets.extend_from_slice(&[code, u8::try_from(payload.len()).expect("short options")]);
            octets.extend_from_slice(payload);
        };
        put(53, &[ask.kind()]);
        match ask {
            Ask::Discover => {
                if let Some(wish) = self.wish {
                    put(50, &wish.octets());
                }
            }
            Ask::Select(address) => {
                put(50, &address.octets());
                put(54, &SERVER.octets());
            }
            Ask::Reboot(address) => put(50, &address.octets()),
            Ask::Rebind(_) | Ask::Renew(_) | Ask::Inform(_) => {}
        }
        if let Some(lease) = manner.lease.filter(|_| !matches!(ask, Ask::Inform(_))) {
            put(51, &lease.to_be_bytes());
        }
        if let Some(size) = manner.size {
            put(57, &size.to_be_bytes());
        }
        if let Some(hostname) = manner.hostname {
            put(12, hostname.as_bytes());
        }
        if let Some(identifier) = &self.identifier {
            put(61, identifier);
        }
        if let Some(class) = self.user_class {
            put(77, class.as_bytes());
        }
        if let Some(class) = self.vendor_class {
            put(60, class.as_bytes());
        }
        if let Some(architecture) = self.architecture {
            put(93, &[0, architecture]);
        }
        if let Some(wishes) = &manner.wishes {
            put(55, wishes);
        }
        let mut agent = Vec::new();
        for (code, payload) in [(1, self.circuit.clone()), (5, self.link.map(|link| link.octets().to_vec()))]
        {
            if let Some(payload) = payload {
                agent.extend_from_slice(&[code, u8::try_from(payload.len()).expect("short")]);
                agent.extend_from_slice(&payload);
            }
        }
        if !agent.is_empty() && !direct {
            put(82, &agent);
        }
        octets.push(255);
        octets
    }
}

impl Ask {
    fn kind(self) -> u8 {
        match self {
            Ask::Discover => 1,
            Ask::Select(_) | Ask::Reboot(_) | Ask::Rebind(_) | Ask::Renew(_) => 3,
            Ask::Inform(_) => 8,
        }
    }
}

/// The clients of an estate, at most `count` of them.
pub(crate) fn clients(estate: &Estate, count: usize, random: &mut Random) -> Vec<Client> {
    let networks: Vec<&Network> = estate
        .sites
        .iter()
        .flat_map(|site| &site.networks)
        .filter(|network| network.name != "sentinel")
        .collect();
    let everywhere: Vec<&Identifier> = estate
        .reservations
        .iter()
        .chain(estate.sites.iter().flat_map(|site| &site.reservations))
        .map(|device| &device.identifier)
        .collect();
    let mut taken = BTreeSet::new();
    let reservations = || networks.iter().flat_map(|n| &n.subnets).flat_map(|s| &s.reservations);
    taken.extend(reservations().filter_map(|reservation| reservation.address));
    let mut clients = Vec::new();
    let mut seen = BTreeSet::new();
    for number in 0..count * 4 {
        if clients.len() == count {
            break;
        }
        let network = random.pick(&networks);
        let Some(mut client) =
            unknown(network, u32::try_from(number).expect("few clients"), &mut taken, random)
        else {
            continue;
        };
        let subnet: &Subnet =
            &network.subnets[random.below(u32::try_from(network.subnets.len()).expect("few")) as usize];
        let reserved = (!subnet.reservations.is_empty() && !random.once_in(3)).then(|| {
            let at = random.below(u32::try_from(subnet.reservations.len()).expect("few reservations"));
            &subnet.reservations[at as usize]
        });
        if let Some(reservation) = reserved {
            known_by(&mut client, &reservation.identifier);
            client.reserved = reservation.address.is_some();
            if client.reserved {
                client.wish = None;
            }
        } else if random.once_in(6) && !everywhere.is_empty() {
            known_by(
                &mut client,
                everywhere[random.below(u32::try_from(everywhere.len()).expect("few")) as usize],
            );
        }
        // Two clients with one identity would be one client.
        if seen.insert((client.hardware, client.identifier.clone(), client.circuit.clone()))
            && seen_once(&client, &clients)
        {
            clients.push(client);
        }
    }
    clients
}

fn seen_once(client: &Client, others: &[Client]) -> bool {
    others.iter().all(|other| {
        other.hardware != client.hardware
            && (other.identifier.is_none() || other.identifier != client.identifier)
            && (other.circuit.is_none() || !client.reserved || other.circuit != client.circuit)
    })
}

fn known_by(client: &mut Client, identifier: &Identifier) {
    match identifier {
        Identifier::Mac(mac) => {
            if let Ok(octets) = <[u8; 6]>::try_from(mac.octets()) {
                client.hardware = octets;
            }
        }
        Identifier::ClientId(octets) => client.identifier = Some(octets.0.clone()),
        Identifier::CircuitId(octets) => client.circuit = Some(octets.0.clone()),
        Identifier::RemoteId(_) => {}
        Identifier::Duid(octets) => client.identifier = Some([&[255, 0, 0, 0, 1][..], &octets.0].concat()),
    }
}

/// A client that nobody has heard of.
fn unknown(
    network: &Network,
    number: u32,
    taken: &mut BTreeSet<Ipv4Addr>,
    random: &mut Random,
) -> Option<Client> {
    let [_, _, a, b] = number.to_be_bytes();
    let subnets = u32::try_from(network.subnets.len()).ok()?;
    let subnet = &network.subnets[random.below(subnets) as usize];
    let first = Ipv4Addr::from_bits(subnet.subnet.network().to_bits() + 1);
    let giaddr = match network.relays.as_slice() {
        [relay, ..] if random.once_in(2) => *relay,
        _ => first,
    };
    let link = random.once_in(8).then_some(first);
    let free: Vec<Ipv4Addr> = subnet
        .pools
        .iter()
        .flat_map(|pool| &pool.ranges)
        .flat_map(|range| range.first().to_bits()..=range.last().to_bits())
        .map(Ipv4Addr::from_bits)
        .filter(|address| !taken.contains(address))
        .take(400)
        .collect();
    let wish = (!free.is_empty() && !random.once_in(5))
        .then(|| free[random.below(u32::try_from(free.len()).expect("at most 400")) as usize]);
    taken.extend(wish);
    Some(Client {
        giaddr: if link.is_some() { Ipv4Addr::new(10, 199, 0, 1) } else { giaddr },
        link,
        hardware: [2, 0xbb, 0, a, b, u8::try_from(random.below(16)).expect("small")],
        identifier: random.once_in(3).then(|| vec![1, 2, 0xbb, a, b, 9]),
        circuit: random.once_in(3).then(|| random.pick(&[&b"port-1"[..], b"port-2"]).to_vec()),
        user_class: random.once_in(2).then(|| random.pick(&USER_CLASSES)),
        vendor_class: random.once_in(3).then(|| random.pick(&VENDOR_CLASSES)),
        architecture: random.once_in(4).then(|| random.pick(&[0, 7])),
        wish,
        reserved: false,
    })
}
