//! A mirror folder as it lies on disk, each file sorted by what its path says it is.
//!
//! ```text
//! DIR/build_cache/<stem>.spec.json.sig           a v2 package, with its `.spack` further down
//! DIR/v3/manifests/spec/<name>/….manifest.json   a v3 package, with its blobs in DIR/blobs
//! ```

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use larder_shared::{
    layout::{LayoutPath, v2, v3},
    name::Fingerprint,
};

/// How deep a layout's files lie below the folder; deeper ones belong to none. It also ends the
/// walk where a link leads back up.
const MAX_DEPTH: usize = 6;

/// What a mirror folder holds. Each list is in order of path.
#[derive(Debug, Default)]
pub(super) struct Folder {
    /// v2 spec files, and whether their name says that they are signed.
    pub(super) specs: Vec<(File, v2::Stem, bool)>,
    /// v2 tarballs by their stem.
    pub(super) tarballs: HashMap<v2::Stem, File>,
    /// v3 manifests of packages.
    pub(super) manifests: Vec<(File, v3::SpecManifestPath)>,
    /// v2 public keys.
    pub(super) keys: Vec<(File, Fingerprint)>,
    /// v3 manifests of public keys.
    pub(super) key_manifests: Vec<(File, Fingerprint)>,
    /// Files that Larder makes itself out of the others, such as the index.
    pub(super) derived: Vec<String>,
    /// Files that are no part of either layout; a folder beside them ends in `/`.
    pub(super) ignored: Vec<String>,
}

/// A file of the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    /// Its path below the folder, which is Spack's own.
    pub(super) path: String,
    /// Where it lies.
    pub(super) location: PathBuf,
    /// Its length.
    pub(super) bytes: u64,
    /// When it was last written, where the file system says so.
    pub(super) modified: Option<SystemTime>,
}

/// Why a folder cannot be pushed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FolderError {
    /// Neither layout is there.
    #[error(
        "{folder} is not a Spack mirror, and none lies below it: it holds neither `build_cache/` (layout v2, Spack up to 0.23) nor `v3/` and `blobs/` (layout v3, Spack 1.x){}",
        .parent.as_ref().map(|parent| format!("; did you mean {parent}?")).unwrap_or_default()
    )]
    NoMirror {
        /// The folder as given.
        folder: String,
        /// The folder around it, when that is the mirror.
        parent: Option<String>,
    },
    /// It is one mirror, and the URL is that of all.
    #[error(
        "{folder} is one mirror, so the URL has to name it; expected https://<host>/mirrors/<mirror>, such as \
         {mirrors}/user-environment{}",
        if *.has_v2 { format!(
            ". If it is a cache of Stackinator's from before its version 3, `larder stackinator migrate {folder}` moves \
             the packages under their mount point first"
        ) } else { String::new() }
    )]
    NoName {
        /// The folder as given.
        folder: String,
        /// The URL as given.
        mirrors: String,
        /// Whether it may be so old.
        has_v2: bool,
    },
    /// The folder, or one in it, cannot be listed.
    #[error("{path} cannot be read: {source}")]
    Unreadable {
        /// What cannot be read.
        path: String,
        /// The reason.
        source: io::Error,
    },
}

impl FolderError {
    /// That `root` is no mirror.
    pub(super) fn no_mirror(root: &Path) -> Self {
        let absolute = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        let parent = absolute.parent().filter(|parent| is_mirror(parent));
        Self::NoMirror { folder: root.display().to_string(), parent: parent.map(|parent| parent.display().to_string()) }
    }
}

impl Folder {
    /// Walks `root`. Blobs are not walked: the manifests name those that matter.
    ///
    /// # Errors
    /// [`FolderError`] when it is no mirror or cannot be read.
    pub(super) fn read(root: &Path) -> Result<Self, FolderError> {
        let mut folder = Self::default();
        let entries = list(root)?;
        if !is_mirror(root) {
            return Err(FolderError::no_mirror(root));
        }
        for (name, location) in entries {
            match name.as_str() {
                "build_cache" | "v3" => folder.walk(&location, &name, 1)?,
                "blobs" => {}
                _ if location.is_dir() => folder.ignored.push(format!("{name}/")),
                _ => folder.ignored.push(name),
            }
        }
        Ok(folder)
    }

    fn walk(&mut self, location: &Path, path: &str, depth: usize) -> Result<(), FolderError> {
        for (name, location) in list(location)? {
            let path = format!("{path}/{name}");
            let metadata = match fs::metadata(&location) {
                Ok(metadata) => metadata,
                // A link to nothing.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.ignored.push(path);
                    continue;
                }
                Err(source) => return Err(unreadable(&location, source)),
            };
            if metadata.is_file() {
                let modified = metadata.modified().ok();
                self.sort(File { path, location, bytes: metadata.len(), modified });
            } else if metadata.is_dir() && depth < MAX_DEPTH {
                self.walk(&location, &path, depth + 1)?;
            } else {
                self.ignored.push(path);
            }
        }
        Ok(())
    }

    fn sort(&mut self, file: File) {
        match file.path.parse() {
            Ok(LayoutPath::V2(v2::Path::Spec { stem, signed })) => self.specs.push((file, stem, signed)),
            Ok(LayoutPath::V2(v2::Path::Tarball(path))) => {
                self.tarballs.insert(path.stem().clone(), file);
            }
            Ok(LayoutPath::V2(v2::Path::Key(fingerprint))) => self.keys.push((file, fingerprint)),
            Ok(LayoutPath::V3(v3::Path::SpecManifest(path))) => self.manifests.push((file, path)),
            Ok(LayoutPath::V3(v3::Path::KeyManifest(fingerprint))) => self.key_manifests.push((file, fingerprint)),
            Ok(
                LayoutPath::V2(v2::Path::Index | v2::Path::IndexHash | v2::Path::KeyIndex)
                | LayoutPath::V3(
                    v3::Path::Layout | v3::Path::IndexManifest | v3::Path::ViewManifest(_) | v3::Path::KeyIndexManifest,
                ),
            ) => self.derived.push(file.path),
            // A blob's path does not begin with either of the folders that are walked.
            Ok(LayoutPath::V3(v3::Path::Blob(_))) | Err(_) => self.ignored.push(file.path),
        }
    }
}

/// Whether a folder is a mirror of either layout.
pub(super) fn is_mirror(folder: &Path) -> bool {
    folder.join("build_cache").is_dir() || folder.join("v3").is_dir()
}

/// The entries of a folder in order of name. A name that is not UTF-8 is none of Spack's: it is
/// shown as far as it can be, and ignored.
pub(super) fn list(folder: &Path) -> Result<Vec<(String, PathBuf)>, FolderError> {
    let read = || -> io::Result<Vec<(String, PathBuf)>> {
        fs::read_dir(folder)?
            .map(|entry| entry.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path())))
            .collect()
    };
    let mut entries = read().map_err(|source| unreadable(folder, source))?;
    entries.sort_unstable();
    Ok(entries)
}

fn unreadable(path: &Path, source: io::Error) -> FolderError {
    FolderError::Unreadable { path: path.display().to_string(), source }
}
