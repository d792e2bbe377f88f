//! Everything between the library and the world. No rule, no default of the estate language lives here.
//!
//! Invariant: what the program could not do is one line on standard error and exit code 2; findings are exit
//! code 1; no output file is ever half-written.

mod arguments;
mod artefact_file;
mod baseline;
mod capture_file;
mod check;
mod estate_report;
mod explain;
mod export;
mod fix;
mod folder;
mod format;
mod import;
mod init;
mod lease_file;
mod lease_server;
mod lsp;
mod output;
mod plan;
mod report;
mod revision;
mod schema;
mod watch;
mod why;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use arguments::{Arguments, Command};
use baseline::BaselineFailure;
use capture_file::CaptureError;
use folder::FolderError;
use output::{OutputError, reason, say};
use why::WhyError;

/// The tool did its work and found nothing that forbids going on.
const CLEAN: u8 = 0;
/// The estate has findings.
const FINDINGS: u8 = 1;
/// The tool could not do its work.
const FAILED: u8 = 2;
/// There are changes, none of them breaking, and that was to be told.
const CHANGED: u8 = 3;

/// Why the tool could not do its work.
#[derive(Debug)]
enum Failure {
    Folder(FolderError),
    /// What to compare with could not be had.
    Against(plan::AgainstError),
    /// The file of leases could not be read.
    Leases(lease_file::LeaseFileError),
    /// `--acknowledge` names no rule of change, or gives no reason.
    Acknowledge {
        text: String,
        nearest: Option<&'static str>,
    },
    /// The command has no such output.
    Format(&'static str),
    Output(OutputError),
    Capture(CaptureError),
    Why(WhyError),
    Import(import::ImportError),
    /// No rule has this code or slug.
    UnknownRule {
        name: String,
        nearest: Option<&'static str>,
    },
    /// `schema` was told neither what to print nor where to write everything.
    NoSchemaNamed,
    /// No server of the pair has this name.
    UnknownNode(export::UnknownNode),
    /// The threads asked for could not be had.
    Threads(rayon::ThreadPoolBuildError),
    /// No estate was begun.
    Init(init::InitError),
    /// The clock is before 1970 or after 9999.
    Clock,
    Baseline(BaselineFailure),
    /// A file is not what it was when it was read.
    ChangedMeanwhile(PathBuf),
    /// The signals that end a watch could not be had.
    Signals(io::Error),
}

/// Reads the arguments, does what they say, and gives the exit code.
pub(crate) fn run() -> ExitCode {
    let arguments = Arguments::parse();
    match execute(&arguments) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            say(&format!("leasehold: {failure}"));
            ExitCode::from(FAILED)
        }
    }
}

fn execute(arguments: &Arguments) -> Result<u8, Failure> {
    match &arguments.command {
        Command::Check { folder, options } => check::check(&arguments.global, options, folder.as_deref()),
        Command::Compile { folder, output } => check::compile(&arguments.global, folder.as_deref(), output),
        Command::Plan {
            folder,
            against,
            leases,
            leases_token_file,
            leases_ca,
            detailed_exitcode,
            acknowledge,
        } => plan::plan(
            &arguments.global,
            &plan::Request {
                folder: folder.as_deref(),
                against,
                leases: leases.as_deref().map(|place| lease_file::Leases {
                    place,
                    token_file: leases_token_file.as_deref(),
                    ca: leases_ca.as_deref(),
                }),
                detailed_exitcode: *detailed_exitcode,
                acknowledge,
            },
        ),
        Command::Report(asked) => estate_report::report(&arguments.global, asked),
        Command::Why(asked) => why::why(&arguments.global, asked),
        Command::Fmt(options) => format::format(&arguments.global, options),
        Command::Init(options) => init::init(&arguments.global, options),
        Command::Lsp { stdio: _ } => lsp::lsp(&arguments.global),
        Command::Import { source } => import::import(&arguments.global, source),
        Command::Export { what } => export::export(&arguments.global, what),
        Command::Explain { rule } => explain::explain(rule),
        Command::Schema { document, output } => schema::schema(*document, output.as_deref()),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Arguments::command(), "leasehold", &mut script);
            output::print(&script)?;
            Ok(CLEAN)
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Folder(error) => error.fmt(f),
            Failure::Against(error) => error.fmt(f),
            Failure::Leases(error) => error.fmt(f),
            Failure::Acknowledge { text, nearest } => {
                write!(f, "`--acknowledge {text}` is no rule of change with its reason; ")?;
                match nearest {
                    Some(nearest) => write!(f, "write `--acknowledge {nearest}=REASON`"),
                    None => f.write_str("write `--acknowledge RULE=REASON`, the rule as the plan names it"),
                }
            }
            Failure::Format(help) => f.write_str(help),
            Failure::Output(error) => error.fmt(f),
            Failure::Capture(error) => error.fmt(f),
            Failure::Why(error) => error.fmt(f),
            Failure::Import(error) => error.fmt(f),
            Failure::UnknownRule { name, nearest: Some(nearest) } => {
                write!(f, "no rule is called `{name}`; did you mean `{nearest}`?")
            }
            Failure::UnknownRule { name, nearest: None } => {
                write!(f, "no rule is called `{name}`; findings name theirs in brackets, such as `L001`")
            }
            Failure::UnknownNode(error) => error.fmt(f),
            Failure::NoSchemaNamed => f.write_str(
                "name a schema to print (estate, site, artefact, diagnostics, plan or why), or write all with `-o DIR`",
            ),
            Failure::Threads(error) => write!(f, "cannot start threads: {error}; try `--threads 1`"),
            Failure::Baseline(error) => error.fmt(f),
            Failure::ChangedMeanwhile(path) => {
                write!(
                    f,
                    "{} changed while it was being fixed; it is as it was, run this again",
                    path.display()
                )
            }
            Failure::Signals(error) => write!(f, "cannot watch: {}", reason(error)),
            Failure::Init(error) => error.fmt(f),
            Failure::Clock => f.write_str("the clock is not set; give the date with `--today YYYY-MM-DD`"),
        }
    }
}

impl From<FolderError> for Failure {
    fn from(error: FolderError) -> Failure {
        Failure::Folder(error)
    }
}

impl From<plan::AgainstError> for Failure {
    fn from(error: plan::AgainstError) -> Failure {
        Failure::Against(error)
    }
}

impl From<OutputError> for Failure {
    fn from(error: OutputError) -> Failure {
        Failure::Output(error)
    }
}

impl From<BaselineFailure> for Failure {
    fn from(error: BaselineFailure) -> Failure {
        Failure::Baseline(error)
    }
}

impl From<init::InitError> for Failure {
    fn from(error: init::InitError) -> Failure {
        Failure::Init(error)
    }
}

impl From<CaptureError> for Failure {
    fn from(error: CaptureError) -> Failure {
        Failure::Capture(error)
    }
}

impl From<import::ImportError> for Failure {
    fn from(error: import::ImportError) -> Failure {
        Failure::Import(error)
    }
}

impl From<WhyError> for Failure {
    fn from(error: WhyError) -> Failure {
        Failure::Why(error)
    }
}
