//! The contracts have several readers, and they agree: the JSON Schemas in the repository are those of the types;
//! schema and decoder judge the structure of every file alike; a YAML reader that is not ours sees the same tree;
//! every artefact is what its schema says.

use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use jsonschema::Validator;
use leasehold_compiler::check::rules::REGISTRY;
use leasehold_compiler::diag::{Diagnostic, Sink};
use leasehold_compiler::parse::parse;
use leasehold_compiler::source::{SourceFile, Sources};
use leasehold_compiler::{Cache, Compilation, compile};
use leasehold_golden_tests::estate_generator::generate;
use leasehold_golden_tests::finding_list::finding_list;
use leasehold_golden_tests::plain_yaml::{is_same, to_json};
use leasehold_golden_tests::requirement::trial;
use leasehold_golden_tests::rule_page::examples;
use leasehold_golden_tests::{case, expectation};
use leasehold_schemas::documents::Document;
use libtest_mimic::{Arguments, Trial};
use serde_json::Value;

/// Rules about the structure of a file alone: their findings are the schema's too.
const STRUCTURAL: &[&str] = &["unknown-key", "missing-key", "wrong-value", "unknown-version"];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials: Vec<Trial> = Document::ALL
        .into_iter()
        .map(|document| {
            trial(format!("schema_is_generated::{}", document.name()), &[], move || generated(document))
        })
        .collect();
    for (name, sources) in estates() {
        let estate = Arc::new(Estate { sources, compilation: OnceLock::new() });
        type Check = (&'static str, fn(&Estate) -> Result<(), String>);
        let checks: [Check; 3] = [
            ("second_reader", second_reader),
            ("schema_and_decoder", schema_and_decoder),
            ("artefact_schema", artefact_schema),
        ];
        for (check, run) in checks {
            let estate = Arc::clone(&estate);
            trials.push(trial(format!("{check}::{name}"), &[], move || run(&estate)));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// An estate, compiled when the first check asks.
struct Estate {
    sources: Sources,
    compilation: OnceLock<Compilation>,
}

impl Estate {
    fn compilation(&self) -> &Compilation {
        self.compilation.get_or_init(|| compile(&self.sources, &mut Cache::default(), case::today()))
    }
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
fn second_reader(estate: &Estate) -> Result<(), String> {
    for (id, file) in estate.sources.iter() {
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

fn validator(document: Document) -> Result<Validator, String> {
    let schema: Value = serde_json::from_str(&document.schema_text()).map_err(|why| why.to_string())?;
    jsonschema::validator_for(&schema).map_err(|why| why.to_string())
}

fn schema_and_decoder(estate: &Estate) -> Result<(), String> {
    let sources = &estate.sources;
    let findings = &estate.compilation().diagnostics;
    let (common, site) = (validator(Document::Estate)?, validator(Document::Site)?);
    for (id, file) in sources.iter() {
        let Some(json) = to_json(&parse(id, &file.bytes, &mut Sink::default())) else { continue };
        let schema = if file.path == "estate.yaml" { &common } else { &site };
        let is_structural = |finding: &&Diagnostic| {
            finding.primary.span.file == id && STRUCTURAL.contains(&finding.rule.slug)
        };
        let structural: Vec<Diagnostic> = findings.iter().filter(is_structural).cloned().collect();
        let objections: Vec<String> =
            schema.iter_errors(&json).map(|error| format!("{}: {error}", error.instance_path())).collect();
        if structural.is_empty() != objections.is_empty() {
            let (path, list) = (&file.path, finding_list(sources, &structural));
            return Err(format!(
                "{path}: the decoder says\n{list}the schema says\n{}",
                objections.join("\n")
            ));
        }
    }
    Ok(())
}

fn artefact_schema(estate: &Estate) -> Result<(), String> {
    let compilation = estate.compilation();
    let Some(artefact) = &compilation.artefact else {
        return if compilation.is_sound() { Err("no artefact, and no error".to_owned()) } else { Ok(()) };
    };
    let json: Value = serde_json::from_slice(&artefact.bytes).map_err(|why| why.to_string())?;
    let objections: Vec<String> = validator(Document::Artefact)?
        .iter_errors(&json)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    if objections.is_empty() { Ok(()) } else { Err(objections.join("\n")) }
}
