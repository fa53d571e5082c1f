//! Why a request did not do what it was for, said so that a person knows what to do next.

use std::{fmt, io, time::Duration};

use larder_shared::api::ErrorCode;
use serde_json::Value;
use ureq::{
    Timeout,
    http::{StatusCode, header::HeaderMap},
};

use super::retry;

/// Largest body a host's edge takes, where one is known: Cloudflare's, on its free and pro plans.
pub(crate) const EDGE_BODY_BYTES: u64 = 100_000_000;

/// Most characters of a text that is not Larder's own which are shown.
const MAX_QUOTE_CHARS: usize = 200;

/// Why a request did not do what it was for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The server answered, with an error.
    #[error(transparent)]
    Refused(Refusal),
    /// No connection came about: wrong host, no network, or the server is down.
    #[error("the server cannot be reached: {}", plain(.0))]
    Unreachable(ureq::Error),
    /// The connection came about and ended, or fell silent, before the answer was complete.
    #[error("the connection was lost: {}", plain(.0))]
    Cut(ureq::Error),
    /// The two sides could not agree on a secure connection.
    #[error("no secure connection: {}", plain(.0))]
    Insecure(ureq::Error),
    /// The request could not even be written down.
    #[error("the request cannot be made: {0}")]
    Unsendable(ureq::Error),
    /// What was to be sent could not be read.
    #[error("the file cannot be read: {0}")]
    Unreadable(io::Error),
    /// What arrived could not be written.
    #[error("the file cannot be written: {0}")]
    Unwritable(io::Error),
    /// The answer is a success, but not one of Larder's.
    #[error("the server's answer cannot be read: {0}")]
    NotLarder(io::Error),
    /// Ctrl-C came first.
    #[error("stopped")]
    Stopped,
}

impl Failure {
    /// Whether the same request may succeed in a moment.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            // What was sent had the announced length, so it was cut on the way.
            Self::Refused(refusal) => {
                retry::is_transient(refusal.status) || refusal.code == Some(ErrorCode::SizeInvalid)
            }
            Self::Unreachable(_) | Self::Cut(_) => true,
            Self::Insecure(_)
            | Self::Unsendable(_)
            | Self::Unreadable(_)
            | Self::Unwritable(_)
            | Self::NotLarder(_)
            | Self::Stopped => false,
        }
    }

    /// Whether every other request would fail in the same way, so that trying them is of no use.
    pub(crate) fn concerns_all(&self) -> bool {
        match self {
            Self::Refused(refusal) => refusal.concerns_all(),
            Self::Unreachable(_) | Self::Insecure(_) | Self::Unwritable(_) | Self::NotLarder(_) | Self::Stopped => true,
            Self::Cut(_) | Self::Unsendable(_) | Self::Unreadable(_) => false,
        }
    }

    /// Whether the server says that there is no such thing.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, Self::Refused(refusal) if [404, 410].contains(&refusal.status))
    }

    /// How long the server asked to be left alone.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(refusal) => refusal.retry_after,
            _ => None,
        }
    }

    /// The code of Larder's own error, when it is one.
    pub(crate) fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused(refusal) => refusal.code,
            _ => None,
        }
    }

    /// What to do about it, when something is known.
    pub(crate) fn next(&self) -> Option<&str> {
        match self {
            Self::Refused(refusal) => refusal.next.as_deref(),
            Self::Unreachable(_) => Some("Check the URL, and whether this machine needs a proxy (HTTPS_PROXY)."),
            Self::Insecure(_) => Some(
                "A certificate of your own authority is trusted when SSL_CERT_FILE names it; --insecure trusts any.",
            ),
            Self::NotLarder(_) => Some("Check the URL: this may not be a Larder, or a newer one."),
            Self::Cut(_) | Self::Unsendable(_) | Self::Unreadable(_) | Self::Unwritable(_) | Self::Stopped => None,
        }
    }
}

