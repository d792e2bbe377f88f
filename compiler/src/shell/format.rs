//! `leasehold fmt`: the files around [`leasehold_compiler::format`].
//!
//! Invariant: a file is written whole or not at all, and only if it still is what was read; one that cannot be read is
//! reported as `check` reports it, and left alone.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use leasehold_compiler::diag::Diagnostic;
use leasehold_compiler::format::{Unformattable, difference, format as lay_out};
use leasehold_compiler::grammar::Document;
use leasehold_compiler::parse::limits::{self, FILE_BYTES_MAX};
use leasehold_compiler::source::{ESTATE_PATH, SourceFile, Sources};
use leasehold_schemas::source::FileId;
use rayon::prelude::*;

use super::arguments::{FormatOptions, Global};
use super::check::{refuse, start_threads};
use super::fix::is_link;
use super::folder::{self, FolderError};
use super::output::{print, replace, say};
use super::report::{Channel, count, report};
use super::{CLEAN, FAILED, FINDINGS, Failure};

/// What became of a file.
enum Outcome {
    Unchanged,
    Changed(Vec<u8>),
    Faulty(Vec<Diagnostic>),
    Unsure,
}

/// Formats files, or says which are not formatted.
pub(super) fn format(global: &Global, options: &FormatOptions) -> Result<u8, Failure> {
    start_threads(global)?;
    if options.paths == [Path::new("-")] {
        return standard_input(global, options);
    }
    let (sources, documents) = gather(&options.paths)?;
    if let Some(finding) = limits::too_many_files(&sources) {
        return refuse(global, &sources, finding, Channel::Output);
    }
    let outcomes = outcomes(&sources, &documents);
    let mut faults = Vec::new();
    let (mut changed, mut faulty, mut unsure) = (0, 0, 0);
    for ((_, file), outcome) in sources.iter().zip(outcomes) {
        match outcome {
            Outcome::Unchanged => {}
            Outcome::Changed(bytes) => {
                changed += 1;
                change(options, file, &bytes)?;
            }
            Outcome::Faulty(found) => {
                faulty += 1;
                faults.extend(found);
            }
            Outcome::Unsure => {
                unsure += 1;
                say(&format!(
                    "leasehold: {} is left as it is: laid out anew it would not say the same, which is a fault of this \
                     program; please report it with the file",
                    file.path
                ));
            }
        }
    }
    if !faults.is_empty() {
        report(global, &sources, &faults, Channel::Output)?;
    }
    if !global.quiet {
        say(&verdict(options, sources.len(), changed, faulty));
    }
    let differs = options.only_looks() && changed > 0;
    Ok(if unsure > 0 {
        FAILED
    } else if faulty > 0 || differs {
        FINDINGS
    } else {
        CLEAN
    })
}

fn verdict(options: &FormatOptions, files: usize, changed: usize, faulty: usize) -> String {
    let verb = if options.only_looks() { "would change" } else { "changed" };
    let rest = if faulty > 0 { format!("; {} cannot be read", count(faulty, "file")) } else { String::new() };
    match changed {
        0 => format!("looked at {}: nothing to change{rest}", count(files, "file")),
        _ => format!("looked at {}: {} {verb}{rest}", count(files, "file"), count(changed, "file")),
    }
}

