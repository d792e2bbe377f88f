//! The compiler: YAML text to artefact, in phases that never stop at the first fault.
//!
//! text -> [`parse`] -> [`decode`] -> [`model`] -> [`resolve`] -> [`mod@check`] -> [`lower`] -> [`emit`]. Every
//! phase is a pure function over files in memory; the program around this library reads and writes.

pub mod baseline;
pub mod check;
pub mod decode;
pub mod diag;
pub mod editor;
pub mod emit;
pub mod fix;
pub mod format;
pub mod grammar;
pub mod import;
pub mod lower;
pub mod model;
pub mod parse;
pub mod plan;
mod reading;
pub mod report;
pub mod resolve;
pub mod source;
pub mod why;

#[cfg(test)]
mod tests;

use leasehold_schemas::artefact::{self, Digest};
use leasehold_schemas::vocab::Date;
use rayon::prelude::*;

use check::{Checked, Strictness};
use diag::{Diagnostic, Severity};
use lower::{Counts, Origins};
use resolve::Resolved;
use source::Sources;

pub use reading::Cache;

/// What compiling an estate gave.
#[derive(Debug)]
pub struct Compilation {
    /// Every finding that is not silenced, by file, offset and code.
    pub diagnostics: Vec<Diagnostic>,
    /// The estate as far as it could be read.
    pub estate: model::Estate,
    /// What a server loads; nothing if there is an error, or if it was not asked for.
    pub artefact: Option<Artefact>,
}

/// A compiled estate.
#[derive(Debug)]
pub struct Artefact {
    /// The bytes of the file.
    pub bytes: Vec<u8>,
    /// Their digest.
    pub digest: Digest,
    /// What they say.
    pub estate: artefact::Estate,
}

impl Compilation {
    /// Whether nothing is so wrong that it cannot be compiled.
    pub fn is_sound(&self) -> bool {
        self.diagnostics.iter().all(|finding| finding.rule.severity != Severity::Error)
    }

    /// How many places of each kind the estate has.
    pub fn counts(&self) -> Counts {
        Counts::of(&self.estate)
    }

    /// Who said what: for `why`, and whoever else must name the line behind a value.
    pub fn origins(&self) -> Origins<'_> {
        Origins::new(&self.estate)
    }
}

/// All phases but the last two: every fault of the estate. `today` decides only whether an `until:` is over.
///
/// The sources have at least one file: without one there is no place at which anything could be said.
pub fn check(sources: &Sources, cache: &mut Cache, today: Date) -> Compilation {
    run(sources, cache, today, None)
}

/// All phases: every fault, and the artefact if none is an error. The bytes depend on what the estate says and on
/// nothing else: not on `today`, the names and order of files, or the number of threads.
pub fn compile(sources: &Sources, cache: &mut Cache, today: Date) -> Compilation {
    run(sources, cache, today, Some(Strictness::Serve))
}

/// The same, but an error that `allow:` can silence does not keep the artefact back: what is answered in spite of it
/// can be explained. No server is to load it.
pub fn compile_to_explain(sources: &Sources, cache: &mut Cache, today: Date) -> Compilation {
    run(sources, cache, today, Some(Strictness::Explain))
}

/// All phases for estates that are compared, side by side, what they have in common once. The artefacts are not proved by
/// decoding them again: their digests are wanted, and no server is to load them.
pub fn compile_to_compare(sources: &[&Sources], cache: &mut Cache, today: Date) -> Vec<Compilation> {
    let mut documents = Vec::new();
    let mut sides = Vec::new();
    for sources in sources {
        let read = cache.read(sources);
        let resolved = resolve::resolve(sources, &read);
        cache.keep(sources, &resolved);
        documents.push(read);
        sides.push((resolved.whole(), resolved));
    }
    let compile = |((estate, resolved), sources): (&(model::Estate, Resolved), &&Sources)| {
        let (mut diagnostics, checked) = check::check(resolved, estate, today, Strictness::Serve);
        fix::propose_removals(sources, &mut diagnostics);
        (diagnostics, checked.map(|checked| build(checked, emit::encode)))
    };
    let compiled: Vec<(Vec<Diagnostic>, Option<Artefact>)> =
        sides.par_iter().zip(sources).map(compile).collect();
    let estates = sides.into_iter().map(|(estate, _)| estate);
    let compilation = |((diagnostics, artefact), estate)| Compilation { diagnostics, estate, artefact };
    compiled.into_iter().zip(estates).map(compilation).collect()
}

fn run(sources: &Sources, cache: &mut Cache, today: Date, wanted: Option<Strictness>) -> Compilation {
    let documents = cache.read(sources);
    let resolved = resolve::resolve(sources, &documents);
    let estate = resolved.whole();
    // Documents are large, and freeing them takes as long as a phase.
    let ((), (diagnostics, artefact)) = rayon::join(
        || drop(documents),
        || {
            let (mut diagnostics, checked) =
                check::check(&resolved, &estate, today, wanted.unwrap_or(Strictness::Serve));
            fix::propose_removals(sources, &mut diagnostics);
            let checked = checked.filter(|_| wanted.is_some());
            (diagnostics, checked.map(|checked| build(checked, emit::emit)))
        },
    );
    cache.keep(sources, &resolved);
    Compilation { diagnostics, estate, artefact }
}

fn build(checked: Checked<'_>, emit: fn(&mut artefact::Estate) -> (Vec<u8>, Digest)) -> Artefact {
    let (mut estate, _) = lower::lower(checked);
    let (bytes, digest) = emit(&mut estate);
    Artefact { bytes, digest, estate }
}
