//! One side of a comparison: what an estate means, taken from its files or from its artefact.

use std::collections::{BTreeMap, BTreeSet};

use leasehold_schemas::artefact::{self, ArtefactError, Digest, FORMAT, decode};
use leasehold_schemas::source::FileId;
use leasehold_schemas::vocab::{ClassName, OptionCode, SiteCode, Space};

use crate::diag::Severity;
use crate::model::Definition;
use crate::source::{ESTATE_PATH, SourceFile, Sources};
use crate::{Compilation, lower};

/// What an estate means, and how it is shown.
#[derive(Clone, Debug)]
pub struct Effective {
    /// How the command named it.
    pub source: String,
    /// Inheritance applied; of an estate with errors, as far as it can be read.
    pub estate: artefact::Estate,
    /// The digest of its artefact; `None` where errors leave nothing to compile.
    pub digest: Option<Digest>,
    /// The artefact's format.
    pub format: u32,
    /// Errors in it.
    pub errors: u32,
    /// Class expressions as written, where there are files.
    pub(super) expressions: BTreeMap<ClassName, String>,
    /// What it calls its own options.
    pub(super) definitions: BTreeMap<(Space, OptionCode), Definition>,
    /// What of its files is not in it.
    pub(super) unread: Unread,
}

/// Files that are too broken to say anything.
#[derive(Clone, Debug, Default)]
pub(super) struct Unread {
    /// `estate.yaml`, on which everything depends.
    pub estate: bool,
    /// Site files, by their paths below the estate's folder.
    pub sites: BTreeSet<String>,
    /// Where the sites that could be read are said.
    paths: BTreeMap<SiteCode, String>,
}

impl Unread {
    fn of(sources: &Sources, model: &crate::model::Estate) -> Unread {
        let place = |site: &crate::model::Site| site.code.span.file;
        let read: BTreeSet<FileId> = model.sites.values().map(place).collect();
        let is_unread =
            |(file, source): &(FileId, &SourceFile)| source.path != ESTATE_PATH && !read.contains(file);
        let sites = sources.iter().filter(is_unread).map(|(_, source)| source.path.clone());
        let paths = model.sites.values();
        let paths = paths.map(|site| (site.code.value.clone(), sources.file(place(site)).path.clone()));
        Unread { estate: model.scope.is_none(), sites: sites.collect(), paths: paths.collect() }
    }
}

impl Effective {
    /// Of files. Takes the artefact out of the compilation, if there is one.
    pub fn of_files(
        source: impl Into<String>,
        sources: &Sources,
        compilation: &mut Compilation,
    ) -> Effective {
        let errors = compilation.diagnostics.iter().filter(|finding| finding.severity == Severity::Error);
        let errors = u32::try_from(errors.count()).unwrap_or(u32::MAX);
        let model = &compilation.estate;
        let text = |class: &crate::model::Class| {
            let span = class.test.as_ref()?.span;
            let bytes = sources.file(span.file).bytes.get(span.start as usize..span.end as usize)?;
            Some((class.name.value.clone(), one_line(&String::from_utf8_lossy(bytes))))
        };
        let expressions = model.classes.values().filter_map(text).collect();
        let own = model.definitions.values().filter(|definition| definition.span.is_some());
        let mut definitions = BTreeMap::new();
        for definition in own {
            definitions.entry((definition.space, definition.code)).or_insert_with(|| definition.clone());
        }
        let (estate, digest) = match compilation.artefact.take() {
            Some(artefact) => (artefact.estate, Some(artefact.digest)),
            None => (lower::effective(model), None),
        };
        let source = source.into();
        let unread = Unread::of(sources, model);
        Effective { source, estate, digest, format: FORMAT, errors, expressions, definitions, unread }
    }

    /// Of an artefact's bytes.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    pub fn of_artefact(source: impl Into<String>, bytes: &[u8]) -> Result<Effective, ArtefactError> {
        let (estate, digest) = decode(bytes)?;
        Ok(Effective {
            source: source.into(),
            estate,
            digest: Some(digest),
            format: FORMAT,
            errors: 0,
            expressions: BTreeMap::new(),
            definitions: BTreeMap::new(),
            unread: Unread::default(),
        })
    }

    /// Without the sites that the other side may have in a file that cannot be read: it does not say that they are
    /// gone. `None`: every site may be compared.
    pub(super) fn without_unread(&self, other: &Effective) -> Option<Effective> {
        if other.unread.sites.is_empty() {
            return None;
        }
        let there: BTreeSet<&SiteCode> = other.estate.sites.iter().map(|site| &site.code).collect();
        let unread = |code: &SiteCode| {
            let path = self.unread.paths.get(code);
            !there.contains(code) && path.is_none_or(|path| other.unread.sites.contains(path))
        };
        let mut side = self.clone();
        side.estate.sites.retain(|site| !unread(&site.code));
        Some(side)
    }
}

/// A text with every run of blanks made one, and a block scalar's mark or quotes left out.
fn one_line(text: &str) -> String {
    let text = text.trim();
    let text = match text.as_bytes() {
        [b'|' | b'>', ..] => text.split_once('\n').map_or("", |(_, block)| block),
        [b'"', .., b'"'] if text.len() > 1 => &text[1..text.len() - 1],
        _ => text,
    };
    text.split_whitespace().collect::<Vec<&str>>().join(" ")
}
