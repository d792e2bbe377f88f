use leasehold_schemas::artefact::{Accessor, NumberKind, PacketField, Term};
use leasehold_schemas::source::FileId;
use leasehold_schemas::vocab::{Cidr, HexBytes};
use proptest::prelude::*;

use super::*;
use crate::resolve::definitions;

fn span(length: usize) -> Span {
    Span { file: FileId(0), start: 0, end: u32::try_from(length).unwrap() }
}

fn with_names<T>(use_names: impl FnOnce(Names<'_>) -> T) -> T {
    let mut known = Arena::default();
    for definition in definitions::standard() {
        known.push(definition);
    }
    let class = |name: &str| Spanned::new(name.parse().unwrap(), span(0));
    let classes = [class("pxe"), class("DROP"), class("win10"), class("late")];
    use_names(Names { definitions: &known, classes: &classes, this: 2 })
}

/// The test, or every fault as `CODE part of the text: message`.
fn read(text: &str) -> Result<Test, Vec<String>> {
    let expression = Spanned::new(text.to_owned(), span(text.len()));
    let mut sink = Sink::default();
    let test = with_names(|names| parse(&expression, text.as_bytes(), names, &mut sink));
    test.ok_or_else(|| {
        let shown = |d: Diagnostic| {
            let part = &text[d.primary.span.start as usize..d.primary.span.end as usize];
            format!("{} {part}: {}", d.rule.code, d.message)
        };
        sink.into_sorted().into_iter().map(shown).collect()
    })
}

fn faults(text: &str) -> Vec<String> {
    read(text).unwrap_err()
}

fn literal(octets: &[u8]) -> Term {
    Term::Literal(HexBytes(octets.to_vec()))
}

fn exists(code: u8) -> Test {
    Test::Exists(Accessor::Option(code))
}

#[test]
fn not_binds_before_and_before_or() {
    let test = read("not option[1].exists and option[2].exists or option[3].exists").unwrap();
    let left = Test::And(vec![Test::Not(Box::new(exists(1))), exists(2)]);
    assert_eq!(test, Test::Or(vec![left, exists(3)]));
    assert_eq!(
        read("not (option[1].exists or option[2].exists)").unwrap(),
        Test::Not(Box::new(Test::Or(vec![exists(1), exists(2)])))
    );
    let equal = Test::Equal(literal(b"a"), literal(b"b"));
    assert_eq!(read("not 'a' == 'b'").unwrap(), Test::Not(Box::new(equal)));
}

#[test]
fn literals_are_octets() {
    let right = |text: &str| match read(&format!("option[61].hex == {text}")).unwrap() {
        Test::Equal(_, Term::Literal(HexBytes(octets))) => octets,
        other => panic!("{other:?}"),
    };
    assert_eq!(right("'W10'"), b"W10");
    assert_eq!(right("''"), b"");
    assert_eq!(right("0x000"), [0, 0]);
    assert_eq!(right("0xAbc"), [0x0a, 0xbc]);
    assert_eq!(right("1"), [0, 0, 0, 1]);
    assert_eq!(right("4294967295"), [0xff; 4]);
    assert_eq!(right("2001:db8::1")[..4], [0x20, 1, 0x0d, 0xb8]);
    assert_eq!(right("fe80::1")[..2], [0xfe, 0x80]);
    assert_eq!(right("10.42.8.1"), [10, 42, 8, 1]);
}

#[test]
fn options_by_code_and_name_and_their_parts() {
    let value = |accessor| Test::Equal(Term::Value(accessor), literal(b"x"));
    assert_eq!(read("option[user-class].hex == 'x'").unwrap(), value(Accessor::Option(77)));
    assert_eq!(read("option[ 12 ].text == 'x'").unwrap(), value(Accessor::Option(12)));
    assert_eq!(read("option[82].option[1].hex == 'x'").unwrap(), value(Accessor::SubOption(82, vec![1])));
    assert_eq!(read("relay4[2].exists").unwrap(), Test::Exists(Accessor::SubOption(82, vec![2])));
    let of = Box::new(Term::Value(Accessor::Option(60)));
    let part = Term::Substring { of, start: -4, length: None };
    assert_eq!(read("substring(option[60].hex, -4, all) == 'x'").unwrap(), Test::Equal(part, literal(b"x")));
}

#[test]
fn members_of_what_is_decided_before() {
    assert_eq!(read("member('pxe')").unwrap(), Test::Member("pxe".parse().unwrap()));
    assert_eq!(read("known").unwrap(), read("member('KNOWN')").unwrap());
    assert!(read("member('VENDOR_CLASS_MSFT')").is_ok());
    assert_eq!(faults("member('win10')"), ["L603 win10: class `win10` depends on itself"]);
    assert_eq!(faults("member('late')"), ["L603 late: class `late` is evaluated later"]);
    assert_eq!(faults("member('DROP')"), ["L603 DROP: class `DROP` in an expression"]);
    assert_eq!(faults("member('pxf')"), ["L604 pxf: class `pxf` is unknown"]);
}

#[test]
fn faults_stand_at_their_place() {
    assert_eq!(faults("option[60].hex = 'a'"), ["L601 =: `=` is no operator"]);
    assert_eq!(
        faults("option[60].hex"),
        ["L601 option[60].hex: a string of octets stands where a test is wanted"]
    );
    assert_eq!(
        faults("'a' == option[60].exists"),
        ["L601 option[60].exists: a test stands where a string of octets is wanted"]
    );
    assert_eq!(faults("known and sand known"), ["L601 sand: class expression lacks a value or test"]);
    assert_eq!(
        faults("option[user-clas].exists and option[rooters].exists"),
        ["L602 user-clas: option `user-clas` is unknown", "L602 rooters: option `rooters` is unknown"]
    );
    assert_eq!(faults("option[300].exists"), ["L601 300: `300` is no option code"]);
    assert_eq!(faults("option[routers].text == 'a'"), ["L601 text: `.text` of `routers`, which is no text"]);
    assert_eq!(faults("option[77].hex == 'a"), ["L601 'a: a text is not closed"]);
    assert_eq!(faults("(option[77].exists"), ["L601 : class expression ends too early"]);
    assert_eq!(faults("option[1].exists option"), ["L601 option: class expression goes on after its end"]);
    assert_eq!(faults("010.1.1.1 == 'a'"), ["L601 010.1.1.1: `010.1.1.1` is no IPv4 address"]);
    assert_eq!(faults(" "), ["L601 : class expression is empty"]);
}

#[test]
fn deep_and_long_expressions_are_refused() {
    let deep = format!("{}option[1].exists{}", "(".repeat(2000), ")".repeat(2000));
    assert_eq!(faults(&deep), ["L601 (: class expression is nested too deeply"]);
    let long = "x".repeat(LENGTH_MAX + 1);
    assert_eq!(faults(&long), [format!("L601 {long}: class expression is longer than 8000 octets")]);
    assert!(read(&"not ".repeat(33)).is_err());
    let many = vec!["option[1].exists"; 100].join(" and ");
    assert!(read(&many).is_ok());
}

/// The test in the language it was read from.
fn print(test: &Test) -> String {
    let join = |tests: &[Test], word: &str| {
        let parts: Vec<String> = tests.iter().map(|test| format!("({})", print(test))).collect();
        parts.join(word)
    };
    match test {
        Test::Constant(_) => unreachable!("no expression is a constant before it is folded"),
        Test::And(tests) => join(tests, " and "),
        Test::Or(tests) => join(tests, " or "),
        Test::Not(inner) => format!("not ({})", print(inner)),
        Test::Equal(left, right) => format!("{} == {}", print_term(left), print_term(right)),
        Test::In(term, list) => format!("{} in ({})", print_term(term), print_terms(list)),
        Test::Within(term, prefixes) => {
            let prefixes: Vec<String> = prefixes.iter().map(Cidr::to_string).collect();
            format!("{} in ({})", print_term(term), prefixes.join(", "))
        }
        Test::Match(written, term) => format!("match('{written}', {})", print_term(term)),
        Test::Exists(accessor) => format!("{accessor}.exists"),
        Test::Member(class) => format!("member('{class}')"),
    }
}

fn print_terms(terms: &[Term]) -> String {
    let terms: Vec<String> = terms.iter().map(print_term).collect();
    terms.join(", ")
}

fn print_term(term: &Term) -> String {
    let call = |name: &str, of: &Term| format!("{name}({})", print_term(of));
    match term {
        Term::Literal(octets) if octets.0.is_empty() => "''".to_owned(),
        Term::Literal(octets) => format!("0x{octets}"),
        Term::Value(
            accessor @ (Accessor::Option(_) | Accessor::SubOption(..) | Accessor::VendorOption(..)),
        ) => {
            format!("{accessor}.hex")
        }
        Term::Value(accessor) => accessor.to_string(),
        Term::Substring { of, start, length } => {
            let length = length.map_or("all".to_owned(), |length| length.to_string());
            format!("substring({}, {start}, {length})", print_term(of))
        }
        Term::Split { of, delimiters, field } => {
            format!("split({}, {}, {field})", print_term(of), print_term(delimiters))
        }
        Term::Concat(parts) => {
            let parts: Vec<String> = parts.iter().map(|part| format!("({})", print_term(part))).collect();
            parts.join(" + ")
        }
        Term::IfElse { test, then, otherwise } => {
            format!("ifelse({}, {}, {})", print(test), print_term(then), print_term(otherwise))
        }
        Term::Lower(of) => call("lcase", of),
        Term::Upper(of) => call("ucase", of),
        Term::HexText { of, separator } => {
            format!("hexstring({}, {})", print_term(of), print_term(separator))
        }
        Term::AddressText(of) => call("addrtotext", of),
        Term::NumberText(kind, of) => call(&format!("{kind:?}totext").to_lowercase(), of),
    }
}

const FIELDS: [PacketField; 4] =
    [PacketField::Interface, PacketField::Length, PacketField::HardwareAddress, PacketField::RelayAddress];

fn any_octets() -> impl Strategy<Value = Term> {
    prop::collection::vec(any::<u8>(), 0..5).prop_map(|octets| Term::Literal(HexBytes(octets)))
}

fn any_path() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 1..3)
}

