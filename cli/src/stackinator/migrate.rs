//! `larder stackinator migrate`: a cache from before Stackinator 3, under its mount point.
//!
//! ```text
//! ROOT/build_cache  ->  ROOT/user-environment/build_cache
//! ```
//! Each folder is moved by one rename, which the file system does wholly or not at all. So a
//! migration that was killed left every file at the one place or the other, and goes on when it is
//! run again.

use std::{
    fs::{self, File},
    io,
    path::{Component, Path, PathBuf},
};

use clap::Args;

use crate::{End, output};

/// Folders of a mirror, in the order in which they are moved: no manifest goes before its blobs.
const FOLDERS: [&str; 3] = ["build_cache", "blobs", "v3"];

/// Shown below the options of `larder stackinator migrate --help`.
const EXAMPLES: &str = "\
Examples:
  larder stackinator migrate --dry-run /scratch/uenv-cache
  larder stackinator migrate /scratch/uenv-cache
  larder stackinator migrate /scratch/uenv-cache --mount /opt/spack

Do it while no build uses the cache. Nothing is copied or deleted; when it was interrupted, run it again.";

/// Move a cache from before Stackinator 3 under its mount point.
///
/// Since version 3, Stackinator keeps the packages of each mount point in a directory of their own,
/// and finds those at ROOT itself no more. The same is done for a cache that was used without
/// `mount_specific`.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The cache directory, which holds `build_cache`
    root: PathBuf,

    /// The mount point that the packages were built for
    #[arg(long, value_name = "PATH", default_value = "/user-environment")]
    mount: PathBuf,

    /// Say what would be moved
    #[arg(long, short = 'n')]
    dry_run: bool,
}

/// Why nothing was moved, or not all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CannotMigrate {
    /// There is no such directory.
    #[error("{} is not a directory that can be read: {source}", .root.display())]
    Root { root: PathBuf, source: io::Error },
    /// No folder is of a mirror.
    #[error("{} holds no `build_cache`: there is nothing to move", .0.display())]
    Nothing(PathBuf),
    /// The mount point is none.
    #[error("{} is not a mount point: an absolute path such as /user-environment is expected", .0.display())]
    Mount(PathBuf),
    /// A link would lead elsewhere once it is moved.
    #[error("{} is a link: move what it leads to, or name its directory as ROOT. Nothing was moved", .0.display())]
    Link(PathBuf),
    /// Packages are at both places.
    #[error(
        "{} and {} both hold packages, and neither is written over. Nothing was moved. A Larder takes both: `larder push \
         ROOT https://<larder>/mirrors/<mount point>` sends the old ones. Or move one of the two away",
        .from.display(), .to.display()
    )]
    Both { from: PathBuf, to: PathBuf },
    /// A rename would be a copy.
    #[error(
        "{} and {} are on different file systems, where moving would be copying. It was not moved; copy it with rsync, \
         and remove it once that is done",
        .from.display(), .to.display()
    )]
    OtherFileSystem { from: PathBuf, to: PathBuf },
    /// The file system refuses.
    #[error("{} cannot be {what}: {source}. Nothing is lost; run it again", .path.display())]
    Refused { path: PathBuf, what: &'static str, source: io::Error },
}

/// Moves what is to be moved, and tells of it.
///
/// # Errors
/// [`CannotMigrate`].
pub(super) fn run(arguments: &Arguments) -> Result<End, CannotMigrate> {
    let Arguments { root, mount, dry_run } = arguments;
    let target = target(root, mount)?;
    let moves = moves(root, &target)?;
    if moves.is_empty() {
        output::line(&format!("{} is migrated already: its packages are in {}", root.display(), target.display()));
        return Ok(End::Done);
    }
    if !dry_run {
        make_folder(root, &target)?;
    }
    for Move { from, to } in &moves {
        if !dry_run {
            rename(from, to)?;
        }
        let verb = if *dry_run { "would move" } else { "moved" };
        output::line(&format!("{verb} {} to {}", from.display(), to.display()));
    }
    if !dry_run {
        output::line(&format!("Images for {} find their packages there from now on.", mount.display()));
    }
    Ok(End::Done)
}

