//! `leasehold plan` as a user meets it: what it compares with, how it ends, and what it says when it cannot.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the test makes repositories and starts programs"
)]

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use leasehold_golden_tests::binaries::binary;
use leasehold_golden_tests::requirement::{Requirement, trial};
use libtest_mimic::Arguments;

const GIT: Requirement = Requirement::Tool { name: "git", probe: "--version" };
const ESTATE: &str = "version: 1\nestate: example\n";

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = vec![
        trial("a_revision_is_read_from_the_repository", &[GIT], revision),
        trial("what_is_no_revision_is_one_line", &[GIT], no_revision),
        trial("links_and_submodules", &[GIT], links),
        trial("a_folder_or_an_artefact", &[], folder_or_artefact),
        trial("leases_that_cannot_be_read_are_one_line", &[], leases),
        trial("exit_codes", &[], exit_codes),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn site(router: &str) -> String {
    format!(
        "version: 1\nsite: FITS-0042\nnetworks:\n  - name: user\n    subnets:\n      - subnet: 10.42.8.0/24\n        \
         pools: [10.42.8.20 - 10.42.8.200]\n        options: {{routers: [{router}]}}\n"
    )
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a file in a folder")).expect("a writable folder");
    fs::write(path, text).expect("a writable folder");
}

fn estate(folder: &Path, router: &str) {
    write(&folder.join("estate.yaml"), ESTATE);
    write(&folder.join("wales/Caerdydd ŵ \"x\".yaml"), &site(router));
}

fn git(folder: &Path, arguments: &[&str]) -> Result<(), String> {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(folder)
        .args(["-c", "user.name=x", "-c", "user.email=x@example.org"])
        .args(arguments);
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    let output = command.output().map_err(|why| why.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(format!("git {arguments:?}: {said}")) }
}

fn commit(folder: &Path) -> Result<(), String> {
    git(folder, &["add", "-A"])?;
    git(folder, &["commit", "-q", "-m", "x"])
}

/// Exit code, standard output, standard error.
fn plan(here: &Path, arguments: &[&str]) -> Result<(Option<i32>, String, String), String> {
    let mut command = Command::new(binary("leasehold")?);
    command.current_dir(here).arg("-q").arg("plan").args(arguments).stdin(Stdio::null());
    let output = command.output().map_err(|why| why.to_string())?;
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    Ok((output.status.code(), text(&output.stdout), text(&output.stderr)))
}

fn expect_change(here: &Path, arguments: &[&str]) -> Result<(), String> {
    let (code, out, err) = plan(here, arguments)?;
    let wanted = "router changes from 10.42.8.1 to 10.42.8.2";
    if code == Some(0) && err.is_empty() && out.contains(wanted) && out.contains("1 change\n") {
        return Ok(());
    }
    Err(format!("{arguments:?} ends with {code:?}:\n{out}{err}"))
}

/// One line on standard error, nothing on standard output, exit code 2.
fn expect_refusal(here: &Path, arguments: &[&str], wanted: &str) -> Result<(), String> {
    let (code, out, err) = plan(here, arguments)?;
    if code == Some(2) && out.is_empty() && err == format!("leasehold: {wanted}\n") {
        return Ok(());
    }
    Err(format!("{arguments:?} ends with {code:?}, expected `{wanted}`:\n{out}{err}"))
}

fn revision() -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|why| why.to_string())?;
    let here = folder.path();
    git(here, &["init", "-q", "-b", "main"])?;
    estate(&here.join("dhcp/sites"), "10.42.8.1");
    write(&here.join("dhcp/sites/.hidden/x.yaml"), "no site");
    write(&here.join("dhcp/sites/old.yml"), "no site");
    write(&here.join("other.yaml"), "no site");
    commit(here)?;
    git(here, &["tag", "v1"])?;
    fs::remove_file(here.join("dhcp/sites/old.yml")).map_err(|why| why.to_string())?;
    estate(&here.join("dhcp/sites"), "10.42.8.2");
    expect_change(here, &["dhcp/sites", "--against", "HEAD"])?;
    expect_change(&here.join("dhcp"), &["--against", "v1"])?;
    expect_change(&here.join("dhcp/sites"), &[".", "--against", "main"])?;
    commit(here)?;
    expect_change(here, &["dhcp/sites", "--against", "HEAD~1"])?;
    // Another working tree of the same repository, and one whose head is no branch.
    git(here, &["worktree", "add", "-q", "--detach", "second"])?;
    expect_change(&here.join("second"), &["dhcp/sites", "--against", "HEAD~1"])?;
    // A folder of the name goes before the revision.
    estate(&here.join("v1"), "10.42.8.2");
    let (code, out, _) = plan(here, &["dhcp/sites", "--against", "v1"])?;
    if code != Some(0) || !out.contains("no changes\n") {
        return Err(format!("the folder does not go before the tag: {code:?}\n{out}"));
    }
    expect_change(here, &["dhcp/sites", "--against", "refs/tags/v1"])
}

