//! The programs, built once for the tests that start them.
//!
//! `cargo test --workspace` does not build binaries, and `CARGO_BIN_EXE_*` exists only inside a binary's own
//! package. So the harness builds them, in the profile and target folder in which the test itself runs.
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the harness runs cargo")]

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde::Deserialize;

use crate::case;

static BUILT: OnceLock<Result<BTreeMap<String, PathBuf>, String>> = OnceLock::new();

/// The path of a program of this workspace, such as `leasehold`; the first call builds all of them.
///
/// # Errors
/// What cargo said, or that the workspace has no such program.
pub fn binary(name: &str) -> Result<PathBuf, String> {
    let built = BUILT.get_or_init(build).as_ref().map_err(Clone::clone)?;
    built.get(name).cloned().ok_or_else(|| format!("the workspace builds no program `{name}`"))
}

/// Where a running test lies: `TARGET[/TRIPLE]/PROFILE/deps/TEST`; a program lies one folder higher.
#[derive(PartialEq, Eq, Debug)]
struct Build {
    target: PathBuf,
    triple: Option<String>,
    profile: String,
}

impl Build {
    fn of_test(test: &Path, is_target: impl Fn(&Path) -> bool) -> Option<Build> {
        let folder = test.parent()?;
        let profile = if folder.file_name()? == "deps" { folder.parent()? } else { folder };
        let folder = profile.parent()?;
        let profile = profile.file_name()?.to_str()?.to_owned();
        if is_target(folder) {
            return Some(Build { target: folder.to_owned(), triple: None, profile });
        }
        let triple = folder.file_name()?.to_str()?.to_owned();
        Some(Build { target: folder.parent()?.to_owned(), triple: Some(triple), profile })
    }

    fn arguments(&self) -> Vec<String> {
        let profile = if self.profile == "debug" { "dev" } else { &self.profile };
        let mut arguments = vec!["--profile".to_owned(), profile.to_owned()];
        arguments.extend(self.triple.iter().flat_map(|triple| ["--target".to_owned(), triple.clone()]));
        arguments
    }
}

/// The part of cargo's message that names a program.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    executable: Option<PathBuf>,
}

fn build() -> Result<BTreeMap<String, PathBuf>, String> {
    Build::of_this_program()?.programs(None)
}

/// The server of a release after this one, which speaks another version of the protocol of a pair too: a copy beside
/// the other programs. While it is made, `leasehold-server` is that server: start nothing meanwhile.
///
/// # Errors
/// What cargo said, or why it cannot be copied.
pub fn next_server() -> Result<PathBuf, String> {
    let name = "leasehold-server";
    let build = Build::of_this_program()?;
    let wrapper = case::repository().join(".ci/with-next-protocol");
    let made = build.programs(Some(&wrapper))?;
    let made = made.get(name).ok_or_else(|| format!("the workspace builds no program `{name}`"))?;
    let copy = made.with_file_name("leasehold-server-next");
    // Never into the file itself: it is a link to what cargo keeps.
    let unfinished = made.with_file_name(format!("leasehold-server-next.{}", std::process::id()));
    fs::copy(made, &unfinished)
        .and_then(|_| fs::rename(&unfinished, &copy))
        .map_err(|why| format!("{}: {why}", copy.display()))?;
    build.programs(None)?;
    Ok(copy)
}

impl Build {
    fn of_this_program() -> Result<Build, String> {
        let test = env::current_exe().map_err(|why| format!("this test's own path: {why}"))?;
        Build::of_test(&test, |folder| folder.join("CACHEDIR.TAG").exists())
            .ok_or_else(|| format!("{} does not lie in a target folder", test.display()))
    }

    /// Builds all programs, the workspace's own code through `wrapper` if one is given.
    fn programs(&self, wrapper: Option<&Path>) -> Result<BTreeMap<String, PathBuf>, String> {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        // What the cargo that runs a test says of that test: build scripts that heed it would run again, and
        // everything above them be built anew, here and then there.
        let of_the_test = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_", "CARGO_BIN_", "CARGO_PRIMARY_"];
        for (name, _) in env::vars_os() {
            if name.to_str().is_some_and(|name| of_the_test.iter().any(|prefix| name.starts_with(prefix))) {
                command.env_remove(name);
            }
        }
        if let Some(wrapper) = wrapper {
            command.env("RUSTC_WORKSPACE_WRAPPER", wrapper);
        }
        let output = command
            .current_dir(case::repository())
            // A test beside the programs makes cargo choose the features that `cargo test` has chosen, so that what that
            // run has built is used and not built once more.
            .args([
                "build",
                "--workspace",
                "--bins",
                "--test",
                "tidy",
                "--message-format=json-render-diagnostics",
            ])
            .args(self.arguments())
            .env("CARGO_TARGET_DIR", &self.target)
            .stdin(Stdio::null())
            .output()
            .map_err(|why| format!("cargo could not be started: {why}"))?;
        if !output.status.success() {
            return Err(format!("cargo build --bins failed:\n{}", String::from_utf8_lossy(&output.stderr)));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let messages = text.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok());
        Ok(messages
            .filter(|message| message.reason == "compiler-artifact")
            .filter_map(|message| message.executable)
            .filter_map(|path| Some((path.file_stem()?.to_str()?.to_owned(), path)))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profile_and_target_are_those_of_the_test() {
        let plain = Build::of_test(Path::new("/t/release/deps/x-1"), |folder| folder == Path::new("/t"));
        let plain = plain.expect("a target folder");
        assert_eq!(plain.target, Path::new("/t"));
        assert_eq!(plain.arguments(), ["--profile", "release"]);
        let cross = Build::of_test(Path::new("/t/arm/debug/deps/x-1"), |folder| folder == Path::new("/t"));
        let cross = cross.expect("a target folder");
        assert_eq!(cross.target, Path::new("/t"));
        assert_eq!(cross.arguments(), ["--profile", "dev", "--target", "arm"]);
    }
}
