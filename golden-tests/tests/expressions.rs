//! Class expressions as data: what the compiler reads and the server's evaluator finds, and what is refused, where and
//! in which words. Each expression goes the whole way, from YAML to an artefact to tables.
#![expect(clippy::disallowed_methods, reason = "the test reads its cases from disk")]

use std::cell::RefCell;
use std::fmt::Write as _;
use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use leasehold_compiler::diag::{Column, Diagnostic, LineIndex, Severity};
use leasehold_compiler::source::{SourceFile, Sources};
use leasehold_compiler::{Cache, Compilation, compile};
use leasehold_golden_tests::case;
use leasehold_golden_tests::expectation;
use leasehold_golden_tests::finding_list::finding_list;
use leasehold_golden_tests::packet_script::{Packet, words};
use leasehold_server::estate::{Membership, Received, Tables};
use leasehold_server::wire::{Message, OptionIndex};

/// Code of findings about expressions: form, options, order, classes.
const CODES: [&str; 4] = ["L601", "L602", "L603", "L604"];

fn cases(name: &str) -> (PathBuf, String) {
    let path = case::repository().join("golden-tests/cases/expressions").join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    (path, text)
}

fn is_said(line: &str) -> bool {
    !line.is_empty() && !line.starts_with('#')
}

/// An estate with a class for each expression; an expression stands in a line of its own, behind six blanks.
fn estate<'e>(before: &str, expressions: impl Iterator<Item = &'e str>, behind: &str) -> Sources {
    let mut text = format!("version: 1\nestate: expressions\nclasses:\n{before}");
    for (at, expression) in expressions.enumerate() {
        writeln!(text, "  - name: c{at}\n    match: |-\n      {expression}")
            .expect("a string takes everything");
    }
    text.push_str(behind);
    let site = "version: 1\nsite: A\nnetworks:\n  - name: n\n    subnets:\n      - {subnet: 10.42.8.0/24, pools: \
                [10.42.8.20 - 10.42.8.30]}\n";
    let file = |path: &str, text: &str| SourceFile { path: path.to_owned(), bytes: text.as_bytes().to_vec() };
    Sources::new("", vec![file("estate.yaml", &text), file("a.yaml", site)])
}

fn compiled(sources: &Sources) -> Compilation {
    compile(sources, &mut Cache::default(), case::today())
}

#[test]
fn the_evaluator_finds_what_is_expected() {
    let (_, text) = cases("evaluated.txt");
    let expected = text.lines().filter(|line| is_said(line) && !line.starts_with("packet "));
    let expected: Vec<(bool, &str)> = expected
        .map(|line| match line.split_at(4) {
            ("yes ", expression) => (true, expression),
            ("no  ", expression) => (false, expression),
            _ => panic!("`{line}` says neither yes nor no"),
        })
        .collect();
    let sources = estate("", expected.iter().map(|(_, expression)| *expression), "");
    let compilation = compiled(&sources);
    let Some(artefact) = &compilation.artefact else {
        let mut errors = compilation.diagnostics.clone();
        errors.retain(|finding| finding.severity == Severity::Error);
        panic!("{}", finding_list(&sources, &errors));
    };
    let tables = Tables::build(&artefact.estate).expect("the compiler's own artefact");
    let mut wrong = String::new();
    let (mut at, mut packet, mut known) = (0, None, false);
    for line in text.lines().filter(|line| is_said(line)) {
        if let Some(said) = line.strip_prefix("packet ") {
            let said: Vec<&str> = words(said);
            known = said.contains(&"known");
            let said: Vec<&str> = said.into_iter().filter(|word| *word != "known").collect();
            packet = Some(Packet::parse(&said).unwrap_or_else(|why| panic!("{line}: {why}")));
            continue;
        }
        let (passes, expression) = expected[at];
        let packet = packet.as_ref().expect("a packet stands before the first expression");
        if is_in(&tables, &format!("c{at}"), packet, known) != passes {
            writeln!(wrong, "not {passes}: {expression}").expect("a string takes everything");
        }
        at += 1;
    }
    assert!(wrong.is_empty(), "{wrong}");
}

fn is_in(tables: &Tables, class: &str, packet: &Packet, known: bool) -> bool {
    let mut index = OptionIndex::new();
    let message = Message::read(&packet.bytes, &mut index).expect("a sound packet");
    let membership = Membership {
        classes: tables.classes(),
        received: Received {
            message: &message,
            interface: "eth3",
            source: *packet.meta.from.ip(),
            destination: if packet.meta.unicast { packet.meta.local } else { Ipv4Addr::BROADCAST },
        },
        known,
        reserved: [&[], &[], &[]],
        buffer: &RefCell::default(),
    };
    membership.is_in(tables.classes().find(class).expect("the estate defines it"))
}

#[test]
fn what_is_refused_is_refused_in_these_words() {
    let (path, text) = cases("refused.txt");
    let (head, _) = text.split_once("\n\n").expect("an explanation, then expressions");
    let expressions: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("> ")).collect();
    let before =
        "  - {name: pxe, match: 'option[60].exists'}\n  - {name: win10, match: 'option[77].exists'}\n";
    let mut actual = format!("{head}\n");
    for expression in expressions {
        let behind = "  - {name: late, match: 'option[60].exists and option[77].exists'}\n";
        let sources = estate(before, [expression].into_iter(), behind);
        let compilation = compiled(&sources);
        let findings = compilation.diagnostics.iter().filter(|found| CODES.contains(&found.rule.code));
        let findings: Vec<&Diagnostic> = findings.collect();
        assert!(!findings.is_empty(), "{expression} is not refused");
        writeln!(actual, "\n> {expression}").expect("a string takes everything");
        findings.iter().for_each(|finding| show(&sources, finding, &mut actual));
    }
    expectation::compare(&path, &actual).unwrap_or_else(|why| panic!("{why}"));
}

/// Marks under the expression, and the words beside them.
fn show(sources: &Sources, finding: &Diagnostic, into: &mut String) {
    const INDENT: usize = 6;
    let span = finding.primary.span;
    let index = LineIndex::new(&sources.file(span.file).bytes);
    let column = |at| index.position(at, Column::Characters).column as usize - 1 - INDENT;
    let (start, end) = (column(span.start), column(span.end));
    let marks = "^".repeat(end.saturating_sub(start).max(1));
    let start = start + "> ".len();
    let (code, message, label) = (finding.rule.code, &finding.message, &finding.primary.text);
    writeln!(into, "{}{marks} {code} {message}: {label}", " ".repeat(start))
        .expect("a string takes everything");
    for note in &finding.notes {
        writeln!(into, "    note: {note}").expect("a string takes everything");
    }
    if let Some(help) = &finding.help {
        writeln!(into, "    help: {help}").expect("a string takes everything");
    }
}
