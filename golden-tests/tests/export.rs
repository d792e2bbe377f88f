//! Estates in Kea's language: `cases/export/NAME/` is an estate; beside it `kea-2.2.json` and `kea-3.0.json`, what is
//! written, and `lost.txt`, what is lost in each, line by line. A real Kea takes what is written for it.
#![expect(clippy::disallowed_types, reason = "starts programs")]

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode, Output};

use leasehold_compiler::emit::kea::{Export, Request, Target, export};
use leasehold_compiler::{Cache, compile};
use leasehold_golden_tests::case::{self, Case};
use leasehold_golden_tests::finding_list::finding_list;
use leasehold_golden_tests::kea::program::kea_test;
use leasehold_golden_tests::requirement::{Requirement, trial};
use leasehold_golden_tests::{binaries, expectation};
use libtest_mimic::Arguments;

const KEA: Requirement = Requirement::Tool { name: "kea-dhcp4", probe: "-v" };
const TARGETS: [(&str, Target); 2] = [("2.2", Target::Kea22), ("3.0", Target::Kea30)];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for case in case::find("export") {
        let same = case.clone();
        trials.push(trial(format!("written::{}", case.name), &[], move || written(&case)));
        trials.push(trial(format!("taken::{}", same.name), &[KEA], move || taken(&same)));
    }
    trials.push(trial("a_loss_writes_nothing", &[], a_loss_writes_nothing));
    trials.push(trial("a_pair_differs_in_one_name", &[], a_pair_differs_in_one_name));
    trials.push(trial("the_example_estate_is_taken", &[KEA], the_example_estate_is_taken));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// The export, and its findings in lines.
fn exported(case: &Case, target: Target) -> Result<(Export, String), String> {
    let sources = case.estate();
    let compilation = compile(&sources, &mut Cache::none(), case::today());
    let artefact =
        compilation.artefact.as_ref().ok_or_else(|| finding_list(&sources, &compilation.diagnostics))?;
    let servers = artefact.estate.high_availability.iter().flat_map(|pair| &pair.servers);
    let node = servers.map(|peer| peer.name.clone()).next().unwrap_or_else(|| "any".to_owned());
    let request = Request { node: &node, target, hooks: None };
    let export = export(&compilation, artefact, request).map_err(|unknown| format!("{unknown:?}"))?;
    let mut lines = String::new();
    for finding in &export.findings {
        let becomes = &finding.primary.text;
        let line = finding_list(&sources, std::slice::from_ref(finding));
        writeln!(lines, "{} {}\n    {becomes}", finding.severity.word(), line.trim_end())
            .expect("a string takes all");
    }
    Ok((export, lines))
}

fn written(case: &Case) -> Result<(), String> {
    let mut lost = String::new();
    for (name, target) in TARGETS {
        let (export, lines) = exported(case, target)?;
        writeln!(lost, "# {name}\n{lines}").expect("a string takes all");
        let mut text = serde_json::to_string_pretty(&export.configuration).map_err(|why| why.to_string())?;
        text.push('\n');
        expectation::compare(&case.folder.join(format!("kea-{name}.json")), &text)?;
    }
    expectation::compare(&case.folder.join("lost.txt"), &lost)
}

fn taken(case: &Case) -> Result<(), String> {
    let (export, _) = exported(case, Target::Kea22)?;
    let folder = tempfile::tempdir().map_err(|why| why.to_string())?;
    kea_test(&export.configuration, folder.path())
}

fn leasehold(folder: &Path, arguments: &[&str]) -> Result<Output, String> {
    let mut command = Command::new(binaries::binary("leasehold")?);
    command.args(["export", "kea"]).arg(folder).args(["--today", "2026-11-01"]).args(arguments);
    command.output().map_err(|why| why.to_string())
}

fn a_loss_writes_nothing() -> Result<(), String> {
    let estate = case::repository().join("golden-tests/cases/export/much-is-lost");
    let folder = tempfile::tempdir().map_err(|why| why.to_string())?;
    let file = folder.path().join("kea.json");
    let path = file.to_str().ok_or("a temporary folder with a name that is no text")?;
    let must = |holds: bool, output: &Output| {
        let text = [output.stdout.as_slice(), &output.stderr].concat();
        if holds { Ok(()) } else { Err(format!("{}:\n{}", output.status, String::from_utf8_lossy(&text))) }
    };
    let arguments = ["--node", "primary", "--target", "2.2", "-o", path];
    let refused = leasehold(&estate, &arguments)?;
    must(refused.status.code() == Some(1) && !file.exists(), &refused)?;
    let accepted = leasehold(&estate, &[&arguments[..], &["--allow-loss"]].concat())?;
    must(accepted.status.code() == Some(0) && file.exists(), &accepted)?;
    let nobody = leasehold(&estate, &["--node", "third", "--target", "2.2"])?;
    must(nobody.status.code() == Some(2) && nobody.stdout.is_empty(), &nobody)?;
    let said = String::from_utf8_lossy(&nobody.stderr).into_owned();
    must(said.lines().count() == 1 && said.contains("`primary` or `secondary`"), &nobody)
}

fn a_pair_differs_in_one_name() -> Result<(), String> {
    let estate = case::repository().join("golden-tests/cases/export/a-pair");
    let [left, right] = ["left", "right"].map(|node| leasehold(&estate, &["--node", node]));
    let (left, right) = (left?.stdout, right?.stdout);
    let (left, right) = (String::from_utf8_lossy(&left), String::from_utf8_lossy(&right));
    let differ: Vec<(&str, &str)> = left.lines().zip(right.lines()).filter(|(a, b)| a != b).collect();
    match differ.as_slice() {
        [(a, b)] if a.contains(r#""this-server-name": "left""#) && b.contains(r#""right""#) => Ok(()),
        differ => Err(format!("{differ:?}")),
    }
}

/// The estate in `sites/`, with what is lost of it.
fn the_example_estate_is_taken() -> Result<(), String> {
    let sites = case::repository().join("sites");
    let output = leasehold(&sites, &["--node", "primary", "--target", "2.2", "--allow-loss", "-q"])?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let configuration = serde_json::from_slice(&output.stdout).map_err(|why| why.to_string())?;
    let folder = tempfile::tempdir().map_err(|why| why.to_string())?;
    kea_test(&configuration, folder.path())
}
