//! Pairs of estates and what the change from one to the other means: `cases/plans/NAME/before` and `after` are estates,
//! `leases.csv` beside them the active leases, `acknowledge.txt` what is accepted, a `RULE=REASON` a line. `expected.txt`
//! is the plan for people; where there is an `expected.json` or `expected.md`, those are compared as well. And what holds
//! for every estate: it is no change against itself, its artefact, or itself written otherwise.
#![expect(clippy::disallowed_methods, reason = "the harness reads cases from disk")]

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use jsonschema::Validator;
use leasehold_compiler::plan::{
    Effective, LeaseTable, MARKDOWN_CHARS_MAX, PlanLook, human, markdown, rule_of_change,
};
use leasehold_compiler::source::{SourceFile, Sources};
use leasehold_compiler::{Cache, compile};
use leasehold_golden_tests::case::{self, Case};
use leasehold_golden_tests::estate_generator::generate;
use leasehold_golden_tests::expectation;
use leasehold_golden_tests::planning::{Asked, plan_of, side};
use leasehold_golden_tests::requirement::trial;
use leasehold_schemas::documents::Document;
use leasehold_schemas::plan::Plan;
use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for case in case::find("plans") {
        for (name, estate) in [
            ("before", case::estate(&case.folder.join("before"))),
            ("after", case::estate(&case.folder.join("after"))),
        ] {
            trials.push(trial(format!("no_change::{}::{name}", case.name), &[], move || no_change(&estate)));
        }
        trials.push(trial(format!("plan::{}", case.name), &[], move || check(&case)));
    }
    for case in case::find("artefacts") {
        trials.push(trial(format!("no_change::{}", case.name), &[], move || no_change(&case.estate())));
    }
    trials.push(trial("no_change::the_example_estate", &[], || no_change(&example())));
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn example() -> Sources {
    let file = |(path, text): (String, String)| SourceFile { path, bytes: text.into_bytes() };
    Sources::new("", generate(1, None).into_iter().map(file).collect())
}

fn check(case: &Case) -> Result<(), String> {
    let read = |name: &str| fs::read(case.folder.join(name)).ok();
    // 2026-11-01T00:00:00Z: the morning of `case::today()`.
    let now_secs = u64::try_from(case::today().unix_days()).map_err(|why| why.to_string())? * 86_400;
    let leases = read("leases.csv").map(|bytes| LeaseTable::parse(&bytes, now_secs));
    let leases = leases.transpose().map_err(|why| why.to_string())?;
    let acknowledged =
        String::from_utf8(read("acknowledge.txt").unwrap_or_default()).map_err(|why| why.to_string())?;
    let acknowledged = acknowledged.lines().map(|line| {
        let (rule, reason) = line.split_once('=').ok_or("a line says RULE=REASON")?;
        Ok((rule_of_change(rule).ok_or_else(|| format!("`{rule}` is no rule of change"))?, reason.to_owned()))
    });
    let acknowledged = acknowledged.collect::<Result<_, String>>()?;
    let asked = Asked { leases: leases.as_ref(), acknowledged, today: case::today() };
    let estate = |name: &str| case::estate(&case.folder.join(name));
    let plan = plan_of(&side(&estate("before")), &estate("after"), &asked);
    let masked = masked(plan);
    expectation::compare(&case.folder.join("expected.txt"), &human(&masked, PlanLook { color: false }))?;
    let json = serde_json::to_value(&masked).map_err(|why| why.to_string())?;
    conforms(&json)?;
    let text = format!("{json:#}\n");
    compare_if_there(&case.folder.join("expected.json"), &text)?;
    let markdown = markdown(&masked);
    if markdown.chars().count() > MARKDOWN_CHARS_MAX {
        return Err("the Markdown is too long".to_owned());
    }
    compare_if_there(&case.folder.join("expected.md"), &markdown)
}

fn compare_if_there(path: &Path, text: &str) -> Result<(), String> {
    if path.exists() { expectation::compare(path, text) } else { Ok(()) }
}

/// Digests say nothing that a reviewer of a case could check, and change with every change of the artefact.
fn masked(mut plan: Plan) -> Plan {
    for side in [&mut plan.before, &mut plan.after] {
        side.digest = side.digest.take().map(|_| format!("sha256:{:064}", 0));
    }
    plan
}

fn conforms(json: &serde_json::Value) -> Result<(), String> {
    let schema: serde_json::Value =
        serde_json::from_str(&Document::Plan.schema_text()).map_err(|why| why.to_string())?;
    let validator: Validator = jsonschema::validator_for(&schema).map_err(|why| why.to_string())?;
    let objections: Vec<String> = validator.iter_errors(json).map(|error| error.to_string()).collect();
    if objections.is_empty() { Ok(()) } else { Err(objections.join("\n")) }
}

/// An estate against itself, its artefact, and itself with other file names.
fn no_change(estate: &Sources) -> Result<(), String> {
    let mut compilation = compile(estate, &mut Cache::none(), case::today());
    let mut bases = vec![("itself", side(estate))];
    if let Some(artefact) = &compilation.artefact {
        let effective = Effective::of_artefact("artefact", &artefact.bytes).map_err(|why| why.to_string())?;
        bases.push(("its artefact", effective));
    }
    let renamed = estate.iter().map(|(id, file)| SourceFile {
        path: if file.path == "estate.yaml" {
            file.path.clone()
        } else {
            format!("{:05}.yaml", 99_999 - id.0)
        },
        bytes: file.bytes.clone(),
    });
    let renamed = Sources::new("", renamed.collect());
    compilation.artefact = None;
    for (what, base) in &bases {
        for (how, after) in [("itself", estate), ("other file names", &renamed)] {
            // In a broken estate the first of two equals counts, and other file names make another one the first.
            if how == "other file names" && !compilation.is_sound() {
                continue;
            }
            let plan = plan_of(base, after, &Asked::default());
            if !plan.changes.is_empty() || !plan.risks.is_empty() {
                return Err(format!("{how} against {what}:\n{}", human(&plan, PlanLook { color: false })));
            }
        }
    }
    Ok(())
}
