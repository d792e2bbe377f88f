//! `leasehold check` and `leasehold compile`.

use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use leasehold_compiler::diag::{self, Diagnostic};
use leasehold_compiler::parse::limits;
use leasehold_compiler::source::Sources;
use leasehold_compiler::{Cache, Compilation};
use leasehold_schemas::report::Summary;
use leasehold_schemas::vocab::Date;

use super::arguments::Global;
use super::output::{print, replace, say};
use super::report::{Channel, counts, judge, report, seconds, verdict};
use super::{CLEAN, FINDINGS, Failure, folder};

/// All phases but the last: every finding of the estate.
pub(super) fn check(global: &Global, folder: Option<&Path>) -> Result<u8, Failure> {
    let begun = Instant::now();
    let (sources, today) = prepare(global, folder)?;
    if let Some(finding) = limits::too_many_files(&sources) {
        return refuse(global, &sources, finding, Channel::Output);
    }
    let mut compilation = leasehold_compiler::check(&sources, &mut Cache::none(), today);
    judge(global, &mut compilation.diagnostics);
    let summary = diag::summary(&compilation.diagnostics);
    report(global, &sources, &compilation.diagnostics, Channel::Output)?;
    if !global.quiet {
        say(&format!("checked {} in {}: {}", counts(&compilation), seconds(begun), verdict(summary)));
    }
    let code = code(summary);
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

fn code(summary: Summary) -> u8 {
    if summary.errors > 0 { FINDINGS } else { CLEAN }
}
