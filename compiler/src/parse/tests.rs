use leasehold_schemas::source::FileId;
use proptest::prelude::*;

use super::builder::Builder;
use super::limits::{DEPTH_MAX, FAULTS_MAX, FILE_BYTES_MAX};
use super::text::Text;
use super::{NodeId, NodeKind, Tree, parse};
use crate::diag::{Diagnostic, Sink};

fn read(bytes: &[u8]) -> (Tree<'_>, Vec<Diagnostic>) {
    let mut sink = Sink::default();
    let tree = parse(FileId(0), bytes, &mut sink);
    (tree, sink.into_sorted())
}

/// The tree in one line, every node with the text its span covers.
fn show(tree: &Tree<'_>, source: &str, id: NodeId) -> String {
    let node = tree.node(id);
    let covered = &source[node.span.start as usize..node.span.end as usize];
    match &node.kind {
        NodeKind::Poisoned => "poisoned".to_owned(),
        NodeKind::Scalar { text, quoted } => format!("{}{text:?}<{covered}>", if *quoted { "q" } else { "" }),
        NodeKind::Sequence(items) => {
            let items: Vec<String> = items.iter().map(|&item| show(tree, source, item)).collect();
            format!("[{}]<{covered}>", items.join(", "))
        }
        NodeKind::Mapping(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|e| {
                    let key = &source[e.key_span.start as usize..e.key_span.end as usize];
                    format!("{}<{key}>: {}", e.key, show(tree, source, e.value))
                })
                .collect();
            format!("{{{}}}<{covered}>", entries.join(", "))
        }
    }
}

#[track_caller]
fn check_tree(source: &str, expected: &str) {
    let (tree, faults) = read(source.as_bytes());
    assert!(faults.is_empty(), "{faults:?}");
    assert_eq!(show(&tree, source, tree.root()), expected);
}

/// Expects exactly these faults, each as `CODE line: covered text | message`.
#[track_caller]
fn check_faults<'a>(source: &'a str, expected: &[&str]) -> Tree<'a> {
    let (tree, faults) = read(source.as_bytes());
    let shown: Vec<String> = faults
        .iter()
        .map(|d| {
            let (start, end) = (d.primary.span.start as usize, d.primary.span.end as usize);
            let line = source[..start].matches('\n').count() + 1;
            format!("{} {line}: {} | {}", d.rule.code, &source[start..end], d.message)
        })
        .collect();
    assert_eq!(shown, expected);
    tree
}

#[test]
fn spans_cover_scalars_and_collections() {
    check_tree("a: 1\n", "{a<a>: \"1\"<1>}<a: 1>");
    check_tree("a: 'x y' # note\n", "{a<a>: q\"x y\"<'x y'>}<a: 'x y'>");
    check_tree("\"a\": \"\\t\"\n", "{a<\"a\">: q\"\\t\"<\"\\t\">}<\"a\": \"\\t\">");
    check_tree(
        "- a\n- [1, {b: c}]\n",
        "[\"a\"<a>, [\"1\"<1>, {b<b>: \"c\"<c>}<{b: c}>]<[1, {b: c}]>]<a\n- [1, {b: c}]>",
    );
    check_tree("a:\nb: 1\n", "{a<a>: \"\"<>, b<b>: \"1\"<1>}<a:\nb: 1>");
    check_tree(
        "a: |\n  x\n  y\n\nb: 1\n",
        "{a<a>: q\"x\\ny\\n\"<x\n  y>, b<b>: \"1\"<1>}<a: |\n  x\n  y\n\nb: 1>",
    );
    check_tree("a: x\n  y\n", "{a<a>: \"x y\"<x\n  y>}<a: x\n  y>");
    check_tree("[a: b]", "[{a<a>: \"b\"<b>}<a: b>]<[a: b]>");
}

#[test]
fn spans_are_bytes_behind_wide_characters_and_a_byte_order_mark() {
    check_tree(
        "é: ü\n€: [😀, x]\n",
        "{é<é>: \"ü\"<ü>, €<€>: [\"😀\"<😀>, \"x\"<x>]<[😀, x]>}<é: ü\n€: [😀, x]>",
    );
    check_tree("\u{feff}a: é\nb: c\n", "{a<a>: \"é\"<é>, b<b>: \"c\"<c>}<a: é\nb: c>");
}

