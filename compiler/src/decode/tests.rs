//! Wrong input and what is said of it, every document type; and that decoder and JSON Schema are two readers of
//! one language.

mod recovery;

use std::collections::BTreeSet;

use leasehold_schemas::source::{EstateFile, FileId, SiteFile};
use serde_json::Value;

use crate::diag::{Diagnostic, Sink};
use crate::parse;

const ESTATE: &str = "
version: 1
estate: example-justice
address-space: [10.0.0.0/8]
subnet-selection-sources: [10.255.7.0/28, 192.0.2.7, 192.0.2.16 - 192.0.2.20]
options: {domain-name: example.internal, domain-name-servers: [10.255.0.53, 10.255.1.53], '234': null}
lease: {default: 8h, min: 10m, max: 24h}
option-definitions:
  delivery-optimisation: {code: 234, type: string}
  lights: {code: 0xe1, type: record, fields: [uint8, string], array: true, space: 43}
classes:
  - {name: win10, match: \"option[77].hex == 'W10PROD'\", options: {domain-name: win.example.internal}}
  - name: 7
profiles:
  court: {lease: 24h, classes: [{class: win10, lease: 30m}], allow: [{rule: L410, reason: so be it}]}
high-availability:
  mode: hot-standby
  servers:
    - {name: primary, role: primary, peer-address: 'dhcp-a.example.internal:8647'}
    - {name: secondary, role: standby, peer-address: '[2001:db8::1]:8647'}
  heartbeat-delay: 250ms
  max-response-delay: 1s
  peer-ack-wait: 100ms
  mclt: 15m
  standby-share: 1/8
reservations: [{duid: 0x0001, classes: [win10], hostname: 007}]
";

const SITE: &str = "
version: 1
site: FITS-0042
name: no
profile: court
authoritative: false
identity: mac
rapid-commit: null
decline-probation: 1d
reply-to: source
reply-port: relay
classes: [{class: win10, boot-file-name: boot.efi}]
reservations: [{mac: 5254.0012.3499, description: roams}]
networks:
  - name: user
    relays: [10.42.8.1]
    only: [win10]
    subnets:
      - subnet: 10.42.8.0/23
        id: 1417
        pools:
          - 10.42.8.20 - 10.42.9.250
          - {range: 10.42.9.251-10.42.9.252, only: [win10], lease: 3600}
        exclude:
          - 10.42.8.100
          - {range: 10.42.8.112/28, reason: door controllers, allow: [{rule: x, reason: y, until: 2027-03-31}]}
        next-server: 10.42.8.9
        server-hostname: boot
        renew-after: 1h
        rebind-after: null
        always-send: [routers]
        never-send: ['12']
        reservations:
          - {mac: 52:54:00:12:34:56, ip: 10.42.8.30, hostname: prn-1}
          - {mac: 525400123457, options: {routers: null, vendor: {hex: 0x0102}}}
          - {circuit-id: '0x00010203', ip: 10.42.8.31}
          - {client-id: 'ab:cd', ip: 10.42.8.32}
          - {remote-id: port-7}
";

enum Kind {
    Estate,
    Site,
}

fn findings(kind: &Kind, text: &str) -> Vec<Diagnostic> {
    let mut sink = Sink::default();
    let tree = parse::parse(FileId(0), text.as_bytes(), &mut sink);
    match kind {
        Kind::Estate => drop(super::estate(&tree, &mut sink)),
        Kind::Site => drop(super::site("a.yaml", &tree, &mut sink)),
    }
    sink.into_sorted()
}

fn schema(kind: &Kind) -> Value {
    match kind {
        Kind::Estate => schemars::schema_for!(EstateFile),
        Kind::Site => schemars::schema_for!(SiteFile),
    }
    .to_value()
}

fn schema_accepts(kind: &Kind, text: &str) -> bool {
    let document: Value = serde_yaml::from_str(text).expect("the test's text is YAML");
    jsonschema::validator_for(&schema(kind)).expect("the schema is one").is_valid(&document)
}

/// The text with one line of the good site replaced.
fn site_with(line: &str, by: &str) -> String {
    assert!(SITE.contains(line), "{line}");
    SITE.replacen(line, by, 1)
}

fn estate_with(line: &str, by: &str) -> String {
    assert!(ESTATE.contains(line), "{line}");
    ESTATE.replacen(line, by, 1)
}

/// Exactly one finding with this code and message, and the schema refuses the text, too.
fn refused(kind: &Kind, text: &str, code: &str, message: &str) {
    let found: Vec<(&str, String)> =
        findings(kind, text).into_iter().map(|finding| (finding.rule.code, finding.message)).collect();
    assert_eq!(found, [(code, message.to_owned())], "{text}");
    let structural = !matches!(code, "L301" | "L306");
    assert_eq!(schema_accepts(kind, text), !structural, "the schema about: {message}");
}

#[test]
fn good_documents_pass_decoder_and_schema() {
    for (kind, text) in [(Kind::Estate, ESTATE), (Kind::Site, SITE)] {
        assert_eq!(
            findings(&kind, text).iter().map(|d| &d.message).collect::<Vec<_>>(),
            Vec::<&String>::new()
        );
        let document: Value = serde_yaml::from_str(text).unwrap();
        let schema = schema(&kind);
        let validator = jsonschema::validator_for(&schema).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&document).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert_eq!(errors, Vec::<String>::new());
    }
}

