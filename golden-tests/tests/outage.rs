//! Each fault once, for as long as it takes to be felt: real servers in network namespaces, a hundred exchanges a
//! second. No address has two holders, no lease is lost, and service comes back by itself. How long it was away is
//! measured by `leasehold-outage`.
#![expect(clippy::disallowed_types, reason = "starts programs")]

use std::path::{Path, PathBuf};
use std::process::Command;

use leasehold_golden_tests::binaries::{binary, next_server};
use leasehold_golden_tests::outage::Fault;
use leasehold_golden_tests::requirement::{Requirement, run_waiting, trial};
use libtest_mimic::Trial;

const NEEDS: [Requirement; 3] = [
    Requirement::Root,
    Requirement::Tool { name: "ip", probe: "-V" },
    Requirement::Tool { name: "faketime", probe: "--version" },
];

fn main() {
    let arguments = libtest_mimic::Arguments::from_args();
    // Before any server runs, because it takes the place of the other one while it is built.
    let next = if arguments.list { Ok(PathBuf::new()) } else { next_server() };
    let tests: Vec<Trial> = Fault::ALL
        .into_iter()
        .zip(1..)
        .map(|(fault, seed)| {
            let next = next.clone();
            trial(fault.name(), &NEEDS, move || harmless(fault, seed, &next?))
        })
        .collect();
    run_waiting(tests);
}

/// What the clients do follows from the seed.
fn harmless(fault: Fault, seed: u64, next: &Path) -> Result<(), String> {
    let output = Command::new(binary("leasehold-outage")?)
        .args(["--short", "--times", "1", "--fault", fault.name(), "--seed", &seed.to_string()])
        .arg("--next-server")
        .arg(next)
        .output()
        .map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    match output.status.code() {
        // A time that was missed is no fault of the rules on a machine that does much else.
        Some(0 | 3) => Ok(()),
        code => Err(format!("{code:?}:\n{text}{}", String::from_utf8_lossy(&output.stderr))),
    }
}
