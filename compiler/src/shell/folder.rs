//! The estate's files, found and read.
//!
//! Every `*.yaml` below the folder belongs to the estate, whatever its depth; hidden files and folders do not.
//! What cannot be read for certain stops the run: an estate with a site missing is another estate.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

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
    /// A folder with a site's name.
    FolderLikeASite(PathBuf),
    /// A file larger than any site: most likely something else that lies in the estate's folder.
    TooLarge(PathBuf),
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

/// Finds and reads the estate below `folder`. A file over the size limit is not read; of an estate over the file limit
/// only the names are.
pub(crate) fn read(folder: &Path) -> Result<Sources, FolderError> {
    let found = locate(folder)?;
    let too_many = found.len() > FILES_MAX;
    let files: Vec<Result<SourceFile, FolderError>> = found
        .into_par_iter()
        .map(|path| {
            let name = name_below(folder, &path)?;
            let bytes = if too_many { Vec::new() } else { read_file(&path)? };
            Ok(SourceFile { path: name, bytes })
        })
        .collect();
    let files = files.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(Sources::new(prefix(folder), files))
}

/// The paths of the estate's files, in order.
fn locate(folder: &Path) -> Result<Vec<PathBuf>, FolderError> {
    let unreadable = |error| FolderError::Unreadable { path: folder.to_owned(), error };
    if !fs::metadata(folder).map_err(unreadable)?.is_dir() {
        return Err(FolderError::NotAFolder(folder.to_owned()));
    }
    let mut found = find(folder)?;
    if found.is_empty() {
        return Err(FolderError::Empty(folder.to_owned()));
    }
    found.sort();
    Ok(found)
}

/// What an estate calls a file below its folder.
fn name_below(folder: &Path, path: &Path) -> Result<String, FolderError> {
    let relative = path.strip_prefix(folder).expect("the path was found below the folder");
    relative.to_str().map(str::to_owned).ok_or_else(|| FolderError::NameNotUtf8(path.to_owned()))
}

/// An estate that is read again and again: a file that did not change is not.
pub(crate) struct Watched {
    folder: PathBuf,
    /// What the last look saw, or why it saw nothing.
    seen: Result<BTreeMap<PathBuf, Stamp>, String>,
    read: BTreeMap<PathBuf, Kept>,
}

/// A file as it was read.
struct Kept {
    /// The stamp it had before.
    stamp: Stamp,
    bytes: Vec<u8>,
    /// Whether any later writing must have changed the stamp.
    sure: bool,
}

/// What changes when a file does: writing, replacing and renaming each change one of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    modified_ns: i128,
    changed_ns: i128,
}

impl Stamp {
    fn of(file: &fs::Metadata) -> Stamp {
        let ns = |seconds: i64, ns: i64| i128::from(seconds) * 1_000_000_000 + i128::from(ns);
        Stamp {
            device: file.dev(),
            inode: file.ino(),
            bytes: file.len(),
            modified_ns: ns(file.mtime(), file.mtime_nsec()),
            changed_ns: ns(file.ctime(), file.ctime_nsec()),
        }
    }

    /// Whether the file may have been written again without another stamp: file systems count time in ticks.
    fn is_fresh(&self) -> bool {
        const TICK_NS: i128 = 50_000_000;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_nanos());
        i128::try_from(now).unwrap_or(i128::MAX) - self.changed_ns.max(self.modified_ns) < TICK_NS
    }
}

impl Watched {
    /// The estate below `folder`, not read yet.
    pub(crate) fn new(folder: &Path) -> Watched {
        Watched { folder: folder.to_owned(), seen: Ok(BTreeMap::new()), read: BTreeMap::new() }
    }

    /// Looks at every file; whether anything is not as it was at the last look.
    pub(crate) fn look(&mut self) -> bool {
        let now = self.stamps().map_err(|error| error.to_string());
        let differs = now != self.seen;
        self.seen = now;
        differs || self.was_written_in_its_tick()
    }

    /// Reads again what may have been written once more without another stamp.
    fn was_written_in_its_tick(&mut self) -> bool {
        let doubtful = self.read.iter_mut().filter(|(_, kept)| !kept.sure && !kept.stamp.is_fresh());
        let mut differs = false;
        for (path, kept) in doubtful {
            kept.sure = true;
            if let Ok(bytes) = read_file(path)
                && bytes != kept.bytes
            {
                kept.bytes = bytes;
                differs = true;
            }
        }
        differs
    }

