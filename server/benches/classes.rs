//! What a packet costs our own code, without system calls or a disk, with 2, 200, 2,000 and 20,000 classes that
//! compare one value with a constant: the cost must not depend on their number.
//! `cargo bench -p leasehold-server --bench classes`.
//!
//! Each class means something in every subnet; so each offer asks for all of them. Beside it stands what the same
//! offer costs where every test is evaluated, one after the other. Figures are CPU time of this thread, the lowest of
//! [`REPEATS`]: other programs on the machine count little.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

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
use nix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

const SUBNETS: u32 = 829;
const CLIENTS: u32 = 500;
const REPEATS: u32 = 10;
const NETWORK: u32 = 10 << 24;

fn main() {
    println!(
        "{:>8} {:>12} {:>16} {:>16} {:>14} {:>16}",
        "classes", "equality ns", "and/list ns", "functions ns", "prefixes ns", "one by one ns"
    );
    let mut first = None;
    for classes in [2, 200, 2_000, 20_000] {
        let [equality, lists, functions, prefixes] =
            [Kind::Equality, Kind::List, Kind::Function, Kind::Prefix].map(|kind| cost(kind, classes));
        // Twenty thousand tests a packet take a while, and say no more.
        let apart =
            if classes <= 2_000 { format!("{:.0}", cost(Kind::Apart, classes)) } else { "-".to_owned() };
        println!(
            "{classes:>8} {equality:>12.0} {lists:>16.0} {functions:>16.0} {prefixes:>14.0} {apart:>16}"
        );
        let base = *first.get_or_insert(equality);
        println!("{:>8} {:>12.2}", "ratio", equality / base);
    }
}

/// How classes tell clients apart.
#[derive(Clone, Copy)]
enum Kind {
    /// `option[77].hex == 'c7'`.
    Equality,
    /// `option[77].hex in ('c7', 'd7') and option[55].exists`.
    List,
    /// `lcase(option[77].hex) == 'c7'`.
    Function,
    /// `substring(option[77].hex, 0, 2) == 'c7'`, with eight lengths.
    Prefix,
    /// `not option[77].hex == 'd7' and match('c7', option[77].hex)`: nothing to look up by.
    Apart,
}

/// Nanoseconds a DISCOVER that is answered.
fn cost(kind: Kind, classes: u32) -> f64 {
    let mut bench = Bench::new(kind, classes);
    let clients = bench.clients(classes);
    let repeats = if matches!(kind, Kind::Apart) { 2 } else { REPEATS };
    (0..repeats).map(|_| bench.run(&clients)).fold(f64::INFINITY, f64::min)
}

struct Bench {
    node: Node,
    actions: Actions,
    now: Now,
}

impl Bench {
    fn new(kind: Kind, classes: u32) -> Bench {
        let estate: artefact::Estate = serde_json::from_value(estate(kind, classes)).expect("an estate");
        let tables = Tables::build(&estate).expect("a sound estate");
        let identity = Identity { estate: "bench".to_owned(), node: "single".to_owned() };
        let recovered = recover(Some(&identity), &[]).expect("nothing is recovered from nothing");
        let store = Store::open(identity, Sizes::default(), recovered);
        let node = Node::new(Arc::new(tables), Config::default(), store);
        let now = Now { boot_ms: 1_000, wall_ms: 1_795_305_600_000 };
        let mut bench = Bench { node, actions: Actions::default(), now };
        bench.settle();
        bench
    }

    /// Clients all over the estate, of classes all over the list.
    fn clients(&self, classes: u32) -> Vec<(Meta, Vec<u8>)> {
        let client = |number: u32| {
            let relay = NETWORK + ((number.wrapping_mul(7919) % SUBNETS) << 8);
            let from = SocketAddrV4::new(Ipv4Addr::from_bits(relay + 1), 67);
            let meta = Meta { from, local: Ipv4Addr::new(10, 255, 255, 5), interface: 1, unicast: true };
            (meta, message(number, relay, number.wrapping_mul(104_729) % classes))
        };
        (0..CLIENTS).map(client).collect()
    }

