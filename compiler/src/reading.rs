//! Files to documents: parsing and decoding, one file a task; and what is remembered of them and of what follows.
//!
//! Invariant: what a file gives depends on its path and its bytes alone, but for the places that it names, which are
//! moved when files come before it or go; and its part of the model depends on `estate.yaml` and its place besides. So what
//! is remembered is as good as new, and the number of threads changes nothing.

mod moved;

use std::collections::BTreeMap;
use std::sync::Arc;

use leasehold_schemas::source::{EstateFile, FileId, SiteFile, Span};
use rayon::prelude::*;

use crate::check::rules::form::missing_estate;
use crate::check::rules::secret::secret_in_estate;
use crate::decode;
use crate::diag::{Diagnostic, Sink};
use crate::parse;
use crate::resolve::{Base, Part, Resolved};
use crate::source::{ESTATE_PATH, SourceFile, Sources};
use moved::Moved;

/// What earlier compilations read and found. Whoever compiles again and again (an editor, `watch`) keeps one: a file that
/// did not change is neither read nor resolved again, and rules that look at one site alone are not asked again.
#[derive(Debug)]
pub struct Cache {
    remembers: bool,
    files: BTreeMap<String, Remembered>,
    base: Option<Arc<Base>>,
}

/// A file by its path.
#[derive(Debug)]
struct Remembered {
    id: FileId,
    bytes: Vec<u8>,
    reading: Arc<Reading>,
    before: Option<Before>,
}

/// A site's part of the model, and against what it was resolved.
#[derive(Clone, Debug)]
struct Before {
    base: Arc<Base>,
    number: u32,
    part: Arc<Part>,
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
        Cache { remembers: true, files: BTreeMap::new(), base: None }
    }
}

/// The documents of an estate, files in order.
#[derive(Debug)]
pub struct Documents {
    readings: Vec<(Arc<Reading>, Option<Before>)>,
    /// A folder without `estate.yaml`.
    missing: Option<Diagnostic>,
    /// What is common, where `estate.yaml` is as it was.
    base: Option<Arc<Base>>,
}

/// What reading a site's file gave, and the part of the model that it gave before.
#[derive(Clone, Copy, Debug)]
pub struct SiteReading<'a> {
    /// The site, unless the file is broken.
    pub document: Option<&'a SiteFile>,
    /// What reading found.
    pub findings: &'a [Diagnostic],
    before: Option<&'a Before>,
}

impl SiteReading<'_> {
    /// The part of this number that the same file gave before against the same base.
    pub fn remembered(&self, base: &Arc<Base>, number: u32) -> Option<Arc<Part>> {
        let same = |before: &&Before| before.number == number && Arc::ptr_eq(&before.base, base);
        self.before.filter(same).map(|before| Arc::clone(&before.part))
    }
}

impl Cache {
    /// For who compiles once: remembers nothing, and so copies nothing.
    pub fn none() -> Cache {
        Cache { remembers: false, files: BTreeMap::new(), base: None }
    }

    /// Reads every file, or remembers it.
    pub(crate) fn read(&mut self, sources: &Sources) -> Documents {
        let files: Vec<(FileId, &SourceFile)> = sources.iter().collect();
        let recalled = |(_, file): &(FileId, &SourceFile)| {
            self.files.get(&file.path).filter(|known| known.bytes == file.bytes)
        };
        let reading = |entry: &(FileId, &SourceFile)| match recalled(entry) {
            Some(known) if known.id == entry.0 => (Arc::clone(&known.reading), known.before.clone()),
            Some(known) => match known.reading.moved_to(entry.0) {
                Some(moved) => (Arc::new(moved), None),
                None => (Arc::new(read(entry.0, entry.1)), None),
            },
            None => (Arc::new(read(entry.0, entry.1)), None),
        };
        let readings: Vec<(Arc<Reading>, Option<Before>)> = files.par_iter().map(reading).collect();
        let estate = files.iter().find(|(_, file)| file.path == ESTATE_PATH);
        let base = estate
            .filter(|estate| recalled(estate).is_some_and(|known| known.id == estate.0))
            .and(self.base.clone());
        let missing = files.first().filter(|_| estate.is_none()).map(|(id, _)| {
            let span = Span { file: *id, start: 0, end: 0 };
            let message = format!("there is no `{ESTATE_PATH}`");
            Diagnostic::new(&missing_estate::RULE, span, message, "the folder of this file has no estate")
                .with_help(format!("name the folder in which `{ESTATE_PATH}` is, or write one"))
        });
        if self.remembers {
            self.remember(&files, &readings);
        }
        Documents { readings, missing, base }
    }

