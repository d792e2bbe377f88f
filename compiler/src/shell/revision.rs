//! An estate as a git revision has it, read from the repository's objects: nothing is checked out, no file is touched.
//!
//! Invariant: the same files belong to the estate as in a folder (see `folder`), but what would stop the reading of a
//! folder (another suffix, a link to a folder) is left out: a base that was never right must not block its repair.

use std::fmt;
use std::io::{self, BufReader, Read, Write as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use leasehold_compiler::parse::limits::{FILE_BYTES_MAX, FILES_MAX};
use leasehold_compiler::source::{ESTATE_PATH, SourceFile, Sources};

use super::output::reason;

/// Octets of what git says about a failure.
const STDERR_BYTES_MAX: usize = 300;

/// Why a revision gives no estate.
#[derive(Debug)]
pub(crate) enum RevisionError {
    /// There is no git to ask.
    NoGit(io::Error),
    /// The estate's folder is in no repository, and no file or folder has the name either.
    NoRepository { name: String, folder: String },
    /// The repository has nothing committed yet.
    NoCommits { folder: String },
    /// The repository knows no such revision.
    Unknown { name: String, folder: String },
    /// The revision has no estate where the folder is.
    NoEstate { name: String, place: String },
    /// A part of the estate is a repository of its own.
    Submodule { name: String, path: String },
    /// A name that cannot be asked for.
    OddName { name: String, path: String },
    /// A symbolic link that leads out of the revision, or nowhere.
    Link { name: String, path: String },
    /// git failed, in its own words.
    Git { what: &'static str, said: String },
}

/// One file of the revision.
struct Entry {
    path: String,
    asked: String,
}

/// The estate in `folder` as revision `name` has it.
pub(super) fn read(name: &str, folder: &Path) -> Result<Sources, RevisionError> {
    let shown = folder.display().to_string();
    let inside = git(folder, &["rev-parse", "--show-prefix"])?;
    if !inside.status.success() {
        return Err(no_repository(name, &shown, &inside));
    }
    let place =
        String::from_utf8_lossy(inside.stdout.strip_suffix(b"\n").unwrap_or(&inside.stdout)).into_owned();
    let tree = tree(name, folder, &shown)?;
    let entries = entries(name, folder, &tree, &place)?;
    if entries.iter().all(|entry| entry.path != ESTATE_PATH) {
        return Err(RevisionError::NoEstate { name: name.to_owned(), place });
    }
    let files = if entries.len() > FILES_MAX {
        entries.into_iter().map(|entry| SourceFile { path: entry.path, bytes: Vec::new() }).collect()
    } else {
        contents(name, folder, &entries)?
    };
    Ok(Sources::new(format!("{name}:{place}"), files))
}

/// git without a terminal to ask on, in a language we know.
fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(arguments).stdin(Stdio::null());
    command.env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0").env("GIT_OPTIONAL_LOCKS", "0");
    command
}

fn git(folder: &Path, arguments: &[&str]) -> Result<Output, RevisionError> {
    command(folder, arguments).output().map_err(RevisionError::NoGit)
}

/// What git said, its first line.
fn said(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(&output[..output.len().min(STDERR_BYTES_MAX)]);
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("it gave no reason");
    let line = line.trim().trim_start_matches("fatal: ");
    line.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

fn no_repository(name: &str, folder: &str, output: &Output) -> RevisionError {
    let said = said(&output.stderr);
    if said.starts_with("not a git repository") {
        return RevisionError::NoRepository { name: name.to_owned(), folder: folder.to_owned() };
    }
    RevisionError::Git { what: "find the repository", said }
}

/// The object of the revision's root folder.
fn tree(name: &str, folder: &Path, shown: &str) -> Result<String, RevisionError> {
    let unknown = || RevisionError::Unknown { name: name.to_owned(), folder: shown.to_owned() };
    // A name that begins with a hyphen would be an option; none of git's revisions does.
    if name.is_empty() || name.starts_with('-') || name.contains(['\n', '\0']) {
        return Err(unknown());
    }
    let found = git(folder, &["rev-parse", "--verify", "--quiet", &format!("{name}^{{tree}}")])?;
    let tree = String::from_utf8_lossy(&found.stdout).trim().to_owned();
    if found.status.success() && !tree.is_empty() {
        return Ok(tree);
    }
    let any = git(folder, &["rev-list", "--all", "--max-count=1"])?;
    if any.status.success() && any.stdout.is_empty() {
        return Err(RevisionError::NoCommits { folder: shown.to_owned() });
    }
    Err(unknown())
}

/// The estate's files: every `*.yaml` below the folder, nothing hidden.
fn entries(name: &str, folder: &Path, tree: &str, place: &str) -> Result<Vec<Entry>, RevisionError> {
    let mut arguments = vec!["ls-tree", "-r", "-z", "--full-tree", tree];
    let below = place.trim_end_matches('/');
    if !below.is_empty() {
        arguments.extend(["--", below]);
    }
    let listed = git(folder, &arguments)?;
    if !listed.status.success() {
        return Err(RevisionError::Git { what: "list the revision's files", said: said(&listed.stderr) });
    }
    let mut entries = Vec::new();
    for line in listed.stdout.split(|octet| *octet == 0).filter(|line| !line.is_empty()) {
        let line = String::from_utf8_lossy(line);
        let Some((head, whole)) = line.split_once('\t') else { continue };
        let [mode, _, object] = head.split(' ').collect::<Vec<&str>>()[..] else { continue };
        let Some(path) = whole.strip_prefix(place) else { continue };
        if path.split('/').any(|part| part.starts_with('.')) {
            continue;
        }
        let (name, path) = (name.to_owned(), path.to_owned());
        match mode {
            "160000" => return Err(RevisionError::Submodule { name, path }),
            _ if !path.ends_with(".yaml") || path == ".yaml" => {}
            "120000" if whole.contains('\n') => return Err(RevisionError::OddName { name, path }),
            "120000" => entries.push(Entry { asked: format!("{tree}:{whole}"), path }),
            _ => entries.push(Entry { asked: object.to_owned(), path }),
        }
    }
    Ok(entries)
}

/// Ends the process when nobody waits for it any more.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself, and then there is nothing left to do.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The files' contents, all asked of one git; of a file over the size limit only as much as shows that it is.
fn contents(name: &str, folder: &Path, entries: &[Entry]) -> Result<Vec<SourceFile>, RevisionError> {
    let mut batch = command(folder, &["cat-file", "--batch", "--follow-symlinks"]);
    batch.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut running = Running(batch.spawn().map_err(RevisionError::NoGit)?);
    let mut asking = running.0.stdin.take().expect("standard input is a pipe");
    let mut answers = BufReader::new(running.0.stdout.take().expect("standard output is a pipe"));
    let asked: String = entries.iter().map(|entry| format!("{}\n", entry.asked)).collect();
    // Asking and reading go side by side: either pipe alone would fill up.
    let asker = std::thread::spawn(move || asking.write_all(asked.as_bytes()));
    let mut files = Vec::with_capacity(entries.len());
    for entry in entries {
        let bytes = answer(&mut answers).map_err(|error| broken(&error))?;
        let (name, path) = (name.to_owned(), entry.path.clone());
        let bytes = match bytes {
            Answer::Bytes(bytes) => bytes,
            Answer::Elsewhere => return Err(RevisionError::Link { name, path }),
            Answer::Missing => {
                return Err(RevisionError::Git {
                    what: "read a file",
                    said: format!("{path} is missing in the repository"),
                });
            }
        };
        files.push(SourceFile { path, bytes });
    }
    match asker.join() {
        Ok(asked) => asked.map_err(|error| broken(&error))?,
        Err(panic) => std::panic::resume_unwind(panic),
    }
    Ok(files)
}

fn broken(error: &io::Error) -> RevisionError {
    RevisionError::Git { what: "read the revision's files", said: reason(error) }
}

enum Answer {
    Bytes(Vec<u8>),
    /// A link that leads out of the revision or nowhere.
    Elsewhere,
    Missing,
}

/// One answer of `cat-file --batch`: a line, and for what is there its octets and a line feed.
fn answer(answers: &mut impl io::BufRead) -> io::Result<Answer> {
    let malformed = || io::Error::new(io::ErrorKind::InvalidData, "git answered what it never says");
    let mut head = Vec::new();
    if answers.read_until(b'\n', &mut head)? == 0 {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "git ended too early"));
    }
    let head = String::from_utf8_lossy(&head).trim_end().to_owned();
    if head.ends_with(" missing") {
        return Ok(Answer::Missing);
    }
    let (kind, size) = match head.split(' ').collect::<Vec<&str>>()[..] {
        [kind @ ("symlink" | "dangling" | "loop" | "notdir"), size] => (kind, size),
        [_, kind, size] => (kind, size),
        _ => return Err(malformed()),
    };
    let size: u64 = size.parse().map_err(|_| malformed())?;
    let limit = FILE_BYTES_MAX as u64 + 1;
    let mut bytes = Vec::new();
    answers.by_ref().take(size.min(limit)).read_to_end(&mut bytes)?;
    io::copy(&mut answers.by_ref().take(size.saturating_sub(limit) + 1), &mut io::sink())?;
    if bytes.len() as u64 != size.min(limit) {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "git ended too early"));
    }
    Ok(if kind == "blob" { Answer::Bytes(bytes) } else { Answer::Elsewhere })
}

