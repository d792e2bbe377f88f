use leasehold_schemas::source::{FileId, Keyed};
use leasehold_schemas::vocab::OptionCode;
use proptest::prelude::*;

use super::*;
use crate::resolve::definitions;

/// Places are made distinct by counting, so that a fault's place can be told.
#[derive(Default)]
struct Writer(u32);

impl Writer {
    fn span(&mut self) -> Span {
        self.0 += 1;
        Span { file: FileId(0), start: self.0, end: self.0 + 1 }
    }
    fn text(&mut self, text: &str) -> Spanned<OptionValue> {
        Spanned::new(OptionValue::Scalar(text.to_owned()), self.span())
    }
    fn list(&mut self, texts: &[&str]) -> Spanned<OptionValue> {
        let items = texts.iter().map(|text| self.text(text)).collect();
        Spanned::new(OptionValue::List(items), self.span())
    }
    fn mapping(&mut self, pairs: &[(&str, &str)]) -> Spanned<OptionValue> {
        let entry = |(key, text): &(&str, &str)| {
            let key = Spanned::new((*key).to_owned(), self.span());
            Keyed { key, value: self.text(text) }
        };
        let entries = pairs.iter().map(entry).collect();
        Spanned::new(OptionValue::Mapping(Map(entries)), self.span())
    }
}

fn standard(name: &str) -> Definition {
    definitions::standard().into_iter().find(|definition| definition.name == name).unwrap()
}

/// The octets, or every fault as `CODE @start message`.
fn octets(definition: &Definition, value: &Spanned<OptionValue>) -> Result<Vec<u8>, Vec<String>> {
    let mut sink = Sink::default();
    let encoded = encode(definition, value, &mut sink);
    let faults: Vec<String> = sink
        .into_sorted()
        .iter()
        .map(|d| format!("{} @{} {}", d.rule.code, d.primary.span.start, d.message))
        .collect();
    assert_eq!(encoded.is_some(), faults.is_empty());
    encoded.map(|encoded| encoded.bytes).ok_or(faults)
}

fn scalar(name: &str, text: &str) -> Result<Vec<u8>, Vec<String>> {
    octets(&standard(name), &Writer::default().text(text))
}

fn list(name: &str, texts: &[&str]) -> Result<Vec<u8>, Vec<String>> {
    octets(&standard(name), &Writer::default().list(texts))
}

#[test]
fn scalars_of_every_type() {
    assert_eq!(scalar("subnet-mask", "255.255.254.0").unwrap(), [255, 255, 254, 0]);
    assert_eq!(scalar("time-offset", "-3600").unwrap(), (-3600i32).to_be_bytes());
    assert_eq!(scalar("interface-mtu", "1500").unwrap(), [5, 220]);
    assert_eq!(scalar("default-ip-ttl", "007").unwrap(), [7]);
    assert_eq!(scalar("default-ip-ttl", "0x10").unwrap(), [16]);
    assert_eq!(scalar("v6-only-preferred", "30m").unwrap(), 1800u32.to_be_bytes());
    assert_eq!(scalar("ip-forwarding", "no").unwrap(), [0]);
    assert_eq!(scalar("boot-file-name", "boot.efi").unwrap(), b"boot.efi");
    assert_eq!(scalar("v4-access-domain", "example.org").unwrap(), b"\x07example\x03org\x00");
    assert_eq!(scalar("user-class", "0x0301").unwrap(), [3, 1]);
    assert_eq!(scalar("domain-name", "example.org").unwrap(), b"example.org");
    assert!(scalar("dhcp-agent-options", "0x").is_err());
    assert!(scalar("rapid-commit", "true").unwrap().is_empty());
}

#[test]
fn lists_take_a_single_value_too() {
    assert_eq!(list("routers", &["10.0.0.1", "10.0.0.2"]).unwrap(), [10, 0, 0, 1, 10, 0, 0, 2]);
    assert_eq!(scalar("routers", "10.0.0.1").unwrap(), [10, 0, 0, 1]);
    assert_eq!(
        list("domain-search", &["a.example", "b.example"]).unwrap(),
        b"\x01a\x07example\x00\x01b\xc0\x02"
    );
    assert_eq!(list("v4-sztp-redirect", &["ab"]).unwrap(), b"\x00\x02ab");
}

#[test]
fn records_by_order_and_by_position() {
    let mut writer = Writer::default();
    let agent = standard("slp-directory-agent");
    let wanted = [1, 10, 0, 0, 1, 10, 0, 0, 2];
    assert_eq!(octets(&agent, &writer.list(&["true", "10.0.0.1", "10.0.0.2"])).unwrap(), wanted);
    assert_eq!(octets(&agent, &writer.mapping(&[("2", "10.0.0.1"), ("1", "true")])).unwrap(), wanted[..5]);
    let scope = standard("slp-service-scope");
    assert_eq!(octets(&scope, &writer.list(&["true", "x"])).unwrap(), b"\x01x");
    assert_eq!(octets(&scope, &writer.list(&["true"])).unwrap_err().len(), 1);
    assert_eq!(octets(&scope, &writer.mapping(&[("1", "true"), ("three", "x")])).unwrap_err().len(), 1);
}

