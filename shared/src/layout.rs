//! Spack's own paths below a mirror's root, parsed and printed; the two undo each other.
//!
//! ```text
//! build_cache/index.json                                     v2, Spack up to 0.23
//! v3/manifests/spec/zlib/zlib-1.3.1-<hash>.spec.manifest.json  v3, Spack 1.x
//! blobs/sha256/0f/0f24…                                        v3
//! ```
//! Sources: `bindist.py` of Spack 0.23 and `url_buildcache.py` of Spack 1.x.

use std::{fmt, str::FromStr};

pub mod manifest;
pub mod v2;
pub mod v3;

/// Longest path below a mirror's root in bytes. With the mirror's name and Larder's own prefix the
/// object key stays below R2's 1,024.
pub const MAX_PATH_BYTES: usize = 700;

/// One object of a mirror, in either layout.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LayoutPath {
    /// A path of the `build_cache/` tree.
    V2(v2::Path),
    /// A path of the `v3/` and `blobs/` trees.
    V3(v3::Path),
}

/// A path that is not one of Spack's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a path of a Spack build cache")]
pub struct UnknownPath(pub String);

impl FromStr for LayoutPath {
    type Err = UnknownPath;

    fn from_str(path: &str) -> Result<Self, UnknownPath> {
        let unknown = || UnknownPath(path.chars().take(200).collect());
        if path.len() > MAX_PATH_BYTES {
            return Err(unknown());
        }
        v2::Path::parse(path).map(Self::V2).or_else(|| v3::Path::parse(path).map(Self::V3)).ok_or_else(unknown)
    }
}

impl fmt::Display for LayoutPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V2(path) => path.fmt(f),
            Self::V3(path) => path.fmt(f),
        }
    }
}

/// How long bytes under a path stay true, which decides `Cache-Control`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// Named by its digest: the bytes never change.
    Immutable,
    /// Stored once for a hash; may be replaced only when the package is removed and pushed again.
    Stored,
    /// Derived from what the mirror holds now: ask again each time.
    Current,
}

impl LayoutPath {
    /// How long the bytes under this path stay true.
    pub const fn lifetime(&self) -> Lifetime {
        match self {
            Self::V3(v3::Path::Blob(_)) => Lifetime::Immutable,
            Self::V2(v2::Path::Spec { .. } | v2::Path::Tarball(_)) | Self::V3(v3::Path::SpecManifest(_)) => {
                Lifetime::Stored
            }
            Self::V2(v2::Path::Index | v2::Path::IndexHash | v2::Path::KeyIndex | v2::Path::Key(_))
            | Self::V3(
                v3::Path::Layout
                | v3::Path::IndexManifest
                | v3::Path::ViewManifest(_)
                | v3::Path::KeyIndexManifest
                | v3::Path::KeyManifest(_),
            ) => Lifetime::Current,
        }
    }
}

/// Spack's sanitiser for path components: every character outside `A-Za-z0-9_+.-` becomes `_`.
///
/// Source: `_build_tarball_path` of Spack 0.23; the same in 1.x.
pub fn sanitise(text: &str) -> String {
    let is_kept = |c: char| c.is_ascii_alphanumeric() || "_+.-".contains(c);
    text.chars().map(|c| if is_kept(c) { c } else { '_' }).collect()
}

/// Whether `text` may be one component of a stored path: printable ASCII without separators, not
/// `.` or `..`. Wider than [`sanitise`] because Spack before 0.22 wrote some strings as they were.
pub(crate) fn is_component(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('.')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+.-=@:,~".contains(&byte))
}
