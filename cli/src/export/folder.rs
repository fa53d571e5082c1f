//! The folder that a site is written into.
//!
//! What was written is kept in a list, `.larder-export/list`, one file a line, sorted:
//! ```text
//! <sha256> <the server's ETag, or -> <path>
//! ```
//! So the next export leaves alone what is right, removes what it wrote and what is no longer wanted, and touches nothing
//! else. A file that is about to be written for the first time is added to the list before, with `+` for its digest:
//! an export that was interrupted knows its own files. Files get their names when they are whole.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use larder_shared::digest::Digest;

use crate::part::{Part, digest_of};

/// What belongs to exports and not to the site.
const OWN: &str = ".larder-export";

/// The list inside of it.
const LIST: &str = "list";

/// Why the folder cannot be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum FolderError {
    /// The system refuses.
    #[error("{path} cannot be written: {source}")]
    Io {
        /// The file or folder.
        path: String,
        /// The reason.
        source: io::Error,
    },
    /// There is a file that no export wrote.
    #[error("{0} is there, and no export wrote it: move it away, or choose another folder")]
    NotOurs(String),
    /// The list is not one.
    #[error("{path}, line {line}, is no line of a list of files: remove the folder, and export again")]
    List {
        /// The list.
        path: String,
        /// Which line, from 1.
        line: usize,
    },
    /// A name that must not be a file's.
    #[error("`{0}` cannot be the name of a file")]
    Name(String),
}

/// A file that was written.
#[derive(Debug, Clone)]
struct Entry {
    /// `None` of one that may not be whole.
    digest: Option<Digest>,
    etag: Option<String>,
}

/// The folder; shared by all threads.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    state: Mutex<State>,
    parts: AtomicUsize,
}

#[derive(Debug)]
struct State {
    /// What earlier exports wrote.
    before: BTreeMap<String, Entry>,
    /// What belongs to the site.
    wanted: BTreeMap<String, Entry>,
    list: File,
    changed: usize,
}

/// How a folder became a site.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written {
    /// Files of the site.
    pub(super) files: usize,
    /// Bytes of all of them.
    pub(super) bytes: u64,
    /// Files that are new or changed.
    pub(super) changed: usize,
    /// Files that are gone.
    pub(super) removed: usize,
}

