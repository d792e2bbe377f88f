//! The estate's files, found and read.
//!
//! Every `*.yaml` below the folder belongs to the estate, whatever its depth; hidden files and folders do not.
//! What cannot be read for certain stops the run: an estate with a site missing is another estate.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use leasehold_compiler::parse::limits::{FILE_BYTES_MAX, FILES_MAX};
use leasehold_compiler::source::{SourceFile, Sources};
use rayon::prelude::*;

use super::output::reason;

/// Why an estate's files could not be had.
#[derive(Debug)]
pub(crate) enum FolderError {
    /// The operating system refused.
    Unreadable { path: PathBuf, error: io::Error },
    /// The folder named is a file.
    NotAFolder(PathBuf),
    /// No `*.yaml` below the folder.
    Empty(PathBuf),
    /// A FIFO, socket or device with a site's name.
    NotAFile(PathBuf),
    /// A symbolic link to a folder: followed, it could lead in circles or out of the estate.
    LinkedFolder(PathBuf),
    /// `*.yml`, `*.YAML`: meant as a site, but not named like one.
    OtherSuffix(PathBuf),
    /// A file name that is not UTF-8 cannot be shown in a finding.
    NameNotUtf8(PathBuf),
}

/// The folder to read when none is named.
pub(crate) fn default_folder() -> PathBuf {
    let sites = PathBuf::from("sites");
    if sites.is_dir() { sites } else { PathBuf::from(".") }
}

/// Finds and reads the estate below `folder`. Of a file over the size limit only as much is read as shows that
/// it is; of an estate over the file limit only the names.
pub(crate) fn read(folder: &Path) -> Result<Sources, FolderError> {
    let unreadable = |error| FolderError::Unreadable { path: folder.to_owned(), error };
    if !fs::metadata(folder).map_err(unreadable)?.is_dir() {
        return Err(FolderError::NotAFolder(folder.to_owned()));
    }
    let mut found = find(folder)?;
    if found.is_empty() {
        return Err(FolderError::Empty(folder.to_owned()));
    }
    found.sort();
    let too_many = found.len() > FILES_MAX;
    let files: Vec<Result<SourceFile, FolderError>> = found
        .into_par_iter()
        .map(|path| {
            let relative = path.strip_prefix(folder).expect("the path was found below the folder");
            let name = relative.to_str().ok_or_else(|| FolderError::NameNotUtf8(path.clone()))?.to_owned();
            let bytes = if too_many { Vec::new() } else { read_file(&path)? };
            Ok(SourceFile { path: name, bytes })
        })
        .collect();
    let files = files.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(Sources::new(prefix(folder), files))
}

/// How findings begin the path of a file below `folder`.
fn prefix(folder: &Path) -> String {
    let text = folder.to_string_lossy();
    match &*text {
        "." | "./" => String::new(),
        text if text.ends_with('/') => text.to_owned(),
        text => format!("{text}/"),
    }
}

/// Paths of all `*.yaml` files; stops soon after more than the limit are found.
fn find(folder: &Path) -> Result<Vec<PathBuf>, FolderError> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let unreadable = |error| FolderError::Unreadable { path: folder.clone(), error };
        let mut entries =
            fs::read_dir(&folder).and_then(Iterator::collect::<io::Result<Vec<_>>>).map_err(unreadable)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            match kind(&path, &entry)? {
                Kind::Folder => folders.push(path),
                Kind::Site => found.push(path),
                Kind::Other => {}
            }
        }
        if found.len() > FILES_MAX {
            break;
        }
    }
    Ok(found)
}

enum Kind {
    Folder,
    Site,
    Other,
}

