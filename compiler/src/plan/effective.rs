//! One side of a comparison: what an estate means, taken from its files or from its artefact.

use std::collections::BTreeMap;

use leasehold_schemas::artefact::{self, ArtefactError, Digest, FORMAT, decode};
use leasehold_schemas::vocab::{ClassName, OptionCode, Space};

use crate::diag::Severity;
use crate::model::Definition;
use crate::source::Sources;
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
        Effective { source, estate, digest, format: FORMAT, errors, expressions, definitions }
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
        })
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
