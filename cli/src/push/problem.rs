//! Why one package or key was not pushed.

use std::{
    io,
    path::{Path, PathBuf},
};

use larder_shared::{
    api::ErrorCode, clearsign::ClearsignError, digest::Digest, layout::manifest::InvalidManifest,
    package::InvalidPackage,
};

use crate::{http::Failure, mirrors_url::NoMirrorName};

/// What to do when a file is not what its spec file or manifest says.
const COPY_AGAIN: &str =
    "The file was damaged or replaced: copy the mirror again, or push the package into it again with Spack.";

/// Why one package or key was not pushed. Until `Http`, nothing of it was sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    /// A file cannot be read.
    #[error("{path} cannot be read: {source}")]
    Unreadable {
        /// The file below the folder.
        path: String,
        /// The reason.
        source: io::Error,
    },
    /// What is half written cannot be removed.
    #[error("{path} cannot be removed: {source}")]
    Unremovable {
        /// The file below the folder.
        path: String,
        /// The reason.
        source: io::Error,
    },
    /// A mount point is no mirror's name.
    #[error(transparent)]
    NoMirrorName(#[from] NoMirrorName),
    /// A spec file or manifest is larger than any.
    #[error("the {role} has {bytes} bytes, which none of Spack's has")]
    Oversized {
        /// What the file is.
        role: &'static str,
        /// Its length.
        bytes: u64,
    },
    /// The spec file or manifest is not one, or does not fit its path.
    #[error(transparent)]
    Package(#[from] InvalidPackage),
    /// The manifest of a key cannot be taken out of its signature.
    #[error(transparent)]
    Clearsign(#[from] ClearsignError),
    /// The manifest of a key is not one.
    #[error(transparent)]
    Manifest(#[from] InvalidManifest),
    /// What a spec file or manifest names is not in the folder.
    #[error("its {role} is not in the folder: {path}")]
    Missing {
        /// What the file is.
        role: &'static str,
        /// Where it should be, below the folder.
        path: String,
    },
    /// A spec file or manifest ends before its end.
    #[error("the {role} is cut short")]
    Cut {
        /// What the file is.
        role: &'static str,
    },
    /// A file changed between two looks at it.
    #[error("the {role} was written while it was read")]
    Changing {
        /// What the file is.
        role: &'static str,
    },
    /// A file has another length than its manifest says.
    #[error("the {role} does not have the length its manifest names: it has {found} bytes, not {named}")]
    WrongLength {
        /// What the file is.
        role: &'static str,
        /// Its length.
        found: u64,
        /// The length it should have.
        named: u64,
        /// Where it lies.
        location: PathBuf,
    },
    /// A file has another digest than its spec file or manifest says.
    #[error("the {role} does not have the digest its {document} names: it has sha256 {found}, not {named}")]
    WrongDigest {
        /// What the file is.
        role: &'static str,
        /// What names it.
        document: &'static str,
        /// Its digest.
        found: Digest,
        /// The digest it should have.
        named: Digest,
        /// Whether the package is of layout 0.
        is_nested: bool,
        /// Where it lies.
        location: PathBuf,
    },
    /// The server did not take it, or could not be asked.
    #[error("{}{failure}", if failure.concerns_all() { String::new() } else { format!("the {role} was not taken: ") })]
    Http {
        /// What was being sent or looked for.
        role: &'static str,
        /// What happened.
        failure: Failure,
    },
}

impl Problem {
    /// What to do about it, when something is known.
    pub(super) fn next(&self) -> Option<&str> {
        match self {
            Self::WrongDigest { is_nested: true, .. } => Some(
                "Spack up to 0.17 names the digest of an archive inside the tarball, so such packages cannot be checked; build this one again with a newer Spack.",
            ),
            Self::WrongLength { .. } | Self::WrongDigest { .. } => Some(COPY_AGAIN),
            Self::Changing { .. } => Some("Push again once it is written."),
            Self::Missing { .. } | Self::Cut { .. } => {
                Some("The mirror is incomplete: copy it again, or push the package into it again with Spack.")
            }
            Self::Http { failure, .. } => failure.next(),
            Self::NoMirrorName(_) => Some("Push it alone, to a mirror of another name: larder push DIR URL."),
            Self::Unreadable { .. }
            | Self::Unremovable { .. }
            | Self::Oversized { .. }
            | Self::Package(_)
            | Self::Clearsign(_)
            | Self::Manifest(_) => None,
        }
    }

    /// Whether the package may be half written: still being written, or left so by what was killed.
    pub(super) const fn is_partial(&self) -> bool {
        match self {
            Self::Missing { .. } | Self::Cut { .. } | Self::Changing { .. } | Self::WrongLength { .. } => true,
            Self::WrongDigest { is_nested, .. } => !*is_nested,
            Self::Unreadable { .. }
            | Self::Unremovable { .. }
            | Self::NoMirrorName(_)
            | Self::Oversized { .. }
            | Self::Package(_)
            | Self::Clearsign(_)
            | Self::Manifest(_)
            | Self::Http { .. } => false,
        }
    }

    /// The file, beside the document, that is not what it should be.
    pub(super) fn damaged_file(&self) -> Option<&Path> {
        match self {
            Self::WrongLength { location, .. } | Self::WrongDigest { location, .. } => Some(location),
            _ => None,
        }
    }

    /// Whether the server has the package with other bytes.
    pub(super) fn is_conflict(&self) -> bool {
        matches!(self, Self::Http { failure, .. } if failure.code() == Some(ErrorCode::Conflict))
    }

    /// Whether every other package would fail in the same way.
    pub(super) fn concerns_all(&self) -> bool {
        matches!(self, Self::Http { failure, .. } if failure.concerns_all())
    }

    /// Whether it may be gone another time, as far as one can tell.
    pub(super) fn is_transient(&self) -> bool {
        matches!(self, Self::Http { failure, .. } if failure.is_transient())
    }

    /// Whether it is only that Ctrl-C came first.
    pub(super) const fn is_stop(&self) -> bool {
        matches!(self, Self::Http { failure: Failure::Stopped, .. })
    }
}
