//! Broken estates and everything that is said of them: `cases/diagnostics/NAME/` is an estate, and
//! `expected.txt` beside it holds one line a finding, then the rendering for people. Where there is an
//! `expected.json`, the rendering for programs is compared as well.

use std::process::ExitCode;

use leasehold_compiler::diag::{Look, human, json, summary};
use leasehold_compiler::{Cache, compile};
use leasehold_golden_tests::case::{self, Case};
use leasehold_golden_tests::expectation;
use leasehold_golden_tests::finding_list::finding_list;
use leasehold_golden_tests::requirement::trial;
use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let cases = case::find("diagnostics");
    let trials = cases.into_iter().map(|case| trial(case.name.clone(), &[], move || check(&case))).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn check(case: &Case) -> Result<(), String> {
    let sources = case.estate();
    let compilation = compile(&sources, &mut Cache::default(), case::today());
    let findings = &compilation.diagnostics;
    if compilation.is_sound() != compilation.artefact.is_some() {
        return Err("an artefact is given exactly where there is no error".to_owned());
    }
    let list = finding_list(&sources, findings);
    let text = if findings.is_empty() {
        "nothing to find fault with\n".to_owned()
    } else {
        format!("{list}\n{}", human(&sources, findings, Look { color: false }).trim_end().to_owned() + "\n")
    };
    expectation::compare(&case.folder.join("expected.txt"), &text)?;
    let expected_json = case.folder.join("expected.json");
    if expected_json.exists() {
        expectation::compare(&expected_json, &json(&sources, findings, summary(findings)))?;
    }
    Ok(())
}
