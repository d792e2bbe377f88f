//! Tables from artefacts, good and bad.

use std::net::Ipv4Addr;

use leasehold_schemas::artefact;

use super::*;
use crate::wire::{Message, OptionIndex};

/// Two sites; class `win10` tests option 77, `pxe` a part of option 60, `both` membership of the two.
pub(crate) fn estate_json() -> serde_json::Value {
    serde_json::json!({
        "name": "test", "high_availability": null,
        "classes": [
            {"name": "win10", "test": {"equal": [{"value": {"option": 77}}, {"literal": "573130"}]}},
            {"name": "pxe", "test": {"equal": [{"substring": {"of": {"value": {"option": 60}}, "start": 0, "length": 3}}, {"literal": "505845"}]}},
            {"name": "both", "test": {"and": [{"member": "win10"}, {"member": "pxe"}, {"not": {"member": "KNOWN"}}]}},
            {"name": "listed", "test": null}
        ],
        "value_sets": [{"options": [], "parameters": {}}],
        "meanings": [[], [{"class": "listed", "values": 0}, {"class": "both", "values": 0}, {"class": "pxe", "values": 0}, {"class": "win10", "values": 0}]],
        "reservations": [],
        "sites": [
            {"code": "B", "name": null, "reservations": [], "networks": [
                {"name": "n", "relays": ["192.0.2.1"], "only": [], "subnets": [
                    {"subnet": "10.2.0.0/24", "id": 2, "only": [], "values": 0, "meanings": 1,
                     "pools": [{"ranges": ["10.2.0.10 - 10.2.0.20", "10.2.0.30"], "only": ["win10"]}],
                     "reservations": [{"identifier": {"mac": "02:00:00:00:00:01"}, "address": "10.2.0.5", "classes": ["listed"]}]}]}]},
            {"code": "A", "name": null, "reservations": [], "networks": [
                {"name": "n", "relays": [], "only": [], "subnets": [
                    {"subnet": "10.1.0.0/24", "id": 1, "only": [], "values": 0, "meanings": 0, "pools": [], "reservations": []}]}]}
        ]
    })
}

fn estate(value: serde_json::Value) -> artefact::Estate {
    serde_json::from_value(value).expect("an artefact's estate")
}

fn message(mac_last: u8, options: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 240];
    bytes[..3].copy_from_slice(&[1, 1, 6]);
    bytes[28..34].copy_from_slice(&[2, 0, 0, 0, 0, mac_last]);
    bytes[236..240].copy_from_slice(&[99, 130, 83, 99]);
    bytes.extend_from_slice(options);
    bytes
}

#[test]
fn addresses_find_their_places() {
    let tables = Tables::build(&estate(estate_json())).unwrap();
    let site = |segment: Option<SegmentId>| segment.map(|id| tables.segment(id).site.to_string());
    assert_eq!(site(tables.segment_of(Ipv4Addr::new(10, 1, 0, 9))).as_deref(), Some("A"));
    assert_eq!(site(tables.segment_of(Ipv4Addr::new(10, 2, 0, 9))).as_deref(), Some("B"));
    assert_eq!(site(tables.segment_of_relay(Ipv4Addr::new(192, 0, 2, 1))).as_deref(), Some("B"));
    assert_eq!(tables.segment_of(Ipv4Addr::new(10, 3, 0, 0)), None);
    assert_eq!(tables.segment_of(Ipv4Addr::new(9, 0, 0, 0)), None);
    assert!(tables.pool_of(Ipv4Addr::new(10, 2, 0, 30)).is_some());
    assert!(tables.pool_of(Ipv4Addr::new(10, 2, 0, 21)).is_none());
    let pool = tables.pool(tables.pool_of(Ipv4Addr::new(10, 2, 0, 10)).unwrap());
    assert_eq!(tables.subnet(pool.subnet).prefix.to_string(), "10.2.0.0/24");
    assert!(tables.is_reserved(Ipv4Addr::new(10, 2, 0, 5)));
}

