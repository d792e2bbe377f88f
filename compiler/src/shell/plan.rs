//! `leasehold plan`: both sides read, compared, shown.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use leasehold_compiler::diag::{Rule, Severity, nearest};
use leasehold_compiler::parse::limits;
use leasehold_compiler::plan::{
    Effective, PlanLook, Question, human, markdown, plan as compare, rule_of_change,
};
use leasehold_compiler::source::{ESTATE_PATH, Sources};
use leasehold_compiler::{Cache, Compilation, check::rules};
use leasehold_schemas::artefact::ArtefactError;
use leasehold_schemas::plan::Plan;
use leasehold_schemas::vocab::Date;

use super::arguments::{Format, Global};
use super::artefact_file::{self, ArtefactFileError};
use super::check::prepare;
use super::folder::{self, FolderError};
use super::output::{print, reason, say};
use super::report::{Channel, colored, report, seconds};
use super::revision::{self, RevisionError};
use super::{CHANGED, CLEAN, FINDINGS, Failure, lease_file};

/// What is asked.
pub(super) struct Request<'a> {
    pub(super) folder: Option<&'a Path>,
    pub(super) against: &'a Path,
    pub(super) leases: Option<lease_file::Leases<'a>>,
    pub(super) detailed_exitcode: bool,
    pub(super) acknowledge: &'a [String],
}

/// Why there is nothing to compare with.
#[derive(Debug)]
pub(crate) enum AgainstError {
    /// A folder that cannot be read.
    Folder(FolderError),
    /// A folder that is no estate.
    NoEstate(PathBuf),
    /// A revision that gives no estate.
    Revision(RevisionError),
    /// A file that is no artefact.
    Artefact { path: PathBuf, error: ArtefactError },
    /// A file that cannot be read.
    Unreadable { path: PathBuf, error: io::Error },
    /// A socket or device.
    NotAFile(PathBuf),
    /// A file larger than any artefact.
    TooLarge(PathBuf),
    /// More files than an estate has.
    TooManyFiles(String),
}

/// What to compare with, as far as it is read.
enum Base {
    Files(Sources),
    Artefact(Box<Effective>),
}

/// How a plan is written.
#[derive(Clone, Copy)]
enum Shape {
    Human,
    Json,
    Markdown,
}

/// Compares the estate with another and says what that means.
pub(super) fn plan(global: &Global, request: &Request<'_>) -> Result<u8, Failure> {
    let begun = Instant::now();
    let shape = match global.format {
        Format::Human => Shape::Human,
        Format::Json => Shape::Json,
        Format::Markdown => Shape::Markdown,
        Format::Sarif | Format::Github | Format::Gitlab | Format::Junit => {
            return Err(Failure::Format("`plan` writes `human`, `json` or `markdown`; name one of them"));
        }
    };
    let acknowledged = acknowledgements(request.acknowledge)?;
    let (sources, today) = prepare(global, request.folder)?;
    let folder = request.folder.map_or_else(folder::default_folder, Path::to_owned);
    let base = base(request.against, &folder)?;
    let leases = match request.leases {
        Some(leases) => {
            let at = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| Failure::Clock)?;
            Some(lease_file::read(leases, at.as_secs()).map_err(Failure::Leases)?)
        }
        None => None,
    };
    if let Some(finding) = limits::too_many_files(&sources) {
        report(global, &sources, &[finding], Channel::Error)?;
        return Ok(FINDINGS);
    }
    let names = [request.against.to_string_lossy().into_owned(), folder.display().to_string()];
    let (before, after, compilation) = sides(base, &sources, names, today)?;
    let errors: Vec<_> = compilation
        .diagnostics
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .cloned()
        .collect();
    if !errors.is_empty() {
        let human = Global { format: Format::Human, ..*global };
        report(&human, &sources, &errors, Channel::Error)?;
    }
    let question = Question {
        before: &before,
        after: &after,
        estate: &compilation.estate,
        sources: &sources,
        leases: leases.as_ref(),
        acknowledged: &acknowledged,
        today,
    };
    let plan = compare(&question);
    show(global, shape, &plan)?;
    if !global.quiet {
        say(&format!("planned in {}", seconds(begun)));
    }
    let code = code(&plan, errors.len(), request.detailed_exitcode);
    std::mem::forget((before, after, compilation, sources));
    Ok(code)
}

/// Both views, and the estate itself.
fn sides(
    base: Base,
    sources: &Sources,
    [before, after]: [String; 2],
    today: Date,
) -> Result<(Effective, Effective, Compilation), AgainstError> {
    let against = match &base {
        Base::Files(base) if limits::too_many_files(base).is_some() => {
            return Err(AgainstError::TooManyFiles(before));
        }
        Base::Files(base) => Some(base),
        Base::Artefact(_) => None,
    };
    let both: Vec<&Sources> = against.into_iter().chain([sources]).collect();
    let mut compiled = leasehold_compiler::compile_to_compare(&both, &mut Cache::default(), today);
    let mut compilation = compiled.pop().expect("the estate itself is the last side");
    let before = match base {
        Base::Artefact(effective) => *effective,
        Base::Files(base) => {
            let mut compiled = compiled.pop().expect("the other side is before it");
            let effective = Effective::of_files(before, &base, &mut compiled);
            std::mem::forget((base, compiled));
            effective
        }
    };
    let after = Effective::of_files(after, sources, &mut compilation);
    Ok((before, after, compilation))
}

