//! The `build_cache/` tree: what Spack up to 0.23 writes and every Spack reads.
//!
//! ```text
//! build_cache/<stem>.spec.json.sig
//! build_cache/linux-ubuntu22.04-zen2/gcc-12.3.0/hdf5-1.14.3/<stem>.spack
//! stem = linux-ubuntu22.04-zen2-gcc-12.3.0-hdf5-1.14.3-<hash>
//! ```
//! Names, targets and versions contain `-`, so a stem cannot be split: only its hash is known.

use std::{fmt, str::FromStr};

use super::{is_component, sanitise};
use crate::{
    api::SpecSummary,
    name::{DagHash, Fingerprint},
    spec::{Compiler, Node},
};

/// `<platform>-<os>-<target>-<compiler>-<version>-<name>-<version>-<hash>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Stem(Box<str>);

impl Stem {
    /// The stem of a node.
    pub fn of(node: &Node) -> Self {
        let Directories { arch, compiler, package } = Directories::of(node);
        Self(format!("{arch}-{compiler}-{package}-{}", node.hash).into())
    }

    /// The stem of the package that a list names.
    pub fn of_summary(spec: &SpecSummary) -> Self {
        let SpecSummary { hash, name, version, compiler, platform, os, target, .. } = spec;
        let none = Compiler::none();
        let compiler = match compiler.as_deref().map(|compiler| compiler.split_once('@').unwrap_or((compiler, ""))) {
            Some((name, version)) => format!("{name}-{version}"),
            None => format!("{}-{}", none.name, none.version),
        };
        let front = format!("{platform}-{os}-{target}-{compiler}-{name}-{version}");
        Self(format!("{}-{hash}", sanitise(&front)).into())
    }

    fn parse(text: &str) -> Option<Self> {
        let (front, hash) = text.split_at_checked(text.len().checked_sub(32)?)?;
        (hash.parse::<DagHash>().is_ok() && front.len() > 1 && front.ends_with('-') && is_component(text))
            .then(|| Self(text.into()))
    }

    /// The hash with which the stem ends.
    pub fn hash(&self) -> DagHash {
        // A `Stem` is only ever made with one; were it not, no hash equals the fallback.
        self.0[self.0.len().saturating_sub(32)..].parse().unwrap_or_else(|_| unreachable!("a stem ends in a hash"))
    }

    /// The stem as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Text that is no stem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not the name of a package's files")]
pub struct InvalidStem;

impl FromStr for Stem {
    type Err = InvalidStem;

    fn from_str(text: &str) -> Result<Self, InvalidStem> {
        Self::parse(text).ok_or(InvalidStem)
    }
}

/// The three folders of a tarball, which joined by `-` are the front of its stem.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Directories {
    /// `<platform>-<os>-<target>`
    pub arch: String,
    /// `<compiler>-<version>`
    pub compiler: String,
    /// `<name>-<version>`
    pub package: String,
}

impl Directories {
    fn of(node: &Node) -> Self {
        let compiler = node.compiler_or_none();
        let compiler = format!("{}-{}", compiler.name, compiler.version);
        Self {
            arch: sanitise(&format!("{}-{}-{}", node.platform, node.os, node.target)),
            compiler: sanitise(&compiler),
            package: sanitise(&format!("{}-{}", node.name, node.version)),
        }
    }
}

/// Where a tarball lies.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TarballPath {
    directories: Directories,
    stem: Stem,
}

impl TarballPath {
    /// Where the tarball of a node lies.
    pub fn of(node: &Node) -> Self {
        Self { directories: Directories::of(node), stem: Stem::of(node) }
    }

    /// The file name without its ending.
    pub fn stem(&self) -> &Stem {
        &self.stem
    }
}

impl fmt::Display for TarballPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { directories: Directories { arch, compiler, package }, stem } = self;
        write!(f, "{arch}/{compiler}/{package}/{}.spack", stem.0)
    }
}

/// One object of the `build_cache/` tree.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Path {
    /// `build_cache/index.json`, the database document.
    Index,
    /// `build_cache/index.json.hash`, 64 hex digits without a newline.
    IndexHash,
    /// `build_cache/_pgp/index.json`, the list of fingerprints.
    KeyIndex,
    /// `build_cache/_pgp/<fingerprint>.pub`
    Key(Fingerprint),
    /// `build_cache/<stem>.spec.json.sig` when signed, else `build_cache/<stem>.spec.json`.
    Spec {
        /// The file name without its endings.
        stem: Stem,
        /// Whether the path is that of a clearsigned file.
        signed: bool,
    },
    /// `build_cache/<arch>/<compiler>/<package>/<stem>.spack`
    Tarball(TarballPath),
}

impl Path {
    /// Parses a path below the mirror's root.
    pub fn parse(path: &str) -> Option<Self> {
        let parts: Vec<_> = path.strip_prefix("build_cache/")?.split('/').collect();
        match parts[..] {
            ["index.json"] => Some(Self::Index),
            ["index.json.hash"] => Some(Self::IndexHash),
            ["_pgp", "index.json"] => Some(Self::KeyIndex),
            ["_pgp", file] => file.strip_suffix(".pub")?.parse().ok().map(Self::Key),
            [file] => {
                let (stem, signed) = match file.strip_suffix(".spec.json.sig") {
                    Some(stem) => (stem, true),
                    None => (file.strip_suffix(".spec.json")?, false),
                };
                Some(Self::Spec { stem: Stem::parse(stem)?, signed })
            }
            [arch, compiler, package, file] => {
                let stem = Stem::parse(file.strip_suffix(".spack")?)?;
                let front = &stem.0[..stem.0.len() - 33];
                let directories =
                    Directories { arch: arch.to_owned(), compiler: compiler.to_owned(), package: package.to_owned() };
                ([arch, compiler, package].into_iter().all(is_component)
                    && front == format!("{arch}-{compiler}-{package}"))
                .then_some(Self::Tarball(TarballPath { directories, stem }))
            }
            _ => None,
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("build_cache/")?;
        match self {
            Self::Index => f.write_str("index.json"),
            Self::IndexHash => f.write_str("index.json.hash"),
            Self::KeyIndex => f.write_str("_pgp/index.json"),
            Self::Key(fingerprint) => write!(f, "_pgp/{fingerprint}.pub"),
            Self::Spec { stem, signed: true } => write!(f, "{}.spec.json.sig", stem.0),
            Self::Spec { stem, signed: false } => write!(f, "{}.spec.json", stem.0),
            Self::Tarball(path) => path.fmt(f),
        }
    }
}
