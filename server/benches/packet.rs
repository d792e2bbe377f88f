//! What one packet costs our own code, without system calls or a disk, on estates of 829, 8,290 and 82,900 subnets:
//! the cost must not depend on their number. `cargo bench -p leasehold-server --bench packet`.
//!
//! Figures are CPU time of this thread, the lowest of [`REPEATS`]: other programs on the machine count little.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

use leasehold_schemas::artefact;
use leasehold_server::estate::Tables;
use leasehold_server::leases::Store;
use leasehold_server::leases::journal::{Completion, Identity, Sizes, recover};
use leasehold_server::node::{Action, Actions, Event, Node};
use leasehold_server::serve::{Config, Meta};
use leasehold_server::time::Now;
use leasehold_server::wire::{Message, OptionIndex};
use nix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

const SUBNETS: u32 = 829;
const RESERVATIONS_A_SUBNET: u32 = 17;
const PACKETS: u32 = 20_000;
const REPEATS: u32 = 10;

fn main() {
    println!(
        "{:>8} {:>8} {:>10} {:>10} {:>10} {:>12}",
        "subnets", "classes", "parse ns", "INFORM ns", "OFFER ns", "exchange ns"
    );
    for scale in [1, 10, 100] {
        let mut bench = Bench::new(SUBNETS * scale, 20 * scale);
        let parse = lowest(|| bench.parse());
        let [inform, offer, exchange] = [8, 1, 3].map(|kind| {
            let clients = bench.clients(kind);
            lowest(|| bench.run(&clients))
        });
        let (subnets, classes) = (SUBNETS * scale, 20 * scale);
        println!("{subnets:>8} {classes:>8} {parse:>10.0} {inform:>10.0} {offer:>10.0} {exchange:>12.0}");
    }
}

struct Bench {
    node: Node,
    actions: Actions,
    subnets: u32,
    now: Now,
}

impl Bench {
    fn new(subnets: u32, classes: u32) -> Bench {
        let estate: artefact::Estate = serde_json::from_value(estate(subnets, classes)).expect("an estate");
        let tables = Tables::build(&estate).expect("a sound estate");
        let identity = Identity { estate: "bench".to_owned(), node: "single".to_owned() };
        let recovered = recover(Some(&identity), &[]).expect("nothing is recovered from nothing");
        let store = Store::open(identity, Sizes::default(), recovered);
        let node = Node::new(Arc::new(tables), Config::default(), store);
        let now = Now { boot_ms: 1_000, wall_ms: 1_795_305_600_000 };
        let mut bench = Bench { node, actions: Actions::default(), subnets, now };
        bench.settle();
        bench
    }

    fn parse(&self) -> f64 {
        let bytes = message(1, 1, network(0));
        let mut index = OptionIndex::new();
        let begin = cpu_time();
        for _ in 0..PACKETS {
            let message = Message::read(black_box(&bytes), &mut index).expect("a message");
            black_box(message.option(55));
        }
        nanoseconds(begin)
    }

    /// Messages of one type, from clients all over the estate.
    fn clients(&self, kind: u8) -> Vec<(Meta, Vec<u8>)> {
        let client = |number: u32| {
            let relay = network(number.wrapping_mul(7919) % self.subnets);
            let from = SocketAddrV4::new(Ipv4Addr::from_bits(relay + 1), 67);
            let local = Ipv4Addr::new(10, 255, 255, 5);
            (Meta { from, local, interface: 1, unicast: true }, message(kind, number, relay))
        };
        (0..2_000).map(client).collect()
    }

    /// Feeds each client's message again and again, 64 a batch.
    fn run(&mut self, clients: &[(Meta, Vec<u8>)]) -> f64 {
        let begin = cpu_time();
        for _ in 0..PACKETS / 2_000 {
            for batch in clients.chunks(64) {
                self.now.boot_ms += 1;
                for (meta, bytes) in batch {
                    self.node.step(self.now, Event::Datagram { meta: *meta, bytes }, &mut self.actions);
                }
                self.settle();
            }
        }
        let spent = nanoseconds(begin);
        let silences: u64 = self.node.counters().all_silences().map(|(_, count)| count).sum();
        assert_eq!(silences, 0, "every packet of a benchmark is answered");
        spent
    }