/// From standard input to standard output, for editors and hooks.
fn standard_input(global: &Global, options: &FormatOptions) -> Result<u8, Failure> {
    let mut bytes = Vec::new();
    let limit = FILE_BYTES_MAX as u64 + 1;
    let read = io::stdin().lock().take(limit).read_to_end(&mut bytes);
    let name = PathBuf::from("standard input");
    read.map_err(|error| FolderError::Unreadable { path: name.clone(), error })?;
    let file = SourceFile { path: name.display().to_string(), bytes };
    // Only `estate.yaml` has this key.
    let is_estate = file.bytes.split(|octet| *octet == b'\n').any(|line| line.starts_with(b"estate:"));
    let document = if is_estate { Document::Estate } else { Document::Site };
    let sources = Sources::new("", vec![file]);
    let file = sources.file(FileId(0));
    match outcome(document, FileId(0), &file.bytes) {
        Outcome::Unchanged if options.only_looks() => Ok(CLEAN),
        Outcome::Unchanged => print(&file.bytes).map(|()| CLEAN).map_err(Failure::from),
        Outcome::Changed(bytes) if options.only_looks() => change(options, file, &bytes).map(|()| FINDINGS),
        Outcome::Changed(bytes) => print(&bytes).map(|()| CLEAN).map_err(Failure::from),
        Outcome::Faulty(faults) => report(global, &sources, &faults, Channel::Error).map(|()| FINDINGS),
        Outcome::Unsure => {
            say(
                "leasehold: laid out anew the text would not say the same, which is a fault of this program; please report it",
            );
            Ok(FAILED)
        }
    }
}

/// The files that are meant, each by the path that people see, and what kind of file each is. Links inside a folder are left
/// out: what they lead to is formatted under its own name, or is none of this estate's.
fn gather(paths: &[PathBuf]) -> Result<(Sources, BTreeMap<String, Document>), Failure> {
    let default = [folder::default_folder()];
    let paths = if paths.is_empty() { &default[..] } else { paths };
    let (mut files, mut documents) = (Vec::new(), BTreeMap::new());
    for path in paths {
        if !fs::metadata(path).is_ok_and(|named| named.is_dir()) {
            let file =
                SourceFile { path: path.to_string_lossy().into_owned(), bytes: folder::read_file(path)? };
            let is_estate = path.file_name().is_some_and(|name| name == ESTATE_PATH);
            let document = if is_estate { Document::Estate } else { Document::Site };
            documents.entry(file.path.clone()).or_insert(document);
            files.push(file);
            continue;
        }
        let estate = folder::read(path)?;
        for (id, file) in estate.iter().filter(|(_, file)| !is_link(&path.join(&file.path))) {
            let shown = estate.display_path(id);
            documents.insert(shown.clone(), Document::of(&file.path));
            files.push(SourceFile { path: shown, bytes: file.bytes.clone() });
        }
    }
    Ok((Sources::new("", files), documents))
}

fn outcomes(sources: &Sources, documents: &BTreeMap<String, Document>) -> Vec<Outcome> {
    let files: Vec<(FileId, &SourceFile)> = sources.iter().collect();
    let of = |(id, file): &(FileId, &SourceFile)| {
        let document = documents.get(&file.path).copied().unwrap_or(Document::Site);
        outcome(document, *id, &file.bytes)
    };
    files.par_iter().map(of).collect()
}

fn outcome(document: Document, file: FileId, bytes: &[u8]) -> Outcome {
    match lay_out(document, file, bytes) {
        Ok(formatted) if formatted == bytes => Outcome::Unchanged,
        Ok(formatted) => Outcome::Changed(formatted),
        Err(Unformattable::Faulty(faults)) => Outcome::Faulty(faults),
        Err(Unformattable::Unsure) => Outcome::Unsure,
    }
}

/// Writes a file that is laid out anew, or shows that it would be.
fn change(options: &FormatOptions, file: &SourceFile, formatted: &[u8]) -> Result<(), Failure> {
    if options.diff {
        let (before, after) = (String::from_utf8_lossy(&file.bytes), String::from_utf8_lossy(formatted));
        return Ok(print(difference(&file.path, &before, &after).as_bytes())?);
    }
    if options.check {
        return Ok(print(format!("{}\n", file.path.replace(char::is_control, " ")).as_bytes())?);
    }
    let path = Path::new(&file.path);
    if !fs::read(path).is_ok_and(|bytes| bytes == file.bytes) {
        return Err(Failure::ChangedMeanwhile(path.to_owned()));
    }
    Ok(replace(path, formatted)?)
}
