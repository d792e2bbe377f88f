//! What the fuzzers of the server do with their octets; `fuzz/` only calls these, and tests call them too.

pub mod directory;

use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::{Arc, OnceLock};

use leasehold_schemas::artefact;
use leasehold_server::estate::Tables;
use leasehold_server::failover;
use leasehold_server::failover::preface::{self, Preface, Welcome};
use leasehold_server::leases::Store;
use leasehold_server::leases::journal::{Completion, Identity, Recovered, Sizes, recover};
use leasehold_server::node::{Action, Actions, Event, Node};
use leasehold_server::serve::{Meta, Outgoing};
use leasehold_server::time::Now;
use leasehold_server::wire::{MESSAGE_SIZE_MAX, Message, OptionIndex};

use crate::simulated_disk::SimulatedDisk;

const ESTATE: &[u8] = include_bytes!("../cases/packets/main.json");
/// `giaddr` of most messages: networks of the estate, and none.
const RELAYS: [[u8; 4]; 8] = [
    [0, 0, 0, 0],
    [10, 1, 1, 1],
    [10, 2, 0, 1],
    [10, 3, 0, 1],
    [10, 4, 0, 1],
    [10, 5, 0, 1],
    [10, 6, 0, 1],
    [10, 99, 0, 1],
];

/// A node on a fixed estate whose disk obeys at once.
#[derive(Debug)]
pub struct Bed {
    node: Node,
    actions: Actions,
    now: Now,
    /// Where it writes, if anybody wants to read it.
    disk: Option<SimulatedDisk>,
}

fn tables() -> Arc<Tables> {
    static TABLES: OnceLock<Arc<Tables>> = OnceLock::new();
    let build = || {
        let estate = artefact::decode_estate(ESTATE).expect("the estate of the packet scripts");
        Arc::new(Tables::build(&estate).expect("the estate of the packet scripts"))
    };
    TABLES.get_or_init(build).clone()
}

/// A conversation: each packet is preceded by its length in one octet.
///
/// # Panics
/// As [`Bed::packet`].
pub fn conversation(mut input: &[u8]) {
    let mut bed = Bed::default();
    while let Some((len, rest)) = input.split_first() {
        let (packet, rest) = rest.split_at(rest.len().min(usize::from(*len)));
        bed.packet(packet);
        input = rest;
    }
}

impl Default for Bed {
    fn default() -> Bed {
        Bed::on(Sizes::default(), None)
    }
}

impl Bed {
    /// A node without leases, on a disk.
    ///
    /// # Panics
    /// Never: an empty directory is nobody's.
    pub fn on(sizes: Sizes, disk: Option<SimulatedDisk>) -> Bed {
        let identity = Identity { estate: "fuzz".to_owned(), node: "single".to_owned() };
        let recovered = recover(Some(&identity), &[]).expect("nothing is recovered from nothing");
        Bed::of(identity, sizes, recovered, disk)
    }

    fn of(identity: Identity, sizes: Sizes, recovered: Recovered, disk: Option<SimulatedDisk>) -> Bed {
        let store = Store::open(identity, sizes, recovered);
        let node = Node::new(tables(), leasehold_server::serve::Config::default(), store);
        let now = Now { boot_ms: 1_000, wall_ms: 1_700_000_000_000 };
        let mut bed = Bed { node, actions: Actions::default(), now, disk };
        bed.settle();
        bed
    }

    /// One input: some octets steer, the others are a datagram, or the options of one.
    ///
    /// # Panics
    /// If an answer is unreadable or too long, or an exchange is left waiting though the disk has done everything.
    pub fn packet(&mut self, input: &[u8]) {
        let Some((&[steer, client, seconds], rest)) = input.split_first_chunk::<3>() else { return };
        self.now.boot_ms += u64::from(seconds) * 500;
        self.now.wall_ms += u64::from(seconds) * 500;
        let relay = RELAYS[usize::from(steer & 7)];
        let bytes =
            if steer & 8 == 0 { message(relay, client, steer & 16 != 0, rest) } else { rest.to_vec() };
        let from = SocketAddrV4::new(Ipv4Addr::from(relay), 67);
        let local = Ipv4Addr::new(10, 0, 0, 5);
        let meta = Meta { from, local, interface: 1, unicast: steer & 32 != 0 };
        if self.node.deadline(self.now).is_some_and(|deadline| deadline.0 <= self.now.boot_ms) {
            self.node.step(self.now, Event::Timer, &mut self.actions);
        }
        self.node.step(self.now, Event::Datagram { meta, bytes: &bytes }, &mut self.actions);
        self.settle();
        assert_eq!(self.node.parked(), 0, "an exchange waits though the disk has done everything");
    }

    /// The node.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// The disk, if it was made on one.
    pub fn disk(&self) -> Option<&SimulatedDisk> {
        self.disk.as_ref()
    }

    fn settle(&mut self) {
        loop {
            self.node.flush(self.now, &mut self.actions);
            let list = std::mem::take(&mut self.actions.list);
            if list.is_empty() {
                return;
            }
            for action in list {
                match action {
                    Action::Send(outgoing) => {
                        check(&outgoing);
                        self.actions.recycle(outgoing.bytes);
                    }
                    Action::Disk(operation) => {
                        let done = match &mut self.disk {
                            Some(disk) => disk.execute(&operation),
                            None => Completion { id: operation.id, result: Ok(()) },
                        };
                        self.node.step(self.now, Event::Disk(done), &mut self.actions);
                    }
                }
            }
        }
    }
}

