//! `/v2/…`: a mirror as an OCI repository (OCI distribution specification 1.1).
//!
//! A package is an image; its layer is the same object as the v3 blob, and its manifest enters the
//! index in the same transaction as its tag.

pub(crate) mod blob;
pub(crate) mod manifest;
mod memory;
mod package;
pub(crate) mod referrers;
pub(crate) mod tags;
pub(crate) mod upload;

use larder_shared::{
    http::ByteRange,
    name::MirrorName,
    oci::{digest::ContentDigest, route::PathError},
    route::RouteError,
};
use serde::Serialize;
use worker::{Request, Response, ResponseBody, ResponseBuilder, Url};

use crate::{
    app::App,
    auth,
    error::{Error, Result},
    respond::{header, with_headers},
};

/// `GET /v2/`: clients learn here that this is a registry, and how to sign in: some never send a
/// secret to one that did not ask here.
pub(crate) async fn ping(app: &App, request: &Request) -> Result<Response> {
    if header(request, "Authorization").is_none() {
        return Err(Error::TokenMissing);
    }
    auth::identify(app, request).await?;
    Ok(answer(200, &[("Content-Type", "application/json")])?.fixed(b"{}".to_vec()))
}

/// An answer with the headers that every answer of the API has.
fn answer(status: u16, headers: &[(&str, &str)]) -> Result<ResponseBuilder> {
    let common = [
        ("Docker-Distribution-Api-Version", "registry/2.0"),
        ("Cache-Control", "no-store"),
        ("Access-Control-Allow-Origin", "*"),
        ("Access-Control-Expose-Headers", "Docker-Content-Digest, Link, Location, Range, OCI-Subject, OCI-Tag"),
        ("X-Content-Type-Options", "nosniff"),
    ];
    let builder = with_headers(common.into_iter().chain(headers.iter().copied()))?;
    Ok(builder.with_status(status))
}

/// A JSON document of the API.
fn json(headers: &[(&str, &str)], value: &impl Serialize) -> Result<Response> {
    let body = serde_json::to_vec(value).map_err(|source| Error::Data { doing: "writing an answer", source })?;
    let length = body.len().to_string();
    let mut all = vec![("Content-Type", "application/json"), ("Content-Length", length.as_str())];
    all.extend_from_slice(headers);
    Ok(answer(200, &all)?.body(ResponseBody::Body(body)))
}

/// Blobs and manifests, which are named by their digest.
struct Content<'a> {
    media_type: &'a str,
    digest: &'a ContentDigest,
    bytes: u64,
    /// Whether the address says which bytes there are, for ever.
    is_immutable: bool,
}

impl Content<'_> {
    /// 200 with all bytes, 206 with a part, or 304.
    fn answer(&self, status: u16, part: Option<ByteRange>, body: ResponseBody) -> Result<Response> {
        let digest = self.digest.to_string();
        let etag = self.etag();
        let length = part.map_or(self.bytes, |part| part.length).to_string();
        let range = part.map(|part| part.content_range(self.bytes));
        let cache = match self.is_immutable {
            true => "public, max-age=31536000, immutable, no-transform",
            false => "public, no-cache, no-transform",
        };
        let mut headers = vec![
            ("Content-Type", self.media_type),
            ("Docker-Content-Digest", &digest),
            ("ETag", &etag),
            ("Accept-Ranges", "bytes"),
            ("Cache-Control", cache),
        ];
        if status != 304 {
            headers.push(("Content-Length", &length));
        }
        if let Some(range) = &range {
            headers.push(("Content-Range", range));
        }
        Ok(answer(status, &headers)?.body(body))
    }

    fn etag(&self) -> String {
        format!("\"{}\"", self.digest)
    }
}

/// A parameter of the query, which may be there several times.
fn parameters(request: &Request, name: &str) -> Result<Vec<String>> {
    let url = url(request)?;
    Ok(url.query_pairs().filter(|(key, _)| key == name).map(|(_, value)| value.into_owned()).collect())
}

fn parameter(request: &Request, name: &str) -> Result<Option<String>> {
    Ok(parameters(request, name)?.into_iter().next())
}

fn url(request: &Request) -> Result<Url> {
    request.url().map_err(|source| Error::Platform { doing: "reading the request's URL", source })
}

/// The digest that a parameter names.
fn digest_parameter(request: &Request, name: &str) -> Result<Option<ContentDigest>> {
    match parameter(request, name)? {
        Some(text) => match text.parse() {
            Ok(digest) => Ok(Some(digest)),
            Err(_) => Err(RouteError::from(PathError::Digest(text.chars().take(160).collect())).into()),
        },
        None => Ok(None),
    }
}

/// Where something of the repository lies, as an absolute path: Spack resolves it against the host.
fn location(mirror: &MirrorName, rest: &str) -> String {
    format!("/v2/{mirror}/{rest}")
}
