//! Answers: headers, conditional requests, errors. The only place that writes them.

use larder_shared::{
    api::{ErrorBody, ErrorCode, Scope},
    bearer::{challenge, login_challenge},
    digest::Digest,
    http::ByteRange,
    layout::{LayoutPath, Lifetime, v2},
    oci,
    route::{Route, Target, target},
};
use serde::Serialize;
use worker::{Headers, Method, Request, Response, ResponseBody, ResponseBuilder, console_error};

use crate::{
    app,
    error::{Error, Result},
};

/// An answer with headers that may go wrong only if a name or value is malformed, which none is.
pub(crate) fn with_headers<'a>(headers: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<ResponseBuilder> {
    let all = Headers::new();
    for (name, value) in headers {
        all.set(name, value).map_err(|source| Error::Platform { doing: "writing a header", source })?;
    }
    Ok(ResponseBuilder::new().with_headers(all))
}

/// The headers of a mirror's object.
pub(crate) struct ObjectHeaders<'a> {
    pub(crate) path: &'a LayoutPath,
    /// Quoted, strong.
    pub(crate) etag: &'a str,
    /// Length of the whole object.
    pub(crate) bytes: u64,
}

impl ObjectHeaders<'_> {
    /// Spack reads raw bytes, so nothing on the way may compress them: `no-transform`, and a type
    /// that the edge leaves alone.
    fn content_type(&self) -> &'static str {
        match self.path {
            LayoutPath::V2(v2::Path::Key(_)) => "application/pgp-keys",
            _ => "application/octet-stream",
        }
    }

    const fn cache_control(&self) -> &'static str {
        match self.path.lifetime() {
            Lifetime::Immutable => "public, max-age=31536000, immutable, no-transform",
            Lifetime::Stored => "public, max-age=300, no-transform",
            Lifetime::Current => "public, no-cache, no-transform",
        }
    }

    fn builder(&self) -> Result<ResponseBuilder> {
        with_headers([
            ("Content-Type", self.content_type()),
            ("Cache-Control", self.cache_control()),
            ("ETag", self.etag),
            ("Accept-Ranges", "bytes"),
            ("Access-Control-Allow-Origin", "*"),
            ("Access-Control-Expose-Headers", EXPOSED),
            ("X-Content-Type-Options", "nosniff"),
        ])
    }

    /// 304.
    pub(crate) fn not_modified(&self) -> Result<Response> {
        Ok(self.builder()?.with_status(304).empty())
    }

    /// 200 with a body of the whole length, or 206 with a part of it.
    pub(crate) fn body(&self, body: ResponseBody, part: Option<ByteRange>) -> Result<Response> {
        part_of(self.builder()?, self.bytes, body, part)
    }
}

/// The headers of a build's log: text that somebody else wrote, so nothing in it may run.
pub(crate) struct LogHeaders<'a> {
    /// Quoted, strong.
    pub(crate) etag: &'a str,
    /// Length of the whole log.
    pub(crate) bytes: u64,
}

impl LogHeaders<'_> {
    fn builder(&self) -> Result<ResponseBuilder> {
        with_headers([
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Security-Policy", "default-src 'none'; sandbox"),
            // Its length is announced, which no compression on the way may change.
            ("Cache-Control", "no-cache, no-transform"),
            ("ETag", self.etag),
            ("Accept-Ranges", "bytes"),
            ("Access-Control-Allow-Origin", "*"),
            ("Access-Control-Expose-Headers", EXPOSED),
            ("Vary", "Authorization"),
            ("X-Content-Type-Options", "nosniff"),
        ])
    }

    /// 304.
    pub(crate) fn not_modified(&self) -> Result<Response> {
        Ok(self.builder()?.with_status(304).empty())
    }

    /// 200 with the whole log, or 206 with a part of it.
    pub(crate) fn body(&self, body: ResponseBody, part: Option<ByteRange>) -> Result<Response> {
        part_of(self.builder()?, self.bytes, body, part)
    }
}

/// The headers of a catalogue, which is packed already: of a type that nothing on the way compresses
/// again, so that its ETag stays strong.
pub(crate) struct CatalogueHeaders<'a> {
    /// Quoted, strong.
    pub(crate) etag: &'a str,
    /// Length of the whole.
    pub(crate) bytes: u64,
}

impl CatalogueHeaders<'_> {
    fn builder(&self) -> Result<ResponseBuilder> {
        with_headers([
            ("Content-Type", "application/vnd.larder.catalogue"),
            ("Cache-Control", "no-cache, no-transform"),
            ("ETag", self.etag),
            ("Access-Control-Allow-Origin", "*"),
            ("Access-Control-Expose-Headers", EXPOSED),
            ("Vary", "Authorization"),
            ("X-Content-Type-Options", "nosniff"),
        ])
    }

    /// 304.
    pub(crate) fn not_modified(&self) -> Result<Response> {
        Ok(self.builder()?.with_status(304).empty())
    }

    /// 200 with a body of the whole length.
    pub(crate) fn body(&self, body: ResponseBody) -> Result<Response> {
        part_of(self.builder()?, self.bytes, body, None)
    }
}