fn show(global: &Global, shape: Shape, plan: &Plan) -> Result<(), Failure> {
    let text = match shape {
        Shape::Human => human(plan, PlanLook { color: colored(global, Channel::Output) }),
        Shape::Markdown => markdown(plan),
        Shape::Json => {
            let mut text = serde_json::to_string_pretty(plan)
                .expect("a plan has only string keys and no failing serialiser");
            text.push('\n');
            text
        }
    };
    Ok(print(text.as_bytes())?)
}

fn code(plan: &Plan, errors: usize, detailed: bool) -> u8 {
    if errors > 0 || plan.summary.breaking > 0 {
        FINDINGS
    } else if detailed && plan.summary.changes > 0 {
        CHANGED
    } else {
        CLEAN
    }
}

/// `RULE=REASON`, each.
fn acknowledgements(texts: &[String]) -> Result<Vec<(&'static Rule, String)>, Failure> {
    let read = |text: &String| {
        let (name, reason) = text.split_once('=').unwrap_or((text, ""));
        let refused = || {
            let slugs = rules::REGISTRY.iter().map(|registered| registered.rule);
            let slugs = slugs.filter(|rule| rules::change::is_of_change(rule)).map(|rule| rule.slug);
            let known = rule_of_change(name).map(|rule| rule.slug);
            Failure::Acknowledge { text: text.clone(), nearest: known.or_else(|| nearest(name, slugs)) }
        };
        let reason = reason.trim();
        let rule = rule_of_change(name).filter(|_| !reason.is_empty()).ok_or_else(refused)?;
        Ok((rule, reason.to_owned()))
    };
    texts.iter().map(read).collect()
}

/// What `--against` names: what exists as a file or folder is that, all else is a revision.
fn base(against: &Path, folder: &Path) -> Result<Base, AgainstError> {
    match fs::metadata(against) {
        Ok(found) if found.is_dir() => {
            let sources = folder::read(against).map_err(AgainstError::Folder)?;
            let is_estate = sources.iter().any(|(_, file)| file.path == ESTATE_PATH);
            if is_estate { Ok(Base::Files(sources)) } else { Err(AgainstError::NoEstate(against.to_owned())) }
        }
        Ok(_) => artefact(against),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            revision::read(&against.to_string_lossy(), folder)
                .map(Base::Files)
                .map_err(AgainstError::Revision)
        }
        Err(error) => Err(AgainstError::Unreadable { path: against.to_owned(), error }),
    }
}

fn artefact(path: &Path) -> Result<Base, AgainstError> {
    let wrong = |error| AgainstError::Artefact { path: path.to_owned(), error };
    let bytes = artefact_file::read(path).map_err(|error| match error {
        ArtefactFileError::Unreadable(error) => AgainstError::Unreadable { path: path.to_owned(), error },
        ArtefactFileError::NotAFile => AgainstError::NotAFile(path.to_owned()),
        ArtefactFileError::TooLarge => AgainstError::TooLarge(path.to_owned()),
        ArtefactFileError::Artefact(error) => wrong(error),
    })?;
    let effective = Effective::of_artefact(path.to_string_lossy(), &bytes).map_err(wrong)?;
    Ok(Base::Artefact(Box::new(effective)))
}

impl fmt::Display for AgainstError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AgainstError::Folder(error) => error.fmt(f),
            AgainstError::NoEstate(path) => write!(
                f,
                "cannot compare with {}: it has no `{ESTATE_PATH}`; name the folder of an estate",
                path.display()
            ),
            AgainstError::Revision(error) => error.fmt(f),
            AgainstError::Artefact { path, error } => {
                write!(f, "cannot compare with {}: {error}", path.display())
            }
            AgainstError::Unreadable { path, error } => {
                write!(f, "cannot read {}: {}; check its rights", path.display(), reason(error))
            }
            AgainstError::NotAFile(path) => write!(
                f,
                "cannot compare with {}: it is neither a folder nor a regular file; name an estate, an artefact or a \
                 revision",
                path.display()
            ),
            AgainstError::TooLarge(path) => write!(
                f,
                "cannot compare with {}: it is larger than any artefact ({} MiB); name what `leasehold compile` wrote",
                path.display(),
                artefact_file::FILE_BYTES_MAX >> 20
            ),
            AgainstError::TooManyFiles(name) => {
                write!(f, "cannot compare with {name}: it has more files than an estate may have")
            }
        }
    }
}
