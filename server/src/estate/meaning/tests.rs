use leasehold_schemas::artefact::Estate;
use serde_json::{Value, json};

use super::*;
use crate::estate::tests::estate_json;

fn meaning(json: Value) -> Meaning {
    let estate: Estate = serde_json::from_value(json).expect("an artefact's estate");
    Meaning::of(&estate)
}

/// What of the test estate means something else after a change of the value that a JSON pointer names.
fn changed(pointer: &str, to: Value) -> Vec<String> {
    let mut json = estate_json();
    *json.pointer_mut(pointer).expect("the estate has it") = to;
    let (before, after) = (meaning(estate_json()), meaning(json));
    assert_eq!(before.differing(&after), after.differing(&before), "whichever way they are compared");
    before.differing(&after).iter().map(ToString::to_string).collect()
}

const B: &str = "/sites/0/networks/0/subnets/0";

#[test]
fn the_same_estate_means_the_same() {
    assert!(changed("/name", json!("other")).is_empty());
    assert!(changed("/sites/0/networks/0/relays", json!([])).is_empty());
    assert!(changed("/value_sets/0/options", json!([])).is_empty());
}

#[test]
fn a_pool_that_moves_changes_what_it_leaves_and_what_it_takes() {
    let pool = json!([{"ranges": ["10.2.0.12 - 10.2.0.22", "10.2.0.30"], "only": ["win10"]}]);
    assert_eq!(changed(&format!("{B}/pools"), pool), ["10.2.0.10 - 10.2.0.11", "10.2.0.21 - 10.2.0.22"]);
    let cut = json!([{"ranges": ["10.2.0.10 - 10.2.0.14"], "only": ["win10"]},
                     {"ranges": ["10.2.0.15 - 10.2.0.20", "10.2.0.30"], "only": ["win10"]}]);
    assert!(changed(&format!("{B}/pools"), cut).is_empty(), "each address is in a pool for the same clients");
}

#[test]
fn a_reservation_changes_its_address_alone() {
    let reservations = format!("{B}/reservations");
    assert_eq!(changed(&reservations, json!([])), ["10.2.0.5"]);
    let other =
        json!([{"identifier": {"mac": "02:00:00:00:00:02"}, "address": "10.2.0.5", "classes": ["listed"]}]);
    assert_eq!(changed(&reservations, other), ["10.2.0.5"]);
    let within = json!([{"identifier": {"mac": "02:00:00:00:00:01"}, "address": "10.2.0.5", "classes": ["listed"]},
                        {"identifier": {"mac": "02:00:00:00:00:03"}, "address": "10.2.0.10", "classes": []}]);
    assert_eq!(changed(&reservations, within), ["10.2.0.10"]);
}

#[test]
fn a_guard_changes_with_the_classes_it_names_directly_or_not() {
    assert_eq!(changed("/sites/0/networks/0/only", json!(["pxe"])), ["10.2.0.0 - 10.2.0.255"]);
    let test = json!({"equal": [{"value": {"option": 77}}, {"literal": "00"}]});
    assert_eq!(changed("/classes/0/test", test.clone()), ["10.2.0.10 - 10.2.0.20", "10.2.0.30"]);
    let mut json = estate_json();
    json["sites"][0]["networks"][0]["only"] = json!(["both"]);
    let before = meaning(json.clone());
    json["classes"][1]["test"] = test;
    assert_eq!(before.differing(&meaning(json)).len(), 1, "`both` names `pxe`");
}

#[test]
fn subnets_that_come_and_go_change_whole_and_the_last_address_is_no_edge() {
    assert_eq!(changed("/sites/1", estate_json()["sites"][1].clone()), Vec::<String>::new());
    assert_eq!(changed("/sites/1/networks", json!([])), ["10.1.0.0 - 10.1.0.255"]);
    assert_eq!(
        changed("/sites/1/networks/0/subnets/0/subnet", json!("255.255.255.0/24")),
        ["10.1.0.0 - 10.1.0.255", "255.255.255.0 - 255.255.255.255"]
    );
}