fn no_revision() -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|why| why.to_string())?;
    let here = folder.path();
    estate(&here.join("sites"), "10.42.8.1");
    let none = "no file or folder is called HEAD, and sites is in no git repository; check the name";
    expect_refusal(here, &["--against", "HEAD"], none)?;
    git(here, &["init", "-q", "-b", "main"])?;
    let none = "the repository of sites has no commits yet; commit first, or name a folder";
    expect_refusal(here, &["--against", "HEAD"], none)?;
    write(&here.join("README"), "no estate");
    git(here, &["add", "README"])?;
    git(here, &["commit", "-q", "-m", "x"])?;
    let none = "revision HEAD has no `estate.yaml` in sites/; compare with one that has the estate";
    expect_refusal(here, &["--against", "HEAD"], none)?;
    // Something is there, but no estate.
    write(&here.join("sites/services.yaml"), "services: {}\n");
    git(here, &["add", "sites/services.yaml"])?;
    git(here, &["commit", "-q", "-m", "x"])?;
    fs::remove_file(here.join("sites/services.yaml")).map_err(|why| why.to_string())?;
    expect_refusal(here, &["--against", "HEAD"], none)?;
    for name in ["nowhere", "HEAD~9", "--upload-pack=x", "HEAD:README", "HEAD\nx"] {
        let none = format!(
            "{name} is neither a file or folder nor a revision that the repository of sites has; fetch it, or check the \
             name"
        );
        expect_refusal(here, &[&format!("--against={name}")], &none)?;
    }
    let mut command = Command::new(binary("leasehold")?);
    command.current_dir(here).args(["plan", "--against", "HEAD"]).env("PATH", here).stdin(Stdio::null());
    let output = command.output().map_err(|why| why.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let wanted = "leasehold: cannot read a revision: there is no `git` in the search path; name a folder or an artefact\n";
    if output.status.code() == Some(2) && said == wanted { Ok(()) } else { Err(said) }
}

fn links() -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|why| why.to_string())?;
    let here = folder.path();
    git(here, &["init", "-q", "-b", "main"])?;
    write(&here.join("sites/estate.yaml"), ESTATE);
    write(&here.join("shared/site.txt"), &site("10.42.8.1"));
    symlink("../shared/site.txt", here.join("sites/a.yaml")).map_err(|why| why.to_string())?;
    commit(here)?;
    write(&here.join("shared/site.txt"), &site("10.42.8.2"));
    expect_change(here, &["--against", "HEAD"])?;
    symlink("/nowhere", here.join("sites/b.yaml")).map_err(|why| why.to_string())?;
    commit(here)?;
    fs::remove_file(here.join("sites/b.yaml")).map_err(|why| why.to_string())?;
    let none = "b.yaml of revision HEAD is a link to something that is no file of the revision; compare with a folder";
    expect_refusal(here, &["--against", "HEAD"], none)?;
    let inner = here.join("sites/inner");
    write(&inner.join("c.yaml"), "x");
    git(&inner, &["init", "-q", "-b", "main"])?;
    commit(&inner)?;
    commit(here)?;
    fs::remove_dir_all(&inner).map_err(|why| why.to_string())?;
    let none = "revision HEAD has a submodule at inner, and its files are in another repository; compare with a folder";
    expect_refusal(here, &["--against", "HEAD"], none)
}

