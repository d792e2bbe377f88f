//! Proofs about class tests and the server's evaluator never contradict each other: what is never possible no packet
//! does, and the packet that shows what is possible does it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use leasehold_compiler::check::proof::{
    ClassNumber, ClassTests, Contents, Defined, Formula, Kind, Packet, Sender, Verdict, ask,
};
use leasehold_schemas::artefact::{self, Accessor, Class, Meaning, NumberKind, PacketField, Term, Test};
use leasehold_schemas::vocab::{ClassName, HexBytes, MacAddr};
use leasehold_server::estate::{ClassId, Membership, Received, Tables};
use leasehold_server::wire::{Message, OptionIndex};
use proptest::prelude::*;

/// Classes of a random estate; the first is one that only reservations assign.
const CLASSES: [&str; 5] = ["listed", "a", "b", "c", "d"];
const BUILT_IN: [&str; 4] = ["ALL", "KNOWN", "UNKNOWN", "VENDOR_CLASS_ab"];

fn name(text: &str) -> ClassName {
    text.parse().expect("a class name")
}

fn octets() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(prop_oneof![4 => Just(b'a'), 4 => Just(b'b'), 1 => Just(0), 1 => Just(1)], 0..4)
}

fn place() -> impl Strategy<Value = Accessor> {
    prop_oneof![
        4 => Just(Accessor::Option(77)),
        4 => Just(Accessor::Option(60)),
        2 => Just(Accessor::Option(12)),
        1 => Just(Accessor::Option(53)),
        2 => Just(Accessor::SubOption(82, vec![1])),
        1 => Just(Accessor::SubOption(82, vec![2])),
        1 => Just(Accessor::Option(82)),
    ]
}

/// Places of which only some are proved, and which no random packet varies.
fn other_place() -> impl Strategy<Value = Accessor> {
    let fields = [
        PacketField::HardwareAddress,
        PacketField::HardwareLength,
        PacketField::HardwareType,
        PacketField::MessageType,
        PacketField::RelayAddress,
        PacketField::Length,
    ];
    let others = [Accessor::Vendor(None), Accessor::VendorEnterprise, Accessor::SubOption(77, vec![97, 97])];
    let fields = fields.into_iter().map(Accessor::Packet).chain(others);
    proptest::sample::select(fields.collect::<Vec<_>>())
}

fn literal() -> impl Strategy<Value = Term> {
    let numbers = proptest::sample::select(vec![
        vec![0, 0, 0, 1],
        vec![0, 0, 0, 3],
        vec![0, 0, 0, 0],
        vec![10, 1, 0, 1],
        MAC.to_vec(),
        vec![0x52, 0x54],
    ]);
    prop_oneof![6 => octets(), 1 => numbers].prop_map(|octets| Term::Literal(HexBytes(octets)))
}

/// A term that proofs look into.
fn term() -> impl Strategy<Value = Term> {
    let leaf = prop_oneof![
        1 => literal(),
        6 => place().prop_map(Term::Value),
        1 => other_place().prop_map(Term::Value),
    ];
    leaf.prop_recursive(2, 4, 1, |inner| {
        let bounds = (inner, -4_i32..5, proptest::option::of(-3_i32..5));
        bounds.prop_map(|(of, start, length)| Term::Substring { of: Box::new(of), start, length })
    })
}

/// A term of the whole language, some of which have no value.
fn any_term() -> impl Strategy<Value = Term> {
    term().prop_recursive(2, 6, 2, |inner| {
        let one = || inner.clone().prop_map(Box::new);
        prop_oneof![
            1 => one().prop_map(Term::Lower),
            1 => one().prop_map(|of| Term::NumberText(NumberKind::Uint8, of)),
            1 => one().prop_map(Term::AddressText),
            1 => (one(), one()).prop_map(|(of, delimiters)| Term::Split { of, delimiters, field: 1 }),
            1 => (one(), one()).prop_map(|(of, separator)| Term::HexText { of, separator }),
            1 => (inner.clone(), inner.clone()).prop_map(|(left, right)| Term::Concat(vec![left, right])),
            3 => (place(), one(), one()).prop_map(|(place, then, otherwise)| {
                Term::IfElse { test: Box::new(Test::Exists(place)), then, otherwise }
            }),
        ]
    })
}

