//! A site of any bytes beside a sound `estate.yaml`: all phases end, findings render, and nothing panics.
#![no_main]

use leasehold_compiler::diag::{self, Look};
use leasehold_compiler::source::{SourceFile, Sources};
use leasehold_compiler::{Cache, compile};
use leasehold_schemas::vocab::Date;
use libfuzzer_sys::fuzz_target;

const ESTATE: &[u8] = include_bytes!("../estate.yaml");

fuzz_target!(|bytes: &[u8]| {
    let file = |path: &str, bytes: &[u8]| SourceFile { path: path.to_owned(), bytes: bytes.to_vec() };
    let sources = Sources::new("", vec![file("estate.yaml", ESTATE), file("site.yaml", bytes)]);
    let today = Date::new(2026, 1, 1).expect("the calendar has this day");
    let compilation = compile(&sources, &mut Cache::none(), today);
    let summary = diag::summary(&compilation.diagnostics);
    diag::human(&sources, &compilation.diagnostics, Look { color: false });
    diag::json(&sources, &compilation.diagnostics, summary);
    assert_eq!(compilation.artefact.is_some(), summary.errors == 0);
});
