//! The same estates served by a real Kea and by Leasehold, asked the same: the answers are the same, field by field,
//! but for what `cases/export/differences.txt` gives a reason for.
//!
//! `LEASEHOLD_KEA_ESTATES=17..18` runs the generated estates of these numbers alone, and prints what came of each;
//! `LEASEHOLD_KEA_KEEP=DIR` writes estates and configurations there.
#![expect(clippy::disallowed_methods, reason = "the test starts itself again in namespaces")]

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use leasehold_compiler::source::{SourceFile, Sources};
use leasehold_golden_tests::estate_generator::generate;
use leasehold_golden_tests::kea::comparison::{KNOWN, reviewed};
use leasehold_golden_tests::kea::program::alone;
use leasehold_golden_tests::kea::random_estate;
use leasehold_golden_tests::kea::trial::{Both, Report, both, run};
use leasehold_golden_tests::requirement::{Requirement, trial};
use libtest_mimic::{Arguments, Trial};

const NEEDS: [Requirement; 4] = [
    Requirement::Root,
    Requirement::Tool { name: "kea-dhcp4", probe: "-v" },
    Requirement::Tool { name: "ip", probe: "-V" },
    Requirement::Tool { name: "unshare", probe: "--version" },
];

/// Estates that are generated.
const ESTATES: u64 = 200;
/// Generated estates of one process.
const AT_ONCE: u64 = 25;
/// How far from an estate is the one that stands in for it, and how many are tried.
const INSTEAD: u64 = 1_000_000;
const STAND_INS: u64 = 4;
/// Packets to each server with each estate.
const PACKETS: usize = 2000;
/// What makes this program compare, in its own namespace, instead of listing tests.
const WORKER: &str = "--compare";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().collect();
    if let [_, worker, first, end] = arguments.as_slice()
        && worker == WORKER
    {
        return compare(first, end);
    }
    let mut tests = vec![trial("differences_are_reviewed", &[], differences_are_reviewed)];
    let chosen = env::var("LEASEHOLD_KEA_ESTATES").ok();
    if let Some((first, end)) = chosen.as_deref().and_then(|range| range.split_once("..")) {
        tests.push(batch(format!("estates_{first}_to_{end}"), first.to_owned(), end.to_owned()));
    } else {
        tests.push(batch("the_example_estate".to_owned(), "example".to_owned(), String::new()));
        let firsts = (0..ESTATES).step_by(usize::try_from(AT_ONCE).expect("a small number"));
        tests.extend(firsts.map(|first| {
            let end = first + AT_ONCE;
            batch(format!("estates_{first}_to_{end}"), first.to_string(), end.to_string())
        }));
    }
    let mut options = Arguments::from_args();
    options.test_threads.get_or_insert(2);
    libtest_mimic::run(&options, tests).exit_code()
}

fn batch(name: String, first: String, end: String) -> Trial {
    trial(name, &NEEDS, move || {
        // Before any worker runs, so that they all find the programs built.
        leasehold_golden_tests::binaries::binary("leasehold-server")?;
        let program: PathBuf = env::current_exe().map_err(|why| why.to_string())?;
        let (is_well, said) = alone(&program, &[WORKER.to_owned(), first, end])?;
        if env::var_os("LEASEHOLD_KEA_ESTATES").is_some() {
            println!("{said}");
        }
        if is_well { Ok(()) } else { Err(said) }
    })
}

fn differences_are_reviewed() -> Result<(), String> {
    let reviewed = reviewed()?;
    match KNOWN.iter().find(|name| !reviewed.contains_key(**name)) {
        Some(name) => Err(format!("`{name}` has no reason in cases/export/differences.txt")),
        None => Ok(()),
    }
}

/// In a namespace of its own: each estate, and what came of it.
fn compare(first: &str, end: &str) -> ExitCode {
    let estates: Vec<(String, Sources, u64)> = match (first, first.parse(), end.parse()) {
        ("example", ..) => {
            let file = |(path, text): (String, String)| SourceFile { path, bytes: text.into_bytes() };
            let mut files: Vec<SourceFile> = generate(1, None).into_iter().map(file).collect();
            files.push(file(("sentinel.yaml".to_owned(), random_estate::SENTINEL.to_owned())));
            vec![("the example estate".to_owned(), Sources::new("", files), 1)]
        }
        (_, Ok(first), Ok(end)) => (first..end)
            .map(|number: u64| (format!("estate {number}"), random_estate::sources(number), number))
            .collect(),
        _ => Vec::new(),
    };
    let mut is_well = !estates.is_empty();
    for (name, sources, seed) in estates {
        if let Some(folder) = env::var_os("LEASEHOLD_KEA_KEEP") {
            keep(&PathBuf::from(folder).join(&name), &sources);
        }
        let both = match name.starts_with("estate") {
            true => lossless(&name, &sources, seed),
            false => both(&sources, false),
        };
        let done =
            both.and_then(|both| run(&both, seed, PACKETS, env::var_os("LEASEHOLD_KEA_BACK").is_some()));
        match done {
            Ok(report) => is_well &= tell(&name, &report),
            Err(why) => {
                is_well = false;
                println!("{name}: {why}");
            }
        }
    }
    if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A generated estate and its configuration. What the export refuses, because Kea cannot say it, makes way for another.
fn lossless(name: &str, sources: &Sources, seed: u64) -> Result<Both, String> {
    let mut refused = match both(sources, true) {
        Err(why) if why.contains("error[L981]") => why,
        done => return done,
    };
    for other in (1..=STAND_INS).map(|times| seed + times * INSTEAD) {
        match both(&random_estate::sources(other), true) {
            Ok(both) => {
                println!("{name}: Kea cannot say it, so estate {other} stands in for it");
                return Ok(both);
            }
            Err(why) => refused.push_str(&why),
        }
    }
    Err(refused)
}

/// Writes an estate, and its configuration if it can be exported.
fn keep(folder: &std::path::Path, sources: &Sources) {
    fs::create_dir_all(folder).expect("a folder can be made");
    for (_, file) in sources.iter() {
        fs::write(folder.join(file.path.replace('/', "-")), &file.bytes).expect("a file can be written");
    }
    if let Ok(both) = both(sources, false) {
        let text = serde_json::to_string_pretty(&both.export.configuration).expect("a configuration is JSON");
        fs::write(folder.join("kea.json"), text).expect("a file can be written");
    }
}

fn tell(name: &str, report: &Report) -> bool {
    let Report { packets, compared, silent, elsewhere, known, faults } = report;
    println!(
        "{name}: {packets} packets, {compared} answers compared, {silent} unanswered by both, {elsewhere} from other \
         pools, known {known:?}, {} differences",
        faults.len()
    );
    for fault in faults.iter().filter(|fault| !fault.is_empty()) {
        println!("  {fault}");
    }
    faults.is_empty() && *compared * 4 > *packets
}
