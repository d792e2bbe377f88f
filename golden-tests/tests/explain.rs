//! Who gave each value of a reply: reservation, class and place, each by name and level.

use std::net::{Ipv4Addr, SocketAddrV4};

use leasehold_golden_tests::packet_script::Packet;
use leasehold_schemas::artefact;
use leasehold_schemas::vocab::{Layer, Space};
use leasehold_server::estate::Tables;
use leasehold_server::serve::{Config, Explained, Meta, Slot, explain};

fn explained(words: &[&str], address: [u8; 4]) -> Vec<Explained> {
    let estate =
        artefact::decode_estate(include_bytes!("../cases/packets/main.json")).expect("a good estate");
    let tables = Tables::build(&estate).expect("a good estate");
    let packet = Packet::parse(words).expect("good words");
    let from = SocketAddrV4::new(Ipv4Addr::new(10, 1, 1, 1), 67);
    let meta = Meta { from, ..packet.meta };
    explain(&tables, &Config::default(), meta, &packet.bytes, Ipv4Addr::from(address))
        .expect("a client of the estate")
}

fn of(explained: &[Explained], slot: Slot) -> (Option<Layer>, Option<&str>, bool) {
    let found = explained.iter().find(|one| one.slot == slot).expect("the value is in the reply");
    (found.layer, found.class.as_deref(), found.reservation.is_some())
}

#[test]
fn each_value_names_its_owner() {
    let words =
        ["relay", "10.1.1.1", "DISCOVER", "mac", "02:00:00:00:00:30", "prl", "3,6,12,15,66", "77='W10PROD'"];
    let all = explained(&words, [10, 1, 1, 30]);
    let option = |code| Slot::Option(Space::Dhcp4, code);
    assert_eq!(of(&all, option(3)), (Some(Layer::Reservation), None, true));
    assert_eq!(of(&all, option(12)), (Some(Layer::Reservation), None, true));
    assert_eq!(of(&all, option(15)), (Some(Layer::Estate), Some("win10"), false));
    assert_eq!(of(&all, option(66)), (Some(Layer::Site), None, false));
    assert_eq!(of(&all, option(1)), (None, None, false), "the mask follows from the prefix");
    assert_eq!(of(&all, Slot::Parameter("lease.default")), (Some(Layer::Reservation), None, true));
    assert_eq!(of(&all, Slot::Address), (None, None, true));
    assert!(all.iter().all(|one| one.slot != option(6)), "an unset option has no owner");
    assert!(all.iter().all(|one| one.site == "A" && one.subnet.to_string() == "10.1.1.0/24"));
}