#[test]
fn meanings_are_collected_in_the_estates_order() {
    let tables = Tables::build(&estate(estate_json())).unwrap();
    let names = |mac_last: u8, options: &[u8]| {
        let bytes = message(mac_last, options);
        let mut index = OptionIndex::new();
        let message = Message::read(&bytes, &mut index).unwrap();
        let segment = tables.segment_of(Ipv4Addr::new(10, 2, 0, 0)).unwrap();
        let known = tables.known(segment, &message);
        let buffer = std::cell::RefCell::default();
        let reserved = known.reservation().map_or(&[][..], |id| &tables.registry().get(id).classes);
        let membership = Membership {
            classes: tables.classes(),
            received: Received {
                message: &message,
                interface: "",
                source: Ipv4Addr::UNSPECIFIED,
                destination: Ipv4Addr::BROADCAST,
            },
            known: known.is_known(),
            reserved: [reserved, &[], &[]],
            buffer: &buffer,
        };
        let mut found = Vec::new();
        tables.plan(tables.subnet(tables.segment(segment).subnets[0]).plan).collect(&membership, &mut found);
        found.iter().map(|(class, _)| tables.classes().name(*class).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(9, &[]), Vec::<String>::new());
    assert_eq!(names(9, &[77, 3, b'W', b'1', b'0']), ["win10"]);
    assert_eq!(names(9, &[60, 4, b'P', b'X', b'E', b'C', 77, 3, b'W', b'1', b'0']), ["win10", "pxe", "both"]);
    assert_eq!(
        names(1, &[60, 4, b'P', b'X', b'E', b'C', 77, 3, b'W', b'1', b'0']),
        ["win10", "pxe", "listed"]
    );
}

fn refusal(pointer: &str, value: serde_json::Value) -> TableError {
    let mut json = estate_json();
    *json.pointer_mut(pointer).expect("the place is there") = value;
    Tables::build(&estate(json)).expect_err("refused")
}

#[test]
fn an_artefact_no_compiler_wrote_is_refused_by_name() {
    let subnet = "/sites/0/networks/0/subnets/0";
    let at = |rest: &str| format!("{subnet}{rest}");
    assert_eq!(refusal(&at("/values"), 7.into()), TableError::NoSuchValues(7));
    assert_eq!(refusal(&at("/meanings"), 7.into()), TableError::NoSuchMeanings(7));
    assert_eq!(refusal("/meanings/1/0/values", 7.into()), TableError::NoSuchValues(7));
    assert_eq!(refusal("/meanings/1/0/class", "no".into()), TableError::NoSuchClass("no".into()));
    assert_eq!(refusal(&at("/pools/0/only/0"), "no".into()), TableError::NoSuchClass("no".into()));
    assert_eq!(refusal("/classes/1/name", "win10".into()), TableError::DuplicateClass("win10".into()));
    assert!(matches!(
        refusal("/classes/0/test", serde_json::json!({"member": "pxe"})),
        TableError::ForwardReference { .. }
    ));
    assert!(matches!(
        refusal("/classes/0/test", serde_json::json!({"member": "win10"})),
        TableError::ForwardReference { .. }
    ));
    assert!(matches!(refusal(&at("/subnet"), "10.1.0.0/16".into()), TableError::PoolOutside(..)));
    assert!(matches!(
        refusal("/sites/1/networks/0/subnets/0/subnet", "10.0.0.0/8".into()),
        TableError::OverlappingSubnets(..)
    ));
    assert!(matches!(
        refusal(&at("/pools/0/ranges/1"), "10.2.0.20".into()),
        TableError::OverlappingPools(..)
    ));
    assert!(matches!(
        refusal(&at("/reservations/0/address"), "10.1.0.5".into()),
        TableError::ReservationOutside(..)
    ));
    let relays = serde_json::json!(["192.0.2.1"]);
    assert!(matches!(refusal("/sites/1/networks/0/relays", relays), TableError::AmbiguousRelay(_)));
}

#[test]
fn references_neither_circle_nor_double_without_end() {
    let build = |classes: serde_json::Value| {
        let mut json = estate_json();
        json["classes"].as_array_mut().unwrap().extend(classes.as_array().unwrap().iter().cloned());
        Tables::build(&estate(json)).err()
    };
    let later = serde_json::json!([
        {"name": "early", "test": {"member": "DROP"}}, {"name": "DROP", "test": {"member": "early"}}
    ]);
    assert!(matches!(build(later), Some(TableError::ForwardReference { .. })));
    let chain = |count: usize, twice: bool| {
        let class = |at: usize| {
            let before = if at == 0 { "win10".to_owned() } else { format!("d{}", at - 1) };
            let member = serde_json::json!({"member": before});
            let test = if twice { serde_json::json!({"or": [member, member]}) } else { member };
            serde_json::json!({"name": format!("d{at}"), "test": test})
        };
        serde_json::Value::Array((0..count).map(class).collect())
    };
    assert_eq!(build(chain(60, false)), None);
    assert!(matches!(build(chain(70, false)), Some(TableError::ReferencesTooDeep(_))));
    assert_eq!(build(chain(8, true)), None);
    assert!(matches!(build(chain(40, true)), Some(TableError::ReferencesTooDeep(_))));
}
