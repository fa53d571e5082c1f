//! `/v2/<name>/blobs/<digest>`

use larder_shared::{
    api::Scope,
    index::command::{Ask, Document},
    key::ObjectKey,
    layout::{
        LayoutPath,
        v3::{self, SpecManifestPath},
    },
    name::MirrorName,
    oci::digest::ContentDigest,
    package::{MAX_SPEC_BYTES, SpecManifest, spec_of_blob},
};
use worker::{Method, Request, Response, ResponseBody};

use super::{Content, answer};
use crate::{
    app::App,
    auth,
    error::{Error, Result},
    index_client, index_document,
    origin::{self, Arriving},
    registry,
    respond::{asked_range, is_current},
    store::Stored,
};

/// What every blob is said to be: nobody keeps what its manifest says.
const MEDIA_TYPE: &str = "application/octet-stream";

/// `GET` and `HEAD`
pub(crate) async fn show(
    app: &App,
    request: &Request,
    mirror: &MirrorName,
    digest: &ContentDigest,
) -> Result<Response> {
    let settings = auth::readable(app, request, mirror).await?;
    if let Some(response) = stored(app, request, mirror, digest).await? {
        return Ok(response);
    }
    if let Some(response) = index(app, request, mirror, digest).await? {
        return Ok(response);
    }
    let missing = || Error::BlobMissing(*digest);
    let wants_body = request.method() == Method::Get;
    match origin::blob(app, &settings, digest, wants_body).await?.ok_or_else(missing)? {
        Arriving::Stored => stored(app, request, mirror, digest).await?.ok_or_else(missing),
        Arriving::Passing { bytes, body } => content(digest, bytes).answer(200, None, body),
    }
}

async fn stored(app: &App, request: &Request, mirror: &MirrorName, digest: &ContentDigest) -> Result<Option<Response>> {
    let key = ObjectKey::Blob(mirror.clone(), *digest);
    let is_plain = request.method() == Method::Get
        && !["If-None-Match", "Range"].iter().any(|name| request.headers().has(name).unwrap_or(false));
    if is_plain {
        return match app.store.get(&key).await? {
            Some(found) => content(digest, found.stored.bytes).answer(200, None, found.into_body()?).map(Some),
            None => Ok(None),
        };
    }
    let Some(stored) = app.store.head(&key).await? else { return Ok(None) };
    let content = content(digest, stored.bytes);
    let etag = content.etag();
    if is_current(request, &etag) {
        return content.answer(304, None, ResponseBody::Empty).map(Some);
    }
    if request.method() == Method::Head {
        return content.answer(200, None, ResponseBody::Empty).map(Some);
    }
    let range = asked_range(request, &etag, stored.bytes)?;
    let found = match range {
        Some(range) => app.store.get_range(&key, range).await?,
        None => app.store.get(&key).await?,
    };
    let found = found.ok_or(Error::BlobMissing(*digest))?;
    content.answer(if range.is_some() { 206 } else { 200 }, range, found.into_body()?).map(Some)
}

/// The layer of the index's image is the index document, which lies in parts.
async fn index(app: &App, request: &Request, mirror: &MirrorName, digest: &ContentDigest) -> Result<Option<Response>> {
    let Some(sha256) = digest.sha256() else { return Ok(None) };
    let Some(document): Option<Document> = index_document::by_digest(app, mirror, &sha256).await? else {
        return Ok(None);
    };
    let content = content(digest, document.bytes);
    let etag = content.etag();
    if is_current(request, &etag) {
        return content.answer(304, None, ResponseBody::Empty).map(Some);
    }
    if request.method() == Method::Head {
        return content.answer(200, None, ResponseBody::Empty).map(Some);
    }
    let range = asked_range(request, &etag, document.bytes)?;
    let body = index_document::body(app, mirror, &document, range).await?;
    content.answer(if range.is_some() { 206 } else { 200 }, range, body).map(Some)
}

const fn content(digest: &ContentDigest, bytes: u64) -> Content<'_> {
    Content { media_type: MEDIA_TYPE, digest, bytes, is_immutable: true }
}

/// `DELETE`: refused while a package or a manifest needs the blob.
pub(crate) async fn delete(
    app: &App,
    request: &Request,
    mirror: &MirrorName,
    digest: &ContentDigest,
) -> Result<Response> {
    auth::require(app, request, Scope::Admin, Some(mirror)).await?;
    registry::find(app, mirror).await?;
    let key = ObjectKey::Blob(mirror.clone(), *digest);
    let stored = app.store.head(&key).await?.ok_or(Error::BlobMissing(*digest))?;
    if index_client::ask(app, mirror, Ask::NeedsBlob(*digest)).await? || is_spec(app, mirror, digest, &stored).await? {
        return Err(Error::InUse { what: "the blob", digest: digest.to_string() });
    }
    app.store.delete(&key).await?;
    Ok(answer(202, &[])?.empty())
}

/// Whether the blob is the spec file that a package's v3 manifest names. The index does not know
/// those; the blob itself says of which package it is.
async fn is_spec(app: &App, mirror: &MirrorName, digest: &ContentDigest, stored: &Stored) -> Result<bool> {
    if stored.bytes > MAX_SPEC_BYTES {
        return Ok(false);
    }
    let blob = app.store.read(&ObjectKey::Blob(mirror.clone(), *digest)).await?.unwrap_or_default();
    let Ok(spec) = spec_of_blob(&blob) else { return Ok(false) };
    let path = LayoutPath::V3(v3::Path::SpecManifest(SpecManifestPath::of(spec.root())));
    for key in [ObjectKey::Object(mirror.clone(), path.clone()), ObjectKey::Derived(mirror.clone(), path)] {
        let Some(document) = app.store.read(&key).await? else { continue };
        if SpecManifest::parse(&document).is_ok_and(|manifest| digest.sha256() == Some(manifest.spec.checksum)) {
            return Ok(true);
        }
    }
    Ok(false)
}
