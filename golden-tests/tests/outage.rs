//! Each fault once, for as long as it takes to be felt: real servers in network namespaces, a hundred exchanges a
//! second. No address has two holders, no lease is lost, and service comes back by itself. How long it was away is
//! measured by `leasehold-outage`.
#![expect(clippy::disallowed_types, reason = "starts programs")]

use std::process::Command;

use leasehold_golden_tests::binaries::binary;
use leasehold_golden_tests::outage::Fault;
use leasehold_golden_tests::requirement::{Requirement, run_waiting, trial};
use libtest_mimic::Trial;

const NEEDS: [Requirement; 3] = [
    Requirement::Root,
    Requirement::Tool { name: "ip", probe: "-V" },
    Requirement::Tool { name: "faketime", probe: "--version" },
];

fn main() {
    let tests: Vec<Trial> =
        Fault::ALL.into_iter().map(|fault| trial(fault.name(), &NEEDS, move || harmless(fault))).collect();
    run_waiting(tests);
}

fn harmless(fault: Fault) -> Result<(), String> {
    let output = Command::new(binary("leasehold-outage")?)
        .args(["--short", "--times", "1", "--fault", fault.name()])
        .output()
        .map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    match output.status.code() {
        // A time that was missed is no fault of the rules on a machine that does much else.
        Some(0 | 3) => Ok(()),
        code => Err(format!("{code:?}:\n{text}{}", String::from_utf8_lossy(&output.stderr))),
    }
}
