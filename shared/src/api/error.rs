//! The one shape of an error, and the short list of codes.

use serde::{Deserialize, Serialize};

/// The body of every answer of the JSON API that is not a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ApiError,
}

/// What went wrong, for programs (`code`) and for people (`message`, `next`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ApiError {
    /// A stable name.
    pub code: ErrorCode,
    /// The thing first, then the reason, in a sentence.
    pub message: String,
    /// What to do about it, when something can be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// The stable name of an error, which decides its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ErrorCode {
    /// The path holds something no path may.
    PathInvalid,
    /// The path is longer than any that could be stored.
    PathTooLong,
    /// A parameter or the body is not what is expected.
    RequestInvalid,
    /// No token was sent, or none that is known.
    Unauthorized,
    /// The token does not allow this.
    Forbidden,
    /// Too many wrong tokens came from this address.
    TooManyAttempts,
    /// There is no such mirror.
    MirrorUnknown,
    /// The mirror has no such thing.
    NotFound,
    /// The thing exists but does not do that.
    MethodNotAllowed,
    /// Other bytes are stored under this name, or the mirror exists already.
    Conflict,
    /// A body's length must be announced.
    LengthRequired,
    /// The body is shorter or longer than announced.
    SizeInvalid,
    /// The body is larger than allowed.
    TooLarge,
    /// The range lies outside the object.
    RangeInvalid,
    /// The bytes do not have the digest they are said to have.
    DigestInvalid,
    /// The document is not of its format, or does not fit its path.
    DocumentInvalid,
    /// The document names a blob that was not uploaded.
    BlobUnknown,
    /// The repository has no such blob.
    BlobMissing,
    /// The repository has no such manifest.
    ManifestUnknown,
    /// The manifest is not one, or not what its tag says.
    ManifestInvalid,
    /// The manifest names a blob or a manifest that was not uploaded.
    ManifestBlobUnknown,
    /// There is no such upload, or it is somebody else's.
    UploadUnknown,
    /// The chunk or the end of an upload does not fit what came before.
    UploadInvalid,
    /// The package lacks a good signature by a key that the mirror trusts.
    Untrusted,
    /// Several specs begin with the given hash.
    Ambiguous,
    /// The mirror's origin answered with an error or with wrong bytes.
    OriginFailed,
    /// The mirror's origin did not answer in time.
    OriginTimeout,
    /// Larder cannot answer now; trying again may help.
    Unavailable,
    /// Larder itself failed.
    Internal,
}

impl ErrorCode {
    /// The HTTP status that goes with it.
    pub const fn status(self) -> u16 {
        match self {
            Self::PathInvalid
            | Self::RequestInvalid
            | Self::SizeInvalid
            | Self::DigestInvalid
            | Self::ManifestInvalid
            | Self::UploadInvalid => 400,
            Self::Unauthorized => 401,
            Self::Forbidden | Self::Untrusted => 403,
            Self::MirrorUnknown
            | Self::NotFound
            | Self::BlobMissing
            | Self::ManifestUnknown
            | Self::ManifestBlobUnknown
            | Self::UploadUnknown => 404,
            Self::MethodNotAllowed => 405,
            Self::Conflict | Self::Ambiguous => 409,
            Self::LengthRequired => 411,
            Self::TooLarge => 413,
            Self::PathTooLong => 414,
            Self::RangeInvalid => 416,
            Self::DocumentInvalid | Self::BlobUnknown => 422,
            Self::TooManyAttempts => 429,
            Self::Internal => 500,
            Self::OriginFailed => 502,
            Self::Unavailable => 503,
            Self::OriginTimeout => 504,
        }
    }
}