impl fmt::Display for RevisionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RevisionError::NoGit(error) if error.kind() == io::ErrorKind::NotFound => f.write_str(
                "cannot read a revision: there is no `git` in the search path; name a folder or an artefact",
            ),
            RevisionError::NoGit(error) => {
                write!(f, "cannot start `git`: {}; name a folder or an artefact", reason(error))
            }
            RevisionError::NoRepository { name, folder } => write!(
                f,
                "no file or folder is called {name}, and {folder} is in no git repository; check the name"
            ),
            RevisionError::NoCommits { folder } => {
                write!(f, "the repository of {folder} has no commits yet; commit first, or name a folder")
            }
            RevisionError::Unknown { name, folder } => write!(
                f,
                "{name} is neither a file or folder nor a revision that the repository of {folder} has; fetch it, or check \
                 the name"
            ),
            RevisionError::NoEstate { name, place } => {
                let place = if place.is_empty() { "the repository's root" } else { place };
                write!(
                    f,
                    "revision {name} has no `{ESTATE_PATH}` in {place}; compare with one that has the estate"
                )
            }
            RevisionError::Submodule { name, path } => write!(
                f,
                "revision {name} has a submodule at {path}, and its files are in another repository; compare with a folder"
            ),
            RevisionError::OddName { name, path } => {
                write!(
                    f,
                    "revision {name} has a link with a line break in its name, {path:?}; compare with a folder"
                )
            }
            RevisionError::Link { name, path } => write!(
                f,
                "{path} of revision {name} is a link to something that is no file of the revision; compare with a folder"
            ),
            RevisionError::Git { what, said } => write!(f, "git could not {what}: {said}"),
        }
    }
}