    fn remember(&mut self, files: &[(FileId, &SourceFile)], readings: &[(Arc<Reading>, Option<Before>)]) {
        let mut earlier = std::mem::take(&mut self.files);
        let remembered = files.iter().zip(readings).map(|((id, file), (reading, _))| {
            let known = earlier.remove_entry(&file.path);
            known.filter(|(_, known)| Arc::ptr_eq(&known.reading, reading)).unwrap_or_else(|| {
                let (bytes, reading) = (file.bytes.clone(), Arc::clone(reading));
                (file.path.clone(), Remembered { id: *id, bytes, reading, before: None })
            })
        });
        self.files = remembered.collect();
    }

    /// Remembers the parts of the model as well.
    pub(crate) fn keep(&mut self, sources: &Sources, resolved: &Resolved) {
        if !self.remembers {
            return;
        }
        self.base = Some(Arc::clone(&resolved.base));
        let sites = sources.iter().filter(|(_, file)| file.path != ESTATE_PATH);
        for (((_, file), part), number) in sites.zip(&resolved.parts).zip(1..) {
            if let Some(known) = self.files.get_mut(&file.path) {
                let (base, part) = (Arc::clone(&resolved.base), Arc::clone(part));
                known.before = Some(Before { base, number, part });
            }
        }
    }
}

fn read(id: FileId, file: &SourceFile) -> Reading {
    let mut sink = Sink::default();
    let tree = parse::parse(id, &file.bytes, &mut sink);
    let document = if file.path == ESTATE_PATH {
        Document::Estate(decode::estate(&tree, &mut sink))
    } else {
        Document::Site(decode::site(&file.path, &tree, &mut sink))
    };
    let secrets = secret_in_estate::find(&file.bytes, &tree);
    Reading { document, findings: sink.into_sorted(), secrets }
}

impl Reading {
    /// The same in another place. Of `estate.yaml` there is one, and everything is new where it moves: it is read again.
    fn moved_to(&self, file: FileId) -> Option<Reading> {
        let Reading { document, findings, secrets } = self;
        let Document::Site(site) = document else { return None };
        let (mut site, mut findings, mut secrets) = (site.clone(), findings.clone(), secrets.clone());
        site.move_to(file);
        findings.move_to(file);
        secrets.move_to(file);
        Some(Reading { document: Document::Site(site), findings, secrets })
    }
}

impl Documents {
    /// `estate.yaml`, unless it is missing or broken.
    pub fn estate(&self) -> Option<&EstateFile> {
        self.readings.iter().find_map(|(reading, _)| match &reading.document {
            Document::Estate(file) => file.as_ref(),
            Document::Site(_) => None,
        })
    }

    /// What reading `estate.yaml` found, or that it is missing.
    pub fn estate_findings(&self) -> impl Iterator<Item = &Diagnostic> {
        let read = self.readings.iter().filter_map(|(reading, _)| match &reading.document {
            Document::Estate(_) => Some(&reading.findings),
            Document::Site(_) => None,
        });
        self.missing.iter().chain(read.flatten())
    }

    /// What is common, if it is remembered.
    pub fn base(&self) -> Option<Arc<Base>> {
        self.base.clone()
    }

    /// Sites in the order of their files.
    pub fn sites(&self) -> impl Iterator<Item = SiteReading<'_>> {
        self.readings.iter().filter_map(|(reading, before)| match &reading.document {
            Document::Site(document) => {
                let (document, before) = (document.as_ref(), before.as_ref());
                Some(SiteReading { document, findings: &reading.findings, before })
            }
            Document::Estate(_) => None,
        })
    }

    /// Values that look like secrets: faults, but nothing is missing because of them.
    pub fn secrets(&self) -> impl Iterator<Item = &Diagnostic> {
        self.readings.iter().flat_map(|(reading, _)| &reading.secrets)
    }
}