    fn run(&mut self, clients: &[(Meta, Vec<u8>)]) -> f64 {
        let begin = cpu_time();
        for batch in clients.chunks(64) {
            self.now.boot_ms += 1;
            for (meta, bytes) in batch {
                self.node.step(self.now, Event::Datagram { meta: *meta, bytes }, &mut self.actions);
            }
            self.settle();
        }
        let spent = (cpu_time() - begin).as_secs_f64() * 1e9 / f64::from(CLIENTS);
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

fn cpu_time() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("a thread has a clock").into()
}

fn message(client: u32, relay: u32, class: u32) -> Vec<u8> {
    let mut bytes = vec![0; 240];
    bytes[..3].copy_from_slice(&[1, 1, 6]);
    bytes[4..8].copy_from_slice(&client.to_be_bytes());
    bytes[24..28].copy_from_slice(&(relay + 1).to_be_bytes());
    bytes[28..30].copy_from_slice(&[2, 1]);
    bytes[30..34].copy_from_slice(&client.to_be_bytes());
    bytes[236..240].copy_from_slice(&[99, 130, 83, 99]);
    bytes.extend_from_slice(&[53, 1, 1, 55, 4, 1, 3, 6, 67]);
    let class = format!("c{class}");
    bytes.extend_from_slice(&[77, u8::try_from(class.len()).expect("a short name")]);
    bytes.extend_from_slice(class.as_bytes());
    bytes.push(255);
    bytes
}

fn hex(text: &str) -> String {
    text.bytes().map(|octet| format!("{octet:02x}")).collect()
}

fn test(kind: Kind, number: u32) -> Value {
    let own = format!("c{number}");
    let (own_hex, other) = (hex(&own), hex(&format!("d{number}")));
    let option = json!({"value": {"option": 77}});
    match kind {
        Kind::Equality => json!({"equal": [option, {"literal": own_hex}]}),
        Kind::List => json!({"and": [
            {"exists": {"option": 55}},
            {"in": [option, [{"literal": other}, {"literal": own_hex}]]},
        ]}),
        Kind::Function => json!({"equal": [{"lower": option}, {"literal": own_hex}]}),
        Kind::Prefix => {
            let part = json!({"of": option, "start": 0, "length": own.len()});
            json!({"equal": [{"substring": part}, {"literal": own_hex}]})
        }
        Kind::Apart => json!({"and": [
            {"not": {"equal": [option, {"literal": other}]}},
            {"match": [own, option]},
        ]}),
    }
}

fn estate(kind: Kind, classes: u32) -> Value {
    let option =
        |code: u8, value: &str| json!({"space": "dhcp4", "code": code, "layer": "subnet", "value": value});
    let address = |subnet: u32, last: u32| Ipv4Addr::from_bits(NETWORK + (subnet << 8) + last).to_string();
    let network = |at: u32| {
        let pool = json!({"ranges": [format!("{} - {}", address(at, 50), address(at, 250))], "only": []});
        json!({"name": format!("n{at}"), "relays": [], "only": [], "subnets": [
            {"subnet": format!("{}/24", address(at, 0)), "id": at + 1, "only": [], "values": 0, "meanings": 0,
             "pools": [pool], "reservations": []}
        ]})
    };
    let class = |at: u32| json!({"name": format!("c{at}"), "test": test(kind, at)});
    json!({
        "name": "bench", "high_availability": null,
        "classes": (0..classes).map(class).collect::<Vec<_>>(),
        "value_sets": [
            {"options": [option(3, "0a000001"), option(6, "0aff00350aff0135")], "parameters": {}},
            {"options": [option(67, &hex("boot.efi"))], "parameters": {}}
        ],
        "meanings": [(0..classes).map(|at| json!({"class": format!("c{at}"), "values": 1})).collect::<Vec<_>>()],
        "reservations": [],
        "sites": [{"code": "A", "name": null, "reservations": [],
                   "networks": (0..SUBNETS).map(network).collect::<Vec<_>>()}]
    })
}