impl From<ureq::Error> for Failure {
    fn from(error: ureq::Error) -> Self {
        use io::ErrorKind;
        match &error {
            ureq::Error::Io(cause) => match cause.kind() {
                ErrorKind::ConnectionReset
                | ErrorKind::ConnectionAborted
                | ErrorKind::BrokenPipe
                | ErrorKind::NotConnected
                | ErrorKind::UnexpectedEof
                | ErrorKind::TimedOut
                | ErrorKind::WouldBlock => Self::Cut(error),
                // How rustls reports a handshake that failed.
                ErrorKind::InvalidData => Self::Insecure(error),
                // Refused, no route, no such host: the last has no kind of its own.
                _ => Self::Unreachable(error),
            },
            ureq::Error::HostNotFound
            | ureq::Error::ConnectionFailed
            | ureq::Error::ConnectProxyFailed(_)
            | ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => Self::Unreachable(error),
            ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::TlsRequired => Self::Insecure(error),
            ureq::Error::Timeout(_) | ureq::Error::Protocol(_) | ureq::Error::BodyStalled => Self::Cut(error),
            _ => Self::Unsendable(error),
        }
    }
}

/// The cause without the name of the layer that reports it.
fn plain(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(cause) => cause.to_string(),
        other => other.to_string(),
    }
}

/// An answer that is an error.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// The HTTP status.
    pub(crate) status: u16,
    /// Larder's name for it; `None` when something else on the way answered, or a newer Larder.
    pub(crate) code: Option<ErrorCode>,
    from_larder: bool,
    message: String,
    next: Option<String>,
    retry_after: Option<Duration>,
    /// `WWW-Authenticate`: what a token is to be asked for.
    pub(crate) challenge: Option<String>,
}

impl Refusal {
    /// Reads an answer: `{"error":{"code","message","next"}}` or
    /// `{"errors":[{"code","message","detail"}]}` from Larder, anything from others.
    ///
    /// `sent_bytes` is the length of the body that was sent, 0 for none.
    pub(crate) fn read(status: StatusCode, headers: &HeaderMap, body: &[u8], sent_bytes: u64) -> Self {
        let document: Value = serde_json::from_slice(body).unwrap_or_default();
        // The OCI API has a shape of its own (OCI distribution specification, "Error Codes").
        let oci = &document["errors"][0];
        let text = |own: &str, oci: &Value| document["error"][own].as_str().or(oci.as_str()).map(str::to_owned);
        let own = text("message", &oci["message"]);
        let from_larder = own.is_some();
        let message = own.unwrap_or_else(|| describe(status, headers, body, sent_bytes));
        let next = text("next", &oci["detail"]).or_else(|| advice(status, from_larder, sent_bytes).map(str::to_owned));
        Self {
            status: status.as_u16(),
            code: serde_json::from_value(document["error"]["code"].clone()).ok(),
            from_larder,
            message,
            next,
            retry_after: retry::read_retry_after(headers),
            challenge: headers.get("www-authenticate").and_then(|value| value.to_str().ok()).map(str::to_owned),
        }
    }

    fn concerns_all(&self) -> bool {
        match self.code {
            Some(code) => matches!(code, ErrorCode::Unauthorized | ErrorCode::Forbidden | ErrorCode::MirrorUnknown),
            None => !self.from_larder && matches!(self.status, 300..=399 | 401 | 403 | 404 | 405 | 407),
        }
    }
}

impl std::error::Error for Refusal {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (HTTP {})", self.message, self.status)
    }
}

/// What an answer that is not Larder's own says.
fn describe(status: StatusCode, headers: &HeaderMap, body: &[u8], sent_bytes: u64) -> String {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if status.is_redirection() {
        return format!("the server redirects to {}", header("location").unwrap_or("somewhere else"));
    }
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        return format!("{sent_bytes} bytes are more than the server's host takes in one request");
    }
    let reason = status.canonical_reason().unwrap_or("an error");
    let is_text = header("content-type").is_some_and(|value| value.starts_with("text/plain"));
    match std::str::from_utf8(body).map(str::trim) {
        Ok(text) if is_text && !text.is_empty() => {
            let quote: String = text.lines().next().unwrap_or_default().chars().take(MAX_QUOTE_CHARS).collect();
            format!("the server answered {reason}: {quote}")
        }
        _ => format!("the server answered {reason}"),
    }
}

/// What to do about an answer that does not say it itself.
fn advice(status: StatusCode, from_larder: bool, sent_bytes: u64) -> Option<&'static str> {
    match status.as_u16() {
        300..=399 => Some("Push to the address it redirects to."),
        413 if sent_bytes > EDGE_BODY_BYTES => {
            Some("Cloudflare takes at most 100 MB in one request: send smaller parts with --part-size.")
        }
        401 | 403 => Some("Pass a token that may push to this mirror with --token or LARDER_TOKEN."),
        404 | 405 if !from_larder => Some("Check the URL: this may not be a Larder."),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