/// Places that have `.exists`, and others.
fn any_accessor() -> impl Strategy<Value = (Accessor, bool)> {
    let id = || prop_oneof![Just(None), (1..u32::MAX).prop_map(Some)];
    prop_oneof![
        (1..=254u8).prop_map(|code| (Accessor::Option(code), true)),
        (1..=254u8, any_path()).prop_map(|(code, path)| (Accessor::SubOption(code, path), true)),
        (id(), any_path()).prop_map(|(id, path)| (Accessor::VendorOption(id, path), true)),
        (id(), any::<u8>()).prop_map(|(id, item)| (Accessor::VendorClassData(id, item), false)),
        Just((Accessor::VendorEnterprise, false)),
        Just((Accessor::VendorClassEnterprise, false)),
        prop::sample::select(&FIELDS[..]).prop_map(|field| (Accessor::Packet(field), false)),
    ]
}

fn any_term() -> impl Strategy<Value = Term> {
    let leaf = prop_oneof![any_octets(), any_accessor().prop_map(|(accessor, _)| Term::Value(accessor))];
    leaf.prop_recursive(3, 8, 2, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        prop_oneof![
            (boxed(), any::<i32>(), any::<Option<i32>>()).prop_map(|(of, start, length)| Term::Substring {
                of,
                start,
                length
            }),
            (boxed(), boxed(), any::<i32>()).prop_map(|(of, delimiters, field)| Term::Split {
                of,
                delimiters,
                field
            }),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Term::Concat),
            (boxed(), boxed(), any_accessor()).prop_map(|(then, otherwise, (accessor, exists))| {
                let test = if exists { Test::Exists(accessor) } else { Test::Member("pxe".parse().unwrap()) };
                Term::IfElse { test: Box::new(test), then, otherwise }
            }),
            boxed().prop_map(Term::Lower),
            boxed().prop_map(Term::Upper),
            (boxed(), boxed()).prop_map(|(of, separator)| Term::HexText { of, separator }),
            boxed().prop_map(Term::AddressText),
            boxed().prop_map(|of| Term::NumberText(NumberKind::Uint16, of)),
        ]
    })
}

