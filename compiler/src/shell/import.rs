//! `leasehold import`: an estate made of what others wrote.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use leasehold_compiler::diag;
use leasehold_compiler::import::json::{BYTES_MAX, Fault, Loaded};
use leasehold_compiler::import::listing::{self, Counts, Item};
use leasehold_compiler::import::tables::{self, Kind, Mapping};
use leasehold_compiler::import::{self, Grouping, Imported, Wishes};
use leasehold_compiler::source::Sources;
use leasehold_compiler::{Cache, Compilation};

use super::arguments::{Format, Global, ImportSource, ImportTarget, Sites};
use super::check::{day, leave, start_threads};
use super::output::{OutputError, print, reason, replace, say};
use super::report::{Channel, count, counts, judge, report, seconds, verdict};
use super::{CLEAN, FINDINGS, Failure};

/// Why nothing was imported.
#[derive(Debug)]
pub(super) enum ImportError {
    /// A file could not be read.
    Unreadable { path: PathBuf, error: io::Error },
    /// A folder, socket, pipe or device.
    NotAFile(PathBuf),
    /// Larger than anything that is a configuration.
    TooLarge(PathBuf),
    /// It is no configuration.
    Malformed(Fault),
    /// No table was named.
    NoTable,
    /// A delimiter is one character.
    Delimiter(String),
    /// The folder for the estate has something in it.
    NotEmpty(PathBuf),
    /// The folder for the estate is a file.
    NotAFolder(PathBuf),
    /// The folder for the estate could not be made.
    Folder { path: PathBuf, error: io::Error },
}

/// Imports, checks what came of it, writes it, and tells.
pub(super) fn import(global: &Global, source: &ImportSource) -> Result<u8, Failure> {
    let begun = Instant::now();
    start_threads(global)?;
    match source {
        ImportSource::Kea { files, target, sites, site_key } => {
            writable(target)?;
            let mut loaded = Vec::new();
            for path in files {
                loaded.push(load(path)?);
            }
            let first = loaded.remove(0);
            let grouping = match (site_key, sites) {
                (Some(key), _) => Grouping::Context(key.clone()),
                (None, Sites::Auto) => Grouping::Auto,
                (None, Sites::Network) => Grouping::Network,
                (None, Sites::One) => Grouping::One,
            };
            let wishes = Wishes { name: estate_name(target, &files[0]), grouping };
            let imported = import::kea(first, loaded, &mut |name, from| include(name, from), &wishes)
                .map_err(ImportError::Malformed)?;
            finish(global, target, imported, begun)
        }
        ImportSource::Csv {
            sites,
            subnets,
            reservations,
            exclusions,
            options,
            mapping,
            delimiter,
            target,
        } => {
            writable(target)?;
            let named = [
                (Kind::Sites, sites),
                (Kind::Subnets, subnets),
                (Kind::Reservations, reservations),
                (Kind::Exclusions, exclusions),
                (Kind::Options, options),
            ];
            let mut files = Vec::new();
            for (kind, path) in named.iter().filter_map(|(kind, path)| Some((*kind, path.as_ref()?))) {
                files.push((kind, load(path)?));
            }
            let imported = tables(&files, mapping.as_deref(), delimiter.as_deref(), target)?;
            finish(global, target, imported, begun)
        }
    }
}

fn tables(
    files: &[(Kind, Loaded)],
    mapping: Option<&Path>,
    delimiter: Option<&str>,
    target: &ImportTarget,
) -> Result<Imported, ImportError> {
    let first = files.first().ok_or(ImportError::NoTable)?;
    let mut columns = match mapping {
        Some(path) => Mapping::read(&load(path)?).map_err(ImportError::Malformed)?,
        None => Mapping::default(),
    };
    if let Some(text) = delimiter {
        columns.delimiter = tables::delimiter(text).ok_or_else(|| ImportError::Delimiter(text.to_owned()))?;
    }
    let wishes = Wishes { name: estate_name(target, Path::new(&first.1.name)), grouping: Grouping::Auto };
    tables::csv(files, &columns, &wishes).map_err(ImportError::Malformed)
}

/// The name that was asked for, else that of the file.
fn estate_name(target: &ImportTarget, file: &Path) -> String {
    let stem = || file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let name = target.estate.clone().or_else(stem).unwrap_or_default();
    let name: String = name.chars().filter(|c| !c.is_control()).take(120).collect();
    if name.trim().is_empty() { "imported".to_owned() } else { name }
}

fn writable(target: &ImportTarget) -> Result<(), ImportError> {
    let path = || target.output.clone();
    let mut entries = match fs::read_dir(&target.output) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(ImportError::NotAFolder(path()));
        }
        Err(error) => return Err(ImportError::Folder { path: path(), error }),
    };
    if entries.next().is_some() && !target.overwrite {
        return Err(ImportError::NotEmpty(path()));
    }
    Ok(())
}