/// 200 with a body of the whole length, or 206 with a part of it.
fn part_of(builder: ResponseBuilder, bytes: u64, body: ResponseBody, part: Option<ByteRange>) -> Result<Response> {
    let platform = |source| Error::Platform { doing: "writing a header", source };
    let (builder, length) = match part {
        None => (builder, bytes),
        Some(part) => {
            let range = part.content_range(bytes);
            (builder.with_status(206).with_header("Content-Range", &range).map_err(platform)?, part.length)
        }
    };
    Ok(builder.with_header("Content-Length", &length.to_string()).map_err(platform)?.body(body))
}

/// What a page of another site may read of an answer.
const EXPOSED: &str = "ETag, Content-Length, Content-Range, Accept-Ranges";

/// The part of an object that a request asks for; `None` for the whole, and for HEAD: only GET has
/// ranges (RFC 9110, section 14.2).
///
/// # Errors
/// [`Error::Range`] when the range has no byte of the object.
pub(crate) fn asked_range(request: &Request, etag: &str, bytes: u64) -> Result<Option<ByteRange>> {
    let Some(range) = header(request, "Range").filter(|_| request.method() == Method::Get) else { return Ok(None) };
    if header(request, "If-Range").is_some_and(|asked| asked != etag) {
        return Ok(None);
    }
    ByteRange::parse(&range, bytes).map_err(|_| Error::Range { bytes })
}

/// A header's value.
pub(crate) fn header(request: &Request, name: &str) -> Option<String> {
    request.headers().get(name).ok().flatten()
}

/// Whether the client has this version already.
pub(crate) fn is_current(request: &Request, etag: &str) -> bool {
    header(request, "If-None-Match").is_some_and(|asked| larder_shared::http::is_current(&asked, etag))
}

/// A JSON document of the API, with an ETag over its bytes.
pub(crate) fn json(request: &Request, value: &impl Serialize) -> Result<Response> {
    let body = serde_json::to_vec(value).map_err(|source| Error::Data { doing: "writing an answer", source })?;
    json_bytes(request, body)
}

/// A JSON document that is text already.
pub(crate) fn json_bytes(request: &Request, body: Vec<u8>) -> Result<Response> {
    let headers =
        DocumentHeaders { content_type: "application/json", cache_control: "no-cache", more: &[], last_modified: None };
    document(request, &headers, body)
}

/// The headers of a document of the API that differ from one to the other.
pub(crate) struct DocumentHeaders<'a> {
    pub(crate) content_type: &'a str,
    pub(crate) cache_control: &'a str,
    pub(crate) more: &'a [(&'a str, &'a str)],
    /// When it last changed, as headers write it.
    pub(crate) last_modified: Option<&'a str>,
}

/// A document of the API, with an ETag over its bytes.
pub(crate) fn document(request: &Request, headers: &DocumentHeaders<'_>, body: Vec<u8>) -> Result<Response> {
    let etag = format!("\"{}\"", &Digest::of(&body).to_string()[..32]);
    let common = [
        ("Content-Type", headers.content_type),
        ("Cache-Control", headers.cache_control),
        ("ETag", &etag),
        ("Access-Control-Allow-Origin", "*"),
        ("Access-Control-Expose-Headers", EXPOSED),
        ("Vary", "Authorization"),
        ("X-Content-Type-Options", "nosniff"),
    ];
    let modified = headers.last_modified.map(|time| ("Last-Modified", time));
    let builder = with_headers(common.into_iter().chain(headers.more.iter().copied()).chain(modified))?;
    // Who sends the time back as it was got means this version (RFC 9110, section 13.1.3).
    let is_unmodified = || {
        let asked = header(request, "If-Modified-Since").filter(|_| header(request, "If-None-Match").is_none());
        asked.is_some() && asked.as_deref() == headers.last_modified
    };
    if is_current(request, &etag) || is_unmodified() {
        return Ok(builder.with_status(304).empty());
    }
    let builder = builder
        .with_header("Content-Length", &body.len().to_string())
        .map_err(|source| Error::Platform { doing: "writing a header", source })?;
    Ok(builder.fixed(body))
}

/// The answer to an upload or another change: a JSON document that nobody may keep.
pub(crate) fn done(status: u16, value: &impl Serialize) -> Result<Response> {
    let body = serde_json::to_vec(value).map_err(|source| Error::Data { doing: "writing an answer", source })?;
    let builder = with_headers([
        ("Content-Type", "application/json"),
        ("Cache-Control", "no-store"),
        ("Access-Control-Allow-Origin", "*"),
    ])?;
    Ok(builder.with_status(status).fixed(body))
}