#[test]
fn empty_files_hold_a_null() {
    for source in ["", "# nothing\n", "---\n", "\u{feff}"] {
        let (tree, faults) = read(source.as_bytes());
        assert!(faults.is_empty() && tree.is_null(tree.root()), "{source:?}");
    }
}

#[test]
fn of_a_repeated_key_the_first_stays() {
    let tree = check_faults(
        "a: 1\nb: 2\na: 3\n\"a\": 4\n",
        &["L002 3: a | key `a` stands twice", "L002 4: \"a\" | key `a` stands twice"],
    );
    assert_eq!(
        show(&tree, "a: 1\nb: 2\na: 3\n\"a\": 4\n", tree.root()),
        "{a<a>: \"1\"<1>, b<b>: \"2\"<2>}<a: 1\nb: 2\na: 3\n\"a\": 4>"
    );
    let many: String = (0..40).map(|n| format!("k{}: {n}\n", n % 38)).collect();
    check_faults(&many, &["L002 39: k0 | key `k0` stands twice", "L002 40: k1 | key `k1` stands twice"]);
}

#[test]
fn what_the_language_leaves_out_is_reported_where_it_stands() {
    let tree = check_faults(
        "a: &x 1\nb: *x\nc: !!str 3\nd: &y\n  e: f\n",
        &[
            "L006 1: &x | anchors are not supported",
            "L006 2: *x | aliases are not supported",
            "L006 3: !!str | tags are not supported",
            "L006 4: &y | anchors are not supported",
        ],
    );
    let source = "a: &x 1\nb: *x\nc: !!str 3\nd: &y\n  e: f\n";
    assert_eq!(
        show(&tree, source, tree.root()),
        "{a<a>: \"1\"<1>, b<b>: poisoned, c<c>: \"3\"<3>, d<d>: {e<e>: \"f\"<f>}<e: f>}<a: &x 1\nb: *x\nc: !!str 3\nd: &y\n  e: f>"
    );
    check_faults(
        "a: &x {b: 1}\nc:\n  <<: *x\n  d: 1\n",
        &["L006 1: &x | anchors are not supported", "L006 3: << | merge keys are not supported"],
    );
    check_faults("a: 1\n---\nb: 2\n", &["L006 2: --- | a file holds one document"]);
    check_faults("? [a, b]\n: c\nd: 1\n", &["L006 1: [ | a key is not a scalar"]);
    check_faults("a: {{ x }}\n", &["L006 1: { | a key is not a scalar"]);
    check_faults(": b\n", &["L006 1:  | an entry of a mapping has no key"]);
}

#[test]
fn a_syntax_error_is_the_only_fault_of_its_file() {
    let cases: &[(&str, &str)] = &[
        ("a: 1\na: 2\nb: [1, 2\nc: 3\n", "L001 3: [ | bracket `[` is not closed properly"),
        ("a: {b: 1\nc: 2\n", "L001 1: { | bracket `{` is not closed properly"),
        ("a: [\n  1,\n  @x,\n]\n", "L001 3: @ | the file is not valid YAML"),
        ("a: 'x\nb: 3\n", "L001 1: ' | a quoted text is not closed"),
        ("a: \"x\nb: 3\n", "L001 1: \" | a quoted text is not closed"),
        ("a: \"x", "L001 1: \" | a quoted text is not closed"),
        ("a:\n\tb: 1\n", "L001 2: \t | a line is indented with a tab"),
        ("a: b: c\n", "L001 1: : | a mapping stands where none may stand"),
        ("a: 1\n b: 2\n", "L001 2: : | a mapping stands where none may stand"),
        ("a:1\nb: 2\n", "L001 1: a:1 | a line of a mapping has no `key: value`"),
        ("x: 0\na:1\n\nb: 2\n", "L001 2: a:1 | a line of a mapping has no `key: value`"),
        ("a:\n  b: 1\n c: 2\n", "L001 3: c | a line is not indented as its neighbours"),
        ("- a\nb: 1\n", "L001 2: b | an element of a sequence does not begin with `- `"),
        ("a: \"\\q\"\n", "L001 1: \" | a quoted text holds an unknown escape"),
        ("a: 1\nb: \u{1}\n", "L001 2: \u{1} | YAML text holds a control character"),
        ("é: \u{9b}\n", "L001 1: \u{9b} | YAML text holds a control character"),
    ];
    for (source, expected) in cases {
        let tree = check_faults(source, &[expected]);
        assert!(matches!(tree.node(tree.root()).kind, NodeKind::Poisoned), "{source:?}");
    }
}

