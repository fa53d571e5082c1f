//! The `v3/` and `blobs/` trees: what Spack 1.x writes.
//!
//! ```text
//! v3/layout.json
//! v3/manifests/spec/<name>/<name>-<version>-<hash>.spec.manifest.json
//! v3/manifests/index/index.manifest.json
//! v3/manifests/index/<view>/index.manifest.json          a view of Spack 1.2: a slice
//! v3/manifests/key/keys.manifest.json
//! v3/manifests/key/<fingerprint>.key.manifest.json
//! blobs/sha256/<first two digits>/<digest>
//! ```

use std::fmt;

use super::{is_component, sanitise};
use crate::{
    digest::Digest,
    name::{DagHash, Fingerprint},
    slice::Slice,
    spec::Node,
};

/// The content of `v3/layout.json`. No Spack reads it; its absence makes one warn.
pub const LAYOUT_DOCUMENT: &str = r#"{"signing":"gpg"}"#;

/// Where a spec's manifest lies.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SpecManifestPath {
    name: Box<str>,
    stem: Box<str>,
}

impl SpecManifestPath {
    /// Where the manifest of a node lies.
    pub fn of(node: &Node) -> Self {
        let stem = sanitise(&format!("{}-{}-{}", node.name, node.version, node.hash));
        Self { name: sanitise(node.name.as_str()).into(), stem: stem.into() }
    }

    /// The hash with which the file name ends.
    pub fn hash(&self) -> DagHash {
        // Checked by `parse`, and true of every node.
        self.stem[self.stem.len().saturating_sub(32)..]
            .parse()
            .unwrap_or_else(|_| unreachable!("a stem ends in a hash"))
    }

    /// The package's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The package's version.
    pub fn version(&self) -> &str {
        // Between the name and the hash, as `parse` checked and every node has it.
        self.stem.get(self.name.len() + 1..self.stem.len().saturating_sub(33)).unwrap_or_default()
    }

    fn parse(name: &str, file: &str) -> Option<Self> {
        let stem = file.strip_suffix(".spec.manifest.json")?;
        let front = stem.get(..stem.len().checked_sub(33)?)?;
        let version = front.strip_prefix(name)?.strip_prefix('-')?;
        let hash = stem[front.len()..].strip_prefix('-')?;
        (is_component(name) && is_component(stem) && !version.is_empty() && hash.parse::<DagHash>().is_ok())
            .then(|| Self { name: name.into(), stem: stem.into() })
    }
}

/// One object of the v3 layout.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Path {
    /// `v3/layout.json`
    Layout,
    /// The manifest of one package.
    SpecManifest(SpecManifestPath),
    /// `v3/manifests/index/index.manifest.json`, which names the index blobs.
    IndexManifest,
    /// `v3/manifests/index/<view>/index.manifest.json`: of a slice, whose expression names the view.
    ViewManifest(Slice),
    /// `v3/manifests/key/keys.manifest.json`, which names the blob listing the keys.
    KeyIndexManifest,
    /// `v3/manifests/key/<fingerprint>.key.manifest.json`
    KeyManifest(Fingerprint),
    /// `blobs/sha256/<first two digits>/<digest>`
    Blob(Digest),
}

impl Path {
    /// Parses a path below the mirror's root.
    pub fn parse(path: &str) -> Option<Self> {
        let parts: Vec<_> = path.split('/').collect();
        match parts[..] {
            ["v3", "layout.json"] => Some(Self::Layout),
            ["v3", "manifests", "spec", name, file] => SpecManifestPath::parse(name, file).map(Self::SpecManifest),
            ["v3", "manifests", "index", "index.manifest.json"] => Some(Self::IndexManifest),
            ["v3", "manifests", "index", view, "index.manifest.json"] => view.parse().ok().map(Self::ViewManifest),
            ["v3", "manifests", "key", "keys.manifest.json"] => Some(Self::KeyIndexManifest),
            ["v3", "manifests", "key", file] => {
                file.strip_suffix(".key.manifest.json")?.parse().ok().map(Self::KeyManifest)
            }
            ["blobs", "sha256", shard, digest] if digest.get(..2) == Some(shard) => digest.parse().ok().map(Self::Blob),
            _ => None,
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Layout => f.write_str("v3/layout.json"),
            Self::SpecManifest(SpecManifestPath { name, stem }) => {
                write!(f, "v3/manifests/spec/{name}/{stem}.spec.manifest.json")
            }
            Self::IndexManifest => f.write_str("v3/manifests/index/index.manifest.json"),
            Self::ViewManifest(slice) => write!(f, "v3/manifests/index/{slice}/index.manifest.json"),
            Self::KeyIndexManifest => f.write_str("v3/manifests/key/keys.manifest.json"),
            Self::KeyManifest(fingerprint) => write!(f, "v3/manifests/key/{fingerprint}.key.manifest.json"),
            Self::Blob(digest) => write!(f, "blobs/sha256/{}/{digest}", digest.shard()),
        }
    }
}
