//! The index documents as they are read: found in the index, joined from their parts.

use larder_shared::{
    digest::Digest,
    http::ByteRange,
    index::{
        command::{Ask, Document},
        document::DbVersion,
    },
    key::ObjectKey,
    name::MirrorName,
    slice::Slice,
};
use web_sys::ReadableStream;
use worker::{ResponseBody, console_error};

use crate::{
    app::App,
    error::{Error, Result},
    index_client, origin,
    registry::Settings,
    store::Store,
    stream::{self, FixedLength},
};

/// The document of the mirror as it is now, or of a slice of it.
///
/// # Errors
/// [`Error::NotFound`] when no package belongs to the slice.
pub(crate) async fn current(
    app: &App,
    settings: &Settings,
    slice: Option<&Slice>,
    version: DbVersion,
) -> Result<Document> {
    origin::before_index(app, settings).await?;
    known(app, settings, slice, version).await
}

/// The document of what the index knows, without asking the mirror's origin first.
///
/// # Errors
/// [`Error::NotFound`] when no package belongs to the slice.
pub(crate) async fn known(
    app: &App,
    settings: &Settings,
    slice: Option<&Slice>,
    version: DbVersion,
) -> Result<Document> {
    let mirror = &settings.name;
    let Some(slice) = slice else { return index_client::ask(app, mirror, Ask::Document(version)).await };
    let document: Option<Document> = index_client::ask(app, mirror, Ask::Slice(slice.clone(), version)).await?;
    document
        .ok_or_else(|| Error::NotFound { what: format!("a package of the slice `{slice}`"), mirror: mirror.clone() })
}

/// A document by its digest: current, or replaced not long ago.
pub(crate) async fn by_digest(app: &App, mirror: &MirrorName, digest: &Digest) -> Result<Option<Document>> {
    let Some(bytes) = app.store.read(&ObjectKey::IndexDocument(mirror.clone(), *digest)).await? else {
        return Ok(None);
    };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|source| Error::Data { doing: "reading an index document", source })
}

/// A body made of a document's parts, each fetched when its turn comes.
pub(crate) async fn body(
    app: &App,
    mirror: &MirrorName,
    document: &Document,
    range: Option<ByteRange>,
) -> Result<ResponseBody> {
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