impl Folder {
    /// Opens a folder, which is made if it is not there.
    pub(super) fn open(root: &Path) -> Result<Self, FolderError> {
        let own = root.join(OWN);
        fs::create_dir_all(&own).map_err(at(&own))?;
        for entry in fs::read_dir(&own).map_err(at(&own))?.flatten() {
            if entry.file_name() != LIST {
                fs::remove_file(entry.path()).map_err(at(&entry.path()))?;
            }
        }
        let path = own.join(LIST);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            read => read.map_err(at(&path))?,
        };
        let before = read_list(&text).map_err(|line| FolderError::List { path: path.display().to_string(), line })?;
        let list = OpenOptions::new().create(true).append(true).open(&path).map_err(at(&path))?;
        let state = State { before, wanted: BTreeMap::new(), list, changed: 0 };
        Ok(Self { root: root.to_owned(), state: Mutex::new(state), parts: AtomicUsize::new(0) })
    }

    /// Begins anew to say what belongs to the site.
    pub(super) fn begin_round(&self) {
        let mut state = self.state();
        let wanted = std::mem::take(&mut state.wanted);
        state.before.extend(wanted);
    }

    /// Whether the file is there with this digest; it then belongs to the site.
    pub(super) fn keep(&self, path: &str, digest: &Digest) -> Result<bool, FolderError> {
        let is_there = digest_of(&self.location(path)?).map_err(at(&self.root.join(path)))? == Some(*digest);
        if is_there {
            self.state().want(path, Entry { digest: Some(*digest), etag: None });
        }
        Ok(is_there)
    }

    /// By what the server knows the file, and its digest, if it still is what was written.
    pub(super) fn known(&self, path: &str) -> Result<Option<(String, Digest)>, FolderError> {
        let Some(Entry { digest: Some(digest), etag: Some(etag) }) = self.state().before.get(path).cloned() else {
            return Ok(None);
        };
        let found = digest_of(&self.location(path)?).map_err(at(&self.root.join(path)))?;
        Ok((found == Some(digest)).then_some((etag, digest)))
    }

    /// The file is as it was, and belongs to the site.
    pub(super) fn keep_known(&self, path: &str, etag: String, digest: Digest) {
        self.state().want(path, Entry { digest: Some(digest), etag: Some(etag) });
    }

    /// The bytes of a file of the site.
    pub(super) fn read(&self, path: &str) -> Result<Vec<u8>, FolderError> {
        fs::read(self.root.join(path)).map_err(at(&self.root.join(path)))
    }

    /// Puts a document into the site.
    pub(super) fn put(&self, path: &str, bytes: &[u8], etag: Option<String>) -> Result<(), FolderError> {
        let mut part = self.begin()?;
        part.write_all(bytes).map_err(at(&self.root.join(path)))?;
        self.finish(part, path, etag).map(|_| ())
    }

    /// Begins a file, which has no name yet.
    pub(super) fn begin(&self) -> Result<Part, FolderError> {
        let number = self.parts.fetch_add(1, Ordering::Relaxed);
        let path = self.root.join(OWN).join(format!("part-{number}"));
        Part::create(path.clone()).map_err(at(&path))
    }

    /// Gives a file its name. One that is the same already stays.
    pub(super) fn finish(&self, part: Part, path: &str, etag: Option<String>) -> Result<Digest, FolderError> {
        let location = self.location(path)?;
        let digest = part.digest();
        // In the list, a space ends it.
        let entry = Entry { digest: Some(digest), etag: etag.filter(|etag| !etag.contains(char::is_whitespace)) };
        let found = digest_of(&location).map_err(at(&location))?;
        if found == Some(digest) {
            part.discard().map_err(at(&location))?;
            self.state().want(path, entry);
            return Ok(digest);
        }
        self.announce(path, found.is_some())?;
        part.name(&location).map_err(at(&location))?;
        let mut state = self.state();
        state.changed += 1;
        state.want(path, entry);
        Ok(digest)
    }

    /// Gives a file of the site a second name: one file on the disk, or a copy where that cannot be.
    pub(super) fn link(&self, from: &str, to: &str, digest: &Digest) -> Result<(), FolderError> {
        if self.keep(to, digest)? {
            return Ok(());
        }
        let (source, location) = (self.location(from)?, self.location(to)?);
        let number = self.parts.fetch_add(1, Ordering::Relaxed);
        let part = self.root.join(OWN).join(format!("part-{number}"));
        if fs::hard_link(&source, &part).is_err() {
            fs::copy(&source, &part).map_err(at(&part))?;
        }
        self.announce(to, location.exists())?;
        make_folder_of(&location)?;
        fs::rename(&part, &location).map_err(at(&location))?;
        let mut state = self.state();
        state.changed += 1;
        state.want(to, Entry { digest: Some(*digest), etag: None });
        Ok(())
    }

    /// Removes what earlier exports wrote and the site has no more, and writes the list.
    pub(super) fn conclude(&self) -> Result<Written, FolderError> {
        let mut state = self.state();
        let mut removed = 0;
        for path in state.before.keys().filter(|path| !state.wanted.contains_key(*path)) {
            let location = self.location(path)?;
            match fs::remove_file(&location) {
                Ok(()) => removed += 1,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(at(&location)(error)),
            }
            // Folders that are empty now; the first that is not ends it.
            let folders = location.ancestors().skip(1).take_while(|folder| *folder != self.root);
            for folder in folders {
                if fs::remove_dir(folder).is_err() {
                    break;
                }
            }
        }
        let mut text = String::new();
        let mut bytes = 0;
        for (path, entry) in &state.wanted {
            let digest = entry.digest.map(|digest| digest.to_string()).unwrap_or_default();
            text.push_str(&format!("{digest} {} {path}\n", entry.etag.as_deref().unwrap_or("-")));
            bytes += fs::metadata(self.root.join(path)).map_err(at(&self.root.join(path)))?.len();
        }
        let list = self.root.join(OWN).join(LIST);
        if fs::read(&list).map_err(at(&list))? != text.as_bytes() {
            let part = self.root.join(OWN).join("part-list");
            fs::write(&part, text).map_err(at(&part))?;
            fs::rename(&part, &list).map_err(at(&list))?;
        }
        let written = Written { files: state.wanted.len(), bytes, changed: state.changed, removed };
        state.before = state.wanted.clone();
        Ok(written)
    }

    /// The largest files of the site, each with its bytes.
    pub(super) fn larger_than(&self, bytes: u64) -> Vec<(String, u64)> {
        let state = self.state();
        let sized = state.wanted.keys().filter_map(|path| {
            let length = fs::metadata(self.root.join(path)).ok()?.len();
            (length > bytes).then(|| (path.clone(), length))
        });
        sized.collect()
    }

    /// Notes that a file is about to be written; refuses to write over one that is somebody else's.
    fn announce(&self, path: &str, is_there: bool) -> Result<(), FolderError> {
        let mut state = self.state();
        if state.before.contains_key(path) || state.wanted.contains_key(path) {
            return Ok(());
        }
        if is_there {
            return Err(FolderError::NotOurs(self.root.join(path).display().to_string()));
        }
        let list = self.root.join(OWN).join(LIST);
        state.list.write_all(format!("+ - {path}\n").as_bytes()).map_err(at(&list))?;
        state.before.insert(path.to_owned(), Entry { digest: None, etag: None });
        Ok(())
    }

    fn location(&self, path: &str) -> Result<PathBuf, FolderError> {
        let is_safe = path.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
            && !path.contains(['\\', '\n', '\0'])
            && !path.starts_with(OWN);
        if is_safe { Ok(self.root.join(path)) } else { Err(FolderError::Name(path.to_owned())) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn want(&mut self, path: &str, mut entry: Entry) {
        // Found by its digest: what the server said of it before is still true.
        if entry.etag.is_none()
            && let Some(before) = self.before.get(path).filter(|before| before.digest == entry.digest)
        {
            entry.etag.clone_from(&before.etag);
        }
        self.wanted.insert(path.to_owned(), entry);
    }
}

/// The lines of a list; an error is the number of the line that is none.
fn read_list(text: &str) -> Result<BTreeMap<String, Entry>, usize> {
    let mut entries = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        let mut words = line.splitn(3, ' ');
        let (Some(digest), Some(etag), Some(path)) = (words.next(), words.next(), words.next()) else {
            // An export that was interrupted may have left half of the last line.
            if index + 1 == text.lines().count() && !text.ends_with('\n') {
                break;
            }
            return Err(index + 1);
        };
        let digest = if digest == "+" { None } else { Some(digest.parse().map_err(|_| index + 1)?) };
        let etag = (etag != "-").then(|| etag.to_owned());
        entries.insert(path.to_owned(), Entry { digest, etag });
    }
    Ok(entries)
}

