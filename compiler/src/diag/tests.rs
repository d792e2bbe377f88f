use leasehold_schemas::source::{FileId, Span};

use super::{
    Diagnostic, Edit, Look, Rule, Severity, github, gitlab, human, json, junit, limited, sarif, summary,
};
use crate::source::{SourceFile, Sources};

static RULE: Rule =
    Rule { code: "L302", slug: "overlapping-subnets", severity: Severity::Error, allowable: false, page: "" };

const PLAIN: Look = Look { color: false };

fn sources(files: &[(&str, &[u8])]) -> Sources {
    let files =
        files.iter().map(|&(path, bytes)| SourceFile { path: path.to_owned(), bytes: bytes.to_vec() });
    Sources::new("sites/", files.collect())
}

fn span(sources: &Sources, file: u32, needle: &str) -> Span {
    let text = String::from_utf8_lossy(&sources.file(FileId(file)).bytes).into_owned();
    let start = text.find(needle).unwrap();
    let offset = |at| u32::try_from(at).unwrap();
    Span { file: FileId(file), start: offset(start), end: offset(start + needle.len()) }
}

fn overlap() -> (Sources, Diagnostic) {
    let sources = sources(&[
        ("london/FITS-0107.yaml", b"site: FITS-0107\nnetworks:\n  - subnet: 10.42.9.0/24\n"),
        ("wales/FITS-0042.yaml", "site: FITS-0042\nname: Caf\u{e9}\n  - subnet: 10.42.8.0/23\n".as_bytes()),
    ]);
    let diagnostic = Diagnostic::new(
        &RULE,
        span(&sources, 1, "10.42.8.0/23"),
        "subnets `10.42.8.0/23` and `10.42.9.0/24` overlap",
        "claims 10.42.8.0 - 10.42.9.255",
    )
    .with_secondary(span(&sources, 0, "10.42.9.0/24"), "already claimed here, by site FITS-0107")
    .with_note("subnets of one estate share no address")
    .with_help("the nearest free /23 is `10.42.12.0/23`")
    .with_fix(
        "move the subnet",
        vec![Edit { span: span(&sources, 1, "10.42.8.0/23"), text: "10.42.12.0/23".into() }],
    );
    (sources, diagnostic)
}

#[test]
fn labels_in_two_files_stand_each_in_its_own() {
    let (sources, diagnostic) = overlap();
    let shown = human(&sources, &[diagnostic], PLAIN);
    let expected = "\
error[L302]: subnets `10.42.8.0/23` and `10.42.9.0/24` overlap
   ╭─[sites/wales/FITS-0042.yaml:3:13]
 3 │   - subnet: 10.42.8.0/23
   ·             ──────┬─────
   ·                   ╰── claims 10.42.8.0 - 10.42.9.255
   ╰────
   ╭─[sites/london/FITS-0107.yaml:3:13]
 3 │   - subnet: 10.42.9.0/24
   ·             ──────┬─────
   ·                   ╰── already claimed here, by site FITS-0107
   ╰────
   = note: subnets of one estate share no address
   = help: the nearest free /23 is `10.42.12.0/23`

";
    assert_eq!(shown, expected);
}

#[test]
fn the_end_of_a_file_and_broken_octets_can_be_shown() {
    let sources = sources(&[("a.yaml", b""), ("b.yaml", b"x: 1\n"), ("c.yaml", b"\x1b[31m\xff: \t1\r\n")]);
    let at = |file, start, end| {
        Diagnostic::new(&RULE, Span { file: FileId(file), start, end }, "message", "label")
    };
    let shown = human(&sources, &[at(0, 0, 0), at(1, 5, 5), at(2, 5, 6)], PLAIN);
    let expected = "\
error[L302]: message
   ╭─[sites/a.yaml:1:1]
 1 │ 
   · ▲
   · ╰── label
   ╰────

error[L302]: message
   ╭─[sites/b.yaml:2:1]
 2 │ 
   · ▲
   · ╰── label
   ╰────

error[L302]: message
   ╭─[sites/c.yaml:1:6]
 1 │ ?[31m?:     1 
   ·      ┬
   ·      ╰── label
   ╰────

";
    assert_eq!(shown, expected);
}

#[test]
fn nothing_of_the_estate_steers_the_terminal_or_floods_it() {
    let long = format!("a: {}\n", "x€".repeat(1 << 18));
    let sources = sources(&[("a.yaml", long.as_bytes())]);
    let whole = Span { file: FileId(0), start: 3, end: u32::try_from(long.len() - 1).unwrap() };
    let late = Span { file: FileId(0), start: 400_003, end: 400_004 };
    let message = format!("key `\u{1b}[2J{}` stands twice", "k".repeat(1 << 20));
    let diagnostics = [Diagnostic::new(&RULE, whole, message, "a"), Diagnostic::new(&RULE, late, "b", "c")];
    let shown = human(&sources, &diagnostics, PLAIN);
    assert!(shown.len() < 8_000, "{}", shown.len());
    assert!(!shown.contains('\u{1b}') && shown.contains("sites/a.yaml:1:200004"), "{shown}");
}

#[test]
fn colours_only_where_asked_for() {
    let (sources, diagnostic) = overlap();
    let shown = human(&sources, &[diagnostic], Look { color: true });
    assert!(shown.starts_with("\u{1b}[1;31merror[L302]\u{1b}[0m\u{1b}[1m: subnets"));
    assert!(shown.contains("╭─["));
}

#[test]
fn the_report_names_every_place() {
    let (sources, diagnostic) = overlap();
    let diagnostics = [diagnostic];
    let text = json(&sources, &diagnostics, summary(&diagnostics));
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["version"], 1);
    assert_eq!(report["summary"], serde_json::json!({"errors": 1, "warnings": 0, "information": 0}));
    let finding = &report["diagnostics"][0];
    assert_eq!(finding["code"], "L302");
    assert_eq!(finding["severity"], "error");
    assert_eq!(finding["path"], "sites/wales/FITS-0042.yaml");
    assert_eq!(finding["start"], serde_json::json!({"byte": 40, "line": 3, "column": 13}));
    assert_eq!(finding["end"], serde_json::json!({"byte": 52, "line": 3, "column": 25}));
    assert_eq!(finding["labels"][1]["path"], "sites/london/FITS-0107.yaml");
    assert_eq!(finding["fix"]["edits"][0]["text"], "10.42.12.0/23");
}