#[test]
fn scalars_are_what_their_keys_say() {
    let mut sink = Sink::default();
    let tree = parse::parse(FileId(0), SITE.as_bytes(), &mut sink);
    let site = super::site("a.yaml", &tree, &mut sink).unwrap();
    assert_eq!(site.name.unwrap().value, "no");
    let subnet = &site.networks[0].subnets[0];
    assert!(!site.gaps.incomplete && !subnet.suspect);
    assert_eq!(subnet.pools.len(), 2);
    let octets = |at: usize| {
        let known = &subnet.reservations[at].identifiers;
        let text = known.client_id.as_ref().or(known.circuit_id.as_ref()).or(known.remote_id.as_ref());
        text.unwrap().value.0.0.clone()
    };
    assert_eq!(octets(2), [0, 1, 2, 3]);
    assert_eq!(octets(3), [0xab, 0xcd]);
    assert_eq!(octets(4), b"port-7");
    assert_eq!(
        subnet.reservations[1].identifiers.mac.as_ref().unwrap().value.to_string(),
        "52:54:00:12:34:57"
    );
    let tree = parse::parse(FileId(0), ESTATE.as_bytes(), &mut sink);
    let estate = super::estate(&tree, &mut sink).unwrap();
    assert_eq!(estate.option_definitions.0[1].value.code.value.0, 0xe1);
    assert_eq!(estate.reservations[0].hostname.as_ref().unwrap().value, "007");
}

