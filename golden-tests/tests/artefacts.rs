//! Small estates and what they compile to: `cases/artefacts/NAME/` is an estate, `expected.json` beside it the
//! artefact's content, indented. And what holds for every artefact: it reads back, and its bytes depend on
//! nothing but what the estate says.

use std::process::ExitCode;

use leasehold_compiler::diag::Sink;
use leasehold_compiler::parse::parse;
use leasehold_compiler::source::{SourceFile, Sources};
use leasehold_compiler::{Cache, compile};
use leasehold_golden_tests::case::{self, Case};
use leasehold_golden_tests::estate_generator::generate;
use leasehold_golden_tests::expectation;
use leasehold_golden_tests::finding_list::finding_list;
use leasehold_golden_tests::plain_yaml::to_json;
use leasehold_golden_tests::requirement::trial;
use leasehold_schemas::artefact::decode;
use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for case in case::find("artefacts") {
        let sources = case.estate();
        trials.push(trial(format!("content::{}", case.name), &[], move || content(&case)));
        let name = trials[trials.len() - 1].name().replace("content", "same_bytes");
        trials.push(trial(name, &[], move || same_bytes(&sources)));
    }
    trials.push(trial("same_bytes::the_example_estate", &[], || same_bytes(&example())));
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn example() -> Sources {
    let file = |(path, text): (String, String)| SourceFile { path, bytes: text.into_bytes() };
    Sources::new("", generate(1, None).into_iter().map(file).collect())
}

fn bytes(sources: &Sources) -> Result<Vec<u8>, String> {
    let compilation = compile(sources, &mut Cache::default(), case::today());
    let list = || finding_list(sources, &compilation.diagnostics);
    compilation.artefact.as_ref().map(|artefact| artefact.bytes.clone()).ok_or_else(list)
}

fn content(case: &Case) -> Result<(), String> {
    let bytes = bytes(&case.estate())?;
    let (estate, digest) = decode(&bytes).map_err(|why| why.to_string())?;
    let (again, digest_again) = leasehold_schemas::artefact::encode(&estate);
    if again != bytes || digest_again != digest {
        return Err("the artefact does not survive being read and written".to_owned());
    }
    let mut text = serde_json::to_string_pretty(&estate).map_err(|why| why.to_string())?;
    text.push('\n');
    expectation::compare(&case.folder.join("expected.json"), &text)
}

/// Threads, names and order of files, key order, layout and comments change nothing.
fn same_bytes(sources: &Sources) -> Result<(), String> {
    let plain = bytes(sources)?;
    let files = || sources.iter().map(|(_, file)| file.clone());
    let renamed = files().enumerate().map(|(at, mut file)| {
        if file.path != "estate.yaml" {
            file.path = format!("{:04}/{}", 9_999 - at, file.path);
        }
        file
    });
    if with_threads(1, &Sources::new("elsewhere/", renamed.collect()))? != plain {
        return Err("other bytes with other file names and 1 thread".to_owned());
    }
    let rewritten: Option<Vec<SourceFile>> = sources
        .iter()
        .map(|(id, file)| {
            let tree = parse(id, &file.bytes, &mut Sink::default());
            let bytes = to_json(&tree)?.to_string().into_bytes();
            Some(SourceFile { path: file.path.clone(), bytes })
        })
        .collect();
    let rewritten = rewritten.ok_or("a file could not be read")?;
    if with_threads(5, &Sources::new("", rewritten))? != plain {
        return Err("other bytes with another key order and layout and 5 threads".to_owned());
    }
    Ok(())
}

fn with_threads(count: usize, sources: &Sources) -> Result<Vec<u8>, String> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build().map_err(|why| why.to_string())?;
    pool.install(|| bytes(sources))
}