fn load(path: &Path) -> Result<Loaded, ImportError> {
    let unreadable = |error| ImportError::Unreadable { path: path.to_owned(), error };
    // Opening a pipe that nobody writes to would wait for ever.
    let found = fs::metadata(path).map_err(unreadable)?;
    if !found.is_file() {
        return Err(ImportError::NotAFile(path.to_owned()));
    }
    if found.len() > BYTES_MAX as u64 {
        return Err(ImportError::TooLarge(path.to_owned()));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    // It may have grown meanwhile.
    file.take(BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    let identity = fs::canonicalize(path).map_err(unreadable)?.to_string_lossy().into_owned();
    Ok(Loaded { identity, name: path.to_string_lossy().into_owned(), bytes })
}

/// An included file: as Kea finds it, from where the program was started; else from the folder of the file it stands in.
fn include(name: &str, from: &str) -> Result<Loaded, String> {
    let beside = Path::new(from).parent().map(|folder| folder.join(name));
    let candidates = [Some(PathBuf::from(name)), beside];
    let found = candidates.iter().flatten().find(|path| path.exists());
    let path = found.cloned().unwrap_or_else(|| PathBuf::from(name));
    load(&path).map_err(|error| match error {
        ImportError::Unreadable { error, .. } => reason(&error),
        ImportError::NotAFile(_) => "it is no regular file".to_owned(),
        ImportError::TooLarge(_) => "it is larger than any configuration".to_owned(),
        error => error.to_string(),
    })
}

fn finish(global: &Global, target: &ImportTarget, imported: Imported, begun: Instant) -> Result<u8, Failure> {
    let Imported { files, items } = imported;
    let prefix = format!("{}/", target.output.display().to_string().trim_end_matches('/'));
    let sources = Sources::new(prefix, files);
    let mut compilation = leasehold_compiler::check(&sources, &mut Cache::none(), day(global)?);
    judge(global, &mut compilation.diagnostics);
    write(&target.output, &sources)?;
    let counted = listing::counts(&items);
    tell(global, target, &sources, &compilation, &items)?;
    if !global.quiet {
        let (counts, seconds) = (counts(&compilation), seconds(begun));
        let verdict = verdict(diag::summary(&compilation.diagnostics));
        let into = target.output.display();
        say(&format!("imported {counts} into {into} in {seconds}: {}; {verdict}", losses(counted)));
    }
    let lost = counted.lost > 0 && !target.allow_loss;
    let code = if lost || !compilation.is_sound() { FINDINGS } else { CLEAN };
    leave(compilation, sources);
    Ok(code)
}

fn losses(counts: Counts) -> String {
    let Counts { lost, changed, settings, idle } = counts;
    let lost =
        if lost == 0 { "nothing lost".to_owned() } else { format!("{} not carried", count(lost, "thing")) };
    format!("{lost}, {changed} changed, {settings} for the server's settings, {idle} left out")
}

fn write(folder: &Path, sources: &Sources) -> Result<(), Failure> {
    let failed = |error| ImportError::Folder { path: folder.to_owned(), error };
    fs::create_dir_all(folder).map_err(failed)?;
    for (_, file) in sources.iter() {
        replace(&folder.join(&file.path), &file.bytes)?;
    }
    Ok(())
}

/// The list, and what the check found in the estate.
fn tell(
    global: &Global,
    target: &ImportTarget,
    sources: &Sources,
    compilation: &Compilation,
    items: &[Item],
) -> Result<(), Failure> {
    let json = target.json || global.format == Format::Json;
    if !json {
        if !global.quiet {
            print(listing::human(items, global.max_findings).as_bytes())?;
        }
        return report(global, sources, &compilation.diagnostics, Channel::Output);
    }
    let findings = diag::json(sources, &compilation.diagnostics, diag::summary(&compilation.diagnostics));
    let findings: serde_json::Value = serde_json::from_str(&findings).unwrap_or_default();
    let document = serde_json::json!({
        "version": 1,
        "files": sources.iter().map(|(id, _)| sources.display_path(id)).collect::<Vec<_>>(),
        "counts": listing::counts(items),
        "items": items,
        "check": findings,
    });
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    print(text.as_bytes()).map_err(OutputError::into)
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ImportError::Unreadable { path, error } => {
                write!(f, "cannot read {}: {}; check the name", path.display(), reason(error))
            }
            ImportError::NotAFile(path) => {
                write!(f, "cannot read {}: it is no regular file; name a configuration", path.display())
            }
            ImportError::TooLarge(path) => write!(
                f,
                "{} is larger than any configuration, over {} MiB; name the right file",
                path.display(),
                BYTES_MAX >> 20
            ),
            ImportError::Malformed(fault) => write!(f, "{fault}"),
            ImportError::NoTable => f.write_str("name at least one table, such as `--subnets FILE`"),
            ImportError::Delimiter(text) => {
                write!(
                    f,
                    "`--delimiter {}` is no delimiter; give one ASCII character, or `tab`",
                    text.escape_debug()
                )
            }
            ImportError::NotEmpty(path) => write!(
                f,
                "{} is not empty; name a new folder, or say `--overwrite` to replace files of the same name",
                path.display()
            ),
            ImportError::NotAFolder(path) => write!(f, "{} is a file; name a folder", path.display()),
            ImportError::Folder { path, error } => {
                write!(f, "cannot write into {}: {}; check its rights", path.display(), reason(error))
            }
        }
    }
}