fn check(outgoing: &Outgoing) {
    let mut index = OptionIndex::new();
    let message = Message::read(&outgoing.bytes, &mut index).expect("what is sent can be read");
    assert!(matches!(message.message_type(), Ok(Some(_))), "what is sent has a type");
    let agent = message.received_agent().map_or(0, |octets| octets.len() * 2);
    assert!(outgoing.bytes.len() <= MESSAGE_SIZE_MAX + agent, "what is sent fits a frame");
}

/// A message that is well formed up to its options.
fn message(relay: [u8; 4], client: u8, with_address: bool, options: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 240];
    bytes[..3].copy_from_slice(&[1, 1, 6]);
    bytes[24..28].copy_from_slice(&relay);
    bytes[28..34].copy_from_slice(&[2, 0, 0, 0, 0, client]);
    bytes[236..240].copy_from_slice(&[99, 130, 83, 99]);
    let (address, options) = options.split_at(options.len().min(if with_address { 4 } else { 0 }));
    bytes[12..12 + address.len()].copy_from_slice(address);
    bytes.extend_from_slice(options);
    bytes
}

/// Octets as an artefact, and as the estate inside one: refused by name, or served.
pub fn artefact(input: &[u8]) {
    let estate =
        artefact::decode(input).map(|(estate, _)| estate).or_else(|_| artefact::decode_estate(input));
    if let Ok(estate) = estate {
        let _ = Tables::build(&estate);
    }
}

/// A data directory that holds any octets is read or refused; what was read can be served.
///
/// # Panics
/// As [`Bed::packet`].
pub fn journal(input: &[u8]) {
    if let Ok(recovered) = directory::recovered(input) {
        directory::serve(recovered);
    }
}

/// Octets as a message of the partner: refused by name, or read, and then said again the same.
///
/// # Panics
/// If what was read is not what is said.
pub fn partner(input: &[u8]) {
    if let Ok(message) = failover::decode(input) {
        assert_eq!(failover::decode(&failover::encode(&message)), Ok(message));
    }
}

/// Octets as all that comes on a connection between the servers of a pair: first words, then messages; refused by name,
/// or read, and then said again the same.
///
/// # Panics
/// If what was read is not what is said.
pub fn connection(input: &[u8]) {
    let Some((begin, rest)) = input.split_first_chunk() else { return };
    let Ok(length) = preface::head(begin) else { return };
    let Some((fields, mut rest)) = rest.split_at_checked(length) else { return };
    if let Ok(said) = Preface::decode(fields) {
        assert_eq!(Preface::decode(&said.encode()[preface::HEAD..]), Ok(said));
    }
    if let Ok(said) = Welcome::decode(fields) {
        assert_eq!(Welcome::decode(&said.encode()[preface::HEAD..]), Ok(said));
    }
    while let Ok(Some(frame)) = preface::next_frame(rest) {
        partner(frame.message);
        rest = frame.rest;
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Options that lead somewhere, with some noise between them.
    fn option() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            (1_u8..9).prop_map(|kind| vec![53, 1, kind]),
            (0_u8..40).prop_map(|last| vec![50, 4, 10, 3, 0, last]),
            (0_u8..40).prop_map(|last| vec![50, 4, 10, 1, 1, last]),
            Just(vec![54, 4, 10, 0, 0, 5]),
            Just(vec![80, 0]),
            Just(vec![60, 5, b'p', b'h', b'o', b'n', b'e']),
            vec(any::<u8>(), 0..20).prop_map(|list| {
                let len = u8::try_from(list.len()).expect("short");
                [vec![55, len], list].concat()
            }),
            vec(any::<u8>(), 0..6),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn a_node_survives_any_conversation(
            conversation in vec((any::<u8>(), 0_u8..6, 0_u8..255, vec(option(), 0..6)), 1..60)
        ) {
            let mut bed = Bed::default();
            for (steer, client, seconds, options) in conversation {
                bed.packet(&[vec![steer, client, seconds], options.concat()].concat());
            }
            let bindings = bed.node().store().bindings();
            for binding in bindings.iter().filter(|binding| binding.is_bound()) {
                prop_assert!(bed.node().tables().subnet_of(binding.address).is_some());
            }
        }

        #[test]
        fn an_altered_connection_is_read_or_refused(
            at in any::<prop::sample::Index>(), octet in any::<u8>(), rest in vec(any::<u8>(), 0..60)
        ) {
            let versions = preface::SPOKEN;
            let (from, to) = ("a".to_owned(), "b".to_owned());
            let lane = preface::Lane::Data;
            let mut bytes = Preface { versions, lane, pair: 7, from, to }.encode();
            preface::put_frame(&mut bytes, 1, &rest);
            connection(&bytes);
            *at.get_mut(&mut bytes) = octet;
            connection(&bytes);
        }

        #[test]
        fn an_altered_estate_is_refused_or_served(at in any::<prop::sample::Index>(), octet in any::<u8>()) {
            let mut bytes = ESTATE.to_vec();
            let at = at.index(bytes.len());
            bytes[at] = octet;
            artefact(&bytes);
        }
    }

    #[test]
    fn a_conversation_is_cut_where_its_octets_end() {
        conversation(&[6, 1, 9, 0, 53, 1, 1, 6, 1, 9, 0, 53, 1, 1, 200, 1]);
    }

    #[test]
    fn each_network_of_the_bed_answers() {
        let mut bed = Bed::default();
        for steer in 1..=5 {
            bed.packet(&[steer, 9, 0, 53, 1, 1]);
        }
        let offers = bed.node().counters().all_sent().map(|(_, count)| count).sum::<u64>();
        assert_eq!(offers, 5);
    }
}
