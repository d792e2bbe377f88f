//! Files to documents: parsing and decoding, one file a task, remembered by content.
//!
//! Invariant: what a file gives depends on its place in the list, its role and its bytes alone; so a remembered
//! result is as good as a new one, and the number of threads changes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use leasehold_schemas::source::{EstateFile, FileId, SiteFile, Span};
use rayon::prelude::*;

use crate::check::rules::form::missing_estate;
use crate::check::rules::secret::secret_in_estate;
use crate::decode;
use crate::diag::{Diagnostic, Sink};
use crate::parse;
use crate::source::{SourceFile, Sources};

/// The path of the file that holds what is common; every other file is a site.
const ESTATE_PATH: &str = "estate.yaml";

/// What earlier compilations read. Whoever compiles again and again (an editor, `watch`) keeps one, and a file that
/// did not change is not read again.
#[derive(Debug)]
pub struct Cache {
    remembers: bool,
    files: BTreeMap<FileId, Remembered>,
}

#[derive(Debug)]
struct Remembered {
    bytes: Vec<u8>,
    is_estate: bool,
    reading: Arc<Reading>,
}

/// What one file gave.
#[derive(Debug)]
struct Reading {
    document: Document,
    findings: Vec<Diagnostic>,
    secrets: Vec<Diagnostic>,
}

#[derive(Debug)]
enum Document {
    Estate(Option<EstateFile>),
    Site(Option<SiteFile>),
}

impl Default for Cache {
    fn default() -> Cache {
        Cache { remembers: true, files: BTreeMap::new() }
    }
}

/// The documents of an estate, files in order.
#[derive(Debug)]
pub struct Documents {
    readings: Vec<Arc<Reading>>,
    /// A folder without `estate.yaml`.
    missing: Option<Diagnostic>,
}

impl Cache {
    /// For who compiles once: remembers nothing, and so copies nothing.
    pub fn none() -> Cache {
        Cache { remembers: false, files: BTreeMap::new() }
    }

    /// Reads every file, or remembers it.
    pub(crate) fn read(&mut self, sources: &Sources) -> Documents {
        let files: Vec<(FileId, &SourceFile)> = sources.iter().collect();
        let reading = |(id, file): &(FileId, &SourceFile)| {
            self.recall(*id, file).unwrap_or_else(|| Arc::new(read(*id, file)))
        };
        let readings: Vec<Arc<Reading>> = files.par_iter().map(reading).collect();
        if self.remembers {
            self.files = files
                .iter()
                .zip(&readings)
                .map(|((id, file), reading)| (*id, remember(file, reading)))
                .collect();
        }
        let has_estate = files.iter().any(|(_, file)| file.path == ESTATE_PATH);
        let missing = files.first().filter(|_| !has_estate).map(|(id, _)| {
            let span = Span { file: *id, start: 0, end: 0 };
            let message = format!("there is no `{ESTATE_PATH}`");
            Diagnostic::new(&missing_estate::RULE, span, message, "the folder of this file has no estate")
                .with_help(format!("name the folder in which `{ESTATE_PATH}` is, or write one"))
        });
        Documents { readings, missing }
    }

    fn recall(&self, id: FileId, file: &SourceFile) -> Option<Arc<Reading>> {
        let known = self.files.get(&id)?;
        let same = known.is_estate == (file.path == ESTATE_PATH) && known.bytes == file.bytes;
        same.then(|| Arc::clone(&known.reading))
    }
}

fn remember(file: &SourceFile, reading: &Arc<Reading>) -> Remembered {
    Remembered {
        bytes: file.bytes.clone(),
        is_estate: file.path == ESTATE_PATH,
        reading: Arc::clone(reading),
    }
}

fn read(id: FileId, file: &SourceFile) -> Reading {
    let mut sink = Sink::default();
    let tree = parse::parse(id, &file.bytes, &mut sink);
    let document = if file.path == ESTATE_PATH {
        Document::Estate(decode::estate(&tree, &mut sink))
    } else {
        Document::Site(decode::site(&tree, &mut sink))
    };
    let secrets = secret_in_estate::find(&file.bytes, &tree);
    Reading { document, findings: sink.into_sorted(), secrets }
}

impl Documents {
    /// `estate.yaml`, unless it is missing or broken.
    pub fn estate(&self) -> Option<&EstateFile> {
        self.readings.iter().find_map(|reading| match &reading.document {
            Document::Estate(file) => file.as_ref(),
            Document::Site(_) => None,
        })
    }

    /// Sites in the order of their files.
    pub fn sites(&self) -> impl Iterator<Item = &SiteFile> {
        self.readings.iter().filter_map(|reading| match &reading.document {
            Document::Site(file) => file.as_ref(),
            Document::Estate(_) => None,
        })
    }

    /// Whether a file did not parse, or lacks what makes it a site or the estate, or is not there.
    pub fn is_incomplete(&self) -> bool {
        self.missing.is_some()
            || self.readings.iter().any(|reading| match &reading.document {
                Document::Site(file) => file.is_none(),
                Document::Estate(file) => file.is_none(),
            })
    }

    /// Values that look like secrets: faults, but nothing is missing because of them.
    pub fn secrets(&self) -> impl Iterator<Item = &Diagnostic> {
        self.readings.iter().flat_map(|reading| &reading.secrets)
    }

    /// What reading found.
    pub fn findings(&self) -> impl Iterator<Item = &Diagnostic> {
        self.missing.iter().chain(self.readings.iter().flat_map(|reading| &reading.findings))
    }
}