/// The same answer for the asker alone: no cache may keep it, and no page tells others where it came
/// from. For what only some may read, and for paths that hold a secret.
pub(crate) fn keep_private(mut response: Response) -> Result<Response> {
    for (name, value) in [("Cache-Control", "private, no-store, no-transform"), ("Referrer-Policy", "no-referrer")] {
        let set = response.headers_mut().set(name, value);
        set.map_err(|source| Error::Platform { doing: "writing a header", source })?;
    }
    Ok(response)
}

/// What pages of other sites may ask (the Fetch standard's CORS-preflight).
pub(crate) fn preflight(target: &Target) -> Result<Response> {
    let builder = with_headers([
        ("Access-Control-Allow-Origin", "*"),
        ("Access-Control-Allow-Methods", target.methods()),
        ("Access-Control-Allow-Headers", "Authorization, Content-Type, If-None-Match, Range"),
        ("Access-Control-Max-Age", "86400"),
        ("Allow", target.methods()),
    ])?;
    Ok(builder.with_status(204).empty())
}

/// The answer to what went wrong: JSON for the API, a line of text for Spack and people.
pub(crate) fn failure(error: &Error, request: &Request) -> worker::Result<Response> {
    let api_error = error.to_api();
    let status = api_error.code.status();
    // That something takes its time is no error of the worker's.
    if status >= 500 && !matches!(error, Error::CatalogueMaking { .. }) {
        console_error!("{} {}: {error:?}", request.method().to_string(), redacted_path(request));
    }
    let headers = Headers::new();
    headers.set("Cache-Control", "no-store")?;
    headers.set("Access-Control-Allow-Origin", "*")?;
    headers.set("X-Content-Type-Options", "nosniff")?;
    headers.set("Referrer-Policy", "no-referrer")?;
    headers.set("Content-Type", "application/json")?;
    match (error, api_error.code) {
        (Error::MethodNotAllowed { allow, .. }, _) => headers.set("Allow", allow)?,
        (Error::Range { bytes }, _) => headers.set("Content-Range", &format!("bytes */{bytes}"))?,
        (Error::UploadRange { mirror, id, bytes }, _) => {
            headers.set("Location", &format!("/v2/{mirror}/blobs/uploads/{id}"))?;
            headers.set("Range", &oci::upload::range(*bytes))?;
        }
        (_, ErrorCode::Unauthorized) => headers.set("WWW-Authenticate", &how_to_authenticate(request))?,
        (_, ErrorCode::TooManyAttempts) => headers.set("Retry-After", "60")?,
        (Error::CatalogueMaking { .. }, _) => headers.set("Retry-After", "2")?,
        (_, ErrorCode::Unavailable) => headers.set("Retry-After", "5")?,
        _ => {}
    }
    let is_oci = redacted_path(request).starts_with("/v2");
    let body = match is_oci {
        true => serde_json::to_vec(&oci::error::ErrorBody::of(api_error)),
        false => serde_json::to_vec(&ErrorBody { error: api_error }),
    };
    let body = body.unwrap_or_default();
    Ok(ResponseBuilder::new().with_status(status).with_headers(headers).fixed(body))
}

/// What an answer 401 says of how to get in: for a mirror, where an OCI client gets a token for it.
fn how_to_authenticate(request: &Request) -> String {
    let target = app::raw_path(request).ok().and_then(|path| Target::parse(&path).ok());
    let route = target.as_ref().map(|target| &target.route);
    match (route, route.and_then(Route::mirror), app::origin(request)) {
        (Some(Route::AuthToken), ..) => "Basic realm=\"larder\"".to_owned(),
        (_, Some(mirror), Ok(origin)) => {
            let reads = matches!(request.method(), Method::Get | Method::Head);
            challenge(&origin, mirror, if reads { &[Scope::Pull] } else { &[Scope::Pull, Scope::Push] })
        }
        (_, None, Ok(origin)) => login_challenge(&origin),
        (_, _, Err(_)) => "Bearer realm=\"larder\"".to_owned(),
    }
}

/// The path without its query and without a secret, as a log may have it.
fn redacted_path(request: &Request) -> String {
    target::redact(&app::raw_path(request).unwrap_or_default())
}

/// The same answer without its body: what HEAD asks for.
pub(crate) fn without_body(response: Response) -> worker::Result<Response> {
    let status = response.status_code();
    let headers = Headers::new();
    for (name, value) in response.headers() {
        headers.append(&name, &value)?;
    }
    if let ResponseBody::Stream(stream) = response.body() {
        // Unread, it would hold one of the few connections a request may have.
        let _ = stream.cancel();
    }
    Ok(ResponseBuilder::new().with_status(status).with_headers(headers).empty())
}
