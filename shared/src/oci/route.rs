//! Paths below `/v2/`, where a repository's name may hold slashes: they are read from their end.

use std::str::FromStr;

use super::{
    digest::ContentDigest,
    tag::{InvalidTag, Tag},
    upload::UploadId,
};
use crate::name::MirrorName;

/// What a path names in a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RepositoryPath {
    /// `tags/list`
    Tags,
    /// `manifests/<reference>`
    Manifest(Reference),
    /// `blobs/<digest>`
    Blob(ContentDigest),
    /// `blobs/uploads/`
    Uploads,
    /// `blobs/uploads/<id>`
    Upload(UploadId),
    /// `referrers/<digest>`
    Referrers(ContentDigest),
}

/// What a manifest is asked for by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// A name that may be given to another manifest later.
    Tag(Tag),
    /// The manifest's own digest.
    Digest(ContentDigest),
    /// What is no tag names nothing, and nothing can be given such a name.
    Invalid(InvalidTag),
}

/// Why a path below `/v2/` names nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Not a path of the specification.
    #[error("nothing of the OCI API lies there")]
    Unknown,
    /// The name of an upload that is not one.
    #[error("there is no such upload")]
    Upload,
    /// The repository's name is not one.
    #[error("`{0}` is not {rule}", rule = MirrorName::RULE)]
    Name(String),
    /// A digest that is not one.
    #[error("`{0}` is not a digest: `sha256:` with 64 or `sha512:` with 128 lower-case hex digits is expected")]
    Digest(String),
}

impl FromStr for Reference {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        // No tag holds a colon.
        if text.contains(':') {
            return digest(text).map(Self::Digest);
        }
        Ok(text.parse().map_or_else(Self::Invalid, Self::Tag))
    }
}

/// Reads the segments of a path after `/v2/`, each decoded.
///
/// # Errors
/// [`PathError`], which says what is wrong.
pub fn parse(segments: &[&str]) -> Result<(MirrorName, RepositoryPath), PathError> {
    let (name, path) = match segments {
        [name @ .., "tags", "list"] => (name, RepositoryPath::Tags),
        [name @ .., "blobs", "uploads"] => (name, RepositoryPath::Uploads),
        [name @ .., "blobs", "uploads", id] => {
            (name, RepositoryPath::Upload(id.parse().map_err(|_| PathError::Upload)?))
        }
        [name @ .., "blobs", text] => (name, RepositoryPath::Blob(digest(text)?)),
        [name @ .., "referrers", text] => (name, RepositoryPath::Referrers(digest(text)?)),
        [name @ .., "manifests", reference] => (name, RepositoryPath::Manifest(reference.parse()?)),
        _ => return Err(PathError::Unknown),
    };
    let name = name.join("/");
    match name.parse() {
        Ok(mirror) => Ok((mirror, path)),
        Err(_) => Err(PathError::Name(name.chars().take(80).collect())),
    }
}

fn digest(text: &str) -> Result<ContentDigest, PathError> {
    text.parse().map_err(|_| PathError::Digest(text.chars().take(160).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str) -> Result<(String, RepositoryPath), PathError> {
        parse(&path.split('/').collect::<Vec<_>>()).map(|(mirror, path)| (mirror.to_string(), path))
    }

    #[test]
    fn names_may_hold_slashes() {
        let digest = ContentDigest::of(b"");
        let id = "0123456789abcdef0123456789abcdef";
        for (path, name, expected) in [
            ("m/tags/list", "m", RepositoryPath::Tags),
            ("a/b/c/tags/list", "a/b/c", RepositoryPath::Tags),
            ("m/blobs/uploads", "m", RepositoryPath::Uploads),
            (&format!("a/b/blobs/uploads/{id}"), "a/b", RepositoryPath::Upload(id.parse().unwrap())),
            (&format!("a/tags/blobs/{digest}"), "a/tags", RepositoryPath::Blob(digest)),
            (&format!("m/referrers/{digest}"), "m", RepositoryPath::Referrers(digest)),
            (&format!("m/manifests/{digest}"), "m", RepositoryPath::Manifest(Reference::Digest(digest))),
            ("m/manifests/v1", "m", RepositoryPath::Manifest(Reference::Tag("v1".parse().unwrap()))),
        ] {
            assert_eq!(read(path), Ok((name.to_owned(), expected)), "{path}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_apart() {
        assert_eq!(read("m"), Err(PathError::Unknown));
        assert_eq!(read("m/blobs/uploads/../x"), Err(PathError::Unknown));
        assert_eq!(read("m/blobs/uploads/nothing"), Err(PathError::Upload));
        assert!(matches!(read("M/tags/list"), Err(PathError::Name(_))));
        assert!(matches!(read("tags/list"), Err(PathError::Name(_))));
        assert!(matches!(read("blobs/blobs/sha256:a"), Err(PathError::Digest(_))));
        assert!(matches!(read("m/manifests/sha256:totallywrong"), Err(PathError::Digest(_))));
        assert!(matches!(
            read("m/manifests/.INVALID_MANIFEST_NAME"),
            Ok((_, RepositoryPath::Manifest(Reference::Invalid(_))))
        ));
    }
}