fn test(at: usize) -> impl Strategy<Value = Test> {
    let names: Vec<&str> = CLASSES[..at].iter().chain(&BUILT_IN).copied().collect();
    let prefix = || "10.0.0.0/8".parse().expect("a prefix");
    let leaf = prop_oneof![
        24 => (term(), literal()).prop_map(|(left, right)| Test::Equal(left, right)),
        2 => (any_term(), literal()).prop_map(|(left, right)| Test::Equal(left, right)),
        4 => (term(), term()).prop_map(|(left, right)| Test::Equal(left, right)),
        4 => (term(), proptest::collection::vec(literal(), 1..4)).prop_map(|(term, list)| Test::In(term, list)),
        1 => term().prop_map(move |term| Test::Within(term, vec![prefix()])),
        1 => term().prop_map(|term| Test::Match("a.*".to_owned(), term)),
        1 => any::<bool>().prop_map(Test::Constant),
        8 => place().prop_map(Test::Exists),
        8 => proptest::sample::select(names).prop_map(|class| Test::Member(name(class))),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            3 => proptest::collection::vec(inner.clone(), 1..5).prop_map(Test::And),
            2 => proptest::collection::vec(inner.clone(), 1..5).prop_map(Test::Or),
            2 => inner.prop_map(|test| Test::Not(Box::new(test))),
        ]
    })
}

fn classes() -> impl Strategy<Value = Vec<Class>> {
    (test(1), test(2), test(3), test(4)).prop_map(|(a, b, c, d)| {
        let tests = [None, Some(a), Some(b), Some(c), Some(d)];
        CLASSES.iter().zip(tests).map(|(class, test)| Class { name: name(class), test }).collect()
    })
}

/// Options and sub-options of option 82 that a packet carries.
fn contents() -> impl Strategy<Value = Contents> {
    let kinds = proptest::sample::select(vec![1_u8, 3, 4, 7, 8]);
    (proptest::collection::btree_map(place(), octets(), 0..5), kinds).prop_map(|(mut values, kind)| {
        if values.keys().any(|place| matches!(place, Accessor::SubOption(..))) {
            values.remove(&Accessor::Option(82));
        }
        values.insert(Accessor::Option(53), vec![kind]);
        Contents(values)
    })
}

/// The tables of an estate in which something names every class, so that all of them can be looked up.
fn tables(classes: &[Class]) -> Tables {
    let named = CLASSES.iter().chain(&BUILT_IN);
    let meanings = named.map(|class| Meaning { class: name(class), values: 0 }).collect();
    let empty = serde_json::json!({
        "name": "random", "high_availability": null, "classes": [], "meanings": [],
        "value_sets": [{"options": [], "parameters": {}}], "reservations": [], "sites": []
    });
    let mut estate: artefact::Estate = serde_json::from_value(empty).expect("an empty estate");
    estate.classes = classes.to_vec();
    estate.meanings = vec![meanings];
    Tables::build(&estate).expect("a sound estate")
}

fn bytes(packet: &Packet, kind: u8) -> Vec<u8> {
    let Packet { kind: _, mac, relay, options } = packet;
    let mut bytes = vec![0; 240];
    bytes[..3].copy_from_slice(&[1, 1, 6]);
    bytes[24..28].copy_from_slice(&relay.map_or([0; 4], |relay| relay.octets()));
    bytes[28..34].copy_from_slice(mac.octets());
    bytes[236..240].copy_from_slice(&[99, 130, 83, 99]);
    bytes.extend_from_slice(&[53, 1, kind]);
    let mut whole: BTreeMap<u8, Vec<u8>> = BTreeMap::new();
    for ((code, inner), octets) in options {
        let option = whole.entry(*code).or_default();
        if let Some(inner) = inner {
            option.extend([*inner, u8::try_from(octets.len()).expect("a sub-option is short")]);
        }
        option.extend_from_slice(octets);
    }
    for (code, octets) in whole {
        bytes.extend([code, u8::try_from(octets.len()).expect("random options are short")]);
        bytes.extend(octets);
    }
    bytes.push(255);
    bytes
}

/// Runs the evaluator: is a packet of this content and sender in the class?
struct Server {
    tables: Tables,
}

