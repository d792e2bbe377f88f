//! One estate, served by both, and a few thousand packets to both.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::Ipv4Addr;

use leasehold_compiler::diag::{Look, Severity, human};
use leasehold_compiler::emit::kea::{Export, Request, Target, export};
use leasehold_compiler::import::json::Loaded;
use leasehold_compiler::import::{self, Grouping, Wishes};
use leasehold_compiler::source::Sources;
use leasehold_compiler::{Cache, compile};
use leasehold_schemas::artefact::Estate;
use leasehold_schemas::vocab::Layer;
use serde_json::Value;

use super::client::{Ask, Client, Manner, clients};
use super::comparison::{Difference, OFFER_NOT_HELD, Question, RELAY_FORGOTTEN, differences};
use super::exchange::{Ears, Packet, Peer};
use super::program::{kea_test, start_kea, start_leasehold};
use super::reply::Reply;
use crate::case;
use crate::estate_generator::random::Random;

/// How many clients speak at once.
const BATCH: usize = 64;
/// Differences that are shown of one estate.
const SHOWN: usize = 12;
/// Option 53 of an ACK.
const ACK: u8 = 5;
/// Option 53 of a NAK.
const NAK: u8 = 6;

/// What came of an estate.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Packets sent to each server.
    pub packets: usize,
    /// Answers compared.
    pub compared: usize,
    /// Packets that neither answered.
    pub silent: usize,
    /// Answers with addresses of different pools, of which only the address was looked at.
    pub elsewhere: usize,
    /// Reviewed differences, by their names.
    pub known: BTreeMap<String, usize>,
    /// All others, in words.
    pub faults: Vec<String>,
}

/// An estate for both servers.
pub struct Both {
    /// As Leasehold loads it.
    pub estate: Estate,
    /// As Kea does.
    pub export: Export,
}

/// Compiles and exports an estate.
///
/// # Errors
/// What is wrong with it; if `lossless`, also what is lost.
pub fn both(sources: &Sources, lossless: bool) -> Result<Both, String> {
    let compilation = compile(sources, &mut Cache::none(), case::today());
    let say =
        |findings: &[leasehold_compiler::diag::Diagnostic]| human(sources, findings, Look { color: false });
    let Some(artefact) = &compilation.artefact else { return Err(say(&compilation.diagnostics)) };
    let request = Request { node: "primary", target: Target::Kea22, hooks: None };
    let export = export(&compilation, artefact, request).map_err(|unknown| format!("{unknown:?}"))?;
    let lost = export.findings.iter().any(|one| one.severity == Severity::Error);
    if lossless && lost {
        return Err(say(&export.findings));
    }
    Ok(Both { estate: artefact.estate.clone(), export })
}

/// The estate that Kea's configuration becomes when it is imported.
///
/// # Errors
/// It becomes none without errors.
pub fn imported(configuration: &Value) -> Result<Estate, String> {
    let bytes = serde_json::to_vec_pretty(configuration).map_err(|why| why.to_string())?;
    let file = Loaded { identity: "kea.json".to_owned(), name: "kea.json".to_owned(), bytes };
    let wishes = Wishes { name: "imported".to_owned(), grouping: Grouping::Auto };
    let none = &mut |_: &str, _: &str| Err("nothing is included".to_owned());
    let imported = import::kea(file, Vec::new(), none, &wishes).map_err(|fault| fault.to_string())?;
    let sources = Sources::new("", imported.files);
    let compilation = compile(&sources, &mut Cache::none(), case::today());
    let errors = compilation.diagnostics.iter().filter(|one| one.severity == Severity::Error);
    let findings = human(&sources, errors, Look { color: false });
    compilation.artefact.map(|artefact| artefact.estate).ok_or(findings)
}