#[test]
fn limits_hold() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(read(nested(DEPTH_MAX).as_bytes()).1.is_empty());
    assert_eq!(read(nested(DEPTH_MAX + 1).as_bytes()).1[0].rule.code, "L007");
    assert_eq!(read("- ".repeat(20_000).as_bytes()).1[0].rule.code, "L007");
    assert_eq!(read("{a: ".repeat(20_000).as_bytes()).1[0].rule.code, "L007");
    assert_eq!(read("-\n".repeat(600_000).as_bytes()).1[0].rule.code, "L007");
    assert_eq!(read(&vec![b'#'; FILE_BYTES_MAX + 1]).1[0].rule.code, "L007");
    assert_eq!(read("- &a x\n".repeat(1000).as_bytes()).1.len(), FAULTS_MAX);
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let (_, faults) = read(b"name: Caf\xe9\n");
    assert_eq!(
        (faults[0].rule.code, faults[0].primary.span.start, faults[0].primary.span.end),
        ("L009", 9, 10)
    );
    assert_eq!(read(b"\xff\xfea\0").1[0].rule.code, "L009");
}

/// Every span lies in the file on character borders, children inside parents; plain scalars on one line and
/// quoted scalars without escapes give back their text.
fn spans_are_sound(tree: &Tree<'_>, source: &str) {
    let mut todo = vec![tree.root()];
    while let Some(id) = todo.pop() {
        let node = tree.node(id);
        let (start, end) = (node.span.start as usize, node.span.end as usize);
        let covered = source.get(start..end).expect("a span lies in the file, on borders of characters");
        match &node.kind {
            NodeKind::Poisoned => {}
            NodeKind::Scalar { text, quoted: false }
                if !covered.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']) =>
            {
                assert_eq!(&**text, covered, "in {source:?}");
            }
            NodeKind::Scalar { .. } => {}
            NodeKind::Sequence(items) => {
                for &item in items {
                    assert!(node.span.contains(tree.node(item).span), "in {source:?}");
                    todo.push(item);
                }
            }
            NodeKind::Mapping(entries) => {
                for entry in entries {
                    assert!(source.get(entry.key_span.start as usize..entry.key_span.end as usize).is_some());
                    assert!(node.span.contains(entry.key_span), "in {source:?}");
                    assert!(node.span.contains(tree.node(entry.value).span), "in {source:?}");
                    todo.push(entry.value);
                }
            }
        }
    }
}

/// Whether the text is read as everyday YAML; if it is, the general scanner must give the same.
fn is_everyday(source: &str) -> bool {
    let Ok(text) = Text::new(FileId(0), source.as_bytes()) else { return false };
    let Some(everyday) = Builder::new(&text).build_everyday() else { return false };
    let mut sink = Sink::default();
    let general = Builder::new(&text).build(&mut sink);
    assert!(sink.is_empty(), "in {source:?}: {sink:?}");
    assert_eq!(format!("{everyday:?}"), format!("{general:?}"), "in {source:?}");
    true
}

#[test]
fn what_people_write_is_everyday() {
    let sites = [
        "# a site\nversion: 1\nsite: FITS-0042 # code\nname: \"Tŷ, the: house\"\nnetworks:\n  - name: user\n    subnets:\n      - subnet: 10.0.0.0/24\n        pools: [10.0.0.5 - 10.0.0.9, {range: 10.0.0.20, only: [a]}]\n        reservations:\n          - {mac: \"02:00:00:00:00:01\", ip: 10.0.0.3}\n          - mac: 02:00:00:00:00:02\n            description: it's here\n",
        "a:\n- b: 1\n  c:\n  - d\n  - 'e f'\n- - g\n  - h\ni:\nj: {}",
        "a: # nothing\n\n  # here\n  b: x#y\n  c: http://x/\n\"d\": [[], {e: f}]\n",
    ];
    for site in sites {
        assert!(is_everyday(site), "{site}");
    }
}

