//! `leasehold why`: an estate or artefact, a packet, and the answer explained.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use leasehold_compiler::Cache;
use leasehold_compiler::diag::{self, Severity};
use leasehold_compiler::parse::limits;
use leasehold_compiler::why::{Described, DescriptionError, Ground, Question, WhyLook, answer, human};
use leasehold_schemas::artefact::{self, ArtefactError};
use leasehold_schemas::why::Why;
use leasehold_server::estate::TableError;

use super::arguments::{Format, Global, WhyArguments};
use super::artefact_file::{self, ArtefactFileError};
use super::capture_file::{self, Choice};
use super::output::{print, reason, say};
use super::report::{Channel, colored, report};
use super::{CLEAN, FAILED, FINDINGS, Failure, check};

/// Why `leasehold why` could not do its work, beside what every command meets.
#[derive(Debug)]
pub(super) enum WhyError {
    /// The artefact's file.
    Unreadable { path: PathBuf, error: io::Error },
    /// Neither a folder nor a regular file.
    NotAFile(PathBuf),
    /// More octets than an artefact has.
    TooLarge(PathBuf),
    /// The file is no artefact that can be used.
    Artefact { path: PathBuf, error: ArtefactError },
    /// The artefact is one that no compiler wrote.
    Tables { path: PathBuf, error: TableError },
    /// A format that is for findings.
    Format,
    /// A frame, and no capture that it could be of.
    FrameOfNothing,
    /// No packet is described.
    Description(DescriptionError),
}

/// Answers the packet that the arguments describe or show.
pub(super) fn why(global: &Global, arguments: &WhyArguments) -> Result<u8, Failure> {
    if !matches!(global.format, Format::Human | Format::Json) {
        return Err(WhyError::Format.into());
    }
    // The parser lets it pass beside an argument that excludes a capture.
    if arguments.frame.is_some() && arguments.pcap.is_none() {
        return Err(WhyError::FrameOfNothing.into());
    }
    // A packet that cannot be had is told before an estate is read.
    let packet = match &arguments.pcap {
        Some(path) => match capture_file::choose(path, arguments.frame, arguments.described.server_id)? {
            Choice::Frame(question) => Packet::Captured(question),
            Choice::List { text, message } => {
                print(text.as_bytes())?;
                say(&format!("leasehold: {message}"));
                return Ok(FAILED);
            }
        },
        None => Packet::Described(&arguments.described),
    };
    match &arguments.target {
        Some(path) if !std::fs::metadata(path).is_ok_and(|target| target.is_dir()) => {
            of_artefact(global, path, &packet)
        }
        target => of_estate(global, target.as_deref(), &packet),
    }
}

enum Packet<'a> {
    Described(&'a Described),
    Captured(Question),
}

impl Packet<'_> {
    fn question(&self, ground: &Ground<'_>) -> Result<Question, WhyError> {
        match self {
            Packet::Described(described) => {
                described.question(ground.definitions()).map_err(WhyError::Description)
            }
            Packet::Captured(question) => Ok(question.clone()),
        }
    }
}

fn of_estate(global: &Global, folder: Option<&Path>, packet: &Packet<'_>) -> Result<u8, Failure> {
    let (sources, today) = check::prepare(global, folder)?;
    if let Some(finding) = limits::too_many_files(&sources) {
        return check::refuse(global, &sources, finding, Channel::Output);
    }
    let compilation = leasehold_compiler::compile_to_explain(&sources, &mut Cache::none(), today);
    let Some(ground) = Ground::of_compilation(&compilation, &sources) else {
        let errors = compilation.diagnostics.iter().filter(|one| one.severity == Severity::Error);
        let errors: Vec<_> = errors.cloned().collect();
        report(global, &sources, &errors, Channel::Output)?;
        let count = diag::summary(&errors).errors;
        let plural = if count == 1 { "" } else { "s" };
        say(&format!("leasehold: no answer: the estate has {count} error{plural}; mend what is shown first"));
        return Ok(FINDINGS);
    };
    let code = tell(global, &answer(&ground, &packet.question(&ground)?))?;
    if !compilation.is_sound() {
        say(
            "leasehold: the estate has errors that `leasehold check` shows; this is its answer in spite of them",
        );
    }
    drop(ground);
    check::leave(compilation, sources);
    Ok(code)
}

fn of_artefact(global: &Global, path: &Path, packet: &Packet<'_>) -> Result<u8, Failure> {
    let bytes = read_artefact(path)?;
    let (estate, _) =
        artefact::decode(&bytes).map_err(|error| WhyError::Artefact { path: path.to_owned(), error })?;
    let ground =
        Ground::of_artefact(&estate).map_err(|error| WhyError::Tables { path: path.to_owned(), error })?;
    tell(global, &answer(&ground, &packet.question(&ground)?))
}

fn read_artefact(path: &Path) -> Result<Vec<u8>, WhyError> {
    artefact_file::read(path).map_err(|error| match error {
        ArtefactFileError::Unreadable(error) => WhyError::Unreadable { path: path.to_owned(), error },
        ArtefactFileError::NotAFile => WhyError::NotAFile(path.to_owned()),
        ArtefactFileError::TooLarge => WhyError::TooLarge(path.to_owned()),
        ArtefactFileError::Artefact(error) => WhyError::Artefact { path: path.to_owned(), error },
    })
}

fn tell(global: &Global, why: &Why) -> Result<u8, Failure> {
    let text = match global.format {
        Format::Human => {
            human(why, WhyLook { verbose: global.verbose, color: colored(global, Channel::Output) })
        }
        Format::Json => {
            let mut text = serde_json::to_string_pretty(why)
                .expect("an answer has only string keys and no failing serialiser");
            text.push('\n');
            text
        }
        Format::Markdown | Format::Sarif | Format::Github | Format::Gitlab | Format::Junit => {
            unreachable!("formats for findings were refused at the start")
        }
    };
    print(text.as_bytes())?;
    Ok(if why.reply.is_some() { CLEAN } else { FINDINGS })
}

impl fmt::Display for WhyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WhyError::Unreadable { path, error } => write!(
                f,
                "cannot read {}: {}; name an estate's folder or an artefact",
                path.display(),
                reason(error)
            ),
            WhyError::NotAFile(path) => write!(
                f,
                "{} is neither a folder nor a regular file; name an estate's folder or an artefact",
                path.display()
            ),
            WhyError::TooLarge(path) => write!(
                f,
                "{} is larger than an artefact can be; name an estate's folder or an artefact",
                path.display()
            ),
            WhyError::Artefact { path, error } => write!(f, "cannot ask {}: {error}", path.display()),
            WhyError::Tables { path, error } => {
                write!(f, "cannot ask {}: {error}; compile the estate again", path.display())
            }
            WhyError::Format => f.write_str(
                "an answer is written for people or as JSON: give `--format human` or `--format json`",
            ),
            WhyError::FrameOfNothing => f.write_str(
                "`--frame` is the number of a packet in a capture: give the capture with `--pcap`, or leave it out",
            ),
            WhyError::Description(error) => error.fmt(f),
        }
    }
}