/// Serves an estate by both and compares their answers to `count` packets; with `and_back` also those of a third server,
/// whose estate is what Kea's configuration becomes.
///
/// # Errors
/// What could not be done.
pub fn run(both: &Both, seed: u64, count: usize, and_back: bool) -> Result<Report, String> {
    let folder = tempfile::tempdir().map_err(|why| why.to_string())?;
    kea_test(&both.export.configuration, folder.path())?;
    let kea = start_kea(&both.export.configuration, folder.path())?;
    let mut single = both.estate.clone();
    single.high_availability = None;
    let own = start_leasehold(&single, &folder.path().join("own"))?;
    let back = if and_back {
        let mut estate = imported(&both.export.configuration)?;
        estate.high_availability = None;
        Some(start_leasehold(&estate, &folder.path().join("back"))?)
    } else {
        None
    };
    let ears = Ears::open()?;
    let mut peers = vec![Peer::new(&ears, "Kea", kea.address)?, Peer::new(&ears, "Leasehold", own.address)?];
    if let Some(back) = &back {
        peers.push(Peer::new(&ears, "imported", back.address)?);
    }
    let mut random = Random::new(seed);
    let networks: usize = both.estate.sites.iter().map(|site| site.networks.len()).sum();
    // So few that no pool is ever empty: who is still offered an address then depends on how long offers are held.
    let clients = clients(&both.estate, (12 * networks).min(160), &mut random);
    let mut conversation = Conversation {
        estate: &both.estate,
        ears: &ears,
        peers: &peers,
        random,
        transaction: 100,
        report: Report::default(),
        leases: vec![None; clients.len()],
        given: vec![BTreeMap::new(); peers.len()],
        clients: &clients,
    };
    while conversation.report.packets < count {
        conversation.round()?;
    }
    Ok(conversation.report)
}

struct Conversation<'a> {
    estate: &'a Estate,
    ears: &'a Ears,
    /// Kea, and those that are compared with it.
    peers: &'a [Peer],
    clients: &'a [Client],
    random: Random,
    transaction: u32,
    report: Report,
    /// Each client's address at every server.
    leases: Vec<Option<Vec<Ipv4Addr>>>,
    /// Who has an address at each server.
    given: Vec<BTreeMap<Ipv4Addr, usize>>,
}

/// What one client says to all; the address it speaks of may differ.
struct Saying {
    client: usize,
    asks: Vec<Ask>,
    manner: Manner,
}

/// What one client was answered by each.
type Answers = (usize, Vec<Option<Reply>>);