/// An estate of somebody who wants to steer the reader, and findings that show it.
fn hostile(count: u32) -> (Sources, Vec<Diagnostic>) {
    let sources = sources(&[("a,b:c%.yaml", b"site: A\nname: \xf0\x9f\x8f\x9b x\n")]);
    let message = "key `\u{1b}[2J|<b>\n::error::x ##[add-mask]y` & \u{fffe}]]>";
    let finding = |_| Diagnostic::new(&RULE, Span { file: FileId(0), start: 19, end: 20 }, message, "a\r\nb");
    (sources, (0..count).map(finding).collect())
}

#[test]
fn annotations_are_few_and_nothing_of_the_estate_is_a_command() {
    let (sources, findings) = hostile(30);
    let findings: Vec<&Diagnostic> = findings.iter().collect();
    let workflow = github(&sources, &findings, 3_000, 5);
    let lines: Vec<&str> = workflow.commands.lines().collect();
    assert_eq!(lines.len(), 10 + 5 + 1, "{lines:#?}");
    assert!(lines[..10].iter().all(|line| {
        line.starts_with(
            "::error file=sites/a%2Cb%3Ac%25.yaml,line=2,endLine=2,col=9,endColumn=10,title=L302 ",
        )
    }));
    assert!(lines[10..15].iter().all(|line| line.starts_with("error[L302] ") && !line.contains("##[")));
    assert_eq!(lines[15], "15 more findings; `--max-findings 0` prints them all");
    assert!(!workflow.commands.contains(['\u{1b}', '\r']));
    assert!(
        workflow.summary.len() <= 3_000 && workflow.summary.ends_with(" more findings do not fit here.\n")
    );
    assert!(!workflow.summary.contains("<b>") && !workflow.summary.contains('\u{1b}'));
}

#[test]
fn xml_holds_no_character_that_xml_may_not_have() {
    let (sources, findings) = hostile(1);
    let text = junit(&sources, &[&findings[0]]);
    let allowed =
        |c: char| matches!(c, '\n' | '\t' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert!(text.chars().all(allowed), "{text}");
    assert!(!text.contains("<b>") && !text.contains("]]>"), "{text}");
}

#[test]
fn columns_of_sarif_count_utf_16_units_and_paths_are_uris() {
    let (sources, findings) = hostile(1);
    let log: serde_json::Value = serde_json::from_str(&sarif(&sources, &[&findings[0]])).unwrap();
    let place = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    let region = serde_json::json!({"startLine": 2, "startColumn": 10, "endLine": 2, "endColumn": 11});
    assert_eq!(place["region"], region);
    assert_eq!(place["artifactLocation"]["uri"], "sites/a%2Cb%3Ac%25.yaml");
}

#[test]
fn twins_have_fingerprints_of_their_own() {
    let (sources, findings) = hostile(2);
    let report = gitlab(&sources, &[&findings[0], &findings[1]]);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_ne!(report[0]["fingerprint"], report[1]["fingerprint"]);
    assert_eq!(gitlab(&sources, &[]), "[]\n");
}

#[test]
fn of_one_rule_as_many_are_shown_as_somebody_reads() {
    let (_, findings) = hostile(60);
    let shown = limited(&findings, 50);
    assert_eq!(shown.findings.len(), 50);
    assert_eq!(
        shown.rest(),
        "10 more findings of L302 (overlapping-subnets); show all with `--max-findings 0`\n"
    );
    assert_eq!(limited(&findings, 0).findings.len(), 60);
}
