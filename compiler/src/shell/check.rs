//! `leasehold check` and `leasehold compile`.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use leasehold_compiler::diag::{self, Diagnostic, Look, Severity};
use leasehold_compiler::parse::limits;
use leasehold_compiler::source::Sources;
use leasehold_compiler::{Cache, Compilation};
use leasehold_schemas::report::Summary;
use leasehold_schemas::vocab::Date;

use super::arguments::{ColorChoice, Deny, Format, Global};
use super::output::{print, replace, say};
use super::{CLEAN, FINDINGS, Failure, folder};

/// Where findings go: to standard error if the artefact goes to standard output.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Channel {
    Output,
    Error,
}

/// All phases but the last: every finding of the estate.
pub(super) fn check(global: &Global, folder: Option<&Path>) -> Result<u8, Failure> {
    let begun = Instant::now();
    let (sources, today) = prepare(global, folder)?;
    if let Some(finding) = limits::too_many_files(&sources) {
        return refuse(global, &sources, finding, Channel::Output);
    }
    let compilation = leasehold_compiler::check(&sources, &mut Cache::none(), today);
    let summary = diag::summary(&compilation.diagnostics);
    report(global, &sources, &compilation.diagnostics, Channel::Output)?;
    if !global.quiet {
        say(&format!("checked {} in {}: {}", counts(&compilation), seconds(begun), verdict(summary)));
    }
    let code = code(global, summary);
    leave(compilation, sources);
    Ok(code)
}

/// All phases; the artefact is written only if nothing is wrong.
pub(super) fn compile(global: &Global, folder: Option<&Path>, output: &Path) -> Result<u8, Failure> {
    let begun = Instant::now();
    let (sources, today) = prepare(global, folder)?;
    let to_standard_output = output == Path::new("-");
    let channel = if to_standard_output { Channel::Error } else { Channel::Output };
    if let Some(finding) = limits::too_many_files(&sources) {
        return refuse(global, &sources, finding, channel);
    }
    let compilation = leasehold_compiler::compile(&sources, &mut Cache::none(), today);
    let summary = diag::summary(&compilation.diagnostics);
    report(global, &sources, &compilation.diagnostics, channel)?;
    let code = code(global, summary);
    let artefact = compilation.artefact.as_ref().filter(|_| code == CLEAN);
    if let Some(artefact) = artefact {
        if to_standard_output { print(&artefact.bytes)? } else { replace(output, &artefact.bytes)? }
    }
    if !global.quiet {
        let (counts, seconds, verdict) = (counts(&compilation), seconds(begun), verdict(summary));
        say(&match artefact {
            Some(artefact) if to_standard_output => {
                format!("compiled {counts} in {seconds}: {verdict}\n{}", artefact.digest)
            }
            Some(artefact) => {
                format!("compiled {counts} in {seconds}: {verdict}\n{} {}", artefact.digest, output.display())
            }
            None => format!("checked {counts} in {seconds}: {verdict}; nothing was written"),
        });
    }
    leave(compilation, sources);
    Ok(code)
}

/// Lets the operating system take back what is left: the program ends, and freeing an estate piece by piece takes as
/// long as checking it.
fn leave(compilation: Compilation, sources: Sources) {
    std::mem::forget((compilation, sources));
}

/// Threads, date and files.
fn prepare(global: &Global, folder: Option<&Path>) -> Result<(Sources, Date), Failure> {
    if let Some(threads) = global.threads {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.get());
        pool.build_global().map_err(Failure::Threads)?;
    }
    let today = match global.today {
        Some(date) => date,
        None => today().ok_or(Failure::Clock)?,
    };
    let sources = match folder {
        Some(folder) => folder::read(folder)?,
        None => folder::read(&folder::default_folder())?,
    };
    Ok((sources, today))
}

/// The clock's date, in UTC: the same everywhere at one moment.
fn today() -> Option<Date> {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    Date::from_unix_days(i64::try_from(since_1970.as_secs() / 86_400).ok()?)
}

/// Reports the only finding of an estate that was not read.
fn refuse(global: &Global, sources: &Sources, finding: Diagnostic, channel: Channel) -> Result<u8, Failure> {
    report(global, sources, &[finding], channel)?;
    Ok(FINDINGS)
}

fn report(
    global: &Global,
    sources: &Sources,
    diagnostics: &[Diagnostic],
    channel: Channel,
) -> Result<(), Failure> {
    let shown = diagnostics.iter().filter(|diagnostic| match diagnostic.rule.severity {
        Severity::Error => true,
        Severity::Warning => !global.quiet || global.deny == Some(Deny::Warnings),
        Severity::Information => global.verbose,
    });
    let text = match global.format {
        Format::Human => diag::human(sources, shown, Look { color: colored(global, channel) }),
        Format::Json => diag::json(sources, shown, diag::summary(diagnostics)),
    };
    match channel {
        Channel::Output => print(text.as_bytes())?,
        Channel::Error if text.is_empty() => {}
        Channel::Error => say(text.trim_end_matches('\n')),
    }
    Ok(())
}

fn colored(global: &Global, channel: Channel) -> bool {
    let terminal = || match channel {
        Channel::Output => io::stdout().is_terminal(),
        Channel::Error => io::stderr().is_terminal(),
    };
    match global.color {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    }
}

fn code(global: &Global, summary: Summary) -> u8 {
    let denied = global.deny == Some(Deny::Warnings) && summary.warnings > 0;
    if summary.errors > 0 || denied { FINDINGS } else { CLEAN }
}

/// `142 sites, 829 subnets, 14,404 reservations`
fn counts(compilation: &Compilation) -> String {
    let counts = compilation.counts();
    format!(
        "{}, {}, {}",
        count(counts.sites, "site"),
        count(counts.subnets, "subnet"),
        count(counts.reservations, "reservation")
    )
}

/// `no errors, 2 warnings`
fn verdict(summary: Summary) -> String {
    let Summary { errors, warnings, information: _ } = summary;
    match (errors, warnings) {
        (0, 0) => "no errors, no warnings".to_owned(),
        (0, _) => format!("no errors, {}", count(warnings as usize, "warning")),
        (_, 0) => count(errors as usize, "error"),
        (_, _) => format!("{}, {}", count(errors as usize, "error"), count(warnings as usize, "warning")),
    }
}

/// `1 site`, `14,404 sites`
fn count(count: usize, noun: &str) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    write!(text, " {noun}{}", if count == 1 { "" } else { "s" })
        .expect("a string takes all that is written to it");
    text
}

fn seconds(begun: Instant) -> String {
    format!("{:.2} s", begun.elapsed().as_secs_f64())
}