fn any_test() -> impl Strategy<Value = Test> {
    let prefix = (any::<u32>(), 0..=32_u8)
        .prop_map(|(address, length)| Cidr::containing(address.into(), length).expect("a prefix"));
    let leaf = prop_oneof![
        (any_term(), any_term()).prop_map(|(left, right)| Test::Equal(left, right)),
        (any_term(), prop::collection::vec(any_term(), 1..4)).prop_map(|(term, list)| Test::In(term, list)),
        (any_term(), prop::collection::vec(prefix, 1..4)).prop_map(|(term, list)| Test::Within(term, list)),
        any_term().prop_map(|term| Test::Match("PXE.*(a|b)+".to_owned(), term)),
        any_accessor().prop_filter_map("has no `.exists`", |(accessor, exists)| {
            exists.then_some(Test::Exists(accessor))
        }),
        any::<Option<u32>>().prop_map(|id| Test::Exists(Accessor::Vendor(id.filter(|id| *id != 0)))),
        Just(Test::Member("pxe".parse().unwrap())),
    ];
    leaf.prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Test::And),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Test::Or),
            inner.prop_map(|test| Test::Not(Box::new(test))),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_reads_back(test in any_test()) {
        let text = print(&test);
        prop_assume!(text.len() <= LENGTH_MAX);
        prop_assert_eq!(read(&text), Ok(test));
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}") {
        let _ = read(&text);
    }

    #[test]
    fn no_words_make_it_panic(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "option", "[", "]", "82", ".", "hex", "exists", "text", "(", ")", "==", "and", "or", "not", "'a'",
                "0x1", "substring", ",", "all", "member", "'win10'", "relay4", "-1", "10.0.0.1", " ", "'", "é",
                "vendor", "vendor-class", "*", "data", "enterprise", "pkt4", "mac", "in", "not", "!=", "+", "/8", ":",
                "ifelse", "match", "'(a'", "concat", "10.0.0.0/8", "::1",
            ]),
            0..24,
        ),
    ) {
        let _ = read(&words.concat());
    }
}

#[test]
fn a_mac_address_is_written_as_octets() {
    assert_eq!(
        faults("pkt4.mac == 52:54:00:12:34:56"),
        ["L601 52:54:00:12:34:56: `52:54:00:12:34:56` is no value of this language"]
    );
    assert!(read("pkt4.mac == 0x525400123456").is_ok());
}
