//! Library code does no IO and reads no clock: every entry of `clippy.toml` is reported where it is used.
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the test runs clippy")]

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, ExitCode};

use leasehold_golden_tests::case::repository;
use leasehold_golden_tests::requirement::{Requirement, trial};
use libtest_mimic::Arguments;
use serde_json::Value;

/// A use of every banned function. A type is used as that of an argument.
const CALLS: &[(&str, &str)] = &[
    ("std::env::args", "let _ = std::env::args();"),
    ("std::env::current_dir", "let _ = std::env::current_dir();"),
    ("std::env::var", "let _ = std::env::var(\"A\");"),
    ("std::env::var_os", "let _ = std::env::var_os(\"A\");"),
    ("std::env::vars", "let _ = std::env::vars();"),
    ("std::fs::canonicalize", "let _ = std::fs::canonicalize(\"a\");"),
    ("std::fs::copy", "let _ = std::fs::copy(\"a\", \"b\");"),
    ("std::fs::create_dir", "let _ = std::fs::create_dir(\"a\");"),
    ("std::fs::create_dir_all", "let _ = std::fs::create_dir_all(\"a\");"),
    ("std::fs::hard_link", "let _ = std::fs::hard_link(\"a\", \"b\");"),
    ("std::fs::metadata", "let _ = std::fs::metadata(\"a\");"),
    ("std::fs::read", "let _ = std::fs::read(\"a\");"),
    ("std::fs::read_dir", "let _ = std::fs::read_dir(\"a\");"),
    ("std::fs::read_link", "let _ = std::fs::read_link(\"a\");"),
    ("std::fs::read_to_string", "let _ = std::fs::read_to_string(\"a\");"),
    ("std::fs::remove_dir", "let _ = std::fs::remove_dir(\"a\");"),
    ("std::fs::remove_dir_all", "let _ = std::fs::remove_dir_all(\"a\");"),
    ("std::fs::remove_file", "let _ = std::fs::remove_file(\"a\");"),
    ("std::fs::rename", "let _ = std::fs::rename(\"a\", \"b\");"),
    ("std::fs::set_permissions", "let _ = |p: std::fs::Permissions| std::fs::set_permissions(\"a\", p);"),
    ("std::fs::symlink_metadata", "let _ = std::fs::symlink_metadata(\"a\");"),
    ("std::fs::write", "let _ = std::fs::write(\"a\", \"b\");"),
    ("std::io::stderr", "let _ = std::io::stderr();"),
    ("std::io::stdin", "let _ = std::io::stdin();"),
    ("std::io::stdout", "let _ = std::io::stdout();"),
    ("std::process::exit", "let _ = || std::process::exit(1);"),
    ("std::thread::sleep", "std::thread::sleep(std::time::Duration::ZERO);"),
    ("std::thread::spawn", "let _ = std::thread::spawn(|| ());"),
    ("std::time::Instant::now", "let _ = std::time::Instant::now();"),
    ("std::time::SystemTime::now", "let _ = std::time::SystemTime::now();"),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let needs = [Requirement::Tool { name: "clippy-driver", probe: "--version" }];
    let trials = vec![trial("every_ban_bites", &needs, every_ban_bites)];
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// The banned paths of one list of `clippy.toml`.
fn banned(configuration: &str, list: &str) -> Vec<String> {
    let start = configuration.find(&format!("{list} = [")).expect("clippy.toml has both lists");
    let body = &configuration[start..];
    let body = &body[..body.find("\n]").expect("the list ends")];
    body.lines()
        .filter_map(|line| line.split("path = \"").nth(1)?.split('"').next())
        .map(str::to_owned)
        .collect()
}

fn every_ban_bites() -> Result<(), String> {
    let configuration =
        fs::read_to_string(repository().join("clippy.toml")).map_err(|why| why.to_string())?;
    let calls: BTreeMap<&str, &str> = CALLS.iter().copied().collect();
    let mut source = "#![allow(dead_code, unused)]\n".to_owned();
    let mut lines = BTreeMap::new();
    let methods = banned(&configuration, "disallowed-methods");
    let types = banned(&configuration, "disallowed-types");
    for path in &methods {
        let call = calls.get(path.as_str());
        let call = call.ok_or_else(|| format!("{path} is banned, but this test has no use of it to try"))?;
        source.push_str(&format!("pub fn f{}() {{ {call} }}\n", lines.len()));
        lines.insert(lines.len() + 2, path.clone());
    }
    for path in &types {
        source.push_str(&format!("pub fn f{}(_: {path}) {{}}\n", lines.len()));
        lines.insert(lines.len() + 2, path.clone());
    }
    let used_in_vain = calls.keys().filter(|path| !methods.iter().any(|banned| banned == *path));
    let used_in_vain: Vec<_> = used_in_vain.collect();
    if !used_in_vain.is_empty() {
        return Err(format!("no longer banned: {used_in_vain:?}"));
    }
    let reported = reported_lines(&source)?;
    let missed: Vec<&String> =
        lines.iter().filter(|(line, _)| !reported.contains(line)).map(|(_, path)| path).collect();
    if missed.is_empty() { Ok(()) } else { Err(format!("clippy does not report {missed:?}")) }
}

/// Lines of `source` on which clippy reports a ban.
fn reported_lines(source: &str) -> Result<Vec<usize>, String> {
    let folder = tempfile::tempdir().map_err(|why| why.to_string())?;
    let file = folder.path().join("banned.rs");
    fs::write(&file, source).map_err(|why| why.to_string())?;
    let output = Command::new("clippy-driver")
        .args(["--crate-type=lib", "--edition=2024", "--emit=metadata", "--error-format=json"])
        .args(["-Wclippy::disallowed_methods", "-Wclippy::disallowed_types"])
        .arg("--out-dir")
        .arg(folder.path())
        .arg(&file)
        .env("CLIPPY_CONF_DIR", repository())
        .output()
        .map_err(|why| why.to_string())?;
    let text = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("clippy-driver failed:\n{text}"));
    }
    let is_ban = |message: &Value| {
        let code = message["code"]["code"].as_str();
        matches!(code, Some("clippy::disallowed_methods" | "clippy::disallowed_types"))
    };
    let messages = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).filter(is_ban);
    Ok(messages
        .filter_map(|message| usize::try_from(message["spans"][0]["line_start"].as_u64()?).ok())
        .collect())
}
