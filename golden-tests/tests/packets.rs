//! Every packet script below `cases/packets`, each a test of its own.
#![expect(clippy::disallowed_methods, reason = "the test reads scripts")]

use std::fs;

use leasehold_golden_tests::case::repository;
use leasehold_golden_tests::packet_script;
use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let arguments = Arguments::from_args();
    let folder = repository().join("golden-tests/cases/packets");
    let mut scripts: Vec<_> = fs::read_dir(&folder)
        .expect("the folder of packet scripts is there")
        .map(|entry| entry.expect("the repository can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    scripts.sort();
    assert!(!scripts.is_empty(), "a test over no scripts would say nothing");
    let trials = scripts.into_iter().map(|path| {
        let name = path.file_stem().expect("scripts have names").to_string_lossy().into_owned();
        let folder = folder.clone();
        Trial::test(name, move || {
            let script = fs::read_to_string(&path)?;
            packet_script::run(&script, &folder).map_err(Failed::from)
        })
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}
