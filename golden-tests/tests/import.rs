//! Configurations of Kea and the estates that they become: `cases/import/NAME/kea.json` with what it includes, and in
//! `expected.txt` beside it what was not carried as it stood, the files of the estate, and what the check says of them.
//!
//! Kea 2.2 accepts every configuration of a case, but for those that are faulty or of Kea 3, and say so by their name, and
//! those whose hook libraries would have to be there. `cases/import-tables/NAME` holds tables instead.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the test reads cases and starts Kea"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use leasehold_compiler::diag::{Look, human};
use leasehold_compiler::import::json::Loaded;
use leasehold_compiler::import::tables::{self, Kind, Mapping};
use leasehold_compiler::import::{Grouping, Imported, Wishes, kea, listing};
use leasehold_compiler::source::Sources;
use leasehold_compiler::{Cache, compile};
use leasehold_golden_tests::case::{self, Case};
use leasehold_golden_tests::expectation;
use leasehold_golden_tests::requirement::{Requirement, trial};
use libtest_mimic::Arguments;

const KEA: Requirement = Requirement::Tool { name: "kea-dhcp4", probe: "-v" };

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for case in case::find("import") {
        let again = case.clone();
        trials.push(trial(case.name.clone(), &[], move || check(&case)));
        let text = fs::read_to_string(again.folder.join("kea.json")).expect("a case has its configuration");
        let is_whole = !text.contains("hooks-libraries");
        if is_whole && !again.name.starts_with("faulty-") && !again.name.starts_with("kea-3-") {
            trials.push(trial(format!("{}: accepted by Kea", again.name), &[KEA], move || accepted(&again)));
        }
    }
    for case in case::find("import-tables") {
        trials.push(trial(format!("tables: {}", case.name), &[], move || check_tables(&case)));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// `NAME.csv` for each kind of table, and `mapping.txt`.
fn check_tables(case: &Case) -> Result<(), String> {
    let folder = &case.folder;
    let read = || {
        let mapping = match load(folder, "mapping.txt") {
            Ok(file) => Mapping::read(&file)?,
            Err(_) => Mapping::default(),
        };
        let table = |kind: Kind| load(folder, &format!("{}.csv", kind.name())).ok().map(|file| (kind, file));
        let tables: Vec<(Kind, Loaded)> = Kind::ALL.into_iter().filter_map(table).collect();
        let wishes = Wishes { name: "example".to_owned(), grouping: Grouping::Auto };
        tables::csv(&tables, &mapping, &wishes)
    };
    let text = match read() {
        Ok(imported) => shown(case, imported)?,
        Err(fault) => format!("{fault}\n"),
    };
    expectation::compare(&folder.join("expected.txt"), &text)
}

fn load(folder: &Path, name: &str) -> Result<Loaded, String> {
    let bytes = fs::read(folder.join(name)).map_err(|_| "no such file".to_owned())?;
    Ok(Loaded { identity: name.to_owned(), name: name.to_owned(), bytes })
}

fn check(case: &Case) -> Result<(), String> {
    let folder = &case.folder;
    let wishes = Wishes { name: "example".to_owned(), grouping: Grouping::Auto };
    let others: Vec<Loaded> = load(folder, "partner.json").into_iter().collect();
    let imported = kea(load(folder, "kea.json")?, others, &mut |name, _| load(folder, name), &wishes);
    let text = match imported {
        Ok(imported) => shown(case, imported)?,
        Err(fault) => format!("{fault}\n"),
    };
    expectation::compare(&folder.join("expected.txt"), &text)
}

/// The list, the files, and what the check finds; a configuration without faults becomes an estate without errors.
fn shown(case: &Case, imported: Imported) -> Result<String, String> {
    let mut text = listing::human(&imported.items, 0);
    for file in &imported.files {
        let content = String::from_utf8_lossy(&file.bytes);
        write!(text, "--- {}\n{content}", file.path).expect("a string takes every write");
    }
    let sources = Sources::new("", imported.files);
    let compilation = compile(&sources, &mut Cache::none(), case::today());
    if !compilation.diagnostics.is_empty() {
        let findings = human(&sources, &compilation.diagnostics, Look { color: false });
        write!(text, "--- findings\n{}\n", findings.trim_end()).expect("a string takes every write");
    }
    if !case.name.starts_with("faulty-") && !compilation.is_sound() {
        return Err(format!("the estate has errors:\n{text}"));
    }
    Ok(text)
}

fn accepted(case: &Case) -> Result<(), String> {
    let mut command = Command::new("kea-dhcp4");
    command.arg("-t").arg("kea.json").current_dir(&case.folder).stdin(Stdio::null());
    let output = command.output().map_err(|why| why.to_string())?;
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(said) }
}
