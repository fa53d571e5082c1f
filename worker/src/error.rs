//! What can go wrong, and what the client is told of it.

use larder_shared::{
    api::{ApiError, ErrorCode, Timestamp},
    config::InvalidSetting,
    name::MirrorName,
    oci::{digest::ContentDigest, image::InvalidImage, manifest::InvalidManifest, route::PathError, upload::UploadId},
    oidc::InvalidJwt,
    package::InvalidPackage,
    report::ReportError,
    route::RouteError,
};

use worker::console_error;

pub(crate) type Result<T> = std::result::Result<T, Error>;

/// Why a request was not answered as asked. `Display` is what the client reads; sources are logged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Route(#[from] RouteError),
    #[error("{method} is not something this path does")]
    MethodNotAllowed { method: String, allow: &'static str },
    #[error("there is no mirror `{0}`")]
    UnknownMirror(MirrorName),
    #[error("mirror `{0}` exists already")]
    MirrorExists(MirrorName),
    #[error("mirror `{0}` is read through from another site and takes no uploads")]
    ReadThrough(MirrorName),
    #[error("{what} is not in mirror `{mirror}`")]
    NotFound { what: String, mirror: MirrorName },
    #[error("there is no token with this id")]
    UnknownToken,
    #[error("`/{prefix}` is the beginning of several hashes: {}", .hashes.join(", "))]
    Ambiguous { prefix: String, hashes: Vec<String> },
    #[error("no token was sent")]
    TokenMissing,
    #[error("the `Authorization` header holds no token")]
    TokenUnread,
    #[error("the token is not known, or has ended")]
    TokenUnknown,
    #[error("the job's OpenID Connect token is not accepted: {0}")]
    JobToken(#[from] InvalidJwt),
    #[error("mirror `{mirror}` has no rule that lets `{repository}` at `{git_ref}` do this")]
    JobNotTrusted { mirror: MirrorName, repository: String, git_ref: String },
    #[error("too many wrong tokens came from this address")]
    TooManyAttempts,
    #[error("the token does not allow this: scope `{needed}` on {on} is needed")]
    TokenScope { needed: &'static str, on: String },
    #[error("{0}")]
    Request(String),
    #[error("the body's length was not announced")]
    LengthRequired,
    #[error("the body has {got} bytes, {announced} were announced")]
    Size { announced: u64, got: u64 },
    #[error("the upload broke off: fewer bytes came than the {announced} that were announced")]
    BodyCut { announced: u64 },
    #[error("the body has {bytes} bytes; at most {limit} are taken here")]
    TooLarge { bytes: u64, limit: u64 },
    #[error("the range lies outside the {bytes} bytes of the object")]
    Range { bytes: u64 },
    #[error("{what} does not have the {} {}", .expected.algorithm(), .expected.hex())]
    Digest { what: String, expected: ContentDigest },
    #[error(transparent)]
    Package(#[from] InvalidPackage),
    #[error("{0}")]
    Document(String),
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error("{document} names the blob {digest}, which was not uploaded")]
    BlobUnknown { document: &'static str, digest: String },
    #[error("the repository has no blob {0}")]
    BlobMissing(ContentDigest),
    #[error("the repository has no manifest `{0}`")]
    ManifestUnknown(String),
    #[error(transparent)]
    Manifest(#[from] InvalidManifest),
    #[error(transparent)]
    Image(#[from] InvalidImage),
    #[error("{0}")]
    ManifestName(String),
    #[error("the manifest names {what} {digest}, which was not uploaded")]
    ManifestBlobUnknown { what: &'static str, digest: ContentDigest },
    #[error("there is no upload of this name; it was finished, given up, or is somebody else's")]
    UploadUnknown,
    #[error("{0}")]
    Upload(String),
    #[error("the chunk does not begin where the upload is: {bytes} bytes of it have arrived")]
    UploadRange { mirror: MirrorName, id: UploadId, bytes: u64 },
    #[error("{what} {digest} is still needed")]
    InUse { what: &'static str, digest: String },
    #[error("other bytes are stored under {0}")]
    Conflict(String),
    #[error("mirror `{0}` takes only signed packages, and this one is not signed")]
    Unsigned(MirrorName),
    #[error(
        "the package is signed by the key {signer}, which {problem}; mirror `{mirror}` takes only packages signed by its keys"
    )]
    Untrusted { signer: String, problem: &'static str, mirror: MirrorName },
    #[error("the package was removed while it was pushed")]
    Removed,
    #[error("managed signing needs a key, and none is set")]
    SigningKeyMissing,
    #[error("the origin {origin} {problem}")]
    Origin { origin: String, problem: String },
    #[error("the origin {origin} did not answer within {seconds} s")]
    OriginTimeout { origin: String, seconds: u64 },
    #[error("the origin {origin} asks for fewer requests; Larder asks it again at {until}")]
    OriginBusy { origin: String, until: Timestamp },
    #[error("{problem}")]
    OriginUnread { problem: String },
    #[error("the token issuer {issuer} {problem}")]
    Issuer { issuer: String, problem: String },
    #[error("the settings of mirror `{0}` are being changed by others")]
    SettingsBusy(MirrorName),
    #[error("the catalogue is being made: {packages} of {of} packages are in it")]
    CatalogueMaking { packages: u64, of: u64 },
    #[error("the index did not answer in time")]
    IndexTimeout,
    #[error(transparent)]
    Setting(#[from] InvalidSetting),
    #[error("Larder failed while {doing}")]
    Platform { doing: &'static str, source: worker::Error },
    #[error("Larder's own data could not be read while {doing}")]
    Data { doing: &'static str, source: serde_json::Error },
    #[error("Larder's index failed: {0}")]
    Index(String),
}

/// For the index object, whose errors are texts; the cause goes to the log.
impl From<Error> for worker::Error {
    fn from(error: Error) -> Self {
        console_error!("{error:?}");
        error.to_string().into()
    }
}

impl Error {
    /// The answer's code, and so its status. No `_` arm: a new variant has to choose.
    pub(crate) fn code(&self) -> ErrorCode {
        match self {
            Self::Route(RouteError::Repository(PathError::Digest(_))) => ErrorCode::DigestInvalid,
            Self::Route(RouteError::Repository(PathError::Upload)) | Self::UploadUnknown => ErrorCode::UploadUnknown,
            Self::Route(RouteError::Repository(PathError::Name(_))) => ErrorCode::PathInvalid,
            Self::Route(RouteError::Repository(PathError::Unknown)) => ErrorCode::NotFound,
            Self::BlobMissing(_) => ErrorCode::BlobMissing,
            Self::ManifestUnknown(_) => ErrorCode::ManifestUnknown,
            Self::Manifest(_) | Self::Image(_) | Self::ManifestName(_) => ErrorCode::ManifestInvalid,
            Self::ManifestBlobUnknown { .. } => ErrorCode::ManifestBlobUnknown,
            Self::Upload(_) => ErrorCode::UploadInvalid,
            Self::UploadRange { .. } => ErrorCode::RangeInvalid,
            Self::InUse { .. } => ErrorCode::Conflict,
            Self::Route(RouteError::Slice(..)) => ErrorCode::PathInvalid,
            Self::Route(RouteError::TooLong(_)) => ErrorCode::PathTooLong,
            Self::Route(RouteError::Malformed { .. }) => ErrorCode::PathInvalid,
            Self::Route(RouteError::Unknown(_)) | Self::NotFound { .. } | Self::UnknownToken => ErrorCode::NotFound,
            Self::MethodNotAllowed { .. } => ErrorCode::MethodNotAllowed,
            Self::UnknownMirror(_) => ErrorCode::MirrorUnknown,
            Self::MirrorExists(_) | Self::Conflict(_) | Self::Removed | Self::SigningKeyMissing => ErrorCode::Conflict,
            Self::ReadThrough(_) | Self::TokenScope { .. } | Self::JobNotTrusted { .. } => ErrorCode::Forbidden,
            Self::Ambiguous { .. } => ErrorCode::Ambiguous,
            Self::TokenMissing | Self::TokenUnread | Self::TokenUnknown | Self::JobToken(_) => ErrorCode::Unauthorized,
            Self::TooManyAttempts => ErrorCode::TooManyAttempts,
            Self::Request(_) => ErrorCode::RequestInvalid,
            Self::LengthRequired => ErrorCode::LengthRequired,
            Self::Size { .. } | Self::BodyCut { .. } => ErrorCode::SizeInvalid,
            Self::TooLarge { .. } => ErrorCode::TooLarge,
            Self::Range { .. } => ErrorCode::RangeInvalid,
            Self::Digest { .. } => ErrorCode::DigestInvalid,
            Self::Package(_) | Self::Document(_) | Self::Report(_) => ErrorCode::DocumentInvalid,
            Self::BlobUnknown { .. } => ErrorCode::BlobUnknown,
            Self::Unsigned(_) | Self::Untrusted { .. } => ErrorCode::Untrusted,
            Self::Origin { .. } | Self::OriginUnread { .. } => ErrorCode::OriginFailed,
            Self::OriginTimeout { .. } => ErrorCode::OriginTimeout,
            Self::CatalogueMaking { .. }
            | Self::IndexTimeout
            | Self::Issuer { .. }
            | Self::SettingsBusy(_)
            | Self::OriginBusy { .. } => ErrorCode::Unavailable,
            Self::Setting(_) | Self::Platform { .. } | Self::Data { .. } | Self::Index(_) => ErrorCode::Internal,
        }
    }

    /// What the client can do about it.
    fn next(&self) -> Option<String> {
        let text = match self {
            Self::UnknownMirror(_) => {
                "Make it with POST /api/v1/mirrors and an admin token, or upload to it with one; the dashboard lists those there are."
            }
            Self::ReadThrough(_) => "Push to the site it is read from; Larder takes it over by itself.",
            Self::TokenMissing | Self::TokenUnread => {
                "Send the header `Authorization: Bearer <token>`, or `Basic` with the token as password."
            }
            Self::JobToken(_) => "Ask GitHub for a token whose audience is this server, right before it is used.",
            Self::JobNotTrusted { .. } => "An admin adds one to `trust` with PATCH /api/v1/mirrors/{m}.",
            Self::TooManyAttempts => {
                "Correct the token, wait a minute, and try again. Right tokens work all the while."
            }
            Self::TokenUnknown | Self::TokenScope { .. } => "An admin makes a token with POST /api/v1/tokens.",
            Self::LengthRequired => "Send a Content-Length header.",
            Self::TooLarge { .. } => "Check that this is the file you mean.",
            Self::BodyCut { .. } => "Send it again; nothing was stored.",
            Self::Digest { .. } | Self::Package(_) | Self::Document(_) | Self::Report(_) => {
                "Nothing was stored. Check the file and send it again."
            }
            Self::BlobUnknown { .. } => "Upload the blob first, then this document.",
            Self::ManifestBlobUnknown { .. } => "Upload what it names first, then the manifest.",
            Self::Manifest(_) | Self::Image(_) | Self::ManifestName(_) => {
                "Nothing was stored. Correct it and send it again."
            }
            Self::UploadUnknown => "Begin again with POST to `blobs/uploads/`.",
            Self::Upload(_) => "What had arrived before is kept; ask the upload's address how much that is.",
            Self::UploadRange { .. } => "Go on after the last byte that the Range header names.",
            Self::InUse { .. } => "Delete what needs it first.",
            Self::Removed => "Push it again.",
            Self::Unsigned(_) => "Sign it: `spack buildcache push --key <fingerprint>`.",
            Self::Untrusted { .. } => {
                "An admin uploads the public key to build_cache/_pgp/<fingerprint>.pub, or the package is signed with a key that is there."
            }
            Self::SigningKeyMissing => {
                "Make a key with `larder key create`, and store it as the secret LARDER_SIGNING_KEY."
            }
            Self::Conflict(_) => "A package is stored once for its hash. Nothing was changed.",
            Self::Origin { .. } | Self::OriginUnread { .. } => {
                "Nothing was kept of it. Larder asks again when it is next read."
            }
            Self::OriginTimeout { .. } | Self::IndexTimeout | Self::Issuer { .. } | Self::SettingsBusy(_) => {
                "Try again in a minute."
            }
            Self::CatalogueMaking { .. } => "Ask again in a few seconds.",
            Self::OriginBusy { .. } => "What Larder has kept of it is served all the while.",
            Self::Setting(_) => "Correct the setting and deploy again.",
            Self::Ambiguous { .. } => "Send more characters of the hash.",
            Self::MethodNotAllowed { allow, .. } => return Some(format!("It does {allow}.")),
            Self::Route(_)
            | Self::MirrorExists(_)
            | Self::NotFound { .. }
            | Self::BlobMissing(_)
            | Self::ManifestUnknown(_)
            | Self::UnknownToken
            | Self::Request(_)
            | Self::Size { .. }
            | Self::Range { .. }
            | Self::Platform { .. }
            | Self::Data { .. }
            | Self::Index(_) => return None,
        };
        Some(text.to_owned())
    }

    /// The answer's body.
    pub(crate) fn to_api(&self) -> ApiError {
        // A setting's value and its cause are for the log.
        let message = match self {
            Self::Setting(_) => "Larder is not set up correctly; its log says which setting is wrong".to_owned(),
            other => other.to_string(),
        };
        ApiError { code: self.code(), message, next: self.next() }
    }
}
