//! What to do with packages that are half written.
//!
//! Spack writes the tarball, then the spec file or manifest that names it. A build that is killed
//! leaves a tarball without the one, or the one cut short; a copy that is killed leaves a spec file
//! whose tarball is not all there. Spack does not mend it: a package whose spec file is there counts
//! as pushed.

use std::{
    fs, io,
    path::Path,
    time::{Duration, SystemTime},
};

use super::{folder::File, problem::Problem};

/// How long nothing of a package may have been written before its files are removed: longer than any
/// build takes to write a tarball, and than the clocks of two machines are apart.
const SETTLED: Duration = Duration::from_secs(24 * 60 * 60);

/// What became of a half-written package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pruned {
    /// Its files are gone, or would be if this were no dry run.
    Removed,
    /// It is left as it is, because somebody may still be writing it.
    LeftOut,
}

/// Removes the document of a half-written package and the tarball that is not what it should be, if
/// they are old. With `dry_run`, only says so.
///
/// # Errors
/// When a file cannot be removed.
pub(super) fn prune(document: &File, problem: &Problem, dry_run: bool) -> io::Result<Pruned> {
    let damaged = problem.damaged_file();
    let files: Vec<&Path> = [Some(document.location.as_path()), damaged].into_iter().flatten().collect();
    // The document first: without it, the tarball is nothing.
    remove(&files, dry_run)
}

/// Removes a tarball without a spec file, if it is old.
///
/// # Errors
/// When it cannot be removed.
pub(super) fn prune_orphan(tarball: &File, dry_run: bool) -> io::Result<Pruned> {
    remove(&[&tarball.location], dry_run)
}

fn remove(files: &[&Path], dry_run: bool) -> io::Result<Pruned> {
    if !files.iter().all(|file| is_settled(file)) {
        return Ok(Pruned::LeftOut);
    }
    if !dry_run {
        files.iter().try_for_each(fs::remove_file)?;
    }
    Ok(Pruned::Removed)
}

/// Whether a file was last written long ago. One that says it is from the future was not.
fn is_settled(file: &Path) -> bool {
    let written = fs::metadata(file).and_then(|metadata| metadata.modified());
    written.is_ok_and(|time| SystemTime::now().duration_since(time).is_ok_and(|age| age >= SETTLED))
}