fn make_folder_of(location: &Path) -> Result<(), FolderError> {
    let folder = location.parent().unwrap_or(location);
    fs::create_dir_all(folder).map_err(at(folder))
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    let path = path.display().to_string();
    move |source| FolderError::Io { path, source }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn write(root: &Path, files: &[(&str, &str)]) -> Written {
        let folder = Folder::open(root).unwrap();
        for (path, text) in files {
            folder.put(path, text.as_bytes(), None).unwrap();
        }
        folder.conclude().unwrap()
    }

    #[test]
    fn only_what_was_written_is_removed() {
        let root = TempDir::new().unwrap();
        fs::write(root.path().join("CNAME"), "cache.example.org").unwrap();
        assert_eq!(write(root.path(), &[("a/b", "1"), ("c", "2")]).changed, 2);
        let Written { files, changed, removed, .. } = write(root.path(), &[("c", "2")]);
        assert_eq!((files, changed, removed), (1, 0, 1));
        assert!(!root.path().join("a").exists(), "an empty folder goes too");
        assert!(root.path().join("CNAME").exists());
        let folder = Folder::open(root.path()).unwrap();
        assert!(matches!(folder.put("CNAME", b"other", None), Err(FolderError::NotOurs(_))));
    }

    #[test]
    fn an_interrupted_export_knows_its_own_files() {
        let root = TempDir::new().unwrap();
        let folder = Folder::open(root.path()).unwrap();
        folder.put("a", b"1", None).unwrap();
        let _left = folder.begin().unwrap();
        drop(folder);
        // Half a line, as a crash may leave it.
        let list = root.path().join(OWN).join(LIST);
        let text = fs::read_to_string(&list).unwrap();
        fs::write(&list, text + "+ -").unwrap();
        let Written { changed, removed, .. } = write(root.path(), &[("b", "2")]);
        assert_eq!((changed, removed), (1, 1), "`a` was its own, and is no more wanted");
        assert_eq!(fs::read_dir(root.path().join(OWN)).unwrap().count(), 1, "no part is left");
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let root = TempDir::new().unwrap();
        let folder = Folder::open(root.path()).unwrap();
        for name in ["../a", "a/../../b", "/etc/x", "a//b", "", ".larder-export/list", "a\nb"] {
            assert!(matches!(folder.put(name, b"", None), Err(FolderError::Name(_))), "{name}");
        }
    }
}
