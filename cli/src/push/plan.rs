//! What to push out of a folder, in which order, and what cannot be pushed: known in full before
//! anything is sent.
//!
//! Each [`Item`] is one document that makes something visible, a spec file, a manifest or a key,
//! and the blobs it names, which have to be there before it. A v2 tarball is such a blob too: the
//! server finds it through the checksum in the spec file.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use larder_shared::{
    digest::Digest,
    layout::{v2, v3},
};

use super::{
    folder::{File, Folder, FolderError},
    problem::Problem,
};

mod document;

use document::Planned;

/// What to push, and what cannot be.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Public keys, to be pushed before the packages they signed.
    pub(super) keys: Vec<Item>,
    /// Packages, in order of path: v2 first.
    pub(super) packages: Vec<Item>,
    /// What cannot be pushed.
    pub(super) unusable: Vec<Unusable>,
    /// Files that Larder makes itself, such as the index.
    pub(super) derived: Vec<String>,
    /// v2 tarballs that no spec file belongs to.
    pub(super) orphans: Vec<File>,
    /// Files that are no part of a mirror.
    pub(super) ignored: Vec<String>,
}

/// How a package or key is called in messages, such as `zlib /wo6fab6`.
pub(super) type Label = String;

/// One thing to push.
#[derive(Debug)]
pub(super) struct Item {
    /// How it is called.
    pub(super) label: Label,
    /// What the document is.
    pub(super) role: &'static str,
    /// What makes it visible: sent last, exactly as it is.
    pub(super) document: File,
    /// What the document names.
    pub(super) blobs: Vec<Blob>,
}

/// A package or key that cannot be pushed.
#[derive(Debug)]
pub(super) struct Unusable {
    /// How it is called; by its file's name when that is all that is known.
    pub(super) label: Label,
    /// Why.
    pub(super) problem: Problem,
    /// Its spec file or manifest.
    pub(super) document: File,
}

/// A file named by its digest.
#[derive(Debug)]
pub(super) struct Blob {
    /// What it is.
    pub(super) role: &'static str,
    /// The SHA-256 it should have.
    pub(super) digest: Digest,
    /// Its length.
    pub(super) bytes: u64,
    /// Where it lies.
    pub(super) location: PathBuf,
    /// Whether it is a tarball of layout 0, whose named digest is that of an archive inside.
    pub(super) is_nested: bool,
}

impl Blob {
    /// Its path below the mirror's root, which is Spack's own.
    pub(super) fn path(&self) -> String {
        v3::Path::Blob(self.digest).to_string()
    }
}

/// How many documents a folder holds that are not done; none is read.
///
/// # Errors
/// As [`Plan::read`].
pub(super) fn count(root: &Path, is_done: impl Fn(&File) -> bool) -> Result<usize, FolderError> {
    let Folder { specs, manifests, keys, key_manifests, .. } = Folder::read(root)?;
    let files = specs.iter().map(|(file, ..)| file).chain(manifests.iter().map(|(file, _)| file));
    let files = files.chain(keys.iter().chain(&key_manifests).map(|(file, _)| file));
    Ok(files.filter(|file| !is_done(file)).count())
}

impl Item {
    /// Whether it is a public key.
    pub(super) fn is_key(&self) -> bool {
        matches!(self.role, "key" | "key manifest")
    }

    /// Bytes of the document and its blobs.
    pub(super) fn bytes(&self) -> u64 {
        self.document.bytes + self.blobs.iter().map(|blob| blob.bytes).sum::<u64>()
    }
}

impl Plan {
    /// Reads a folder with every spec file and manifest in it, but those that `is_done`. Tarballs are not
    /// read yet.
    ///
    /// # Errors
    /// [`FolderError`] when it is no mirror or cannot be listed.
    pub(super) fn read(root: &Path, is_done: impl Fn(&File) -> bool) -> Result<Self, FolderError> {
        let Folder { mut specs, mut tarballs, mut manifests, mut keys, mut key_manifests, derived, ignored } =
            Folder::read(root)?;
        let stems: HashSet<v2::Stem> = specs.iter().map(|(_, stem, _)| stem.clone()).collect();
        specs.retain(|(file, ..)| !is_done(file));
        manifests.retain(|(file, _)| !is_done(file));
        keys.retain(|(file, _)| !is_done(file));
        key_manifests.retain(|(file, _)| !is_done(file));
        let mut unusable = Vec::new();
        let mut sort = |planned: Planned| planned.map_err(|problem| unusable.push(*problem)).ok();

        let v2_keys = keys.into_iter().map(|(file, fingerprint)| Ok(document::v2_key(file, &fingerprint)));
        let v3_keys = key_manifests.into_iter().map(|(file, fingerprint)| document::v3_key(root, file, &fingerprint));
        let keys = v2_keys.chain(v3_keys).filter_map(&mut sort).collect();

        let v2_packages = specs
            .into_iter()
            .map(|(file, stem, signed)| document::v2_package(file, &stem, signed, tarballs.get(&stem)));
        let v3_packages = manifests.into_iter().map(|(file, path)| document::v3_package(root, file, &path));
        let packages = v2_packages.chain(v3_packages).filter_map(&mut sort).collect();

        tarballs.retain(|stem, _| !stems.contains(stem));
        let mut orphans: Vec<_> = tarballs.into_values().collect();
        orphans.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        Ok(Self { keys, packages, unusable, derived, orphans, ignored })
    }

    /// How many things there are to tell of.
    pub(super) fn len(&self) -> usize {
        self.keys.len() + self.packages.len() + self.unusable.len() + self.orphans.len()
    }

    /// Bytes of all there is to push.
    pub(super) fn bytes(&self) -> u64 {
        self.items().map(Item::bytes).sum()
    }

    /// All there is to push, keys first.
    pub(super) fn items(&self) -> impl Iterator<Item = &Item> {
        self.keys.iter().chain(&self.packages)
    }
}

#[cfg(test)]
mod tests;
