//! Rows of Kea's, and what becomes of each.

use leasehold_schemas::artefact;

use super::*;

const HEAD: &str = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id\n";
const NOW_MS: u64 = 1_000_000;

/// 10.1.0.0/24 knows clients by their identifiers, 10.2.0.0/24 by their hardware addresses.
fn tables(pair: bool) -> Tables {
    let subnet = |prefix: &str, id: u32, values: u32, pool: &str, reservations: serde_json::Value| {
        serde_json::json!({"subnet": prefix, "id": id, "only": [], "values": values, "meanings": 0,
            "pools": [{"ranges": [pool], "only": []}], "reservations": reservations})
    };
    let network = |name: &str, subnet: serde_json::Value| serde_json::json!({"name": name, "relays": [], "only": [], "subnets": [subnet]});
    let server = |name: &str, role: &str| serde_json::json!({"name": name, "role": role, "peer_address": "127.0.0.1:1"});
    let reserved = serde_json::json!([
        {"identifier": {"mac": "02:00:00:00:00:01"}, "address": "10.1.0.5"},
        {"identifier": {"circuit_id": "0001"}, "address": "10.1.0.6"}
    ]);
    let high_availability = serde_json::json!({"mode": "hot-standby",
        "servers": [server("left", "primary"), server("right", "standby")],
        "heartbeat_delay_ms": 250, "max_response_delay_ms": 750, "peer_ack_wait_ms": 100, "mclt_secs": 900,
        "standby_share": 8});
    let estate = serde_json::json!({
        "name": "e", "high_availability": if pair { high_availability } else { serde_json::Value::Null },
        "classes": [], "meanings": [[]], "reservations": [],
        "value_sets": [
            {"options": [], "parameters": {}},
            {"options": [], "parameters": {"identity": {"layer": "subnet", "value": "mac"}}}
        ],
        "sites": [{"code": "A", "name": null, "reservations": [], "networks": [
            network("n", subnet("10.1.0.0/24", 1, 0, "10.1.0.10 - 10.1.0.99", reserved)),
            network("o", subnet("10.2.0.0/24", 2, 1, "10.2.0.10 - 10.2.0.99", serde_json::json!([])))
        ]}]
    });
    let estate: artefact::Estate = serde_json::from_value(estate).expect("an estate");
    Tables::build(&estate).expect("tables")
}

/// A row of a client whose hardware address ends in `mac`.
fn row(address: &str, mac: u8, client_id: &str, lifetime: u64, expire: u64, state: u8) -> String {
    format!("{address},02:00:00:00:00:{mac:02x},{client_id},{lifetime},{expire},1,0,0,h{mac},{state},,0\n")
}

fn imported(files: &[&str], pair: bool) -> Import {
    let source = |(at, rows): (usize, &&str)| Source {
        name: format!("f{at}"),
        bytes: format!("{HEAD}{rows}").into_bytes(),
    };
    let sources: Vec<Source> = files.iter().enumerate().map(source).collect();
    import(&sources, &tables(pair), NOW_MS).expect("columns are there")
}

fn remarks(found: &Import) -> Vec<String> {
    let shown =
        |remark: &Remark| format!("{:?} {}:{} {}", remark.concern, remark.file, remark.line, remark.text);
    found.remarks.iter().map(shown).collect()
}

#[test]
fn the_last_row_of_an_address_counts_across_files() {
    let first = row("10.1.0.10", 1, "", 3600, 2000, 0) + &row("10.1.0.11", 2, "", 3600, 2000, 0);
    let then = row("10.1.0.10", 1, "", 3600, 3000, 0)
        + &row("10.1.0.11", 2, "", 0, 2000, 0)
        + &row("10.1.0.12", 3, "", 0, 2000, 0);
    let found = imported(&[&first, &then], false);
    let Counts { rows, by_hardware, superseded, removals, .. } = found.counts;
    assert_eq!((rows, by_hardware, superseded, removals), (5, 1, 2, 2));
    let [record] = found.records.as_slice() else { panic!("{:?}", found.records) };
    assert_eq!((record.told_wall_ms, record.details.transaction_wall_ms), (3_000_000, 0));
    assert_eq!(record.details.hostname.as_deref(), Some("h1"));
    assert_eq!(remarks(&found), [""; 0]);
}