impl Server {
    fn is_in(&self, packet: &[u8], sender: &Sender, numbers: &ClassTests, class: &str) -> bool {
        let (known, mut reserved): (bool, Vec<ClassId>) = match sender {
            Sender::Unknown => (false, Vec::new()),
            Sender::Known(classes) => {
                let find = |class: &ClassNumber| self.tables.classes().find(numbers.name(*class).as_str());
                (true, classes.iter().filter_map(find).collect())
            }
            Sender::Anyone(_) => unreachable!("a packet has a sender"),
        };
        reserved.sort_unstable();
        let mut index = OptionIndex::new();
        let message = Message::read(packet, &mut index).expect("a sound packet");
        let membership = Membership {
            classes: self.tables.classes(),
            received: Received {
                message: &message,
                interface: "",
                source: Ipv4Addr::UNSPECIFIED,
                destination: Ipv4Addr::BROADCAST,
            },
            known,
            reserved: [&reserved, &[], &[]],
            buffer: &RefCell::default(),
        };
        membership.is_in(self.tables.classes().find(class).expect("every class is named"))
    }
}

const MAC: [u8; 6] = [0x52, 0x54, 0, 0, 0, 1];

fn as_bytes(contents: &Contents) -> Vec<u8> {
    let mut contents = contents.clone();
    // The arguments cannot say every message type, an empty hardware address or a hardware type.
    let field = |field| Accessor::Packet(field);
    let octet = contents.0.remove(&Accessor::Option(53)).map(|octets| octets[0]);
    let number = contents.0.remove(&field(PacketField::MessageType)).map(|octets| octets[3]);
    let hardware = contents.0.remove(&field(PacketField::HardwareAddress));
    let hardware_type = contents.0.remove(&field(PacketField::HardwareType)).map_or(1, |octets| octets[3]);
    let mac = MacAddr::new(&MAC).expect("six octets");
    let packet = Packet::new(&contents, mac, None).expect("random places can be said");
    let mut bytes = bytes(&packet, octet.or(number).unwrap_or(1));
    bytes[1] = hardware_type;
    if let Some(hardware) = hardware {
        bytes[2] = u8::try_from(hardware.len()).expect("it is at most 16");
        bytes[28..28 + hardware.len()].copy_from_slice(&hardware);
    }
    bytes
}

/// A conjunction of memberships, as guards make them.
fn question() -> impl Strategy<Value = Vec<(&'static str, bool)>> {
    let class = proptest::sample::select([&CLASSES[..], &BUILT_IN[..]].concat());
    proptest::collection::vec((class, any::<bool>()), 1..4)
}

fn senders() -> impl Strategy<Value = BTreeSet<&'static str>> {
    let class = proptest::sample::select(vec!["a", "c", "listed", "KNOWN", "VENDOR_CLASS_ab"]);
    proptest::collection::btree_set(class, 0..3)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_verdict_is_the_evaluators(
        classes in classes(),
        question in question(),
        reserved in senders(),
        packets in proptest::collection::vec(contents(), 8),
    ) {
        let server = Server { tables: tables(&classes) };
        let defined = classes.iter().map(|class| {
            (&class.name, class.test.as_ref().map_or(Defined::ByReservation, Defined::By))
        });
        let built_in: Vec<ClassName> = BUILT_IN.iter().map(|class| name(class)).collect();
        let tests = ClassTests::new(defined, built_in.iter());
        let number = |class: &str| tests.number(&name(class)).expect("every class is named");
        let formulas: Vec<Formula> =
            question.iter().map(|(class, is)| Formula::Member(number(class), *is)).collect();
        let formulas: Vec<&Formula> = formulas.iter().collect();
        let listed: BTreeSet<_> = reserved.iter().map(|class| number(class)).collect();
        let holds = |packet: &[u8], sender: &Sender| {
            question.iter().all(|(class, is)| server.is_in(packet, sender, &tests, class) == *is)
        };
        let subsets = [
            Sender::Unknown,
            Sender::Known(BTreeSet::new()),
            Sender::Known(listed.iter().copied().take(1).collect()),
            Sender::Known(listed.clone()),
        ];
        let anyone = ask(&tests, &Sender::Anyone(listed), &formulas);
        for sender in &subsets {
            let verdict = ask(&tests, sender, &formulas);
            if let Verdict::Possible(contents) = &verdict {
                prop_assert!(holds(&as_bytes(contents), sender), "{contents:?} of {sender:?} does not do it");
                prop_assert!(anyone != Verdict::Never, "{sender:?} can, anyone cannot");
            }
            for packet in &packets {
                let packet = as_bytes(packet);
                if holds(&packet, sender) {
                    prop_assert!(verdict != Verdict::Never, "{packet:?} of {sender:?} does it");
                    prop_assert!(anyone != Verdict::Never, "{packet:?} of {sender:?} does it");
                }
            }
        }
    }
}