/// In the good site: what is replaced, by what, the rule that objects, and its message.
const WRONG_SITES: &[(&str, &str, &str, &str)] = &[
    ("version: 1", "version: 2", "L008", "unknown version 2 of the estate language"),
    ("version: 1", "version: '1'", "L005", "`version` takes a number, not a text"),
    (
        "site: FITS-0042",
        "site: FITS 42",
        "L005",
        "`site` takes a code of letters, digits, `.`, `_` and `-`, not `FITS 42`",
    ),
    ("site: FITS-0042\n", "", "L004", "missing key `site` in a site"),
    ("name: no", "name:", "L005", "`name` has no value"),
    ("name: no", "name: [a]", "L005", "`name` takes a name, not a list"),
    ("profile: court", "profil: court", "L003", "unknown key `profil` in a site"),
    (
        "authoritative: false",
        "authoritative: off",
        "L005",
        "`authoritative` takes `true` or `false`, not `off`",
    ),
    ("identity: mac", "identity: MAC", "L005", "`identity` takes `client-id` or `mac`, not `MAC`"),
    (
        "decline-probation: 1d",
        "decline-probation: 1w",
        "L005",
        "`decline-probation` takes a duration, not `1w`",
    ),
    (
        "relays: [10.42.8.1]",
        "relays: 10.42.8.1",
        "L005",
        "`relays` takes a list of addresses, not `10.42.8.1`",
    ),
    ("relays: [10.42.8.1]", "relays:", "L005", "`relays` has no value"),
    ("only: [win10]", "only: []", "L005", "`only` is an empty list"),
    ("  - name: user\n", "  - \n", "L004", "missing key `name` in a network"),
    ("    subnets:", "    subnet:", "L003", "unknown key `subnet` in a network"),
    ("10.42.8.0/23", "10.42.8.0", "L005", "`subnet` takes a prefix in CIDR notation, not `10.42.8.0`"),
    ("10.42.8.0/23", "10.42.9.0/23", "L301", "`10.42.9.0/23` has host bits set"),
    ("id: 1417", "id: 0", "L005", "`id` takes a whole number from 1 to 4294967294, not `0`"),
    ("id: 1417", "id: '1417'", "L005", "`id` takes a number, not a text"),
    (
        "10.42.8.20 - 10.42.9.250",
        "10.42.8.20 - 10.42.9.256",
        "L005",
        "`pools` takes an address range, not `10.42.8.20 - 10.42.9.256`",
    ),
    (
        "10.42.8.20 - 10.42.9.250",
        "10.42.9.250 - 10.42.8.20",
        "L306",
        "range `10.42.9.250 - 10.42.8.20` is reversed",
    ),
    ("{range: 10.42.9.251-10.42.9.252, only", "{only", "L004", "missing key `range` in a pool"),
    ("reason: door controllers", "cause: door controllers", "L003", "unknown key `cause` in an exclusion"),
    ("until: 2027-03-31", "until: 31.3.2027", "L005", "`until` takes a date, not `31.3.2027`"),
    ("{class: win10, boot", "{boot", "L004", "missing key `class` in a class's meaning"),
    ("ip: 10.42.8.30", "ip: 10.42.8.300", "L005", "`ip` takes an IPv4 address, not `10.42.8.300`"),
    ("hostname: prn-1", "hostnam: prn-1", "L003", "unknown key `hostnam` in a reservation"),
    (
        "mac: 52:54:00:12:34:56",
        "mac: 52:54:00:12:34:5g",
        "L005",
        "`mac` takes a MAC address, not `52:54:00:12:34:5g`",
    ),
    ("mac: 52:54:00:12:34:56, ", "", "L004", "missing identifier in a reservation"),
    (
        "mac: 52:54:00:12:34:56, ",
        "hw-address: 52:54:00:12:34:56, ",
        "L003",
        "unknown key `hw-address` in a reservation",
    ),
    (
        "{remote-id: port-7}",
        "{remote-id: port-7, duid: x}",
        "L005",
        "a reservation takes one identifier, not `remote-id` and `duid` together",
    ),
    (
        "'0x00010203'",
        "'0x0001020'",
        "L005",
        "`circuit-id` takes pairs of hexadecimal digits after `0x`, not `0x0001020`",
    ),
    ("remote-id: port-7", "remote-id: ''", "L005", "`remote-id` takes 1 to 255 octets, not an empty text"),
    (
        "{mac: 5254.0012.3499,",
        "{mac: 5254.0012.3499, ip: 10.0.0.1,",
        "L003",
        "unknown key `ip` in a reservation outside a subnet",
    ),
    (
        "next-server: 10.42.8.9",
        "next-server: boot",
        "L005",
        "`next-server` takes an IPv4 address, not `boot`",
    ),
];

#[test]
fn wrong_sites_are_refused_by_decoder_and_schema() {
    for (line, by, code, message) in WRONG_SITES {
        refused(&Kind::Site, &site_with(line, by), code, message);
    }
}