#[test]
fn classless_routes() {
    let routes = standard("classless-static-route");
    let mut writer = Writer::default();
    let route = writer.mapping(&[("to", "10.0.0.0/8"), ("via", "10.42.8.2")]);
    let default = writer.text("0.0.0.0/0 - 10.42.8.1");
    let value = Spanned::new(OptionValue::List(vec![route, default]), writer.span());
    assert_eq!(octets(&routes, &value).unwrap(), [8, 10, 10, 42, 8, 2, 0, 10, 42, 8, 1]);
    let fault = |pairs: &[(&str, &str)]| octets(&routes, &Writer::default().mapping(pairs)).unwrap_err();
    assert_eq!(
        fault(&[("to", "10.1.0.0/8"), ("via", "10.0.0.1")]),
        ["L501 @2 prefix `10.1.0.0/8` has host bits set"]
    );
    assert_eq!(fault(&[("to", "10.0.0.0/8")]), ["L501 @3 a route lacks `via`"]);
    assert_eq!(fault(&[("to", "10.0.0.0/8"), ("gw", "10.0.0.1")]), ["L501 @3 a route has no `gw`"]);
    assert_eq!(
        fault(&[("to", "10"), ("via", "x")]),
        ["L501 @2 `10` is no prefix", "L501 @4 `x` is no IPv4 address"]
    );
}

#[test]
fn octets_of_any_option() {
    let value = Writer::default().mapping(&[("hex", "0a:00:00:01")]);
    assert_eq!(octets(&standard("routers"), &value).unwrap(), [10, 0, 0, 1]);
    let value = Writer::default().mapping(&[("hex", "zz")]);
    assert_eq!(
        octets(&standard("routers"), &value).unwrap_err(),
        ["L501 @2 `zz` is no value for option `routers`"]
    );
}

#[test]
fn each_wrong_element_is_reported_at_its_place() {
    assert_eq!(
        list("routers", &["10.0.0", "10.0.0.1", "x"]).unwrap_err(),
        ["L501 @1 `10.0.0` is no value for option `routers`", "L501 @3 `x` is no value for option `routers`"]
    );
    assert_eq!(
        list("domain-search", &["a.example", "a..example"]).unwrap_err(),
        ["L511 @2 `a..example` is no domain name"]
    );
    assert_eq!(scalar("domain-name", "a b").unwrap_err(), ["L511 @1 `a b` is no domain name"]);
    assert_eq!(list("routers", &[]).unwrap_err(), ["L501 @1 option `routers` is given no value"]);
    assert_eq!(list("subnet-mask", &["255.0.0.0"]).unwrap_err().len(), 1);
    assert_eq!(list("static-routes", &["10.0.0.1"]).unwrap_err().len(), 1);
    for (name, text) in [
        ("default-ip-ttl", "0"),
        ("default-ip-ttl", "256"),
        ("interface-mtu", "-1"),
        ("interface-mtu", "1e3"),
        ("interface-mtu", ""),
        ("netbios-node-type", "3"),
        ("ip-forwarding", "2"),
        ("boot-file-name", ""),
        ("boot-file-name", "a\0b"),
        ("routers", "10.0.0.1, 10.0.0.2"),
        ("routers", "010.0.0.1"),
        ("time-offset", "8h"),
        ("rapid-commit", "false"),
    ] {
        assert_eq!(scalar(name, text).unwrap_err().len(), 1, "{name}: {text}");
    }
}

#[test]
fn an_estates_own_definitions() {
    let own = |kind, array| Definition {
        name: "own".into(),
        space: Space::Dhcp4,
        code: OptionCode(234),
        kind,
        array,
        fields: Vec::new(),
        span: Some(Span { file: FileId(0), start: 0, end: 1 }),
    };
    let mut writer = Writer::default();
    assert_eq!(octets(&own(OptionType::Int8, true), &writer.list(&["-1", "127"])).unwrap(), [255, 127]);
    assert_eq!(octets(&own(OptionType::Tuple, false), &writer.text("ab")).unwrap(), b"\x02ab");
    assert!(octets(&own(OptionType::Tuple, false), &writer.text(&"a".repeat(256))).is_err());
    assert_eq!(octets(&own(OptionType::Int16, false), &writer.text("-32768")).unwrap(), [0x80, 0]);
    assert!(octets(&own(OptionType::Int16, false), &writer.text("32768")).is_err());
}

fn any_value() -> impl Strategy<Value = Spanned<OptionValue>> {
    let at = Span { file: FileId(0), start: 0, end: 1 };
    let leaf = prop_oneof![
        "\\PC{0,12}".prop_map(OptionValue::Scalar),
        "[0-9.a-f:x/ -]{0,20}".prop_map(OptionValue::Scalar),
        Just(OptionValue::Null),
    ];
    let nested = leaf.prop_recursive(3, 12, 4, move |inner| {
        let keys = prop::sample::select(vec!["hex", "to", "via", "1", "2", "other"]);
        let spanned = inner.prop_map(move |value| Spanned::new(value, at));
        let entry = (keys, spanned.clone())
            .prop_map(move |(key, value)| Keyed { key: Spanned::new(key.to_owned(), at), value });
        prop_oneof![
            prop::collection::vec(spanned, 0..4).prop_map(OptionValue::List),
            prop::collection::vec(entry, 0..4).prop_map(|entries| OptionValue::Mapping(Map(entries))),
        ]
    });
    nested.prop_map(move |value| Spanned::new(value, at))
}

proptest! {
    #[test]
    fn every_value_has_octets_or_a_fault(value in any_value()) {
        for definition in definitions::standard() {
            let _ = octets(&definition, &value);
        }
    }

    #[test]
    fn addresses_read_back(addresses in prop::collection::vec(any::<u32>(), 1..20)) {
        let texts: Vec<String> = addresses.iter().map(|a| Ipv4Addr::from(*a).to_string()).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let bytes = list("routers", &texts).unwrap();
        let back: Vec<u32> = bytes.chunks(4).map(|c| u32::from_be_bytes(c.try_into().unwrap())).collect();
        prop_assert_eq!(back, addresses);
    }
}
