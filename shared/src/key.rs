//! Object keys: the only place that knows the bucket's shape.
//!
//! ```text
//! <mirror>/build_cache/…, <mirror>/v3/…, <mirror>/blobs/sha256/<xx>/<digest>   Spack's own, byte-exact
//! <mirror>/larder/derived/<path>     what Larder made so that a spec is found in the other layout
//! <mirror>/larder/staged/<path>      a tarball that waits for the spec file naming its digest
//! <mirror>/larder/index/parts/<digest>, …/documents/<digest>   the index documents, in parts
//! <mirror>/blobs/sha512/<xx>/<digest>                 a blob of an image that names it so
//! <mirror>/larder/oci/manifests/<algorithm>/<digest>  manifests, byte for byte as they arrived
//! <mirror>/larder/oci/tags/<tag>     the manifest that a tag names
//! <mirror>/larder/uploads/<id>/<piece>                what has arrived of a blob
//! <mirror>/larder/reports/<yyyy>/<mm>/<key>/…         reports of a build as they arrived, and its log
//! larder/mirrors/<mirror>            a mirror's settings
//! larder/tokens/<sha256 of token>    a token's rights
//! larder/oidc/<sha256 of issuer>     the keys an OpenID Connect issuer signs with
//! ```
//! `larder` cannot be a segment of a mirror's name, so the last three collide with nothing.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    api::Timestamp,
    digest::Digest,
    layout::LayoutPath,
    name::MirrorName,
    oci::{digest::ContentDigest, tag::Tag, upload::UploadId},
};

/// A folder of a mirror, all of whose objects can be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folder {
    /// `build_cache/`
    BuildCache,
    /// `build_cache/_pgp/`
    Keys,
    /// `v3/`
    V3,
    /// `larder/staged/`
    Staged,
}

impl Folder {
    /// Its path below the mirror's root.
    pub const fn path(self) -> &'static str {
        match self {
            Self::BuildCache => "build_cache/",
            Self::Keys => "build_cache/_pgp/",
            Self::V3 => "v3/",
            Self::Staged => "larder/staged/",
        }
    }

    /// With what the keys of its objects begin.
    pub fn prefix(self, mirror: &MirrorName) -> String {
        format!("{mirror}/{}", self.path())
    }
}

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
    /// A blob by its digest. With a SHA-256 it is the same object as the v3 layout's blob.
    Blob(MirrorName, ContentDigest),
    /// An OCI manifest, by its digest.
    Manifest(MirrorName, ContentDigest),
    /// The OCI manifest that a tag names: a copy, so that reading a tag asks nothing else.
    Tag(MirrorName, Tag),
    /// Some bytes of an upload under way: the upload's name and the piece's.
    UploadPiece(MirrorName, UploadId, UploadId),
    /// A report as it arrived, or a log: the folder of the build or of the document, and the file's name.
    Report(MirrorName, ReportFolder, &'static str),
    /// A mirror's settings.
    Mirror(MirrorName),
    /// A token's rights, by the digest of the token.
    Token(Digest),
    /// The keys of an OpenID Connect issuer, by the digest of its URL.
    IssuerKeys(Digest),
}

/// Where the reports of a build lie: the month in which the first arrived, and what tells the build
/// from others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReportFolder(String);

/// Hexadecimal digits of a report's folder.
const REPORT_DIGITS: usize = 32;

impl ReportFolder {
    /// For what is told from others by `key` and arrived at `time`.
    pub fn new(time: Timestamp, key: &Digest) -> Self {
        let (time, key) = (time.to_string(), key.to_string());
        Self(format!("{}/{}/{}", &time[..4], &time[5..7], &key[..REPORT_DIGITS]))
    }

    /// As text, below the folder of all reports.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ReportFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Text that is not the folder of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a report's folder is a year, a month and {REPORT_DIGITS} hexadecimal digits")]
pub struct InvalidReportFolder;

impl TryFrom<String> for ReportFolder {
    type Error = InvalidReportFolder;

    fn try_from(text: String) -> Result<Self, InvalidReportFolder> {
        let is_hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        let parts: Vec<_> = text.split('/').collect();
        let is_folder = match parts[..] {
            [year, month, key] => {
                (year.len(), month.len(), key.len()) == (4, 2, REPORT_DIGITS)
                    && [year, month].iter().all(|part| part.bytes().all(|b| b.is_ascii_digit()))
                    && key.bytes().all(is_hex)
            }
            _ => false,
        };
        is_folder.then_some(Self(text)).ok_or(InvalidReportFolder)
    }
}

impl From<ReportFolder> for String {
    fn from(folder: ReportFolder) -> Self {
        folder.0
    }
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
            Self::Blob(mirror, digest) => {
                let hex = digest.hex();
                write!(f, "{mirror}/blobs/{}/{}/{hex}", digest.algorithm(), &hex[..2])
            }
            Self::Manifest(mirror, digest) => {
                write!(f, "{mirror}/larder/oci/manifests/{}/{}", digest.algorithm(), digest.hex())
            }
            Self::Tag(mirror, tag) => write!(f, "{mirror}/larder/oci/tags/{tag}"),
            Self::UploadPiece(mirror, upload, piece) => write!(f, "{mirror}/larder/uploads/{upload}/{piece}"),
            Self::Report(mirror, folder, file) => write!(f, "{mirror}/larder/reports/{folder}/{file}"),
            Self::Mirror(mirror) => write!(f, "{MIRRORS_PREFIX}{mirror}"),
            Self::Token(digest) => write!(f, "{TOKENS_PREFIX}{digest}"),
            Self::IssuerKeys(digest) => write!(f, "larder/oidc/{digest}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::v3;

    #[test]
    fn a_report_lies_in_the_month_it_arrived() {
        let folder = ReportFolder::new(Timestamp::from_millis(1_795_190_781_000), &Digest::of(b"build"));
        assert!(folder.as_str().starts_with("2026/11/"));
        assert_eq!(ReportFolder::try_from(folder.to_string()), Ok(folder.clone()));
        let key = ObjectKey::Report("m".parse().unwrap(), folder.clone(), "log");
        assert_eq!(key.to_string(), format!("m/larder/reports/{folder}/log"));
        for wrong in ["", "2026/11", "2026/11/../x", "2026/1x/0123456789abcdef0123456789abcdef"] {
            assert!(ReportFolder::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_layer_is_the_same_object_as_the_blob_of_the_v3_layout() {
        let mirror: MirrorName = "opt/a".parse().unwrap();
        let digest = Digest::of(b"tarball");
        let blob = ObjectKey::Blob(mirror.clone(), digest.into());
        assert_eq!(blob.to_string(), ObjectKey::Object(mirror, LayoutPath::V3(v3::Path::Blob(digest))).to_string());
    }
}
