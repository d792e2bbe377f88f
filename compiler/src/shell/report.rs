//! Findings as the user asked for them: which, in which format, to where.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::time::Instant;

use leasehold_compiler::Compilation;
use leasehold_compiler::diag::{self, Diagnostic, Look, SUMMARY_BYTES_MAX, Severity};
use leasehold_compiler::source::Sources;
use leasehold_schemas::report::Summary;

use super::Failure;
use super::arguments::{ColorChoice, Deny, Format, Global};
use super::output::{append, print, say};

/// Where findings go: to standard error if the artefact goes to standard output.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Channel {
    Output,
    Error,
}

/// Makes errors of what `--deny` names, so that every format and the exit code say the same.
pub(super) fn judge(global: &Global, findings: &mut [Diagnostic]) {
    match global.deny {
        Some(Deny::Warnings) => {
            for finding in findings.iter_mut().filter(|finding| finding.severity == Severity::Warning) {
                finding.severity = Severity::Error;
            }
        }
        None => {}
    }
}

/// Writes the findings. With `-q` only errors, without `-v` nothing that is only worth knowing.
pub(super) fn report(
    global: &Global,
    sources: &Sources,
    findings: &[Diagnostic],
    channel: Channel,
) -> Result<(), Failure> {
    let shown: Vec<&Diagnostic> = findings
        .iter()
        .filter(|finding| match finding.severity {
            Severity::Error => true,
            Severity::Warning => !global.quiet,
            Severity::Information => global.verbose,
        })
        .collect();
    let text = match global.format {
        Format::Human => {
            let limited = diag::limited(shown, global.max_findings);
            let look = Look { color: colored(global, channel) };
            diag::human(sources, limited.findings.iter().copied(), look) + &limited.rest()
        }
        Format::Json => diag::json(sources, shown, diag::summary(findings)),
        Format::Markdown => {
            return Err(Failure::Format("`--format markdown` is what `plan` writes; name another format"));
        }
        Format::Sarif => diag::sarif(&from_here(sources), &shown),
        Format::Gitlab => diag::gitlab(&from_here(sources), &shown),
        Format::Junit => diag::junit(&from_here(sources), &shown),
        Format::Github => workflow(global, &from_here(sources), &shown)?,
    };
    match channel {
        Channel::Output => print(text.as_bytes())?,
        Channel::Error if text.is_empty() => {}
        Channel::Error => say(text.trim_end_matches('\n')),
    }
    Ok(())
}

/// The estate with paths as other programs need them: relative to the folder in which this one was started, which in
/// CI is the checkout.
fn from_here(sources: &Sources) -> Cow<'_, Sources> {
    let here = std::env::current_dir().ok();
    let below = here.as_deref().and_then(|here| Path::new(&sources.prefix).strip_prefix(here).ok());
    match below.and_then(Path::to_str) {
        Some(below) => {
            let prefix = if below.is_empty() { String::new() } else { format!("{below}/") };
            let mut from_here = sources.clone();
            from_here.prefix = prefix;
            Cow::Owned(from_here)
        }
        None => Cow::Borrowed(sources),
    }
}

/// Prints annotations; appends the table to the step's summary, where there is one, as far as GitHub takes it.
fn workflow(global: &Global, sources: &Sources, shown: &[&Diagnostic]) -> Result<String, Failure> {
    let file = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|file| !file.is_empty());
    let written = file.as_ref().and_then(|file| std::fs::metadata(file).ok()).map_or(0, |file| file.len());
    let room = SUMMARY_BYTES_MAX.saturating_sub(usize::try_from(written).unwrap_or(usize::MAX));
    let lines_max = if global.max_findings == 0 { usize::MAX } else { global.max_findings };
    let workflow = diag::github(sources, shown, room, lines_max);
    if let Some(file) = file
        && workflow.summary.len() <= room
    {
        append(Path::new(&file), workflow.summary.as_bytes())?;
    }
    Ok(workflow.commands)
}

pub(super) fn colored(global: &Global, channel: Channel) -> bool {
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

/// `142 sites, 829 subnets, 14,404 reservations`
pub(super) fn counts(compilation: &Compilation) -> String {
    let counts = compilation.counts();
    format!(
        "{}, {}, {}",
        count(counts.sites, "site"),
        count(counts.subnets, "subnet"),
        count(counts.reservations, "reservation")
    )
}

/// `no errors, 2 warnings`
pub(super) fn verdict(summary: Summary) -> String {
    let Summary { errors, warnings, information: _ } = summary;
    match (errors, warnings) {
        (0, 0) => "no errors, no warnings".to_owned(),
        (0, _) => format!("no errors, {}", count(warnings as usize, "warning")),
        (_, 0) => count(errors as usize, "error"),
        (_, _) => format!("{}, {}", count(errors as usize, "error"), count(warnings as usize, "warning")),
    }
}

/// `1 site`, `14,404 sites`
pub(super) fn count(count: usize, noun: &str) -> String {
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

pub(super) fn seconds(begun: Instant) -> String {
    format!("{:.2} s", begun.elapsed().as_secs_f64())
}
