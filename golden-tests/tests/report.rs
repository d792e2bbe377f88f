//! Reports: the numbers of `cases/report/NAME` as `expected.json` beside the estate (and `leases.csv`, where there is one),
//! and what holds for every page: the same estate gives the same bytes, small enough to be mailed, and a browser that is
//! allowed nothing shows and searches it.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the harness reads cases and starts a browser"
)]

use std::fs;
use std::process::{Command, ExitCode};

use leasehold_compiler::plan::LeaseTable;
use leasehold_compiler::report::{Report, html, report};
use leasehold_compiler::source::{SourceFile, Sources};
use leasehold_compiler::{Cache, check};
use leasehold_golden_tests::binaries;
use leasehold_golden_tests::case::{self, Case};
use leasehold_golden_tests::estate_generator::generate;
use leasehold_golden_tests::expectation;
use leasehold_golden_tests::requirement::{Requirement, trial};
use libtest_mimic::Arguments;

/// Octets of the page of the example estate: what a mail takes.
const PAGE_BYTES_MAX: usize = 1_500_000;

const CHROMIUM: Requirement = Requirement::Tool { name: "chromium", probe: "--version" };

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for case in case::find("report") {
        trials.push(trial(format!("numbers::{}", case.name), &[], move || numbers(&case)));
    }
    trials.push(trial("the_example_estate_is_small_and_the_same_in_any_order", &[], example_estate));
    trials.push(trial("the_command_writes_the_page_or_nothing", &[], command));
    trials.push(trial("a_browser_searches_it", &[CHROMIUM], browser));
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn report_of(estate: &Sources, leases: Option<&LeaseTable>) -> Result<Report, String> {
    let compilation = check(estate, &mut Cache::none(), case::today());
    if !compilation.is_sound() {
        let messages: Vec<&str> =
            compilation.diagnostics.iter().map(|finding| finding.message.as_str()).collect();
        return Err(format!("the estate has errors: {messages:?}"));
    }
    Ok(report(&compilation.estate, leases))
}

fn numbers(case: &Case) -> Result<(), String> {
    // 2026-11-01T00:00:00Z: the morning of `case::today()`.
    let now_secs = u64::try_from(case::today().unix_days()).map_err(|why| why.to_string())? * 86_400;
    let leases = fs::read(case.folder.join("leases.csv")).ok();
    let leases = leases.map(|bytes| LeaseTable::parse(&bytes, now_secs));
    let leases = leases.transpose().map_err(|why| why.to_string())?;
    let report = report_of(&case.estate(), leases.as_ref())?;
    let json = serde_json::to_value(&report).map_err(|why| why.to_string())?;
    expectation::compare(&case.folder.join("expected.json"), &format!("{json:#}\n"))?;
    let page = html(&report);
    let open =
        |tag: &str| page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
    for tag in ["section", "table", "details", "svg", "path", "td", "th", "figure", "script", "style"] {
        let (opened, closed) = (open(tag), page.matches(&format!("</{tag}>")).count());
        if opened != closed {
            return Err(format!("{opened} <{tag}> and {closed} </{tag}>"));
        }
    }
    Ok(())
}

fn example() -> Vec<SourceFile> {
    let file = |(path, text): (String, String)| SourceFile { path, bytes: text.into_bytes() };
    generate(1, None).into_iter().map(file).collect()
}

fn example_estate() -> Result<(), String> {
    let files = example();
    let renamed = files.iter().enumerate().map(|(at, file)| SourceFile {
        path: if file.path == "estate.yaml" { file.path.clone() } else { format!("{:05}.yaml", 99_999 - at) },
        bytes: file.bytes.clone(),
    });
    let renamed = Sources::new("", renamed.collect());
    let page = html(&report_of(&Sources::new("", files), None)?);
    if page.len() > PAGE_BYTES_MAX {
        return Err(format!("{} octets", page.len()));
    }
    if page != html(&report_of(&renamed, None)?) {
        return Err("other file names give another page".to_owned());
    }
    Ok(())
}

/// What the program says and does, where the estate is sound and where it is not.
fn command() -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|why| why.to_string())?;
    let page = folder.path().join("page.html");
    let case = case::repository().join("golden-tests/cases/report/a-pair-with-leases");
    let run = |words: &[&str]| {
        let mut command = Command::new(binaries::binary("leasehold")?);
        command
            .arg("report")
            .arg("-o")
            .arg(&page)
            .args(["--today", "2026-11-01"])
            .args(words)
            .current_dir(&case);
        let output = command.output().map_err(|why| why.to_string())?;
        Ok::<_, String>((output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned()))
    };
    let (code, said) = run(&[".", "--leases", "leases.csv", "--at", "2026-11-01T00:00:00Z"])?;
    let written = fs::read_to_string(&page).map_err(|why| format!("{why}: {said}"))?;
    if code != Some(0) || !said.starts_with("reported 2 sites, 4 subnets, 2 reservations in ") {
        return Err(format!("{code:?}: {said}"));
    }
    if !written.contains("8 active leases at 2026-11-01T00:00:00Z") {
        return Err("the page does not say of which moment its leases are".to_owned());
    }
    fs::remove_file(&page).map_err(|why| why.to_string())?;
    let (code, said) = run(&["../../diagnostics/addresses-that-collide"])?;
    if code != Some(1) || !said.contains("error[") || page.exists() {
        return Err(format!("an estate with errors: {code:?}: {said}"));
    }
    let (code, said) = run(&[".", "--format", "json"])?;
    if code != Some(2) || said.lines().count() != 1 {
        return Err(format!("another format: {code:?}: {said}"));
    }
    Ok(())
}

/// Under its own policy the page's script runs, finds an address, and shows its site alone.
fn browser() -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|why| why.to_string())?;
    let page = folder.path().join("page.html");
    let case = case::find("report").into_iter().find(|case| case.name == "a-pair-with-leases");
    let case = case.ok_or("the case is gone")?;
    fs::write(&page, html(&report_of(&case.estate(), None)?)).map_err(|why| why.to_string())?;
    let dom = |hash: &str| {
        let mut command = Command::new("chromium");
        command.args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--dump-dom",
        ]);
        command.arg(format!("--user-data-dir={}", folder.path().join("profile").display()));
        command.arg(format!("file://{}{hash}", page.display()));
        let output = command.output().map_err(|why| why.to_string())?;
        Ok::<_, String>(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let holds = |dom: &str, text: &str| {
        if dom.contains(text) { Ok(()) } else { Err(format!("`{text}` is not in the page:\n{dom}")) }
    };
    let found = dom("#q=10.42.9.7")?;
    holds(&found, r#"<details class="site" id="site-FITS-0042" open="""#)?;
    holds(&found, r#"<details class="site" id="site-FITS-0007" hidden="""#)?;
    holds(&found, "1 site, 1 subnet, ")?;
    let named = dom("#site-FITS-0007")?;
    holds(&named, r#"<details class="site" id="site-FITS-0007" open="""#)
}
