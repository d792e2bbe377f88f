//! What other programs are given: SARIF, GitHub's workflow commands, GitLab's Code Quality report, JUnit XML.
//!
//! Every case of `cases/diagnostics` is written in every format and held to what its readers need. Where a case has
//! `expected.sarif`, `expected.github.txt`, `expected.gitlab.json` or `expected.junit.xml`, the text is compared.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::{Arc, LazyLock};

use jsonschema::Validator;
use leasehold_compiler::diag::{self, Column, Diagnostic, LineIndex, SUMMARY_BYTES_MAX};
use leasehold_compiler::source::Sources;
use leasehold_compiler::{Cache, check};
use leasehold_golden_tests::case::{self, Case};
use leasehold_golden_tests::expectation;
use leasehold_golden_tests::requirement::trial;
use libtest_mimic::Arguments;
use serde_json::Value;

/// The schema of the standard. The pattern of `language` has a bracket too many, which a strict reader of regular
/// expressions refuses; nothing here writes a `language`.
static SARIF_SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let mut schema: Value = serde_json::from_str(include_str!("../standards/sarif-schema-2.1.0.json"))
        .expect("the standard's schema is JSON");
    for component in ["run", "toolComponent"] {
        schema["definitions"][component]["properties"]["language"]["pattern"] = Value::from("^[a-zA-Z-]*$");
    }
    jsonschema::validator_for(&schema).expect("the standard's schema is a schema")
});

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    type Check = (&'static str, fn(&Findings) -> Result<(), String>);
    let checks: [Check; 4] = [("sarif", sarif), ("github", github), ("gitlab", gitlab), ("junit", junit)];
    let mut trials = Vec::new();
    for case in case::find("diagnostics") {
        let name = case.name.clone();
        let findings = Arc::new(LazyLock::new(move || Findings::of(case)));
        for (format, run) in checks {
            let findings = Arc::clone(&findings);
            trials.push(trial(format!("{format}::{name}"), &[], move || run(&findings)));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

struct Findings {
    case: Case,
    sources: Sources,
    findings: Vec<Diagnostic>,
}

impl Findings {
    fn of(case: Case) -> Findings {
        let mut sources = case.estate();
        sources.prefix = "my sites/".to_owned();
        let findings = check(&sources, &mut Cache::default(), case::today()).diagnostics;
        Findings { case, sources, findings }
    }

    fn all(&self) -> Vec<&Diagnostic> {
        self.findings.iter().collect()
    }

    fn compare(&self, name: &str, text: &str) -> Result<(), String> {
        let expected = self.case.folder.join(name);
        if expected.exists() { expectation::compare(&expected, text) } else { Ok(()) }
    }

    /// Line and column at which a finding begins.
    fn start(&self, finding: &Diagnostic, column: Column) -> (u64, u64) {
        let span = finding.primary.span;
        let at = LineIndex::new(&self.sources.file(span.file).bytes).position(span.start, column);
        (u64::from(at.line), u64::from(at.column))
    }
}

fn sarif(findings: &Findings) -> Result<(), String> {
    let text = diag::sarif(&findings.sources, &findings.all());
    findings.compare("expected.sarif", &text)?;
    let log: Value = serde_json::from_str(&text).map_err(|why| why.to_string())?;
    if let Some(fault) = SARIF_SCHEMA.iter_errors(&log).next() {
        return Err(format!("{fault} at {}", fault.instance_path()));
    }
    let results = log["runs"][0]["results"].as_array().ok_or("no results")?;
    same_count(results.len(), findings)?;
    let rules = &log["runs"][0]["tool"]["driver"]["rules"];
    for (result, finding) in results.iter().zip(&findings.findings) {
        let index = usize::try_from(result["ruleIndex"].as_u64().ok_or("no index")?).expect("small");
        let region = &result["locations"][0]["physicalLocation"]["region"];
        let at = (region["startLine"].as_u64(), region["startColumn"].as_u64());
        let (line, column) = findings.start(finding, Column::Utf16);
        if rules[index]["id"] != finding.rule.code || at != (Some(line), Some(column)) {
            return Err(format!("{result:#}\nis not {finding:?}"));
        }
        let uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str();
        if uri.is_none_or(|uri| !uri.starts_with("my%20sites/") || !uri.is_ascii()) {
            return Err(format!("{uri:?} is no relative URI"));
        }
        let print = &result["partialFingerprints"]["leasehold/v1"];
        if print.as_str().is_none_or(|print| print.len() != 32) {
            return Err(format!("{print} is no fingerprint"));
        }
    }
    Ok(())
}

fn github(findings: &Findings) -> Result<(), String> {
    let workflow = diag::github(&findings.sources, &findings.all(), SUMMARY_BYTES_MAX, usize::MAX);
    let text = format!("{}\n--- summary\n{}", workflow.commands, workflow.summary);
    findings.compare("expected.github.txt", &text)?;
    same_count(workflow.commands.lines().count(), findings)?;
    let commands = workflow.commands.lines().filter(|line| line.starts_with("::"));
    for command in commands {
        let (properties, message) = command[2..].split_once("::").ok_or("no message")?;
        let known = ["error file=", "warning file=", "notice file="];
        if !known.iter().any(|known| properties.starts_with(known)) || message.is_empty() {
            return Err(format!("{command} is no annotation"));
        }
    }
    let kinds: Vec<&str> =
        workflow.commands.lines().filter_map(|line| line.strip_prefix("::")?.split(' ').next()).collect();
    if !kinds.is_sorted_by_key(|kind| ["error", "warning", "notice"].iter().position(|known| known == kind)) {
        return Err(format!("errors come first: {kinds:?}"));
    }
    let rows = workflow.summary.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| |"));
    same_count(rows.count(), findings)
}

fn gitlab(findings: &Findings) -> Result<(), String> {
    let text = diag::gitlab(&findings.sources, &findings.all());
    findings.compare("expected.gitlab.json", &text)?;
    let report: Value = serde_json::from_str(&text).map_err(|why| why.to_string())?;
    let issues = report.as_array().ok_or("a report is an array")?;
    same_count(issues.len(), findings)?;
    let prints: BTreeSet<&str> = issues.iter().filter_map(|issue| issue["fingerprint"].as_str()).collect();
    same_count(prints.len(), findings)?;
    for (issue, finding) in issues.iter().zip(&findings.findings) {
        let severity = issue["severity"].as_str().unwrap_or_default();
        let (line, _) = findings.start(finding, Column::Bytes);
        let sound = ["info", "minor", "major", "critical", "blocker"].contains(&severity)
            && issue["check_name"] == finding.rule.slug
            && issue["description"].as_str().is_some_and(|text| text.contains(&finding.message))
            && issue["location"]["path"].as_str().is_some_and(|path| path.starts_with("my sites/"))
            && issue["location"]["lines"]["begin"].as_u64() == Some(line);
        if !sound {
            return Err(format!("{issue:#}\nis not {finding:?}"));
        }
    }
    Ok(())
}

fn junit(findings: &Findings) -> Result<(), String> {
    let text = diag::junit(&findings.sources, &findings.all());
    findings.compare("expected.junit.xml", &text)?;
    let document = roxmltree::Document::parse(&text).map_err(|why| format!("{why}\n{text}"))?;
    let named = |name: &'static str| document.descendants().filter(move |node| node.has_tag_name(name));
    let said = named("failure").chain(named("system-out")).count();
    same_count(said, findings)?;
    let root = document.root_element();
    let cases = named("testcase").count().to_string();
    if root.attribute("tests") != Some(&cases) {
        return Err(format!("{cases} cases, but tests={:?}", root.attribute("tests")));
    }
    Ok(())
}

fn same_count(count: usize, findings: &Findings) -> Result<(), String> {
    let expected = findings.findings.len();
    if count == expected { Ok(()) } else { Err(format!("{count} of {expected} findings")) }
}
