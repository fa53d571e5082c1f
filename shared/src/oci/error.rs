//! The errors of the OCI API: their codes and the shape of a body (OCI distribution specification,
//! "Error Codes").

use serde::Serialize;

use crate::api::{ApiError, ErrorCode};

/// The body of every answer of the OCI API that is not a success.
#[derive(Debug, Serialize)]
pub struct ErrorBody {
    errors: [OciError; 1],
}

#[derive(Debug, Serialize)]
struct OciError {
    code: &'static str,
    message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl ErrorBody {
    /// What the JSON API calls `error`, in the words of the OCI API.
    pub fn of(error: ApiError) -> Self {
        Self { errors: [OciError { code: code(error.code), message: error.message, detail: error.next }] }
    }
}

/// The code of the specification; where it has none, a registry may use its own.
const fn code(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::PathInvalid | ErrorCode::PathTooLong => "NAME_INVALID",
        ErrorCode::MirrorUnknown => "NAME_UNKNOWN",
        ErrorCode::ManifestUnknown | ErrorCode::NotFound => "MANIFEST_UNKNOWN",
        ErrorCode::ManifestInvalid | ErrorCode::DocumentInvalid => "MANIFEST_INVALID",
        ErrorCode::ManifestBlobUnknown => "MANIFEST_BLOB_UNKNOWN",
        ErrorCode::BlobMissing | ErrorCode::BlobUnknown => "BLOB_UNKNOWN",
        ErrorCode::UploadUnknown => "BLOB_UPLOAD_UNKNOWN",
        ErrorCode::UploadInvalid | ErrorCode::RangeInvalid => "BLOB_UPLOAD_INVALID",
        ErrorCode::DigestInvalid => "DIGEST_INVALID",
        ErrorCode::SizeInvalid | ErrorCode::TooLarge | ErrorCode::LengthRequired => "SIZE_INVALID",
        ErrorCode::Unauthorized => "UNAUTHORIZED",
        ErrorCode::Forbidden | ErrorCode::Untrusted | ErrorCode::Conflict => "DENIED",
        ErrorCode::MethodNotAllowed => "UNSUPPORTED",
        ErrorCode::TooManyAttempts => "TOOMANYREQUESTS",
        ErrorCode::RequestInvalid | ErrorCode::Ambiguous => "UNKNOWN",
        ErrorCode::Internal | ErrorCode::OriginFailed | ErrorCode::OriginTimeout | ErrorCode::Unavailable => {
            "UNAVAILABLE"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_has_the_shape_of_the_specification() {
        let error = ApiError { code: ErrorCode::ManifestUnknown, message: "no such tag".to_owned(), next: None };
        let body = serde_json::to_string(&ErrorBody::of(error)).unwrap();
        assert_eq!(body, r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"no such tag"}]}"#);
    }
}
