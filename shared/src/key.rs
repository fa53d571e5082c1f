//! Object keys: the only place that knows the bucket's shape.
//!
//! ```text
//! <mirror>/build_cache/…, <mirror>/v3/…, <mirror>/blobs/sha256/<xx>/<digest>   Spack's own, byte-exact
//! <mirror>/larder/derived/<path>     what Larder made so that a spec is found in the other layout
//! <mirror>/larder/staged/<path>      a tarball that waits for the spec file naming its digest
//! <mirror>/larder/index/parts/<digest>, …/documents/<digest>   the index documents, in parts
//! larder/mirrors/<mirror>            a mirror's settings
//! larder/tokens/<sha256 of token>    a token's rights
//! ```
//! `larder` cannot be a segment of a mirror's name, so the last two collide with nothing.

use std::fmt;

use crate::{digest::Digest, layout::LayoutPath, name::MirrorName};

/// Longest key the store takes, in bytes (R2's limit).
pub const MAX_KEY_BYTES: usize = 1024;

/// One object of the bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObjectKey {
    /// An object of Spack's own, at its own path.
    Object(MirrorName, LayoutPath),
    /// A document Larder made from what was stored in the other layout, or for a tarball's path a
    /// reference to its blob.
    Derived(MirrorName, LayoutPath),
    /// An uploaded tarball whose digest is not known yet.
    Staged(MirrorName, LayoutPath),
    /// A part of index documents, by its own digest: written once, shared by all that begin with it.
    IndexPart(MirrorName, Digest),
    /// A description of the index document with this digest: its parts and their lengths.
    IndexDocument(MirrorName, Digest),
    /// A mirror's settings.
    Mirror(MirrorName),
    /// A token's rights, by the digest of the token.
    Token(Digest),
}

/// The folder of all mirrors' settings.
pub const MIRRORS_PREFIX: &str = "larder/mirrors/";
/// The folder of all tokens' rights.
pub const TOKENS_PREFIX: &str = "larder/tokens/";

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(mirror, path) => write!(f, "{mirror}/{path}"),
            Self::Derived(mirror, path) => write!(f, "{mirror}/larder/derived/{path}"),
            Self::Staged(mirror, path) => write!(f, "{mirror}/larder/staged/{path}"),
            Self::IndexPart(mirror, digest) => write!(f, "{mirror}/larder/index/parts/{digest}"),
            Self::IndexDocument(mirror, digest) => write!(f, "{mirror}/larder/index/documents/{digest}"),
            Self::Mirror(mirror) => write!(f, "{MIRRORS_PREFIX}{mirror}"),
            Self::Token(digest) => write!(f, "{TOKENS_PREFIX}{digest}"),
        }
    }
}
