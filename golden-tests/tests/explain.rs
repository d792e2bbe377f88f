//! Who gave each value of a reply: reservation, class and place, each by name and level.

use std::net::{Ipv4Addr, SocketAddrV4};

use leasehold_golden_tests::packet_script::Packet;
use leasehold_schemas::artefact;
use leasehold_schemas::vocab::{Layer, Space};
use leasehold_server::estate::Tables;
use leasehold_server::serve::{Answer, Config, Meta, Owner, Slot, UnsentReason, explain};
use leasehold_server::wire::{Message, OptionIndex};

fn tables() -> Tables {
    let estate =
        artefact::decode_estate(include_bytes!("../cases/packets/main.json")).expect("a good estate");
    Tables::build(&estate).expect("a good estate")
}

fn answered(tables: &Tables, words: &[&str]) -> Answer {
    let packet = Packet::parse(words).expect("good words");
    let from = SocketAddrV4::new(Ipv4Addr::new(10, 1, 1, 1), 67);
    let meta = Meta { from, ..packet.meta };
    let explanation = explain(tables, &Config::default(), meta, &packet.bytes).expect("a message");
    explanation.answer.expect("a client of the estate")
}

/// Level and class of whose word holds, and whether it is a reservation's.
fn of<'t>(tables: &'t Tables, answer: &Answer, slot: Slot) -> (Option<Layer>, Option<&'t str>, bool) {
    let found = answer.used.iter().find(|one| one.slot == slot).expect("the value is in the reply");
    let class = match found.owner {
        Owner::Class(class, _) => Some(tables.classes().name(class)),
        Owner::Reservation(_) | Owner::Place(_) | Owner::Server => None,
    };
    let layer = found.sayers.first().map(|sayer| {
        assert_eq!(sayer.owner, found.owner, "the first who says it is whose word holds");
        sayer.layer
    });
    (layer, class, matches!(found.owner, Owner::Reservation(_)))
}

#[test]
fn each_value_names_its_owner() {
    let words =
        ["relay", "10.1.1.1", "DISCOVER", "mac", "02:00:00:00:00:30", "prl", "3,6,12,15,66", "77='W10PROD'"];
    let tables = tables();
    let answer = answered(&tables, &words);
    let mut index = OptionIndex::new();
    let reply = Message::read(&answer.outgoing.bytes, &mut index).expect("a reply");
    assert_eq!(reply.yiaddr(), Ipv4Addr::new(10, 1, 1, 30));
    let option = |code| Slot::Option(Space::Dhcp4, code);
    assert_eq!(of(&tables, &answer, option(3)), (Some(Layer::Reservation), None, true));
    assert_eq!(of(&tables, &answer, option(12)), (Some(Layer::Reservation), None, true));
    assert_eq!(of(&tables, &answer, option(15)), (Some(Layer::Estate), Some("win10"), false));
    assert_eq!(of(&tables, &answer, option(66)), (Some(Layer::Site), None, false));
    assert_eq!(of(&tables, &answer, option(1)), (None, None, false), "the mask follows from the prefix");
    assert_eq!(
        of(&tables, &answer, Slot::Parameter("lease.default")),
        (Some(Layer::Reservation), None, true)
    );
    assert_eq!(of(&tables, &answer, Slot::Address), (None, None, true));
    let unset = answer.unsent.iter().find(|one| one.slot == option(6)).expect("an option taken away");
    assert_eq!(unset.reason, UnsentReason::Removed);
    let place = answer.place.expect("an OFFER has a place");
    assert_eq!(tables.subnet(place.subnet).prefix.to_string(), "10.1.1.0/24");
}