#[test]
fn a_client_is_known_by_what_its_network_knows_clients_by() {
    let rows = row("10.1.0.10", 1, "01:aa", 3600, 2000, 0)
        + &row("10.1.0.11", 2, "", 3600, 2000, 0)
        + &row("10.2.0.10", 3, "01:bb", 3600, 2000, 0);
    let found = imported(&[&rows], false);
    let keys: Vec<&ClientKey> =
        found.records.iter().map(|record| &record.client().expect("a client").key).collect();
    let hardware = |last| ClientKey::Hardware(1, format!("02:00:00:00:00:{last:02}").parse().unwrap());
    assert_eq!(keys, [&ClientKey::Identifier([1, 0xaa].into()), &hardware(2), &hardware(3)]);
    assert_eq!(found.counts.other_subnet_id, 1, "10.2.0.0/24 is subnet 2");
}

#[test]
fn every_row_is_a_record_or_counted_or_named() {
    let rows = row("10.1.0.10", 1, "", 3600, 1000, 0)
        + &row("10.1.0.11", 2, "", 86_400, 90_000, 1)
        + &row("10.1.0.12", 3, "", 3600, 2000, 2)
        + &row("10.1.0.13", 4, "", 3600, 2000, 3)
        + &row("10.9.0.1", 5, "", 3600, 2000, 0)
        + &row("10.9.0.2", 5, "", 3600, 900, 0)
        + "10.1.0.14,,,3600,2000,1,0,0,,0,,0\n10.1.0.15,odd,,3600,2000,1,0,0,,0,,0\n10.1.0.16,short\n"
        + "10.1.0.17,,,86400,90000,1,0,0,,1,,0\n";
    let found = imported(&[&rows], false);
    let Counts { rows, declined, expired, reclaimed, released, .. } = found.counts;
    assert_eq!((rows, declined, expired, reclaimed, released), (9, 2, 2, 1, 1));
    assert_eq!(
        remarks(&found),
        [
            "Unreadable f0:8 line 8: `` is no client; write it anew",
            "Unreadable f0:9 line 9: `odd` is no MAC address; write it anew",
            "Unreadable f0:10 line 10 has 2 columns, the first line names 12; write it anew",
            "OutsideSubnets f0:6 10.9.0.1 of 02:00:00:00:00:05 (h5)",
        ]
    );
    assert_eq!(found.records.len(), 2);
    assert_eq!(found.records[0].state, State::Declined { until_wall_ms: 90_000_000 });
}

#[test]
fn what_the_artefact_sees_otherwise_is_imported_and_named() {
    let rows = row("10.1.0.5", 9, "", 3600, 2000, 0)
        + &row("10.1.0.6", 8, "", 3600, 2000, 0)
        + &row("10.1.0.7", 7, "", 3600, 2000, 0)
        + &row("10.1.0.20", 7, "", 3600, 2000, 0);
    let found = imported(&[&rows], false);
    assert_eq!(found.records.len(), 4);
    assert_eq!(
        remarks(&found),
        [
            "ReservedForAnother f0:2 10.1.0.5 of 02:00:00:00:00:09 (h9)",
            "InNoPool f0:4 10.1.0.7 of 02:00:00:00:00:07 (h7)",
            "SeveralOfOneClient f0:5 10.1.0.20 of 02:00:00:00:00:07 (h7), also 10.1.0.7",
        ]
    );
}

#[test]
fn a_pair_begins_as_one_that_was_alone() {
    let rows = row("10.1.0.10", 1, "", 3600, 2000, 0);
    let agreed = Agreed { digest: leasehold_schemas::artefact::Digest([7; 32]), lead_ms: 900_000 };
    let known = facts(agreed, NOW_MS);
    assert_eq!((known.sole, known.amnesic, known.agreed), (true, false, Some(agreed)));
    let [single, paired] = [false, true].map(|pair| imported(&[&rows], pair).records[0].epoch);
    assert_eq!((single, paired), (0, known.epoch));
}

#[test]
fn option_82_is_taken_from_what_kea_kept() {
    let said = |context: &str| agent_options(context).map(|octets| octets.to_vec());
    let old = r#"{ "ISC": { "relay-agent-info": "0x52050103616263" } }"#;
    let new = r#"{ "ISC": { "relay-agent-info": { "sub-options": "0x0103616263" } } }"#;
    assert_eq!(said(old), Some(b"\x01\x03abc".to_vec()));
    assert_eq!(said(new), said(old));
    for nothing in ["", "{}", "[", r#"{ "ISC": { "relay-agent-info": "0xzz" } }"#] {
        assert_eq!(said(nothing), None, "{nothing}");
    }
}
