//! What is folded and what is looked up by a literal finds what plain evaluation finds.

use std::net::Ipv4Addr;

use leasehold_schemas::artefact::{Meaning, NumberKind, PacketField, Term, Test};
use leasehold_schemas::vocab::HexBytes;
use proptest::prelude::*;

use super::*;
use crate::wire::{Message, OptionIndex};

const NAMES: [&str; 6] = ["c0", "c1", "c2", "c3", "c4", "c5"];

fn name(text: &str) -> ClassName {
    text.parse().unwrap()
}

fn octets() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(prop_oneof![3 => Just(b'a'), 3 => Just(b'B'), 1 => Just(1)], 0..5)
}

fn accessor() -> impl Strategy<Value = Accessor> {
    prop_oneof![
        3 => Just(Accessor::Option(77)),
        2 => Just(Accessor::Option(60)),
        1 => Just(Accessor::SubOption(82, vec![1])),
        1 => Just(Accessor::Packet(PacketField::MessageType)),
        1 => Just(Accessor::Packet(PacketField::RelayAddress)),
    ]
}

fn literal() -> impl Strategy<Value = Term> {
    octets().prop_map(|octets| Term::Literal(HexBytes(octets)))
}

fn term() -> impl Strategy<Value = Term> {
    let leaf = prop_oneof![2 => literal(), 3 => accessor().prop_map(Term::Value)];
    leaf.prop_recursive(3, 8, 2, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        let kind = prop_oneof![Just(NumberKind::Int8), Just(NumberKind::Uint16), Just(NumberKind::Uint32)];
        prop_oneof![
            (boxed(), -4_i32..5, proptest::option::of(-3_i32..4))
                .prop_map(|(of, start, length)| Term::Substring { of, start, length }),
            (boxed(), boxed(), -1_i32..4).prop_map(|(of, delimiters, field)| Term::Split {
                of,
                delimiters,
                field
            }),
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Term::Concat),
            (accessor(), boxed(), boxed()).prop_map(|(place, then, otherwise)| {
                Term::IfElse { test: Box::new(Test::Exists(place)), then, otherwise }
            }),
            (any::<bool>(), boxed(), boxed()).prop_map(|(is, then, otherwise)| {
                Term::IfElse { test: Box::new(Test::Constant(is)), then, otherwise }
            }),
            boxed().prop_map(Term::Lower),
            boxed().prop_map(Term::Upper),
            (boxed(), boxed()).prop_map(|(of, separator)| Term::HexText { of, separator }),
            boxed().prop_map(Term::AddressText),
            (kind, boxed()).prop_map(|(kind, of)| Term::NumberText(kind, of)),
        ]
    })
}

fn test(at: usize) -> impl Strategy<Value = Test> {
    let member: Vec<&str> = NAMES[..at].iter().chain(&["ALL", "KNOWN", "VENDOR_CLASS_aB"]).copied().collect();
    let place = || accessor().prop_map(Term::Value);
    let leaf = prop_oneof![
        4 => (place(), literal()).prop_map(|(left, right)| Test::Equal(left, right)),
        2 => (term(), term()).prop_map(|(left, right)| Test::Equal(left, right)),
        1 => (place(), proptest::collection::vec(literal(), 0..4)).prop_map(|(term, list)| Test::In(term, list)),
        1 => (term(), proptest::collection::vec(term(), 0..3)).prop_map(|(term, list)| Test::In(term, list)),
        1 => term().prop_map(|term| Test::Within(term, vec!["10.0.0.0/8".parse().unwrap()])),
        1 => term().prop_map(|term| Test::Match("(?i)a+b*|.".to_owned(), term)),
        1 => accessor().prop_map(Test::Exists),
        1 => any::<bool>().prop_map(Test::Constant),
        1 => proptest::sample::select(member).prop_map(|class| Test::Member(name(class))),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Test::And),
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Test::Or),
            inner.prop_map(|test| Test::Not(Box::new(test))),
        ]
    })
}

fn message() -> impl Strategy<Value = Vec<u8>> {
    let option = |code: u8| {
        proptest::option::of(octets()).prop_map(move |octets| {
            octets.map_or(Vec::new(), |octets| {
                [&[code, u8::try_from(octets.len()).unwrap()][..], &octets[..]].concat()
            })
        })
    };
    let agent =
        option(1).prop_map(|inner| [&[82, u8::try_from(inner.len()).unwrap()][..], &inner[..]].concat());
    (option(77), option(60), agent, any::<bool>()).prop_map(|(a, b, c, relayed)| {
        let mut bytes = vec![0; 240];
        bytes[..3].copy_from_slice(&[1, 1, 6]);
        bytes[24] = if relayed { 10 } else { 0 };
        bytes[236..240].copy_from_slice(&[99, 130, 83, 99]);
        [bytes, vec![53, 1, 1], a, b, c, vec![255]].concat()
    })
}