#[test]
fn what_is_not_certain_is_left_to_the_general_scanner() {
    for other in [
        "",
        "a",
        "- a: b\n c: d\n",
        "a: |\n  b\n",
        "a: b\n  c\n",
        "a: [b,\n c]\n",
        "a: &b c\n",
        "a: 'b''c'\n",
        "a: \"b\\n\"\n",
        "a:\tb\n",
        "a: b\r\n",
        "a: b: c\n",
        "a: b\na: c\n",
        "--- \na: b\n",
        "? a\n",
        "a: b\n...\n",
        "a: {b}\n",
        "a: [b: c]\n",
        "<<: a\n",
    ] {
        assert!(!is_everyday(other), "{other:?}");
    }
}

/// Lines that are mostly everyday YAML.
fn lines() -> impl Strategy<Value = String> {
    let content = prop::sample::select(vec![
        "",
        "# c",
        "a:",
        "b:",
        "c: ",
        "a: 1",
        "b: x y",
        "c: 'q'",
        "d: \"q: r\"",
        "\"e\": 2",
        "- a",
        "- 'b'",
        "-",
        "- ",
        "- a: 1",
        "- b:",
        "- - c",
        "- - d: e",
        "- [a, b]",
        "-  {a: b}",
        "a: [b, {c: d}] # e",
        "b: {c: [], d: {}}",
        "c: [a ,b , 'c']",
        "d: x # y",
        "e: x#y",
        "f: # z",
        "g: a:b",
        "h: - a",
        "i : j",
        "k: [a: b]",
        "l: {a}",
        "m: [a,]",
        "n: {a: }",
        "o: ~",
        "p: é ü",
        "q: 02:00:00:00:00:01",
        "r: 10.0.0.1 - 10.0.0.9",
        "s: a, b",
        "t: ?x",
        "u: a ? b",
        "- é: \u{85}x",
        "v: x\u{2028}y",
        "w: \u{feff}",
        "...",
        "... x",
        "--- x",
        "'k': v",
        "x",
        "'y'",
        "[a]",
        "{a: b}",
        "{a: b}: c",
    ]);
    let line = (0..7_usize, content).prop_map(|(indent, content)| format!("{}{content}", " ".repeat(indent)));
    (prop::collection::vec(line, 0..9), any::<bool>())
        .prop_map(|(lines, ended)| lines.join("\n") + if ended { "\n" } else { "" })
}

fn fragments() -> impl Strategy<Value = String> {
    let fragment = prop::sample::select(vec![
        "a",
        "b",
        "key",
        ": ",
        ":",
        "\n",
        "\n  ",
        "\n    ",
        "- ",
        "-",
        "? ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        ",",
        "'",
        "\"",
        "|",
        ">-",
        "|2",
        "&x ",
        "*x",
        "!t ",
        "!!str ",
        "<<",
        "#",
        " # c",
        "é",
        "😀",
        "\t",
        "\r\n",
        "---\n",
        "...\n",
        "\u{feff}",
        "%YAML 1.2\n",
        "%TAG ! x\n",
        "\\",
        "@",
        "`",
        "~",
        "null",
        "0x10",
        " ",
        "  ",
        "\u{85}",
        "\u{2028}",
        "\0",
        "52:54:00:12:34:56",
        "10.0.0.0/8",
        "10.0.0.1 - 10.0.0.9",
    ]);
    prop::collection::vec(fragment, 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_gives_sound_spans(source in fragments()) {
        let (tree, faults) = read(source.as_bytes());
        spans_are_sound(&tree, &source);
        for fault in &faults {
            let spans = std::iter::once(&fault.primary).chain(&fault.secondary).map(|label| label.span);
            for span in spans {
                prop_assert!(source.get(span.start as usize..span.end as usize).is_some());
            }
        }
    }

    #[test]
    fn both_readers_agree_on_any_text(source in fragments()) {
        is_everyday(&source);
    }

    #[test]
    fn any_bytes_are_read_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let (_, faults) = read(&bytes);
        for fault in &faults {
            prop_assert!(fault.primary.span.end as usize <= bytes.len());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_readers_agree_on_lines(source in lines()) {
        is_everyday(&source);
    }
}
