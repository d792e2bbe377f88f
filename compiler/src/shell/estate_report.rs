//! `leasehold report`: the estate and its leases read, the page written.

use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use leasehold_compiler::Cache;
use leasehold_compiler::diag::{self, Severity};
use leasehold_compiler::parse::limits;
use leasehold_compiler::report;

use super::arguments::{Format, Global, ReportArguments};
use super::check::{leave, prepare, refuse};
use super::lease_file::{self, Leases};
use super::output::{print, replace, say};
use super::report::{Channel, counts, judge, report as show, seconds, verdict};
use super::{CLEAN, FINDINGS, Failure};

/// Writes the page, if the estate has no errors.
pub(super) fn report(global: &Global, asked: &ReportArguments) -> Result<u8, Failure> {
    let begun = Instant::now();
    if global.format != Format::Human {
        return Err(Failure::Format("`report` writes a page of HTML; leave `--format` away"));
    }
    let (sources, today) = prepare(global, asked.folder.as_deref())?;
    if let Some(finding) = limits::too_many_files(&sources) {
        return refuse(global, &sources, finding, Channel::Error);
    }
    let leases = match &asked.leases {
        Some(place) => {
            let token_file = asked.leases_token_file.as_deref();
            let leases = Leases { place, token_file, ca: asked.leases_ca.as_deref() };
            Some(lease_file::read(leases, asked.at.map_or_else(now, Ok)?).map_err(Failure::Leases)?)
        }
        None => None,
    };
    let mut compilation = leasehold_compiler::check(&sources, &mut Cache::none(), today);
    judge(global, &mut compilation.diagnostics);
    let summary = diag::summary(&compilation.diagnostics);
    if summary.errors > 0 {
        compilation.diagnostics.retain(|finding| finding.severity == Severity::Error);
        show(global, &sources, &compilation.diagnostics, Channel::Error)?;
        if !global.quiet {
            let (counts, verdict) = (counts(&compilation), verdict(summary));
            say(&format!("checked {counts} in {}: {verdict}; nothing was written", seconds(begun)));
        }
        return Ok(FINDINGS);
    }
    let page = report::html(&report::report(&compilation.estate, leases.as_ref()));
    let to_standard_output = asked.output == Path::new("-");
    if to_standard_output {
        print(page.as_bytes())?;
    } else {
        replace(&asked.output, page.as_bytes())?;
    }
    if !global.quiet {
        let place = if to_standard_output { String::new() } else { format!("\n{}", asked.output.display()) };
        let (counts, seconds, verdict) = (counts(&compilation), seconds(begun), verdict(summary));
        say(&format!("reported {counts} in {seconds}: {verdict}{place}"));
    }
    leave(compilation, sources);
    Ok(CLEAN)
}

/// Seconds since 1970.
fn now() -> Result<u64, Failure> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| Failure::Clock)?;
    Ok(since.as_secs())
}
