//! `check --baseline` and `--write-baseline`: the file around [`leasehold_compiler::baseline`].

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use leasehold_compiler::Compilation;
use leasehold_compiler::baseline::{Baseline, BaselineError, Compared, Entry};
use leasehold_compiler::diag::{Diagnostic, Severity};
use leasehold_compiler::source::Sources;

use super::Failure;
use super::arguments::{CheckOptions, Global};
use super::output::{reason, replace, say};
use super::report::count;

/// Largest baseline that is read, in octets: a hundred thousand findings and more.
const BYTES_MAX: u64 = 64 << 20;

/// Entries that are not found any more and are named one by one without `-v`.
const GONE_SHOWN_MAX: usize = 10;

/// Why a baseline could not be read.
#[derive(Debug)]
pub(super) enum BaselineFailure {
    Unreadable { path: PathBuf, error: io::Error },
    NotAFile(PathBuf),
    TooLarge(PathBuf),
    Damaged { path: PathBuf, error: BaselineError },
}

/// What the comparison left to report.
pub(super) struct Remaining {
    /// Findings that are known, and so not reported.
    pub(super) known: usize,
    /// Whether all that was found was written, and so nothing is held against the estate.
    pub(super) recorded: bool,
}

/// Reads the baseline, if one is named.
pub(super) fn read(options: &CheckOptions) -> Result<Option<Baseline>, BaselineFailure> {
    options.baseline.as_deref().map(read_file).transpose()
}

fn read_file(path: &Path) -> Result<Baseline, BaselineFailure> {
    let unreadable = |error| BaselineFailure::Unreadable { path: path.to_owned(), error };
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(BaselineFailure::NotAFile(path.to_owned()));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(BaselineFailure::TooLarge(path.to_owned()));
    }
    let damaged = |error| BaselineFailure::Damaged { path: path.to_owned(), error };
    let text = String::from_utf8(bytes).map_err(|_| damaged(BaselineError::Malformed("not UTF-8".into())))?;
    Baseline::parse(&text).map_err(damaged)
}

/// Takes out of the findings what is known, and writes what is asked for.
pub(super) fn apply(
    global: &Global,
    options: &CheckOptions,
    baseline: Option<&Baseline>,
    sources: &Sources,
    compilation: &mut Compilation,
) -> Result<Remaining, Failure> {
    let found = std::mem::take(&mut compilation.diagnostics);
    let Some(baseline) = baseline else {
        let recorded = record(global, options, sources, &found)?;
        compilation.diagnostics = found;
        return Ok(Remaining { known: 0, recorded });
    };
    let Compared { new, known, gone, remaining } = baseline.compare(sources, found);
    compilation.diagnostics = new;
    // Where a file cannot be read, what it is known for is not gone.
    let gone = if compilation.estate.incomplete { Vec::new() } else { gone };
    if let Some(path) = &options.write_baseline {
        let kept = if compilation.estate.incomplete { baseline } else { &remaining };
        replace(path, kept.to_text().as_bytes())?;
    }
    if !global.quiet && options.write_baseline.is_none() {
        tell_gone(global, options, &gone);
    }
    Ok(Remaining { known, recorded: false })
}

/// Writes everything that would be reported.
fn record(
    global: &Global,
    options: &CheckOptions,
    sources: &Sources,
    found: &[Diagnostic],
) -> Result<bool, Failure> {
    let Some(path) = &options.write_baseline else { return Ok(false) };
    let reported = |finding: &&Diagnostic| global.verbose || finding.severity != Severity::Information;
    let baseline = Baseline::of(sources, &found.iter().filter(reported).collect::<Vec<_>>());
    replace(path, baseline.to_text().as_bytes())?;
    if !global.quiet {
        say(&format!("wrote {} to {}", count(baseline.len(), "known finding"), path.display()));
    }
    Ok(true)
}

fn tell_gone(global: &Global, options: &CheckOptions, gone: &[Entry]) {
    let Some(path) = options.baseline.as_deref().filter(|_| !gone.is_empty()) else { return };
    let shown = if global.verbose { gone.len() } else { GONE_SHOWN_MAX };
    for Entry { rule, subject, count } in gone.iter().take(shown) {
        let times = if *count == 1 { String::new() } else { format!(" ({count} times)") };
        say(&format!("not found any more: {rule} {}{times}", subject.escape_debug()));
    }
    if gone.len() > shown {
        say(&format!("and {} more; `-v` names them all", gone.len() - shown));
    }
    let path = path.display();
    say(&format!("take what is gone out of the baseline with `--baseline {path} --write-baseline {path}`"));
}

impl fmt::Display for BaselineFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BaselineFailure::Unreadable { path, error } => {
                write!(f, "cannot read the baseline {}: {}; check the name", path.display(), reason(error))
            }
            BaselineFailure::NotAFile(path) => {
                write!(f, "{} is no file; name a baseline that `--write-baseline` wrote", path.display())
            }
            BaselineFailure::TooLarge(path) => {
                write!(
                    f,
                    "the baseline {} is larger than {} MiB; name a file that `--write-baseline` wrote",
                    path.display(),
                    BYTES_MAX >> 20
                )
            }
            BaselineFailure::Damaged { path, error } => write!(
                f,
                "cannot use the baseline {}: {error}; write it anew with `--write-baseline`",
                path.display()
            ),
        }
    }
}