    fn settle(&mut self) {
        loop {
            self.node.flush(self.now, &mut self.actions);
            if self.actions.list.is_empty() {
                return;
            }
            for action in std::mem::take(&mut self.actions.list) {
                match action {
                    Action::Send(outgoing) => self.actions.recycle(outgoing.bytes),
                    Action::Disk(operation) => {
                        let done = Completion { id: operation.id, result: Ok(()) };
                        self.node.step(self.now, Event::Disk(done), &mut self.actions);
                    }
                }
            }
        }
    }
}

fn lowest(mut measure: impl FnMut() -> f64) -> f64 {
    (0..REPEATS).map(|_| measure()).fold(f64::INFINITY, f64::min)
}

fn cpu_time() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("a thread has a clock").into()
}

/// Nanoseconds a packet since `begin`.
fn nanoseconds(begin: Duration) -> f64 {
    (cpu_time() - begin).as_secs_f64() * 1e9 / f64::from(PACKETS)
}

/// The network address of a subnet: /24s from 10.0.0.0 on.
fn network(subnet: u32) -> u32 {
    (10 << 24) + (subnet << 8)
}

fn message(kind: u8, client: u32, relay: u32) -> Vec<u8> {
    let mut bytes = vec![0; 240];
    bytes[..3].copy_from_slice(&[1, 1, 6]);
    bytes[4..8].copy_from_slice(&client.to_be_bytes());
    bytes[24..28].copy_from_slice(&(relay + 1).to_be_bytes());
    bytes[28..30].copy_from_slice(&[2, 1]);
    bytes[30..34].copy_from_slice(&client.to_be_bytes());
    bytes[236..240].copy_from_slice(&[99, 130, 83, 99]);
    bytes.extend_from_slice(&[53, 1, kind, 55, 8, 1, 3, 6, 15, 42, 66, 67, 43]);
    bytes.extend_from_slice(b"\x3d\x07\x01\x02\x01");
    bytes.extend_from_slice(&client.to_be_bytes());
    bytes.extend_from_slice(b"\x4d\x02c3");
    if kind == 3 {
        bytes.extend_from_slice(&[50, 4]);
        bytes.extend_from_slice(&(relay + 100 + client % 100).to_be_bytes());
        bytes.extend_from_slice(&[54, 4, 10, 255, 255, 5]);
    }
    bytes.extend_from_slice(b"\x52\x08\x01\x06port-1\xff");
    bytes
}

fn estate(subnets: u32, classes: u32) -> Value {
    let hex = |text: &str| text.bytes().map(|octet| format!("{octet:02x}")).collect::<String>();
    let option =
        |code: u8, value: &str| json!({"space": "dhcp4", "code": code, "layer": "subnet", "value": value});
    let class = |number: u32| json!({"name": format!("c{number}"), "test": {"equal": [{"value": {"option": 77}}, {"literal": hex(&format!("c{number}"))}]}});
    let mac = |subnet: u32, number: u32| {
        let octets = (subnet * RESERVATIONS_A_SUBNET + number).to_be_bytes();
        format!("02:02:{}", octets.map(|octet| format!("{octet:02x}")).join(":"))
    };
    let address = |subnet: u32, last: u32| Ipv4Addr::from_bits(network(subnet) + last).to_string();
    let subnet = |number: u32| {
        let reservations: Vec<Value> = (0..RESERVATIONS_A_SUBNET)
            .map(|at| json!({"identifier": {"mac": mac(number, at)}, "address": address(number, 10 + at)}))
            .collect();
        json!({"subnet": format!("{}/24", address(number, 0)), "id": number + 1, "only": [], "values": 0, "meanings": 0,
            "pools": [{"ranges": [format!("{} - {}", address(number, 50), address(number, 250))], "only": []}],
            "reservations": reservations})
    };
    let networks: Vec<Value> = (0..subnets)
        .map(|at| json!({"name": format!("n{at}"), "relays": [], "only": [], "subnets": [subnet(at)]}))
        .collect();
    json!({
        "name": "bench", "high_availability": null,
        "classes": (0..classes).map(class).collect::<Vec<_>>(),
        "value_sets": [
            {"options": [option(3, "0a000001"), option(6, "0aff00350aff0135"), option(15, &hex("example.internal")), option(66, &hex("boot"))], "parameters": {}},
            {"options": [option(67, &hex("boot.efi"))], "parameters": {}}
        ],
        "meanings": [(0..classes).map(|at| json!({"class": format!("c{at}"), "values": 1})).collect::<Vec<_>>()],
        "reservations": [],
        "sites": [{"code": "A", "name": null, "reservations": [], "networks": networks}]
    })
}