/// Many conditions on one place, some of which contradict each other.
fn dense() -> impl Strategy<Value = (Accessor, Test)> {
    let places = vec![
        Accessor::Option(12),
        Accessor::Option(60),
        Accessor::Option(77),
        Accessor::SubOption(82, vec![1]),
    ];
    let condition = (-3_i32..4, proptest::option::of(-2_i32..4), octets(), 0..4_u8, any::<bool>());
    let conditions = proptest::collection::vec(condition, 2..6);
    (proptest::sample::select(places), conditions).prop_map(|(place, conditions)| {
        let tests = conditions.into_iter().map(|(start, length, octets, form, is)| {
            let whole = Term::Value(place.clone());
            let part = Term::Substring { of: Box::new(whole.clone()), start, length };
            let test = match form {
                0 => Test::Exists(place.clone()),
                1 => Test::Equal(whole, Term::Literal(HexBytes(octets))),
                _ => Test::Equal(part, Term::Literal(HexBytes(octets))),
            };
            if is { test } else { Test::Not(Box::new(test)) }
        });
        let tests = tests.collect();
        (place, Test::And(tests))
    })
}

/// Every string of up to five octets of three kinds.
fn short_values() -> Vec<Vec<u8>> {
    let mut all = vec![Vec::new()];
    let mut from = 0;
    for _ in 0..5 {
        let to = all.len();
        for at in from..to {
            for octet in [b'a', b'b', 0] {
                let mut longer = all[at].clone();
                longer.push(octet);
                all.push(longer);
            }
        }
        from = to;
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn contradictions_on_one_place_are_found_and_no_others((place, test) in dense()) {
        let classes = [Class { name: name("a"), test: Some(test) }];
        let others = CLASSES.iter().filter(|class| **class != "a");
        let others = others.map(|class| Class { name: name(class), test: None });
        let all: Vec<Class> = classes.iter().cloned().chain(others).collect();
        let server = Server { tables: tables(&all) };
        let defined = classes.iter().map(|class| (&class.name, Defined::By(class.test.as_ref().expect("one"))));
        let tests = ClassTests::new(defined, std::iter::empty());
        let class = tests.number(&name("a")).expect("it is defined");
        let verdict = ask(&tests, &Sender::Unknown, &[&Formula::Member(class, true)]);
        let holds = |contents: Contents| server.is_in(&as_bytes(&contents), &Sender::Unknown, &tests, "a");
        let values = short_values().into_iter().map(|value| Contents([(place.clone(), value)].into()));
        let found = values.chain([Contents::default()]).find(|contents| holds(contents.clone()));
        match verdict {
            Verdict::Possible(contents) => prop_assert!(holds(contents.clone()), "{contents:?}"),
            Verdict::Never => prop_assert!(found.is_none(), "{found:?} does it"),
            Verdict::Unknown(doubt) => prop_assert!(false, "{doubt}"),
        }
    }
}

#[test]
fn few_random_questions_stay_open() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut never, mut possible, mut unknown) = (0, 0, 0);
    for _ in 0..500 {
        let classes = classes().new_tree(&mut runner).expect("a value").current();
        let defined = classes
            .iter()
            .map(|class| (&class.name, class.test.as_ref().map_or(Defined::ByReservation, Defined::By)));
        let tests = ClassTests::new(defined, std::iter::empty());
        for class in tests.numbers() {
            match ask(&tests, &Sender::Unknown, &[&Formula::Member(class, true)]) {
                Verdict::Never => never += 1,
                Verdict::Possible(_) => possible += 1,
                Verdict::Unknown(_) => unknown += 1,
            }
        }
    }
    assert!(never > 300 && possible > 500, "the questions are too easy: {never} never, {possible} possible");
    assert!(unknown < 500, "{unknown} of {} questions stayed open", never + possible + unknown);
}

#[test]
fn a_witness_is_said_as_arguments() {
    let contents = Contents(BTreeMap::from([(Accessor::SubOption(82, vec![1]), vec![0, 1, 2, 3])]));
    let packet = Packet::new(&contents, MacAddr::new(&MAC).expect("six octets"), None).expect("sayable");
    assert_eq!(packet.kind, Kind::Discover);
    assert_eq!(packet.to_string(), "--mac 52:54:00:00:00:01 --option 82.1=0x00010203");
}