fn folder_or_artefact() -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|why| why.to_string())?;
    let here = folder.path();
    estate(&here.join("sites"), "10.42.8.2");
    estate(&here.join("before"), "10.42.8.1");
    expect_change(here, &["--against", "before"])?;
    let mut command = Command::new(binary("leasehold")?);
    command.current_dir(here).args(["-q", "compile", "before", "-o", "before.json"]);
    let compiled = command.status().map_err(|why| why.to_string())?;
    if !compiled.success() {
        return Err("the estate does not compile".to_owned());
    }
    expect_change(here, &["--against", "before.json"])?;
    fs::create_dir(here.join("empty")).map_err(|why| why.to_string())?;
    let none = "no `*.yaml` file below empty; name the folder that holds the estate";
    expect_refusal(here, &["--against", "empty"], none)?;
    let none = "cannot compare with sites/estate.yaml: not an artefact; `leasehold compile` writes one from an estate";
    expect_refusal(here, &["--against", "sites/estate.yaml"], none)?;
    let _socket = UnixListener::bind(here.join("socket")).map_err(|why| why.to_string())?;
    let none = "cannot compare with socket: it is neither a folder nor a regular file; name an estate, an artefact or a \
                revision";
    expect_refusal(here, &["--against", "socket"], none)?;
    // Two gigabytes that take up no room.
    let large = fs::File::create(here.join("large")).map_err(|why| why.to_string())?;
    large.set_len(2 << 30).map_err(|why| why.to_string())?;
    let none = "cannot compare with large: not an artefact; `leasehold compile` writes one from an estate";
    expect_refusal(here, &["--against", "large"], none)?;
    let none = "cannot compare with other: it has no `estate.yaml`; name the folder of an estate";
    write(&here.join("other/services.yaml"), "services: {}\n");
    expect_refusal(here, &["--against", "other"], none)
}

fn leases() -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|why| why.to_string())?;
    let here = folder.path();
    estate(&here.join("sites"), "10.42.8.2");
    estate(&here.join("before"), "10.42.8.1");
    let refused = |name: &str, wanted: &str| {
        let leases = format!("--leases={name}");
        expect_refusal(here, &["--against", "before", &leases], wanted)
    };
    refused(
        "none.csv",
        "cannot read the leases in none.csv: no such file or directory; check the name and its rights",
    )?;
    refused(
        "sites",
        "cannot read the leases in sites: it is no regular file; give the file that `leasehold-server leases list` was \
         written to",
    )?;
    write(&here.join("cut.csv"), "address,state,hardware,client_id,hostname,expires,giaddr\n10.42.8.20,bou");
    fs::write(here.join("binary"), b"\x7fELF\xff\x00\x01\n").map_err(|why| why.to_string())?;
    refused(
        "binary",
        "cannot read the leases in binary: it is no text; give what `leasehold-server leases list` prints, or Kea's memfile",
    )?;
    refused("cut.csv", "cannot read the leases in cut.csv: it is cut short in line 2; copy it again")?;
    refused(
        "http://127.0.0.1:1",
        "cannot read the leases at http://127.0.0.1:1: connection refused (os error 111); check that leasehold-server \
         runs there with --control",
    )?;
    let large = fs::File::create(here.join("large")).map_err(|why| why.to_string())?;
    large.set_len(2 << 30).map_err(|why| why.to_string())?;
    refused(
        "large",
        "cannot read the leases in large: it is larger than 512 MiB; leave out what is not active",
    )
}

fn exit_codes() -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|why| why.to_string())?;
    let here = folder.path();
    estate(&here.join("sites"), "10.42.8.1");
    estate(&here.join("router"), "10.42.8.2");
    write(&here.join("gone/estate.yaml"), ESTATE);
    write(&here.join("broken/estate.yaml"), "version: 1\nestate: example\nleese: 8h\n");
    let ends = |arguments: &[&str], wanted: i32| {
        let (code, out, err) = plan(here, arguments)?;
        if code == Some(wanted) {
            Ok(())
        } else {
            Err(format!("{arguments:?}: {code:?}, not {wanted}\n{out}{err}"))
        }
    };
    ends(&["sites", "--against", "sites", "--detailed-exitcode"], 0)?;
    ends(&["router", "--against", "sites"], 0)?;
    ends(&["router", "--against", "sites", "--detailed-exitcode"], 3)?;
    ends(&["gone", "--against", "sites", "--detailed-exitcode"], 1)?;
    ends(&["gone", "--against", "sites", "--acknowledge", "subnet-removed=closed"], 0)?;
    ends(&["gone", "--against", "sites", "--acknowledge", "L901=closed", "--detailed-exitcode"], 3)?;
    ends(&["broken", "--against", "broken"], 1)?;
    ends(&["sites", "--against", "broken", "--format", "json"], 0)?;
    ends(&["sites", "--against", "sites", "--format", "markdown"], 0)?;
    let none = "`--acknowledge subnet-remove=x` is no rule of change with its reason; write `--acknowledge \
                subnet-removed=REASON`";
    expect_refusal(here, &["--against", "sites", "--acknowledge", "subnet-remove=x"], none)?;
    let none = "`--acknowledge L901` is no rule of change with its reason; write `--acknowledge subnet-removed=REASON`";
    expect_refusal(here, &["--against", "sites", "--acknowledge", "L901"], none)
}
