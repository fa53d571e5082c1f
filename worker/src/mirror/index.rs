//! The index documents of both layouts, all of one generation.

use larder_shared::{
    digest::Digest,
    index::{command::Document, document::DbVersion},
    layout::{
        LayoutPath,
        manifest::{BlobRecord, INDEX_V8, INDEX_V9, Manifest},
    },
    slice::Slice,
};
use worker::{Cache, Method, Request, Response, ResponseBody, console_error};

use super::read;
use crate::{
    app::App,
    error::Result,
    index_document,
    registry::Settings,
    respond::{ObjectHeaders, asked_range, is_current},
};

/// `build_cache/index.json`.
pub(crate) async fn document(
    app: &App,
    request: &Request,
    settings: &Settings,
    path: &LayoutPath,
    slice: Option<&Slice>,
) -> Result<Response> {
    let document = index_document::current(app, settings, slice, DbVersion::V7).await?;
    send(app, request, settings, path, &document).await
}

/// `build_cache/index.json.hash`: 64 hex digits, no newline.
pub(crate) async fn hash(
    app: &App,
    request: &Request,
    settings: &Settings,
    path: &LayoutPath,
    slice: Option<&Slice>,
) -> Result<Response> {
    let document = index_document::current(app, settings, slice, DbVersion::V7).await?;
    read::bytes(request, path, document.digest.to_string().into())
}

/// `v3/manifests/index/index.manifest.json`, naming a document for each generation of Spack 1.x.
pub(crate) async fn manifest(
    app: &App,
    request: &Request,
    settings: &Settings,
    path: &LayoutPath,
    slice: Option<&Slice>,
) -> Result<Response> {
    let v8 = index_document::current(app, settings, slice, DbVersion::V8).await?;
    let v9 = index_document::known(app, settings, slice, DbVersion::V9).await?;
    let manifest = Manifest::new(vec![
        BlobRecord::new(INDEX_V8, v8.digest, v8.bytes),
        BlobRecord::new(INDEX_V9, v9.digest, v9.bytes),
    ]);
    read::bytes(request, path, manifest.to_json().into())
}

/// An index document by its digest: the blob that a manifest named a moment ago.
pub(crate) async fn by_digest(
    app: &App,
    request: &Request,
    settings: &Settings,
    path: &LayoutPath,
    digest: &Digest,
) -> Result<Option<Response>> {
    let Some(document) = index_document::by_digest(app, &settings.name, digest).await? else { return Ok(None) };
    send(app, request, settings, path, &document).await.map(Some)
}

/// Largest document put into the data centre's cache, in bytes: putting one there buffers what the
/// client has not read yet.
const MAX_CACHED_BYTES: u64 = 16 << 20;

async fn send(
    app: &App,
    request: &Request,
    settings: &Settings,
    path: &LayoutPath,
    document: &Document,
) -> Result<Response> {
    let mirror = &settings.name;
    let etag = format!("\"{}\"", document.digest);
    let headers = ObjectHeaders { path, etag: &etag, bytes: document.bytes };
    if is_current(request, &etag) {
        return headers.not_modified();
    }
    let range = asked_range(request, &etag, document.bytes)?;
    if request.method() == Method::Head {
        return headers.body(ResponseBody::Empty, None);
    }
    // What only some may read is kept nowhere but in the bucket.
    let may_cache = app.config.is_cache_used && !settings.private;
    let is_cached = may_cache && range.is_none() && document.bytes <= MAX_CACHED_BYTES;
    if !is_cached {
        return headers.body(index_document::body(app, mirror, document, range).await?, range);
    }
    // The key holds the digest, so that a new generation is a new entry and nothing is purged.
    let key = format!("https://larder.invalid/{mirror}/{}", document.digest);
    let cache = Cache::default();
    if let Ok(Some(response)) = cache.get(&key, false).await {
        let (_, body) = response.into_parts();
        return headers.body(body, None);
    }
    let kept = headers.body(index_document::body(app, mirror, document, None).await?, None)?;
    app.afterwards(async move {
        let mut kept = kept;
        // What is kept may be kept for long: its key names its bytes.
        let stored = match kept.headers_mut().set("Cache-Control", "public, max-age=86400") {
            Ok(()) => cache.put(&key, kept).await,
            Err(error) => Err(error),
        };
        if let Err(error) = stored {
            console_error!("putting an index document into the cache: {error:?}");
        }
    })
    .await;
    headers.body(index_document::body(app, mirror, document, None).await?, None)
}