/// In the good estate: what is replaced, by what, the rule that objects, and its message.
const WRONG_ESTATES: &[(&str, &str, &str, &str)] = &[
    ("estate: example-justice", "estate: ''", "L005", "`estate` is empty"),
    (
        "[10.0.0.0/8]",
        "[10.0.0.0/33]",
        "L005",
        "`address-space` takes a prefix in CIDR notation, not `10.0.0.0/33`",
    ),
    (
        "192.0.2.7,",
        "192.0.2.700,",
        "L005",
        "`subnet-selection-sources` takes an address range, not `192.0.2.700`",
    ),
    (
        "[10.255.7.0/28, 192.0.2.7, 192.0.2.16 - 192.0.2.20]",
        "10.255.7.0/28",
        "L005",
        "`subnet-selection-sources` takes a list of addresses or prefixes, not `10.255.7.0/28`",
    ),
    (
        "options: {domain-name",
        "options: {domain-name: x}\noptoins: {domain-name",
        "L003",
        "unknown key `optoins` in an estate",
    ),
    ("default: 8h", "default: 8x", "L005", "`default` takes a duration, not `8x`"),
    (
        "{code: 234, type: string}",
        "{code: 255, type: string}",
        "L005",
        "`code` takes a whole number from 1 to 254, not `255`",
    ),
    ("{code: 234, type: string}", "{}", "L004", "missing keys `code` and `type` in an option definition"),
    (
        "type: record, fields: [uint8, string]",
        "type: record",
        "L004",
        "missing key `fields` in a record's definition",
    ),
    ("type: record", "type: string", "L005", "`fields` stands only with `type: record`"),
    ("array: true", "array: yes please", "L005", "`array` takes `true` or `false`, not `yes please`"),
    ("space: 43", "space: 44", "L005", "`space` takes `dhcp4`, `43` or `125/ENTERPRISE`, not `44`"),
    ("  delivery-optimisation:", "  2nd:", "L005", "`2nd` cannot name an option"),
    (
        "  - name: 7",
        "  - name: a b",
        "L005",
        "`name` takes a class name of letters, digits, `.`, `_` and `-`, not `a b`",
    ),
    ("  - name: 7", "  - seven", "L005", "`classes` takes a class, not `seven`"),
    ("profiles:", "profiels:", "L003", "unknown key `profiels` in an estate"),
    ("  court: {", "  empty:\n  court: {", "L005", "`empty` has no value"),
    ("reason: so be it", "reson: so be it", "L003", "unknown key `reson` in a silenced finding"),
    (
        "    - {name: primary, role: primary, peer-address: 'dhcp-a.example.internal:8647'}\n",
        "",
        "L005",
        "a pair has two servers, not 1",
    ),
    (
        "{name: primary,",
        "{name: 1st,",
        "L005",
        "`name` takes a name of letters, digits, `.`, `_` and `-`, not `1st`",
    ),
    (
        "dhcp-a.example.internal:8647",
        "dhcp-a.example.internal",
        "L005",
        "`peer-address` takes a host and its port, not `dhcp-a.example.internal`",
    ),
    (
        "role: standby",
        "role: stanby",
        "L005",
        "`role` takes `primary`, `standby`, `secondary` or `backup`, not `stanby`",
    ),
    ("1/8", "1/65", "L005", "`standby-share` takes a share from `1/2` to `1/64`, not `1/65`"),
    ("heartbeat-delay: 250ms", "heartbeat: 250ms", "L003", "unknown key `heartbeat` in a pair of servers"),
];

#[test]
fn wrong_estates_are_refused_by_decoder_and_schema() {
    for (line, by, code, message) in WRONG_ESTATES {
        refused(&Kind::Estate, &estate_with(line, by), code, message);
    }
}

#[test]
fn what_was_meant_is_proposed() {
    for (line, by, help) in [
        ("hostname: prn-1", "hostnam: prn-1", "did you mean `hostname`?"),
        ("ip: 10.42.8.30", "ip-address: 10.42.8.30", "did you mean `ip`?"),
        (
            "next-server: 10.42.8.9",
            "routers: [10.42.8.1]",
            "options stand under `options:`; move `routers` there",
        ),
        ("relays: [10.42.8.1]", "relays: 10.42.8.1", "write `[10.42.8.1]`"),
        ("authoritative: false", "authoritative: off", "write `false`"),
        ("identity: mac", "identity: clientid", "write `client-id`"),
        ("10.42.8.0/23", "10.42.9.0/23", "write `10.42.8.0/23`"),
        ("10.42.8.0/23", "10.42.8.0/255.255.254.0", "write `10.42.8.0/23`"),
        ("10.42.8.20 - 10.42.9.250", "10.42.9.250 - 10.42.8.20", "write `10.42.8.20 - 10.42.9.250`"),
        ("10.42.8.20 - 10.42.9.250", "10.42.8.20 .. 10.42.9.250", "write `10.42.8.20 - 10.42.9.250`"),
        ("renew-after: 1h", "renew-after: 1h 30m", "write `90m`"),
        ("id: 1417", "id: '1417'", "write `1417`"),
        ("site: FITS-0042\n", "", "add `site`, for example `site: FITS-0042`"),
    ] {
        let found = findings(&Kind::Site, &site_with(line, by));
        let helps: Vec<_> = found.iter().map(|finding| finding.help.as_deref()).collect();
        assert_eq!(helps, [Some(help)], "{by}");
    }
}

