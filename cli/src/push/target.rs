//! Which folders go to which mirrors.
//!
//! ```text
//! ROOT/build_cache                       one mirror, which the URL names
//! ROOT/user-environment/build_cache      a cache of several mount points, as Stackinator keeps it:
//! ROOT/opt/a/v3                          a mirror each, user-environment and opt/a
//! ```

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

use super::folder::{FolderError, is_mirror, list};
use crate::{
    mirror_url::MirrorUrl,
    mirrors_url::{MirrorsUrl, NoMirrorName},
};

/// Folders of a mirror: no mount point lies in one.
const LAYOUTS: [&str; 3] = ["build_cache", "v3", "blobs"];

/// How deep below a cache's root mount points are looked for.
const MAX_DEPTH: usize = 8;

/// A folder and the mirror it goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) folder: PathBuf,
    pub(super) mirror: MirrorUrl,
}

/// What a folder holds to be pushed.
#[derive(Debug, Default)]
pub(super) struct Targets {
    /// In order of name.
    pub(super) targets: Vec<Target>,
    /// Mount points that cannot be mirrors.
    pub(super) unnamed: Vec<(PathBuf, NoMirrorName)>,
}

impl Targets {
    /// Finds what `root` holds: itself when it is a mirror, else every mirror below it.
    ///
    /// # Errors
    /// [`FolderError`] when there is none, or when `root` is one that `url` does not name.
    pub(super) fn find(root: &Path, url: &MirrorsUrl) -> Result<Self, FolderError> {
        if is_mirror(root) {
            let Some(mirror) = url.mirror() else {
                let has_v2 = root.join("build_cache").is_dir();
                return Err(FolderError::NoName {
                    folder: root.display().to_string(),
                    mirrors: url.to_string(),
                    has_v2,
                });
            };
            return Ok(Self { targets: vec![Target { folder: root.to_owned(), mirror }], unnamed: Vec::new() });
        }
        let mut mount_points = Vec::new();
        list(root)?;
        find_mirrors(root, root, 0, &mut HashSet::new(), &mut mount_points);
        if mount_points.is_empty() {
            return Err(FolderError::no_mirror(root));
        }
        let mut found = Self::default();
        for folder in mount_points {
            let mount_point = folder.strip_prefix(root).unwrap_or(&folder).to_string_lossy();
            match url.of_mount_point(&mount_point) {
                Ok(mirror) => found.targets.push(Target { folder, mirror }),
                Err(error) => found.unnamed.push((folder, error)),
            }
        }
        Ok(found)
    }
}

/// Adds every mirror below `folder`, which may hold another further down. What cannot be listed, such
/// as `lost+found`, and what is hidden, such as `.snapshot` with the cache of yesterday, is none.
fn find_mirrors(root: &Path, folder: &Path, depth: usize, seen: &mut HashSet<PathBuf>, found: &mut Vec<PathBuf>) {
    // A link may lead back up.
    let is_new = fs::canonicalize(folder).is_ok_and(|real| seen.insert(real));
    if depth > MAX_DEPTH || !is_new {
        return;
    }
    if folder != root && is_mirror(folder) {
        found.push(folder.to_owned());
    }
    for (name, location) in list(folder).unwrap_or_default() {
        if location.is_dir() && !name.starts_with('.') && !LAYOUTS.contains(&name.as_str()) {
            find_mirrors(root, &location, depth + 1, seen, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn cache(folders: &[&str]) -> TempDir {
        let root = TempDir::new().unwrap();
        for folder in folders {
            fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        root
    }

    fn found(root: &TempDir, url: &str) -> Vec<(String, String)> {
        let targets = Targets::find(root.path(), &url.parse().unwrap()).unwrap().targets;
        let below = |folder: PathBuf| folder.strip_prefix(root.path()).unwrap().display().to_string();
        targets.into_iter().map(|Target { folder, mirror }| (below(folder), mirror.to_string())).collect()
    }

    #[test]
    fn every_mount_point_is_a_mirror() {
        let root = cache(&["user-environment/build_cache", "opt/a/b/v3", "opt/a/b/blobs", "opt/a/v3", "other/thing"]);
        let expected = |prefix: &str| {
            ["opt/a", "opt/a/b", "user-environment"]
                .map(|name| (name.to_owned(), format!("https://host/mirrors{prefix}/{name}")))
        };
        assert_eq!(found(&root, "https://host"), expected(""));
        assert_eq!(found(&root, "https://host/mirrors/alps"), expected("/alps"));
    }

    #[test]
    fn a_mirror_itself_goes_to_the_mirror_that_the_url_names() {
        let root = cache(&["build_cache", "user-environment/build_cache"]);
        assert_eq!(found(&root, "https://host/mirrors/m"), [(String::new(), "https://host/mirrors/m".to_owned())]);
        let error = Targets::find(root.path(), &"https://host".parse().unwrap()).unwrap_err().to_string();
        assert!(error.contains("https://host/mirrors/user-environment") && error.contains("migrate"), "{error}");
        let root = cache(&["v3"]);
        let error = Targets::find(root.path(), &"https://host".parse().unwrap()).unwrap_err().to_string();
        assert!(error.contains("has to name it") && !error.contains("migrate"), "{error}");
    }

    #[test]
    fn what_cannot_be_a_name_is_told_and_the_others_are_found() {
        let root = cache(&["Opt/A/v3", "opt/b/v3", "opt/larder/v3", ".snapshot/opt/b/v3"]);
        let found = Targets::find(root.path(), &"https://host".parse().unwrap()).unwrap();
        assert_eq!(found.targets.len(), 1);
        let unnamed: Vec<_> = found.unnamed.iter().map(|(_, error)| error.to_string()).collect();
        assert!(
            unnamed.len() == 2 && unnamed[0].contains("`Opt/A`") && unnamed[1].contains("`opt/larder`"),
            "{unnamed:?}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_in_a_circle_end() {
        let root = cache(&["a/build_cache"]);
        for name in ["a/up", "a/again", "b"] {
            std::os::unix::fs::symlink(root.path(), root.path().join(name)).unwrap();
        }
        assert_eq!(found(&root, "https://host").len(), 1);
    }
}