/// A folder that is to lie elsewhere.
#[derive(Debug, PartialEq, Eq)]
struct Move {
    from: PathBuf,
    to: PathBuf,
}

/// The directory of a mount point in the cache.
fn target(root: &Path, mount: &Path) -> Result<PathBuf, CannotMigrate> {
    let mut below = mount.components();
    let is_absolute = below.next() == Some(Component::RootDir);
    let is_folder = |part: &Component<'_>| FOLDERS.iter().any(|folder| part.as_os_str() == *folder);
    let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_)) && !is_folder(&part);
    if !is_absolute || below.as_path().as_os_str().is_empty() || !below.clone().all(is_plain) {
        return Err(CannotMigrate::Mount(mount.to_owned()));
    }
    Ok(root.join(below.as_path()))
}

/// What is still to be moved; empty when all of it has been.
fn moves(root: &Path, target: &Path) -> Result<Vec<Move>, CannotMigrate> {
    fs::read_dir(root).map_err(|source| CannotMigrate::Root { root: root.to_owned(), source })?;
    let mut moves = Vec::new();
    for folder in FOLDERS {
        let (from, to) = (root.join(folder), target.join(folder));
        let Ok(metadata) = fs::symlink_metadata(&from) else { continue };
        if metadata.is_symlink() {
            return Err(CannotMigrate::Link(from));
        }
        if metadata.is_dir() {
            if !is_free(&to) {
                return Err(CannotMigrate::Both { from, to });
            }
            moves.push(Move { from, to });
        }
    }
    if moves.is_empty() && !FOLDERS.iter().any(|folder| target.join(folder).is_dir()) {
        return Err(CannotMigrate::Nothing(root.to_owned()));
    }
    Ok(moves)
}

/// Whether a rename may put something there: nothing is, or an empty directory.
fn is_free(path: &Path) -> bool {
    match fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

/// Makes the directory of the mount point, open to whom the cache is open to.
fn make_folder(root: &Path, target: &Path) -> Result<(), CannotMigrate> {
    let missing: Vec<_> = target.ancestors().take_while(|folder| !folder.exists()).collect();
    for folder in missing.into_iter().rev() {
        let refused = |source| CannotMigrate::Refused { path: folder.to_owned(), what: "made", source };
        fs::create_dir(folder).map_err(refused)?;
        let permissions = fs::metadata(root).map_err(refused)?.permissions();
        fs::set_permissions(folder, permissions).map_err(refused)?;
    }
    Ok(())
}

fn rename(from: &Path, to: &Path) -> Result<(), CannotMigrate> {
    fs::rename(from, to).map_err(|source| match source.kind() {
        io::ErrorKind::CrossesDevices => CannotMigrate::OtherFileSystem { from: from.to_owned(), to: to.to_owned() },
        io::ErrorKind::DirectoryNotEmpty => CannotMigrate::Both { from: from.to_owned(), to: to.to_owned() },
        _ => CannotMigrate::Refused { path: from.to_owned(), what: "moved", source },
    })?;
    // The new name first: a power cut may leave both on disk, never neither.
    for folder in [to.parent(), from.parent()].into_iter().flatten() {
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_point_is_a_directory_of_the_cache() {
        let root = Path::new("/scratch/cache");
        for (mount, expected) in [("/user-environment", "user-environment"), ("/opt/a/b/", "opt/a/b")] {
            assert_eq!(target(root, Path::new(mount)).unwrap(), root.join(expected));
        }
        for mount in ["", "/", "user-environment", "/a/../b", "/build_cache", "/opt/v3"] {
            assert!(matches!(target(root, Path::new(mount)), Err(CannotMigrate::Mount(_))), "{mount}");
        }
    }
}