/// The keys that the decoder reads in a mapping, as it tells people about an unknown one.
fn keys_read(kind: &Kind, text: &str) -> BTreeSet<String> {
    let found = findings(kind, text);
    let unknown: Vec<&Diagnostic> =
        found.iter().filter(|finding| finding.message.contains("`qqqqqqqq`")).collect();
    let [finding] = unknown[..] else { panic!("one unknown key in {text}") };
    let (_, keys) = finding.notes[0].split_once(" takes ").unwrap();
    keys.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn keys_are_those_of_the_schema() {
    let network = |inner: &str| format!("version: 1\nsite: x\nnetworks: [{{{inner}}}]");
    let subnet = |inner: &str| network(&format!("name: n, subnets: [{{{inner}}}]"));
    let estate = |inner: &str| format!("version: 1\nestate: x\n{inner}");
    let definitions = [
        (Kind::Estate, estate("qqqqqqqq: 1"), ""),
        (Kind::Estate, estate("option-definitions: {x: {qqqqqqqq: 1}}"), "OptionDefinition"),
        (Kind::Estate, estate("classes: [{qqqqqqqq: 1}]"), "ClassDefinition"),
        (Kind::Estate, estate("profiles: {x: {qqqqqqqq: 1}}"), "Profile"),
        (Kind::Estate, estate("high-availability: {qqqqqqqq: 1}"), "HighAvailability"),
        (Kind::Estate, estate("high-availability: {servers: [{qqqqqqqq: 1}]}"), "Server"),
        (Kind::Estate, estate("lease: {qqqqqqqq: 1}"), "LeaseTimes"),
        (Kind::Estate, estate("allow: [{qqqqqqqq: 1}]"), "Allow"),
        (Kind::Estate, estate("change-limits: {qqqqqqqq: 1}"), "ChangeLimits"),
        (Kind::Site, "version: 1\nsite: x\nqqqqqqqq: 1".to_owned(), ""),
        (Kind::Site, "version: 1\nsite: x\nclasses: [{qqqqqqqq: 1}]".to_owned(), "ClassMeaning"),
        (Kind::Site, "version: 1\nsite: x\nreservations: [{qqqqqqqq: 1}]".to_owned(), "Device"),
        (Kind::Site, network("qqqqqqqq: 1"), "Network"),
        (Kind::Site, subnet("qqqqqqqq: 1"), "Subnet"),
        (Kind::Site, subnet("pools: [{qqqqqqqq: 1}]"), "PoolMapping"),
        (Kind::Site, subnet("exclude: [{qqqqqqqq: 1}]"), "ExclusionMapping"),
        (Kind::Site, subnet("reservations: [{qqqqqqqq: 1}]"), "Reservation"),
    ];
    let mut compared: BTreeSet<&str> = BTreeSet::new();
    for (kind, text, name) in &definitions {
        let schema = schema(kind);
        let object = if name.is_empty() { &schema } else { &schema["$defs"][name] };
        let properties = object["properties"].as_object().unwrap_or_else(|| panic!("{name} has properties"));
        assert_eq!(keys_read(kind, text), properties.keys().cloned().collect(), "{name}");
        compared.insert(name);
    }
    for kind in [Kind::Estate, Kind::Site] {
        for (name, object) in schema(&kind)["$defs"].as_object().unwrap() {
            assert!(object.get("properties").is_none() || compared.contains(&**name), "{name} is compared");
        }
    }
}
