//! Every packet script below `cases/packets` and `cases/pairs`, each a test of its own.
#![expect(clippy::disallowed_methods, reason = "the test reads scripts")]

use std::fs;
use std::path::Path;

use leasehold_golden_tests::case::repository;
use leasehold_golden_tests::packet_script;
use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = of("packets", packet_script::run);
    trials.extend(of("pairs", packet_script::pair::run));
    libtest_mimic::run(&arguments, trials).exit();
}

fn of(name: &str, run: fn(&str, &Path) -> Result<(), String>) -> Vec<Trial> {
    let folder = repository().join("golden-tests/cases").join(name);
    let mut scripts: Vec<_> = fs::read_dir(&folder)
        .expect("the folder of packet scripts is there")
        .map(|entry| entry.expect("the repository can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    scripts.sort();
    assert!(!scripts.is_empty(), "a test over no scripts would say nothing");
    let trials = scripts.into_iter().map(|path| {
        let script = path.file_stem().expect("scripts have names").to_string_lossy().into_owned();
        let name = if name == "packets" { script } else { format!("{name}/{script}") };
        let folder = folder.clone();
        Trial::test(name, move || {
            let script = fs::read_to_string(&path)?;
            run(&script, &folder).map_err(Failed::from)
        })
    });
    trials.collect()
}
