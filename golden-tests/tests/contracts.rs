//! The contracts have several readers, and they agree: the JSON Schemas in the repository are those of the types,
//! and a YAML reader that is not ours sees the same tree in every file of the tests.

use std::process::ExitCode;

use leasehold_compiler::check::rules::REGISTRY;
use leasehold_compiler::diag::Sink;
use leasehold_compiler::parse::parse;
use leasehold_compiler::source::{SourceFile, Sources};
use leasehold_golden_tests::estate_generator::generate;
use leasehold_golden_tests::plain_yaml::{is_same, to_json};
use leasehold_golden_tests::requirement::trial;
use leasehold_golden_tests::rule_page::examples;
use leasehold_golden_tests::{case, expectation};
use leasehold_schemas::documents::Document;
use libtest_mimic::{Arguments, Trial};
use serde_json::Value;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials: Vec<Trial> = Document::ALL
        .into_iter()
        .map(|document| {
            trial(format!("schema_is_generated::{}", document.name()), &[], move || generated(document))
        })
        .collect();
    for (name, sources) in estates() {
        trials.push(trial(format!("second_reader::{name}"), &[], move || second_reader(&sources)));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Every estate of the tests: the example, all cases, and what the rule pages show.
fn estates() -> Vec<(String, Sources)> {
    let file = |(path, text): (String, String)| SourceFile { path, bytes: text.into_bytes() };
    let example = Sources::new("", generate(1, None).into_iter().map(file).collect());
    let mut estates = vec![("example".to_owned(), example)];
    for kind in ["diagnostics", "artefacts"] {
        estates.extend(
            case::find(kind).into_iter().map(|case| (format!("{kind}::{}", case.name), case.estate())),
        );
    }
    for registered in REGISTRY {
        let slug = registered.rule.slug;
        let Ok(found) = examples(registered.rule.page) else { continue }; // rule_pages says so
        estates.extend(found.fails.map(|sources| (format!("fails::{slug}"), sources)));
        estates.extend(found.passes.map(|sources| (format!("passes::{slug}"), sources)));
    }
    estates
}

fn generated(document: Document) -> Result<(), String> {
    let path = case::repository().join("schemas").join(document.file_name());
    expectation::compare(&path, &document.schema_text())
}

/// Where both readers accept a file, they see the same.
fn second_reader(sources: &Sources) -> Result<(), String> {
    for (id, file) in sources.iter() {
        let mut sink = Sink::default();
        let ours = to_json(&parse(id, &file.bytes, &mut sink));
        let Some(ours) = ours.filter(|_| sink.is_empty()) else { continue };
        let Ok(theirs) = serde_yaml::from_slice::<Value>(&file.bytes) else { continue };
        if !is_same(&ours, &theirs) {
            return Err(format!("{}: we read\n{ours:#}\nthe other reader\n{theirs:#}", file.path));
        }
    }
    Ok(())
}