impl Conversation<'_> {
    fn round(&mut self) -> Result<(), String> {
        let mut speakers: Vec<usize> = (0..self.clients.len()).collect();
        while speakers.len() > BATCH {
            let at = self.random.below(u32::try_from(speakers.len()).expect("few clients"));
            speakers.swap_remove(at as usize);
        }
        let count = self.peers.len();
        let say = |client: usize, asks: Vec<Ask>, random: &mut Random| Saying {
            client,
            asks,
            manner: Manner::any(random),
        };
        let discovers: Vec<Saying> = speakers
            .iter()
            .map(|client| say(*client, vec![Ask::Discover; count], &mut self.random))
            .collect();
        let offers = self.ask(&discovers)?;
        let mut selects = Vec::new();
        for (client, replies) in offers {
            let asks: Option<Vec<Ask>> =
                replies.iter().map(|reply| reply.as_ref().map(|reply| Ask::Select(reply.yiaddr))).collect();
            selects.extend(asks.map(|asks| say(client, asks, &mut self.random)));
        }
        for (client, replies) in self.ask(&selects)? {
            let acks = replies.iter().map(|reply| reply.as_ref().filter(|reply| reply.kind() == ACK));
            let addresses: Option<Vec<Ipv4Addr>> =
                acks.map(|reply| reply.map(|reply| reply.yiaddr)).collect();
            let Some(addresses) = addresses else { continue };
            self.leases[client] = Some(addresses);
        }
        let mut later = Vec::new();
        for client in speakers {
            let Some(addresses) = &self.leases[client] else { continue };
            let ask: fn(Ipv4Addr) -> Ask = match self.random.below(5) {
                0 => Ask::Reboot,
                1 => Ask::Rebind,
                2 => Ask::Renew,
                3 => Ask::Inform,
                _ => continue,
            };
            let asks = addresses.iter().map(|address| ask(*address)).collect();
            later.push(say(client, asks, &mut self.random));
        }
        self.ask(&later)?;
        Ok(())
    }

    /// Asks all and compares; what each client was answered.
    fn ask(&mut self, sayings: &[Saying]) -> Result<Vec<Answers>, String> {
        let first = self.transaction;
        let count = u32::try_from(sayings.len()).expect("few packets");
        self.transaction += count + 1;
        let mut answers = Vec::new();
        for (which, peer) in self.peers.iter().enumerate() {
            let packets: Vec<Packet> = (first..)
                .zip(sayings)
                .map(|(transaction, saying)| {
                    let ask = saying.asks[which];
                    let octets = self.clients[saying.client].octets(ask, &saying.manner, transaction);
                    let from = match ask {
                        Ask::Renew(address) => Some(address),
                        Ask::Discover | Ask::Select(_) | Ask::Reboot(_) | Ask::Rebind(_) | Ask::Inform(_) => {
                            None
                        }
                    };
                    Packet { transaction, octets, from }
                })
                .collect();
            answers.push(self.ears.ask(peer, &packets, first + count)?);
        }
        self.report.packets += sayings.len();
        let mut replies = Vec::new();
        for (transaction, saying) in (first..).zip(sayings) {
            let all: Vec<Option<Reply>> =
                answers.iter_mut().map(|heard| heard.remove(&transaction)).collect();
            for (which, reply) in all.iter().enumerate() {
                // An offer is held by whoever holds offers.
                if let Some(reply) = reply.as_ref().filter(|reply| reply.kind() == ACK || which > 0) {
                    self.given[which].insert(reply.yiaddr, saying.client);
                }
            }
            replies.push((saying.client, all));
        }
        for (saying, (_, all)) in sayings.iter().zip(&replies) {
            for which in 1..all.len() {
                self.compare(saying, which, all[0].as_ref(), all[which].as_ref());
            }
        }
        Ok(replies)
    }

    fn compare(&mut self, saying: &Saying, which: usize, kea: Option<&Reply>, own: Option<&Reply>) {
        match (kea, own) {
            (None, None) => self.report.silent += 1,
            (Some(kea), Some(own))
                if (kea.kind(), own.kind()) == (NAK, ACK) && self.went_elsewhere(saying) =>
            {
                *self.report.known.entry(OFFER_NOT_HELD.to_owned()).or_insert(0) += 1;
            }
            (Some(kea), Some(own)) if (kea.kind(), own.kind()) == (NAK, ACK) && self.is_forgotten(saying) => {
                *self.report.known.entry(RELAY_FORGOTTEN.to_owned()).or_insert(0) += 1;
            }
            (Some(kea), Some(own)) if kea.kind() != own.kind() => {
                self.fault(saying, which, &format!("Kea says type {}, the other {}", kea.kind(), own.kind()));
            }
            (Some(kea), Some(own)) => self.compare_replies(saying, which, kea, own),
            (Some(kea), None) => {
                self.fault(
                    saying,
                    which,
                    &format!("only Kea answers, type {} with {}", kea.kind(), kea.yiaddr),
                );
            }
            (None, Some(own)) => {
                self.fault(
                    saying,
                    which,
                    &format!("only the other answers, type {} with {}", own.kind(), own.yiaddr),
                );
            }
        }
    }

    /// Whether Kea gave to another client what it had offered to this one.
    fn went_elsewhere(&self, saying: &Saying) -> bool {
        match saying.asks[0] {
            Ask::Select(address) => self.given[0].get(&address).is_some_and(|who| *who != saying.client),
            Ask::Discover | Ask::Reboot(_) | Ask::Rebind(_) | Ask::Renew(_) | Ask::Inform(_) => false,
        }
    }

    /// Whether the client may have its address by its circuit alone, which only a relay can say.
    fn is_forgotten(&self, saying: &Saying) -> bool {
        let client = &self.clients[saying.client];
        matches!(saying.asks[0], Ask::Renew(_)) && client.circuit.is_some()
    }

    fn compare_replies(&mut self, saying: &Saying, which: usize, kea: &Reply, own: &Reply) {
        let clients = self.clients;
        let client = &clients[saying.client];
        if kea.yiaddr != own.yiaddr {
            if let Some(why) = self.wrong_address(saying.client, which, kea.yiaddr, own.yiaddr) {
                self.fault(saying, which, &why);
                return;
            }
            if self.place(kea.yiaddr) != self.place(own.yiaddr) {
                self.report.elsewhere += 1;
                return;
            }
        }
        self.report.compared += 1;
        let ask = saying.asks[which];
        let (subnet, of_pool) = match ask {
            Ask::Inform(address) => (self.place(address).map(|place| place.0), self.said_by_pool(address)),
            Ask::Discover | Ask::Select(_) | Ask::Reboot(_) | Ask::Rebind(_) | Ask::Renew(_) => {
                (None, BTreeSet::new())
            }
        };
        let link = self.place(client.link.unwrap_or(client.giaddr)).map(|place| place.0);
        let other_subnet = subnet.is_some_and(|subnet| self.has_siblings(subnet)) && subnet != link;
        let question = Question { client, ask, manner: &saying.manner, other_subnet, of_pool: &of_pool };
        for difference in differences(question, kea, own) {
            let Difference { field, kea, own, known } = difference;
            match known {
                Some(name) => *self.report.known.entry(name.to_owned()).or_insert(0) += 1,
                None => self.fault(saying, which, &format!("{field}: Kea {kea}, the other {own}")),
            }
        }
    }

    /// What is wrong with two addresses that differ: free addresses may, reserved ones and granted wishes may not.
    fn wrong_address(&self, number: usize, other: usize, kea: Ipv4Addr, own: Ipv4Addr) -> Option<String> {
        let client = &self.clients[number];
        let what = |why: &str| Some(format!("{why}: Kea gives {kea}, the other {own}"));
        if client.reserved && (self.is_reserved(kea) || self.is_reserved(own)) {
            return what("a reserved address");
        }
        if self.place(kea).is_none_or(|place| place.1.is_none())
            || self.place(own).is_none_or(|place| place.1.is_none())
        {
            return what("an address of no pool");
        }
        let taken =
            |which: usize, wish: &Ipv4Addr| self.given[which].get(wish).is_some_and(|who| *who != number);
        match client.wish {
            Some(wish) if self.leases[number].is_none() && kea == wish && !taken(other, &wish) => {
                what("a wish")
            }
            Some(wish) if self.leases[number].is_none() && own == wish && !taken(0, &wish) => what("a wish"),
            Some(_) | None => None,
        }
    }

    fn is_reserved(&self, address: Ipv4Addr) -> bool {
        let subnets =
            self.estate.sites.iter().flat_map(|site| &site.networks).flat_map(|network| &network.subnets);
        subnets.flat_map(|subnet| &subnet.reservations).any(|one| one.address == Some(address))
    }

    /// Subnet and pool of an address.
    fn place(&self, address: Ipv4Addr) -> Option<(u32, Option<usize>)> {
        let mut subnets =
            self.estate.sites.iter().flat_map(|site| &site.networks).flat_map(|network| &network.subnets);
        let subnet = subnets.find(|subnet| subnet.subnet.contains(address))?;
        let pool =
            subnet.pools.iter().position(|pool| pool.ranges.iter().any(|range| range.contains(address)));
        Some((subnet.id, pool))
    }

    /// Whether a subnet's network has others.
    fn has_siblings(&self, id: u32) -> bool {
        let mut networks = self.estate.sites.iter().flat_map(|site| &site.networks);
        let network = networks.find(|network| network.subnets.iter().any(|subnet| subnet.id == id));
        network.is_some_and(|network| network.subnets.len() > 1)
    }

    /// Options that the pool of an address says itself.
    fn said_by_pool(&self, address: Ipv4Addr) -> BTreeSet<u8> {
        let subnets =
            self.estate.sites.iter().flat_map(|site| &site.networks).flat_map(|network| &network.subnets);
        let pools = subnets.flat_map(|subnet| &subnet.pools);
        let own = pools.filter(|pool| pool.ranges.iter().any(|range| range.contains(address)));
        let sets = own.filter_map(|pool| self.estate.value_sets.get(pool.values? as usize));
        let said = sets.flat_map(|set| &set.options).filter(|option| option.layer == Layer::Pool);
        said.map(|option| option.code.0).collect()
    }

    fn fault(&mut self, saying: &Saying, which: usize, what: &str) {
        if self.report.faults.len() < SHOWN {
            let mut text = format!("{}: {what}", self.peers[which].name);
            let client = &self.clients[saying.client];
            write!(text, "\n    {:?} {:?}\n    {client:?}", saying.asks, saying.manner)
                .expect("a string takes all");
            self.report.faults.push(text);
        } else {
            self.report.faults.push(String::new());
        }
    }
}
