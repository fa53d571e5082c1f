//! v3 manifests: what a spec, an index or a key consists of, as a list of blobs.
//!
//! ```json
//! {"version":3,"data":[{"contentLength":1000,"mediaType":"application/vnd.spack.spec.v5+json",
//!  "compression":"gzip","checksumAlgorithm":"sha256","checksum":"fba7…e041"}]}
//! ```
//! Source: `BlobRecord` and `BuildcacheManifest` of Spack 1.x, `url_buildcache.py`.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// Media type of a package's tarball.
pub const TARBALL: &str = "application/vnd.spack.install.v2.tar+gzip";
/// Media type of a gzipped spec file of version 5 (Spack 1.0 to 1.2).
pub const SPEC_V5: &str = "application/vnd.spack.spec.v5+json";
/// Media type of a gzipped spec file of version 6 (Spack 1.3).
pub const SPEC_V6: &str = "application/vnd.spack.spec.v6+json";
/// Media type of an index of database version 8 (Spack 1.0 to 1.2).
pub const INDEX_V8: &str = "application/vnd.spack.db.v8+json";
/// Media type of an index of database version 9 (Spack 1.3).
pub const INDEX_V9: &str = "application/vnd.spack.db.v9+json";
/// Media type of an ASCII-armoured public key.
pub const KEY: &str = "application/pgp-keys";
/// Media type of the list of keys.
pub const KEY_INDEX: &str = "application/vnd.spack.keyindex.v1+json";

/// Largest manifest accepted, in bytes. Spack's have two records of about 250 bytes and a
/// signature of about 1,000.
pub const MAX_MANIFEST_BYTES: u64 = 1 << 20;

/// A v3 manifest. Unknown keys are let through, as Spack does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    version: u32,
    /// The blobs, in the order written.
    pub data: Vec<BlobRecord>,
}

/// One blob of a manifest. Checksum and length describe the bytes as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BlobRecord {
    /// Length of the stored bytes.
    pub content_length: u64,
    /// What the blob is.
    pub media_type: String,
    /// `gzip` or `none`.
    pub compression: String,
    checksum_algorithm: String,
    /// SHA-256 of the stored bytes.
    pub checksum: Digest,
}

impl BlobRecord {
    /// A record of a blob; Spack gzips tarballs and spec files, and nothing else.
    pub fn new(media_type: &str, checksum: Digest, content_length: u64) -> Self {
        let compression = if matches!(media_type, TARBALL | SPEC_V5 | SPEC_V6) { "gzip" } else { "none" };
        Self {
            content_length,
            media_type: media_type.to_owned(),
            compression: compression.to_owned(),
            checksum_algorithm: "sha256".to_owned(),
            checksum,
        }
    }
}

/// Why a document is not a manifest that can be used.
#[derive(Debug, thiserror::Error)]
pub enum InvalidManifest {
    /// Not JSON, or not of a manifest's shape.
    #[error("the manifest is not one: {0}")]
    Shape(#[from] serde_json::Error),
    /// Another version than 3.
    #[error("the manifest has version {0}; version 3 is understood")]
    Version(u32),
    /// A checksum that is not SHA-256.
    #[error("the manifest names a blob by `{0}`; only sha256 is used by Spack")]
    Algorithm(String),
    /// A blob the manifest must name is not there.
    #[error("the manifest names no {0}")]
    Missing(&'static str),
}

impl Manifest {
    /// A manifest naming these blobs.
    pub const fn new(data: Vec<BlobRecord>) -> Self {
        Self { version: 3, data }
    }

    /// Reads a manifest from its JSON text, already taken out of a signed document.
    ///
    /// # Errors
    /// [`InvalidManifest`] when it is not one, or not of version 3 and SHA-256.
    pub fn parse(json: &str) -> Result<Self, InvalidManifest> {
        let manifest: Self = serde_json::from_str(json)?;
        if manifest.version != 3 {
            return Err(InvalidManifest::Version(manifest.version));
        }
        match manifest.data.iter().find(|record| record.checksum_algorithm != "sha256") {
            Some(record) => Err(InvalidManifest::Algorithm(record.checksum_algorithm.clone())),
            None => Ok(manifest),
        }
    }

    /// The manifest as Spack writes it: one token a line, because gpg cuts long lines.
    pub fn to_json(&self) -> String {
        // Serialising plain strings and numbers cannot fail.
        crate::json::one_token_per_line(&serde_json::to_string(self).unwrap_or_default())
    }

    /// The tarball and the spec file of a package's manifest.
    ///
    /// # Errors
    /// [`InvalidManifest::Missing`] when one of them is not named.
    pub fn package(&self) -> Result<(&BlobRecord, &BlobRecord), InvalidManifest> {
        let of = |types: &[&str]| self.data.iter().find(|record| types.contains(&record.media_type.as_str()));
        Ok((
            of(&[TARBALL]).ok_or(InvalidManifest::Missing("tarball"))?,
            of(&[SPEC_V5, SPEC_V6]).ok_or(InvalidManifest::Missing("spec file"))?,
        ))
    }

    /// The index document of the newest database version that is understood.
    ///
    /// # Errors
    /// [`InvalidManifest::Missing`] when none is named.
    pub fn index(&self) -> Result<&BlobRecord, InvalidManifest> {
        let of = |wanted: &str| self.data.iter().find(|record| record.media_type == wanted);
        of(INDEX_V9).or_else(|| of(INDEX_V8)).ok_or(InvalidManifest::Missing("index of version 8 or 9"))
    }

    /// The first blob: what Spack takes as the key or the list of keys.
    ///
    /// # Errors
    /// [`InvalidManifest::Missing`] when the manifest is empty.
    pub fn first(&self) -> Result<&BlobRecord, InvalidManifest> {
        self.data.first().ok_or(InvalidManifest::Missing("blob"))
    }
}