fn membership<'a>(
    classes: &'a Classes,
    message: &'a Message<'a>,
    reserved: &'a [ClassId],
    buffer: &'a RefCell<Vec<u8>>,
) -> Membership<'a> {
    let received = Received {
        message,
        interface: "eth0",
        source: Ipv4Addr::new(10, 0, 0, 1),
        destination: Ipv4Addr::BROADCAST,
    };
    Membership { classes, received, known: !reserved.is_empty(), reserved: [reserved, &[], &[]], buffer }
}

/// Classes of these tests; the fourth has none.
fn classes(tests: Vec<Test>) -> Vec<Class> {
    let tests = tests.into_iter().enumerate().map(|(at, test)| Some(test).filter(|_| at != 3));
    NAMES.iter().zip(tests).map(|(class, test)| Class { name: name(class), test }).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn folding_changes_nothing(
        test in test(0),
        messages in proptest::collection::vec(message(), 6),
    ) {
        let mut classes = Classes::default();
        let class = name("c0");
        let mut compile = |test: &Test| {
            let mut compile = Compile { classes: &mut classes, class: &class, at: 0, weight: Weight::default() };
            compile.test(test).unwrap()
        };
        let (plain, folded) = (compile(&test), compile(&fold(test.clone())));
        for bytes in &messages {
            let mut index = OptionIndex::new();
            let message = Message::read(bytes, &mut index).unwrap();
            let buffer = RefCell::default();
            let membership = membership(&classes, &message, &[], &buffer);
            let mut buffer = Vec::new();
            let found = membership.passes(&plain, &mut buffer);
            prop_assert_eq!(found, membership.passes(&folded, &mut buffer), "{:?}", fold(test.clone()));
            if !may_lack_value(&test) {
                prop_assert!(found.is_ok());
            }
        }
    }

    #[test]
    fn a_plan_finds_what_is_in(
        tests in (test(0), test(1), test(2), test(3), test(4), test(5)),
        messages in proptest::collection::vec(message(), 6),
        reserved in proptest::option::of(0..6_usize),
    ) {
        let (a, b, c, d, e, f) = tests;
        let mut classes = Classes::build(&classes(vec![a, b, c, d, e, f])).unwrap();
        let meanings: Vec<Meaning> =
            NAMES.iter().chain(&["ALL", "UNKNOWN"]).map(|class| Meaning { class: name(class), values: 0 }).collect();
        let plan = Plan::build(&meanings, 1, &mut classes).unwrap();
        let reserved: Vec<ClassId> = reserved.iter().map(|at| classes.find(NAMES[*at]).unwrap()).collect();
        for bytes in &messages {
            let mut index = OptionIndex::new();
            let message = Message::read(bytes, &mut index).unwrap();
            let buffer = RefCell::default();
            let membership = membership(&classes, &message, &reserved, &buffer);
            let mut found = Vec::new();
            plan.collect(&membership, &mut found);
            let found: Vec<ClassId> = found.into_iter().map(|(class, _)| class).collect();
            let mut expected: Vec<ClassId> =
                meanings.iter().map(|meaning| classes.find(meaning.class.as_str()).unwrap()).collect();
            expected.sort_unstable();
            expected.retain(|class| membership.is_in(*class));
            prop_assert_eq!(found, expected);
            prop_assert!(buffer.borrow().is_empty());
        }
    }

    #[test]
    fn substring_ends_are_keas(start in -9_i32..9, length in proptest::option::of(-9_i32..9)) {
        let whole = b"abcdef";
        let at = if start < 0 { start + 6 } else { start };
        let expected: Vec<u8> = (0..6_i32)
            .filter(|i| (0..6).contains(&at) && match length {
                None => *i >= at,
                Some(length) if length >= 0 => *i >= at && *i < at + length,
                Some(length) => *i < at && *i >= at + length,
            })
            .map(|i| whole[usize::try_from(i).unwrap()])
            .collect();
        prop_assert_eq!(&whole[octets::substring(whole.len(), start, length)], &expected[..]);
    }
}

#[test]
fn strings_that_multiply_have_no_value() {
    let long = (0..10).fold(Term::Value(Accessor::Option(77)), |of, _| Term::HexText {
        of: Box::new(of.clone()),
        separator: Box::new(of),
    });
    let test = Test::Not(Box::new(Test::Equal(long, Term::Literal(HexBytes::default()))));
    let class = Class { name: name("c0"), test: Some(test) };
    let classes = Classes::build(&[class]).unwrap();
    let mut bytes = vec![0; 240];
    bytes[236..240].copy_from_slice(&[99, 130, 83, 99]);
    bytes.extend_from_slice(&[77, 200]);
    bytes.extend_from_slice(&[b'x'; 200]);
    let mut index = OptionIndex::new();
    let message = Message::read(&bytes, &mut index).unwrap();
    let buffer = RefCell::default();
    assert!(!membership(&classes, &message, &[], &buffer).is_in(classes.find("c0").unwrap()));
    assert!(buffer.borrow().capacity() < 16 * OCTETS_MAX);
}
