//! `leasehold check` and `leasehold compile`.

use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use leasehold_compiler::diag::{self, Diagnostic};
use leasehold_compiler::parse::limits;
use leasehold_compiler::source::Sources;
use leasehold_compiler::{Cache, Compilation};
use leasehold_schemas::report::Summary;
use leasehold_schemas::vocab::Date;

use super::arguments::{CheckOptions, Global};
use super::baseline::{self, Remaining};
use super::fix::fix;
use super::output::{print, replace, say};
use super::report::{Channel, counts, judge, report, seconds, verdict};
use super::watch::watch;
use super::{CLEAN, FINDINGS, Failure, folder};

/// All phases but the last: every finding of the estate, once or whenever it changes.
pub(super) fn check(global: &Global, options: &CheckOptions, folder: Option<&Path>) -> Result<u8, Failure> {
    let begun = Instant::now();
    start_threads(global)?;
    let default = folder::default_folder();
    let folder = folder.unwrap_or(&default);
    if options.watch {
        return watch(global, options, folder);
    }
    let sources = folder::read(folder)?;
    look(global, options, folder, sources, &mut Cache::none(), begun)
}

/// One check of what was read.
pub(super) fn look(
    global: &Global,
    options: &CheckOptions,
    folder: &Path,
    sources: Sources,
    cache: &mut Cache,
    begun: Instant,
) -> Result<u8, Failure> {
    if let Some(finding) = limits::too_many_files(&sources) {
        return refuse(global, &sources, finding, Channel::Output);
    }
    let today = day(global)?;
    let known = baseline::read(options)?;
    let sources = if options.fix { fix(global, folder, sources, today)? } else { sources };
    let mut compilation = leasehold_compiler::check(&sources, cache, today);
    let Remaining { known, recorded } =
        baseline::apply(global, options, known.as_ref(), &sources, &mut compilation)?;
    judge(global, &mut compilation.diagnostics);
    let summary = diag::summary(&compilation.diagnostics);
    if !recorded {
        report(global, &sources, &compilation.diagnostics, Channel::Output)?;
    }
    if !global.quiet {
        let (counts, seconds, verdict) = (counts(&compilation), seconds(begun), verdict(summary));
        let known = match known {
            0 => String::new(),
            1 => "; 1 more is in the baseline".to_owned(),
            _ => format!("; {known} more are in the baseline"),
        };
        let fixable = if recorded { String::new() } else { fixable(&compilation.diagnostics) };
        say(&format!("checked {counts} in {seconds}: {verdict}{known}{fixable}"));
    }
    let code = if recorded { CLEAN } else { code(summary) };
    if !options.watch {
        leave(compilation, sources);
    }
    Ok(code)
}

/// `; --fix mends 3 of them`
fn fixable(findings: &[Diagnostic]) -> String {
    let safe = |finding: &&Diagnostic| finding.fix.as_ref().is_some_and(|fix| fix.safe);
    match findings.iter().filter(safe).count() {
        0 => String::new(),
        1 => "; `--fix` mends 1 of them".to_owned(),
        many => format!("; `--fix` mends {many} of them"),
    }
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
    let mut compilation = leasehold_compiler::compile(&sources, &mut Cache::none(), today);
    judge(global, &mut compilation.diagnostics);
    let summary = diag::summary(&compilation.diagnostics);
    report(global, &sources, &compilation.diagnostics, channel)?;
    let code = code(summary);
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
pub(super) fn leave(compilation: Compilation, sources: Sources) {
    std::mem::forget((compilation, sources));
}

/// Threads, date and files.
pub(super) fn prepare(global: &Global, folder: Option<&Path>) -> Result<(Sources, Date), Failure> {
    start_threads(global)?;
    let today = day(global)?;
    let sources = match folder {
        Some(folder) => folder::read(folder)?,
        None => folder::read(&folder::default_folder())?,
    };
    Ok((sources, today))
}

pub(super) fn start_threads(global: &Global) -> Result<(), Failure> {
    let Some(threads) = global.threads else { return Ok(()) };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.get());
    pool.build_global().map_err(Failure::Threads)
}

/// The day that was given, or today.
pub(super) fn day(global: &Global) -> Result<Date, Failure> {
    global.today.or_else(today).ok_or(Failure::Clock)
}

/// The clock's date, in UTC: the same everywhere at one moment.
fn today() -> Option<Date> {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    Date::from_unix_days(i64::try_from(since_1970.as_secs() / 86_400).ok()?)
}

/// Reports the only finding of an estate that was not read.
pub(super) fn refuse(
    global: &Global,
    sources: &Sources,
    finding: Diagnostic,
    channel: Channel,
) -> Result<u8, Failure> {
    report(global, sources, &[finding], channel)?;
    Ok(FINDINGS)
}

fn code(summary: Summary) -> u8 {
    if summary.errors > 0 { FINDINGS } else { CLEAN }
}
