use leasehold_schemas::artefact::{Accessor, Term};
use leasehold_schemas::source::FileId;
use leasehold_schemas::vocab::HexBytes;
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
    assert_eq!(right("-1"), [0xff; 4]);
    assert_eq!(right("10.42.8.1"), [10, 42, 8, 1]);
}

#[test]
fn options_by_code_and_name_and_their_parts() {
    let value = |accessor| Test::Equal(Term::Value(accessor), literal(b"x"));
    assert_eq!(read("option[user-class].hex == 'x'").unwrap(), value(Accessor::Option(77)));
    assert_eq!(read("option[ 12 ].text == 'x'").unwrap(), value(Accessor::Option(12)));
    assert_eq!(read("option[82].option[1].hex == 'x'").unwrap(), value(Accessor::SubOption(82, 1)));
    assert_eq!(read("relay4[2].exists").unwrap(), Test::Exists(Accessor::SubOption(82, 2)));
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
    assert_eq!(
        faults("split(option[60].hex, ':', 1) == 'a'"),
        ["L601 split: `split` is not supported in class expressions"]
    );
    assert_eq!(
        faults("option[user-clas].exists and option[rooters].exists"),
        ["L602 user-clas: option `user-clas` is unknown", "L602 rooters: option `rooters` is unknown"]
    );
    assert_eq!(faults("option[300].exists"), ["L601 300: `300` is no option code"]);
    assert_eq!(faults("option[77].text == 'a'"), ["L601 text: `.text` of `77`, which is no text"]);
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
    assert_eq!(faults(&long), [format!("L601 {long}: class expression is longer than 4096 octets")]);
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
        Test::And(tests) => join(tests, " and "),
        Test::Or(tests) => join(tests, " or "),
        Test::Not(inner) => format!("not ({})", print(inner)),
        Test::Equal(left, right) => format!("{} == {}", print_term(left), print_term(right)),
        Test::Exists(accessor) => format!("{}.exists", print_accessor(accessor)),
        Test::Member(class) => format!("member('{class}')"),
    }
}

fn print_term(term: &Term) -> String {
    match term {
        Term::Literal(octets) if octets.0.is_empty() => "''".to_owned(),
        Term::Literal(octets) => format!("0x{octets}"),
        Term::Value(accessor) => format!("{}.hex", print_accessor(accessor)),
        Term::Substring { of, start, length } => {
            let length = length.map_or("all".to_owned(), |length| length.to_string());
            format!("substring({}, {start}, {length})", print_term(of))
        }
    }
}

fn print_accessor(accessor: &Accessor) -> String {
    match accessor {
        Accessor::Option(code) => format!("option[{code}]"),
        Accessor::SubOption(code, sub) => format!("option[{code}].option[{sub}]"),
    }
}

fn any_accessor() -> impl Strategy<Value = Accessor> {
    prop_oneof![
        (1..=254u8).prop_map(Accessor::Option),
        (1..=254u8, any::<u8>()).prop_map(|(code, sub)| Accessor::SubOption(code, sub)),
    ]
}

fn any_term() -> impl Strategy<Value = Term> {
    let leaf = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..5).prop_map(|octets| Term::Literal(HexBytes(octets))),
        any_accessor().prop_map(Term::Value),
    ];
    leaf.prop_recursive(3, 4, 1, |inner| {
        (inner, any::<i32>(), any::<Option<i32>>()).prop_map(|(of, start, length)| Term::Substring {
            of: Box::new(of),
            start,
            length,
        })
    })
}

fn any_test() -> impl Strategy<Value = Test> {
    let leaf = prop_oneof![
        (any_term(), any_term()).prop_map(|(left, right)| Test::Equal(left, right)),
        any_accessor().prop_map(Test::Exists),
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
            ]),
            0..24,
        ),
    ) {
        let _ = read(&words.concat());
    }
}
