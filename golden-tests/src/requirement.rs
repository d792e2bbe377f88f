//! What a test needs beyond this repository, and what happens where it is absent: ignored, by name.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the harness asks for tools and rights"
)]

use std::env;
use std::fs;
use std::process::{Command, Stdio};

use libtest_mimic::{Arguments, Failed, Trial};

/// Something a machine may lack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Requirement {
    /// A program in the search path that runs when given this argument.
    Tool {
        /// The program.
        name: &'static str,
        /// An argument that makes it print something and end well, such as `--version`.
        probe: &'static str,
    },
    /// Effective user 0, for raw sockets and network namespaces.
    Root,
}

impl Requirement {
    /// Whether it is there.
    pub fn is_met(self) -> bool {
        match self {
            Requirement::Tool { name, probe } => {
                let mut command = Command::new(name);
                command.arg(probe).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
                command.status().is_ok_and(|status| status.success())
            }
            Requirement::Root => effective_user() == Some(0),
        }
    }

    /// As a person would name it.
    pub fn name(self) -> &'static str {
        match self {
            Requirement::Tool { name, .. } => name,
            Requirement::Root => "root",
        }
    }
}

fn effective_user() -> Option<u32> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Trials of real servers that are under way at once, unless `--test-threads` says otherwise: they wait more than they
/// compute.
const WAITING_AT_ONCE: usize = 5;

/// Runs tests that start real servers, and ends the process.
pub fn run_waiting(tests: Vec<Trial>) -> ! {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(WAITING_AT_ONCE);
    libtest_mimic::run(&arguments, tests).exit()
}

/// A [`trial`] whose steps fail by `?`, whatever their error.
pub fn test(name: &str, needs: &[Requirement], run: fn() -> Result<(), Failed>) -> Trial {
    trial(name, needs, move || run().map_err(|failed| failed.message().unwrap_or("failed").to_owned()))
}

/// A test. Where something it needs is absent it is ignored, and its kind says what is missing; under
/// `LEASEHOLD_REQUIRE_ALL=1` it fails.
pub fn trial(
    name: impl Into<String>,
    needs: &[Requirement],
    run: impl FnOnce() -> Result<(), String> + Send + 'static,
) -> Trial {
    let missing: Vec<&str> = needs
        .iter()
        .filter(|requirement| !requirement.is_met())
        .map(|requirement| requirement.name())
        .collect();
    if missing.is_empty() {
        return Trial::test(name, move || run().map_err(Failed::from));
    }
    let missing = missing.join(", ");
    if env::var_os("LEASEHOLD_REQUIRE_ALL").is_some_and(|value| value == "1") {
        return Trial::test(
            name,
            move || Err(format!("needs {missing}, and LEASEHOLD_REQUIRE_ALL=1").into()),
        );
    }
    Trial::test(name, || Ok(())).with_kind(format!("needs {missing}")).with_ignored_flag(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_tool_is_not_met() {
        assert!(!Requirement::Tool { name: "leasehold-no-such-tool", probe: "--version" }.is_met());
        assert!(Requirement::Tool { name: "true", probe: "--version" }.is_met());
        assert!(!Requirement::Tool { name: "false", probe: "x" }.is_met());
    }

    #[test]
    fn a_test_without_its_tool_is_ignored_and_says_why() {
        let needs = [Requirement::Tool { name: "leasehold-no-such-tool", probe: "--version" }];
        let trial = trial("lease", &needs, || Err("it ran".to_owned()));
        if env::var_os("LEASEHOLD_REQUIRE_ALL").is_none() {
            assert!(trial.has_ignored_flag());
            assert_eq!(trial.kind(), "needs leasehold-no-such-tool");
        }
    }
}