fn kind(path: &Path, entry: &fs::DirEntry) -> Result<Kind, FolderError> {
    let unreadable = |error| FolderError::Unreadable { path: path.to_owned(), error };
    let suffix = path.extension().and_then(|suffix| suffix.to_str()).unwrap_or_default();
    let named_like_a_site = suffix.eq_ignore_ascii_case("yaml") || suffix.eq_ignore_ascii_case("yml");
    let own = entry.file_type().map_err(unreadable)?;
    if own.is_dir() {
        return Ok(Kind::Folder);
    }
    let target = if own.is_symlink() {
        match fs::metadata(path) {
            Ok(target) if target.is_dir() => return Err(FolderError::LinkedFolder(path.to_owned())),
            Ok(target) => target.file_type(),
            Err(_) if !named_like_a_site => return Ok(Kind::Other),
            Err(error) => return Err(unreadable(error)),
        }
    } else {
        own
    };
    match (named_like_a_site, suffix == "yaml", target.is_file()) {
        (false, _, _) => Ok(Kind::Other),
        (true, _, false) => Err(FolderError::NotAFile(path.to_owned())),
        (true, false, true) => Err(FolderError::OtherSuffix(path.to_owned())),
        (true, true, true) => Ok(Kind::Site),
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, FolderError> {
    let read = || {
        let file = File::open(path)?;
        let limit = FILE_BYTES_MAX as u64 + 1;
        let expected = file.metadata()?.len().min(limit);
        let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or(0) + 1);
        file.take(limit).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(|error| FolderError::Unreadable { path: path.to_owned(), error })
}

impl fmt::Display for FolderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FolderError::Unreadable { path, error } => {
                write!(f, "cannot read {}: {}; {}", path.display(), reason(error), advice(error))
            }
            FolderError::NotAFolder(path) => {
                write!(f, "{} is a file; name the folder that holds the estate", path.display())
            }
            FolderError::Empty(path) => {
                write!(f, "no `*.yaml` file below {}; name the folder that holds the estate", path.display())
            }
            FolderError::NotAFile(path) => {
                write!(
                    f,
                    "cannot read {}: it is no regular file; move it out of the estate's folder",
                    path.display()
                )
            }
            FolderError::LinkedFolder(path) => write!(
                f,
                "{} is a symbolic link to a folder, which is not followed; put the folder itself there",
                path.display()
            ),
            FolderError::OtherSuffix(path) => write!(
                f,
                "{} would be left out: files of an estate end in `.yaml`; rename it or move it away",
                path.display()
            ),
            FolderError::NameNotUtf8(path) => {
                write!(f, "the name of {} is not UTF-8; rename the file", path.display())
            }
        }
    }
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "check the name",
        io::ErrorKind::PermissionDenied => "give this user the right to read it",
        _ => "make it readable or move it out of the estate's folder",
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn estate() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("wales/.git")).unwrap();
        fs::write(folder.path().join("estate.yaml"), "version: 1\n").unwrap();
        fs::write(folder.path().join("wales/a.yaml"), "site: A\n").unwrap();
        fs::write(folder.path().join("wales/.b.yaml"), "hidden").unwrap();
        fs::write(folder.path().join("wales/.git/c.yaml"), "hidden").unwrap();
        fs::write(folder.path().join("README.md"), "no site").unwrap();
        folder
    }

    #[track_caller]
    fn check_refused(folder: &Path, expected: &str) {
        let shown = read(folder).unwrap_err().to_string();
        let shown = shown.replace(&*folder.to_string_lossy(), "DIR");
        assert_eq!(shown, expected);
    }

    #[test]
    fn finds_every_site_and_nothing_hidden() {
        let folder = estate();
        symlink(folder.path().join("wales/a.yaml"), folder.path().join("z.yaml")).unwrap();
        let sources = read(folder.path()).unwrap();
        let paths: Vec<_> = sources.iter().map(|(_, file)| file.path.as_str()).collect();
        assert_eq!(paths, ["estate.yaml", "wales/a.yaml", "z.yaml"]);
        assert!(sources.prefix.ends_with('/'));
    }

    #[test]
    fn refuses_what_it_cannot_read_for_certain() {
        let folder = estate();
        let at = |name: &str| folder.path().join(name);
        check_refused(&at("none"), "cannot read DIR: no such file or directory; check the name");
        check_refused(&at("README.md"), "DIR is a file; name the folder that holds the estate");
        fs::create_dir(at("empty")).unwrap();
        check_refused(&at("empty"), "no `*.yaml` file below DIR; name the folder that holds the estate");

        symlink(folder.path(), at("loop")).unwrap();
        let shown =
            "DIR/loop is a symbolic link to a folder, which is not followed; put the folder itself there";
        check_refused(folder.path(), shown);
        fs::remove_file(at("loop")).unwrap();

        symlink(at("self.yaml"), at("self.yaml")).unwrap();
        assert!(read(folder.path()).is_err());
        fs::remove_file(at("self.yaml")).unwrap();

        let _socket = std::os::unix::net::UnixListener::bind(at("s.yaml")).unwrap();
        let shown = "cannot read DIR/s.yaml: it is no regular file; move it out of the estate's folder";
        check_refused(folder.path(), shown);
        fs::remove_file(at("s.yaml")).unwrap();

        fs::write(at("x.yml"), "site: X\n").unwrap();
        let shown =
            "DIR/x.yml would be left out: files of an estate end in `.yaml`; rename it or move it away";
        check_refused(folder.path(), shown);
    }

    #[test]
    fn reads_no_more_of_a_large_file_than_shows_its_size() {
        let folder = estate();
        fs::write(folder.path().join("big.yaml"), vec![b'#'; FILE_BYTES_MAX + 1000]).unwrap();
        let sources = read(folder.path()).unwrap();
        let (_, big) = sources.iter().next().unwrap();
        assert_eq!((big.path.as_str(), big.bytes.len()), ("big.yaml", FILE_BYTES_MAX + 1));
    }
}