    /// The estate as it is now.
    pub(crate) fn read(&mut self) -> Result<Sources, FolderError> {
        let stamps = self.stamps();
        self.seen = stamps.as_ref().map(Clone::clone).map_err(ToString::to_string);
        let stamps = stamps?;
        let too_many = stamps.len() > FILES_MAX;
        let mut read = BTreeMap::new();
        let mut files = Vec::with_capacity(stamps.len());
        for (path, stamp) in stamps {
            let known = self.read.remove(&path).filter(|known| known.stamp == stamp);
            let kept = match known {
                Some(known) => known,
                None if too_many => Kept { stamp, bytes: Vec::new(), sure: true },
                None => Kept { stamp, bytes: read_file(&path)?, sure: !stamp.is_fresh() },
            };
            files.push(SourceFile { path: name_below(&self.folder, &path)?, bytes: kept.bytes.clone() });
            read.insert(path, kept);
        }
        self.read = read;
        Ok(Sources::new(prefix(&self.folder), files))
    }

    fn stamps(&self) -> Result<BTreeMap<PathBuf, Stamp>, FolderError> {
        let stamps = locate(&self.folder)?.into_par_iter().map(|path| {
            let file =
                fs::metadata(&path).map_err(|error| FolderError::Unreadable { path: path.clone(), error })?;
            Ok((path, Stamp::of(&file)))
        });
        stamps.collect()
    }
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
        let refused = || Err(FolderError::FolderLikeASite(path.to_owned()));
        return if named_like_a_site { refused() } else { Ok(Kind::Folder) };
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

pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, FolderError> {
    let limit = FILE_BYTES_MAX as u64;
    let read = || {
        let file = File::open(path)?;
        let expected = file.metadata()?.len();
        if expected > limit {
            return Ok(None);
        }
        let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or(0) + 1);
        // It may have grown meanwhile.
        file.take(limit + 1).read_to_end(&mut bytes)?;
        Ok(Some(bytes).filter(|bytes| bytes.len() as u64 <= limit))
    };
    let bytes = read().map_err(|error| FolderError::Unreadable { path: path.to_owned(), error })?;
    bytes.ok_or_else(|| FolderError::TooLarge(path.to_owned()))
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
            FolderError::FolderLikeASite(path) => {
                write!(f, "{} is a folder with a file's name; rename it or move it away", path.display())
            }
            FolderError::TooLarge(path) => write!(
                f,
                "{} is larger than any site, over {} MiB; divide what it says among several sites, or move it out of the \
                 estate's folder",
                path.display(),
                FILE_BYTES_MAX >> 20
            ),
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
    use std::thread::sleep;
    use std::time::Duration;

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
    fn refuses_what_is_larger_than_any_site() {
        let folder = estate();
        fs::write(folder.path().join("big.yaml"), vec![b'#'; FILE_BYTES_MAX]).unwrap();
        assert_eq!(read(folder.path()).unwrap().len(), 3);
        fs::write(folder.path().join("big.yaml"), vec![b'#'; FILE_BYTES_MAX + 1]).unwrap();
        let shown = "DIR/big.yaml is larger than any site, over 4 MiB; divide what it says among several sites, or move \
                     it out of the estate's folder";
        check_refused(folder.path(), shown);
    }

    #[test]
    fn every_kind_of_change_is_seen_once_and_nothing_else() {
        let folder = estate();
        let at = |name: &str| folder.path().join(name);
        let mut watched = Watched::new(folder.path());
        watched.read().unwrap();
        sleep(Duration::from_millis(60));
        assert!(!watched.look());
        let check = |watched: &mut Watched, files: usize| {
            assert!(watched.look(), "the change is seen");
            assert_eq!(watched.read().unwrap().len(), files);
            sleep(Duration::from_millis(60));
            assert!(!watched.look(), "and seen once");
        };
        fs::write(at("wales/a.yaml"), "site: B\n").unwrap();
        check(&mut watched, 2);
        fs::write(at("new.yaml"), "site: C\n").unwrap();
        check(&mut watched, 3);
        fs::write(at(".a.yaml.tmp"), "site: D\n").unwrap();
        assert!(!watched.look(), "an editor's hidden file is none of the estate's");
        fs::rename(at(".a.yaml.tmp"), at("wales/a.yaml")).unwrap();
        check(&mut watched, 3);
        fs::remove_file(at("new.yaml")).unwrap();
        check(&mut watched, 2);
        fs::rename(folder.path(), folder.path().with_extension("away")).unwrap();
        assert!(watched.look());
        assert!(watched.read().is_err() && !watched.look());
        fs::rename(folder.path().with_extension("away"), folder.path()).unwrap();
        check(&mut watched, 2);
    }

    #[test]
    fn a_file_written_twice_in_one_tick_is_read_again() {
        let folder = estate();
        let mut watched = Watched::new(folder.path());
        watched.read().unwrap();
        let path = folder.path().join("wales/a.yaml");
        let kept = watched.read.get_mut(&path).unwrap();
        assert!(!kept.sure, "it was made just now");
        kept.bytes = b"site: Z\n".to_vec();
        sleep(Duration::from_millis(60));
        assert!(watched.look());
        assert!(!watched.look());
    }
}
