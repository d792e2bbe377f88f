//! Half-typed estates, with the cursor at `|`.

use leasehold_schemas::source::FileId;
use leasehold_schemas::vocab::{Cidr, Date};
use proptest::prelude::*;

use super::complete::complete;
use super::hover::hover;
use super::inherited::{self, Setting};
use super::scan::{Scan, Spot};
use super::symbol::{definition, references};
use super::{Page, inherited::entry};
use crate::diag::{Severity, Sink};
use crate::grammar::Document;
use crate::lower::{Parameter, Place, ValueName};
use crate::parse::{self, NodeId, NodeKind, Tree};
use crate::source::{SourceFile, Sources};

const ESTATE: &str = "version: 1
estate: example
lease: {default: 8h, min: 10m}
options: {domain-name: example.internal, routers: [10.0.0.254]}
option-definitions:
  delivery: {code: 234, type: string}
classes:
  - name: voip
    match: option[60].text == 'phone'
    lease: 1h
  - name: boot
    match: member('voip') and option[234].exists
profiles:
  court:
    lease: 24h
    options: {ntp-servers: [10.0.0.123]}
";

const SITE: &str = "version: 1
site: A
profile: court
options:
  domain-name: a.example.internal
networks:
  - name: user
    identity: mac
    subnets:
      - subnet: 10.42.8.0/23
        pools:
          - {range: 10.42.8.20 - 10.42.8.30, only: [voip], lease: 2h}
        lease: {max: 36h}
        options: {routers: [10.42.8.1], domain-name: null}
        classes:
          - {class: voip, options: {delivery: x}}
        reservations:
          - {mac: \"52:54:00:12:34:56\", ip: 10.42.8.10, classes: [voip], options: {routers: [10.42.8.2]}}
";

/// The estate with this text for its site, and where `|` stands in it.
fn opened(site: &str) -> (Sources, usize) {
    let offset = site.find('|').unwrap_or(site.len());
    let site = site.replacen('|', "", 1);
    let file = |path: &str, text: &str| SourceFile { path: path.to_owned(), bytes: text.as_bytes().to_vec() };
    (Sources::new("sites/", vec![file("estate.yaml", ESTATE), file("wales/a.yaml", &site)]), offset)
}

const FILE: FileId = FileId(1);

fn labels(site: &str) -> Vec<String> {
    let (sources, offset) = opened(site);
    complete(&sources, FILE, offset).into_iter().map(|proposal| proposal.label).collect()
}

#[track_caller]
fn check_offers(site: &str, some: &[&str], none: &[&str]) {
    let labels = labels(site);
    for label in some {
        assert!(
            labels.iter().any(|offered| offered == label),
            "`{label}` is not among {labels:?} in\n{site}"
        );
    }
    for label in none {
        assert!(!labels.iter().any(|offered| offered == label), "`{label}` is offered in\n{site}");
    }
}

#[test]
fn keys_are_offered_by_their_place() {
    check_offers("|", &["version", "site", "networks"], &["subnets"]);
    check_offers("version: 1\nsi|", &["site", "profile"], &["version"]);
    check_offers("version: 1\nnetworks:\n  |", &["- network"], &["name"]);
    check_offers("version: 1\nnetworks:\n  - |", &["name", "subnets", "network"], &["site"]);
    check_offers("networks:\n  - name: x\n    |\nclasses: []\n", &["subnets", "relays"], &["name", "site"]);
    check_offers(
        "networks:\n  - name: x\n    subnets:\n      - subnet: 10.0.0.0/24\n        po|",
        &["pools"],
        &["subnet"],
    );
    check_offers(
        "networks:\n  - name: x\n    subnets:\n      - subnet: 10.0.0.0/24\n    rel|",
        &["relays"],
        &["pools", "subnets"],
    );
    check_offers(
        "reservations:\n  - {mac: \"52:54:00:12:34:56\", |}\n",
        &["hostname", "classes"],
        &["mac", "ip"],
    );
    check_offers("reservations:\n  - {mac: 1, |\nnetworks: []\n", &["hostname"], &["mac", "networks"]);
    check_offers("lease: {default: 1h, m|}", &["min", "max"], &["default"]);
}

#[test]
fn names_and_words_are_offered_where_they_may_stand() {
    check_offers("profile: |", &["court"], &["voip"]);
    check_offers("networks:\n  - only: [|]", &["voip", "boot", "KNOWN"], &["court"]);
    check_offers("networks:\n  - only:\n      - |", &["voip"], &["court"]);
    check_offers("classes:\n  - {class: v|, lease: 1h}", &["voip"], &["court"]);
    check_offers("options: {|", &["delivery", "routers"], &["dhcp-message-type"]);
    check_offers("options:\n  routers: [10.0.0.1]\n  |", &["delivery", "ntp-servers"], &["routers"]);
    check_offers("always-send: [r|]", &["routers", "delivery"], &[]);
    check_offers("reply-to: |", &["giaddr", "source"], &["relay"]);
    check_offers("authoritative: |", &["true", "false"], &[]);
    check_offers("allow: [{rule: |}]", &["reservation-in-pool"], &["yaml-syntax"]);
    check_offers("site: |", &[], &["court", "voip"]);
    check_offers("# |", &[], &["site"]);
}

#[test]
fn what_is_written_fits_its_place() {
    let written = |site: &str, label: &str| {
        let (sources, offset) = opened(site);
        let found = complete(&sources, FILE, offset).into_iter().find(|proposal| proposal.label == label);
        let found = found.unwrap_or_else(|| panic!("`{label}` is not offered"));
        (found.snippet, found.range)
    };
    assert_eq!(
        written("networks:\n  - name: x\n    subn|", "subnets").0,
        "subnets:\n  - subnet: $1\n    pools: [$2]\n    options: {routers: [$3]}"
    );
    assert_eq!(
        written("networks:\n  - subn|", "subnets").0,
        "subnets:\n    - subnet: $1\n      pools: [$2]\n      options: {routers: [$3]}"
    );
    assert_eq!(written("networks:\n  |", "- network").0, "- name: $1\n  subnets:\n    - subnet: $2");
    assert_eq!(written("options: {ro|}", "routers"), ("routers: [$1]".to_owned(), 10..12));
    assert_eq!(written("prof|: court", "profile"), ("profile".to_owned(), 0..4));
    assert_eq!(written("profile: co|urt", "court"), ("court".to_owned(), 9..14));
}

#[track_caller]
fn check_hover(site: &str, expected: &str) {
    let (sources, offset) = opened(site);
    let found = hover(&sources, FILE, offset).map(|hover| hover.text).unwrap_or_default();
    assert_eq!(found, expected);
}

/// The site with the cursor in the first of these.
fn at(before: &str, word: &str) -> String {
    let from = SITE.find(before).unwrap();
    let offset = from + SITE[from..].find(word).unwrap();
    format!("{}|{}", &SITE[..offset + 1], &SITE[offset + 1..])
}

#[test]
fn hovering_tells_what_holds_and_who_says_it() {
    check_hover(
        &at("lease: {max", "lease"),
        "**`lease`**\n\nLease time: a duration, or `{default, min, max}`. Default 8 h, and then min and max equal default. A client's wish \
         (option 51) is kept between min and max.\n\nHere:\n\n- lease default: `24h`, by profile `court` (sites/estate.yaml:15); over `8h` of the \
         estate (sites/estate.yaml:3)\n- lease min: `10m`, by the estate (sites/estate.yaml:3)\n- lease max: `36h`, by the subnet \
         (sites/wales/a.yaml:13)",
    );
    check_hover(
        &at("options: {routers", "routers"),
        "**option `routers`**\n\ncode 3: a list of ipv4-address\n\nHere:\n\n- option routers: `[10.42.8.1]`, by the subnet (sites/wales/a.yaml:14); over \
         `[10.0.0.254]` of the estate (sites/estate.yaml:4)",
    );
    check_hover(
        &at("only: [", "voip"),
        "**class `voip`**\n\n```\noption[60].text == 'phone'\n```\n\nSays:\n\n- lease default: `1h`, by the class (sites/estate.yaml:10)",
    );
    check_hover(
        &at("identity: ", "mac"),
        "`mac`: Its hardware address only, for machines that change their client identifier while they boot.",
    );
    check_hover(
        &at("subnet: 10", "10"),
        "**subnet `10.42.8.0/23`**\n\n10.42.8.0 - 10.42.9.255, 512 addresses, id 170526720\n\npools: 1, reservations: 1\n\nWhat holds here:\n\n- lease \
         default: `24h`, by profile `court` (sites/estate.yaml:15)\n- lease min: `10m`, by the estate (sites/estate.yaml:3)\n- lease max: `36h`, by the \
         subnet (sites/wales/a.yaml:13)\n- identity: `mac`, by the network (sites/wales/a.yaml:8)\n- option domain-name: taken away, by the subnet \
         (sites/wales/a.yaml:14)\n- option ntp-servers: `[10.0.0.123]`, by profile `court` (sites/estate.yaml:16)\n- option routers: `[10.42.8.1]`, by the \
         subnet (sites/wales/a.yaml:14)",
    );
}

#[test]
fn names_lead_to_their_definition_and_back() {
    let (sources, offset) = opened(&at("only: [", "voip"));
    let text = |span: leasehold_schemas::source::Span| {
        let file = sources.file(span.file);
        (
            file.path.as_str(),
            std::str::from_utf8(&file.bytes[span.start as usize..span.end as usize]).unwrap(),
        )
    };
    let found: Vec<_> = definition(&sources, FILE, offset).into_iter().map(text).collect();
    assert_eq!(found, [("estate.yaml", "voip")]);
    let found = references(&sources, FILE, offset, true);
    assert_eq!(found.len(), 5, "the definition, `member`, the guard, the meaning and the reservation");
    assert!(found.iter().all(|span| text(*span).1 == "voip"));
    assert_eq!(references(&sources, FILE, offset, false).len(), 4);

    let (sources, offset) = opened(&at("options: {delivery", "delivery"));
    assert_eq!(definition(&sources, FILE, offset).len(), 1);
    assert_eq!(references(&sources, FILE, offset, true).len(), 3, "by its code in an expression, too");
    let (sources, offset) = opened(&at("profile: ", "court"));
    assert_eq!(references(&sources, FILE, offset, true).len(), 2);
    let (sources, offset) = opened(&at("pools:", "range"));
    assert_eq!(definition(&sources, FILE, offset), []);
}

/// Every lease time, key and option: the lines are those that the model finds.
#[test]
fn what_holds_is_what_the_model_says() {
    let (sources, _) = opened(SITE);
    let compilation = crate::check(&sources, &mut crate::Cache::none(), Date::new(2026, 11, 1).unwrap());
    let errors: Vec<_> =
        compilation.diagnostics.iter().filter(|found| found.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{:?}", errors.iter().map(|found| &found.message).collect::<Vec<_>>());
    let origins = compilation.origins();
    let (page, estate) = (Page::new(&sources, FILE), Page::estate(&sources).unwrap());
    let prefix: Cidr = "10.42.8.0/23".parse().unwrap();
    let list = |of: usize, key: &str| {
        page.scan.spots.iter().position(|spot| spot.parent == entry(&page, of, key).unwrap()).unwrap()
    };
    let subnet = list(list(0, "networks"), "subnets");
    let places = [
        (subnet, Place::Subnet(prefix)),
        (list(subnet, "pools"), Place::Pool(prefix, [10, 42, 8, 20].into())),
    ];
    let mut compared = 0;
    for (spot, place) in places {
        for setting in inherited::settings(&page, Some(&estate), spot) {
            let name = match &setting {
                Setting::Lease("default") => ValueName::Parameter(Parameter::LeaseDefault),
                Setting::Lease("min") => ValueName::Parameter(Parameter::LeaseMin),
                Setting::Lease(_) => ValueName::Parameter(Parameter::LeaseMax),
                Setting::Key("identity") => ValueName::Parameter(Parameter::Identity),
                Setting::Key(key) => panic!("`{key}` is not said in this estate"),
                Setting::Option(name) => {
                    let mut definitions = compilation.estate.definitions.values();
                    let definition = definitions.find(|definition| definition.name == *name).unwrap();
                    ValueName::Option(definition.space, definition.code)
                }
            };
            let expected: Vec<(FileId, usize, bool)> = origins
                .of(&place, None, name)
                .iter()
                .map(|origin| (origin.span.file, origin.span.start as usize, origin.removes))
                .collect();
            let found: Vec<(FileId, usize, bool)> = inherited::said(&page, Some(&estate), spot, &setting)
                .into_iter()
                .map(|said| (said.file, said.offset, said.removes))
                .collect();
            assert_eq!(found, expected, "{setting:?}");
            compared += 1;
        }
    }
    assert_eq!(compared, 14);
}

/// Scalars with the way to them, as the parser reads them.
fn parsed(tree: &Tree<'_>, node: NodeId, way: &str, found: &mut Vec<(String, String)>) {
    match &tree.node(node).kind {
        NodeKind::Scalar { text, .. } if text.is_empty() => {}
        NodeKind::Scalar { text, .. } => found.push((way.to_owned(), text.to_string())),
        NodeKind::Sequence(nodes) => {
            nodes.iter().for_each(|node| parsed(tree, *node, &format!("{way}/-"), found));
        }
        NodeKind::Mapping(entries) => {
            entries
                .iter()
                .for_each(|entry| parsed(tree, entry.value, &format!("{way}/{}", entry.key), found));
        }
        NodeKind::Poisoned => {}
    }
}

/// The same, as they are seen while somebody types.
fn seen(scan: &Scan) -> Vec<(String, String)> {
    let mut ways: Vec<String> = Vec::new();
    let mut found = Vec::new();
    for (at, spot) in scan.spots.iter().enumerate() {
        let Spot { parent, key, scalar, .. } = spot;
        let step = key.as_ref().map_or("-", |key| key.text.as_str());
        ways.push(if at == 0 { String::new() } else { format!("{}/{step}", ways[*parent]) });
        if let Some(word) = scalar.as_ref().filter(|word| !word.text.is_empty()) {
            found.push((ways[at].clone(), word.text.clone()));
        }
    }
    found
}

#[test]
fn right_text_is_seen_as_it_is_read() {
    for (document, text) in [(Document::Estate, ESTATE), (Document::Site, SITE)] {
        let mut sink = Sink::default();
        let tree = parse::parse(FILE, text.as_bytes(), &mut sink);
        let mut expected = Vec::new();
        parsed(&tree, tree.root(), "", &mut expected);
        assert_eq!(seen(&Scan::new(text, document)), expected);
    }
}

/// Lines as people type them.
fn lines() -> impl Strategy<Value = String> {
    let line = prop::sample::select(vec![
        "version: 1",
        "networks:",
        "- name: x",
        "  - name: y",
        "    subnets:",
        "    - subnet: 10.0.0.0/24",
        "      - subnet: z",
        "        pools: [a,",
        "          b]",
        "  b: {c: d, e: [f, g]}",
        "a:",
        "  - b",
        "  - - c",
        "    - d",
        "b: c # d",
        "# e",
        "",
        "  e: 'f'",
        "  g: \"h i\"",
        "k: [ ]",
        "- l",
        "    m: n",
        "o: [p, {q: r}]",
        "  s: {t: u,",
        "      v: w}",
    ]);
    prop::collection::vec(line, 0..10).prop_map(|lines| lines.join("\n"))
}

/// Anything that somebody may have typed.
fn anything() -> impl Strategy<Value = String> {
    let bit = prop::sample::select(vec![
        "a",
        ": ",
        ":",
        "- ",
        "\n",
        "\n  ",
        "\n      ",
        "[",
        "]",
        "{",
        "}",
        ",",
        "'",
        "\"",
        "#",
        " # ",
        "|",
        ">-\n",
        "é",
        "😀",
        "\t",
        "\r\n",
        "networks:",
        "match: member('",
        "option[",
        "\\",
        "\u{feff}",
        "---\n",
        "%a",
        "options: {",
        "lease: ",
        "?",
        "- - ",
    ]);
    prop::collection::vec(bit, 0..30).prop_map(|bits| bits.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, ..ProptestConfig::default() })]

    #[test]
    fn readable_text_is_seen_as_it_is_read_whatever_it_is(text in lines()) {
        let mut sink = Sink::default();
        let tree = parse::parse(FILE, text.as_bytes(), &mut sink);
        // A scalar of several lines is seen by its first.
        let mut expected = Vec::new();
        parsed(&tree, tree.root(), "", &mut expected);
        let continued = expected.iter().any(|(_, text)| text.contains(['\n', ' ']) && text != "h i");
        if sink.is_empty() && !continued {
            prop_assert_eq!(seen(&Scan::new(&text, Document::Site)), expected, "{}", text);
        }
    }

    #[test]
    fn any_text_has_answers_everywhere(text in anything(), at in 0_usize..200) {
        let file = |path: &str, text: &str| SourceFile { path: path.to_owned(), bytes: text.as_bytes().to_vec() };
        let sources = Sources::new("", vec![file("estate.yaml", &text), file("z.yaml", &text)]);
        for file in [FileId(0), FileId(1)] {
            let at = at.min(text.len());
            complete(&sources, file, at);
            hover(&sources, file, at);
            references(&sources, file, at, true);
        }
    }
}

/// Each text on the way to a whole file is answered, at its end and in its middle.
#[test]
fn every_prefix_of_a_file_has_answers() {
    for (end, _) in SITE.char_indices() {
        let (sources, _) = opened(&SITE[..end]);
        for at in [end, end / 2] {
            complete(&sources, FILE, at);
            hover(&sources, FILE, at);
            definition(&sources, FILE, at);
        }
        crate::check(&sources, &mut crate::Cache::none(), Date::new(2026, 11, 1).unwrap());
    }
}
