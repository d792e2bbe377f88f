//! Cases on disk: a folder each, named by what it shows.
#![expect(clippy::disallowed_methods, reason = "the harness reads cases from disk")]

use std::fs;
use std::path::{Path, PathBuf};

use leasehold_compiler::source::{SourceFile, Sources};
use leasehold_schemas::vocab::Date;

/// One case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Case {
    /// The folder's name.
    pub name: String,
    /// The folder.
    pub folder: PathBuf,
}

impl Case {
    /// The estate in the folder: every `*.yaml` below it.
    pub fn estate(&self) -> Sources {
        estate(&self.folder)
    }
}

/// The day on which every case is checked.
pub fn today() -> Date {
    Date::new(2026, 11, 1).expect("the calendar has this day")
}

/// The root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("golden-tests lies in the repository").to_owned()
}

/// The cases of a kind: the folders below `cases/KIND/`, in the order of their names.
///
/// # Panics
/// If there is none: a test over no cases would say nothing.
pub fn find(kind: &str) -> Vec<Case> {
    let root = repository().join("golden-tests/cases").join(kind);
    let entries = fs::read_dir(&root).unwrap_or_else(|why| panic!("{}: {why}", root.display()));
    let mut cases: Vec<Case> = entries
        .map(|entry| entry.expect("the repository can be read").path())
        .filter(|path| path.is_dir())
        .map(|folder| Case { name: file_name(&folder), folder })
        .collect();
    cases.sort();
    assert!(!cases.is_empty(), "{} has no cases", root.display());
    cases
}

/// The estate in a folder: every `*.yaml` below it, with the paths a user in that folder sees.
pub fn estate(folder: &Path) -> Sources {
    let mut files = Vec::new();
    read(folder, folder, &mut files);
    Sources::new("", files)
}

fn read(root: &Path, folder: &Path, files: &mut Vec<SourceFile>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|why| panic!("{}: {why}", folder.display())) {
        let path = entry.expect("the repository can be read").path();
        if path.is_dir() {
            read(root, &path, files);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            let bytes = fs::read(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
            let path = path.strip_prefix(root).expect("it was found below the root");
            let path = path.to_str().expect("cases have UTF-8 names").replace('\\', "/");
            files.push(SourceFile { path, bytes });
        }
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().expect("entries have names").to_string_lossy().into_owned()
}
