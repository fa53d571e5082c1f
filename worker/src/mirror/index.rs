//! The index documents of both layouts, all of one generation.

use larder_shared::{
    digest::Digest,
    http::ByteRange,
    index::{
        command::{Ask, Document},
        document::DbVersion,
    },
    key::ObjectKey,
    layout::{
        LayoutPath,
        manifest::{BlobRecord, INDEX_V8, INDEX_V9, Manifest},
    },
    name::MirrorName,
};
use web_sys::ReadableStream;
use worker::{Cache, Method, Request, Response, ResponseBody, console_error};

use super::read;
use crate::{
    app::App,
    error::{Error, Result},
    index_client, origin,
    registry::Settings,
    respond::{ObjectHeaders, asked_range, is_current},
    store::Store,
    stream::{self, FixedLength},
};

/// `build_cache/index.json`.
pub(crate) async fn document(
    app: &App,
    request: &Request,
    settings: &Settings,
    path: &LayoutPath,
    version: DbVersion,
) -> Result<Response> {
    let document = current(app, settings, version).await?;
    send(app, request, &settings.name, path, &document).await
}

/// `build_cache/index.json.hash`: 64 hex digits, no newline.
pub(crate) async fn hash(app: &App, request: &Request, settings: &Settings, path: &LayoutPath) -> Result<Response> {
    let document = current(app, settings, DbVersion::V7).await?;
    read::bytes(request, path, document.digest.to_string().into())
}

/// `v3/manifests/index/index.manifest.json`, naming a document for each generation of Spack 1.x.
pub(crate) async fn manifest(app: &App, request: &Request, settings: &Settings, path: &LayoutPath) -> Result<Response> {
    let v8 = current(app, settings, DbVersion::V8).await?;
    let v9: Document = index_client::ask(app, &settings.name, Ask::Document(DbVersion::V9)).await?;
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
    mirror: &MirrorName,
    path: &LayoutPath,
    digest: &Digest,
) -> Result<Option<Response>> {
    let Some(bytes) = app.store.read(&ObjectKey::IndexDocument(mirror.clone(), *digest)).await? else {
        return Ok(None);
    };
    let document: Document =
        serde_json::from_slice(&bytes).map_err(|source| Error::Data { doing: "reading an index document", source })?;
    send(app, request, mirror, path, &document).await.map(Some)
}

async fn current(app: &App, settings: &Settings, version: DbVersion) -> Result<Document> {
    origin::before_index(app, settings).await?;
    index_client::ask(app, &settings.name, Ask::Document(version)).await
}

/// Largest document put into the data centre's cache, in bytes: putting one there buffers what the
/// client has not read yet.
const MAX_CACHED_BYTES: u64 = 16 << 20;

async fn send(
    app: &App,
    request: &Request,
    mirror: &MirrorName,
    path: &LayoutPath,
    document: &Document,
) -> Result<Response> {
    let etag = format!("\"{}\"", document.digest);
    let headers = ObjectHeaders { path, etag: &etag, bytes: document.bytes };
    if is_current(request, &etag) {
        return headers.not_modified();
    }
    let range = asked_range(request, &etag, document.bytes)?;
    if request.method() == Method::Head {
        return headers.body(ResponseBody::Empty, None);
    }
    let is_cached = app.config.is_cache_used && range.is_none() && document.bytes <= MAX_CACHED_BYTES;
    if !is_cached {
        return headers.body(join(app, mirror, document, range).await?, range);
    }
    // The key holds the digest, so that a new generation is a new entry and nothing is purged.
    let key = format!("https://larder.invalid/{mirror}/{}", document.digest);
    let cache = Cache::default();
    if let Ok(Some(response)) = cache.get(&key, false).await {
        let (_, body) = response.into_parts();
        return headers.body(body, None);
    }
    let kept = headers.body(join(app, mirror, document, None).await?, None)?;
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
    headers.body(join(app, mirror, document, None).await?, None)
}

/// A body made of a document's parts, each fetched when its turn comes.
async fn join(app: &App, mirror: &MirrorName, document: &Document, range: Option<ByteRange>) -> Result<ResponseBody> {
    let range = range.unwrap_or(ByteRange { first: 0, length: document.bytes });
    let pieces: Vec<_> = document.pieces(range).into_iter().map(|(part, piece)| (part.key(mirror), piece)).collect();
    if let [(key, piece)] = &pieces[..] {
        return fetch(&app.store, key, *piece).await;
    }
    let platform = |source: wasm_bindgen::JsValue| Error::Platform { doing: "joining an index", source: source.into() };
    let FixedLength { readable, writable } = FixedLength::new(range.length).map_err(platform)?;
    let store = app.store.clone();
    app.afterwards(async move {
        for (key, piece) in pieces {
            let moved = match fetch(&store, &key, piece).await {
                Ok(ResponseBody::Stream(body)) => {
                    let body: ReadableStream = body;
                    stream::append(&body, &writable).await.map_err(|error| format!("{error:?}"))
                }
                Ok(_) => Err("an object without a stream".to_owned()),
                Err(error) => Err(format!("{error:?}")),
            };
            if let Err(error) = moved {
                console_error!("joining an index at {key}: {error}");
                return stream::abort(&writable, "a part of the index could not be read").await;
            }
        }
        if let Err(error) = stream::close(&writable).await {
            console_error!("joining an index: {error:?}");
        }
    })
    .await;
    Ok(ResponseBody::Stream(readable))
}

async fn fetch(store: &Store, key: &ObjectKey, piece: ByteRange) -> Result<ResponseBody> {
    let found = store.get_range(key, piece).await?;
    found.ok_or(Error::Platform { doing: "reading a part of the index", source: "it is gone".into() })?.into_body()
}
