//! `check --fix`: the files around [`leasehold_compiler::fix`].
//!
//! Invariant: only regular files below the estate's folder are changed, each as a whole or not at all, and only if
//! they still are what was read.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use leasehold_compiler::fix::{self, Applied};
use leasehold_compiler::source::Sources;
use leasehold_schemas::source::FileId;
use leasehold_schemas::vocab::Date;

use super::Failure;
use super::arguments::Global;
use super::output::{replace, say};
use super::report::count;

/// Fixes what can safely be fixed, and says what that was.
pub(super) fn fix(global: &Global, folder: &Path, sources: Sources, today: Date) -> Result<Sources, Failure> {
    let links: BTreeSet<FileId> =
        sources.iter().filter(|(_, file)| is_link(&folder.join(&file.path))).map(|(id, _)| id).collect();
    let read = sources.clone();
    let fixed = fix::fix(sources, today, |file| !links.contains(&file));
    for &id in &fixed.changed {
        let path = folder.join(&fixed.sources.file(id).path);
        let same = fs::read(&path).is_ok_and(|bytes| bytes == read.file(id).bytes);
        if is_link(&path) || !same {
            return Err(Failure::ChangedMeanwhile(path));
        }
        replace(&path, &fixed.sources.file(id).bytes)?;
    }
    if !global.quiet && !fixed.applied.is_empty() {
        tell(global, &fixed.applied, fixed.changed.len());
    }
    Ok(fixed.sources)
}

/// A link leads somewhere else, or to a file that is fixed under its own name.
pub(super) fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|file| file.is_symlink())
}

fn tell(global: &Global, applied: &[Applied], files: usize) {
    let shown = if global.max_findings == 0 { applied.len() } else { global.max_findings };
    for Applied { rule, path, line, title, before, after } in applied.iter().take(shown) {
        let line = format!("fixed[{}] {path}:{line}: {title}", rule.code);
        say(&line.replace(char::is_control, " "));
        before.lines().for_each(|line| say(&format!("  - {line}")));
        after.lines().for_each(|line| say(&format!("  + {line}")));
    }
    if applied.len() > shown {
        say(&format!("and {} more", applied.len() - shown));
    }
    say(&format!("fixed {} in {}", count(applied.len(), "finding"), count(files, "file")));
}
