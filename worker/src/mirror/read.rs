//! `GET /mirrors/<mirror>/…`: what is stored is sent as stored, the rest is derived.

use larder_shared::{
    api::Signing,
    clearsign,
    key::ObjectKey,
    layout::{LayoutPath, v2, v3},
    name::MirrorName,
    route::page::Page,
    slice::Slice,
};
use worker::{Method, Request, Response, ResponseBody};

use super::{index, keys};
use crate::{
    app::App,
    auth,
    error::{Error, Result},
    intake::Place,
    origin,
    registry::Settings,
    respond::{ObjectHeaders, asked_range, is_current, with_headers},
    store::Stored,
};

/// An object of a mirror.
pub(crate) async fn object(app: &App, request: &Request, mirror: &MirrorName, path: &LayoutPath) -> Result<Response> {
    let settings = auth::readable(app, request, mirror).await?;
    match path {
        LayoutPath::V2(v2::Path::Index) => index::document(app, request, &settings, path, None).await,
        LayoutPath::V2(v2::Path::IndexHash) => index::hash(app, request, &settings, path, None).await,
        LayoutPath::V3(v3::Path::IndexManifest) => index::manifest(app, request, &settings, path, None).await,
        LayoutPath::V3(v3::Path::ViewManifest(slice)) => {
            index::manifest(app, request, &settings, path, Some(slice)).await
        }
        LayoutPath::V2(v2::Path::KeyIndex) => keys::index(app, request, &settings, path).await,
        LayoutPath::V3(v3::Path::KeyIndexManifest) => keys::index_manifest(app, request, &settings, path).await,
        LayoutPath::V3(v3::Path::Layout) => bytes(request, path, v3::LAYOUT_DOCUMENT.into()),
        LayoutPath::V2(v2::Path::Tarball(_)) => tarball(app, request, &settings, path).await,
        LayoutPath::V3(v3::Path::KeyManifest(fingerprint)) => {
            match stored_or_derived(app, request, mirror, path).await? {
                Some(response) => Ok(response),
                None => keys::manifest(app, request, &settings, path, fingerprint).await,
            }
        }
        LayoutPath::V3(v3::Path::SpecManifest(_)) if settings.signing == Signing::Managed => {
            let response = signed_manifest(app, request, mirror, path).await?;
            response.ok_or_else(|| Error::NotFound { what: format!("`{path}`"), mirror: mirror.clone() })
        }
        LayoutPath::V2(v2::Path::Key(_) | v2::Path::Spec { .. }) | LayoutPath::V3(v3::Path::SpecManifest(_)) => {
            match stored_or_derived(app, request, mirror, path).await? {
                Some(response) => Ok(response),
                None => from_origin(app, request, &settings, path).await,
            }
        }
        LayoutPath::V3(v3::Path::Blob(digest)) => {
            if let Some(response) = stored(app, request, path, &object_key(mirror, path)).await? {
                return Ok(response);
            }
            match index::by_digest(app, request, &settings, path, digest).await? {
                Some(response) => Ok(response),
                None => from_origin(app, request, &settings, path).await,
            }
        }
    }
}

/// An object of a slice of a mirror: only its index is another.
pub(crate) async fn slice(
    app: &App,
    request: &Request,
    mirror: &MirrorName,
    slice: &Slice,
    path: &LayoutPath,
) -> Result<Response> {
    let settings = auth::readable(app, request, mirror).await?;
    match path {
        LayoutPath::V2(v2::Path::Index) => index::document(app, request, &settings, path, Some(slice)).await,
        LayoutPath::V2(v2::Path::IndexHash) => index::hash(app, request, &settings, path, Some(slice)).await,
        LayoutPath::V3(v3::Path::IndexManifest) => index::manifest(app, request, &settings, path, Some(slice)).await,
        path => object(app, request, mirror, path).await,
    }
}

/// A mirror's bare URL, as somebody may paste it into a browser.
pub(crate) async fn root(app: &App, request: &Request, mirror: &MirrorName) -> Result<Response> {
    auth::readable(app, request, mirror).await?;
    let location = Page::Mirror(mirror.clone()).to_string();
    Ok(with_headers([("Location", location.as_str()), ("Cache-Control", "no-cache")])?.with_status(302).empty())
}

fn object_key(mirror: &MirrorName, path: &LayoutPath) -> ObjectKey {
    ObjectKey::Object(mirror.clone(), path.clone())
}

/// A v2 tarball: the blob to which the accepted spec file refers, else a file that lies there.
async fn tarball(app: &App, request: &Request, settings: &Settings, path: &LayoutPath) -> Result<Response> {
    let mirror = &settings.name;
    if let Some(reference) = (Place { store: &app.store, mirror }).reference(path).await? {
        let blob = LayoutPath::V3(v3::Path::Blob(reference.blob));
        if let Some(response) = stored(app, request, path, &object_key(mirror, &blob)).await? {
            return Ok(response);
        }
    }
    match stored(app, request, path, &object_key(mirror, path)).await? {
        Some(response) => Ok(response),
        None => from_origin(app, request, settings, path).await,
    }
}

/// A v3 manifest of a mirror whose own key signs. A manifest has one path whether it is signed or not:
/// one that arrived unsigned gives way to what was derived of it.
async fn signed_manifest(
    app: &App,
    request: &Request,
    mirror: &MirrorName,
    path: &LayoutPath,
) -> Result<Option<Response>> {
    let key = object_key(mirror, path);
    let arrived = app.store.read(&key).await?;
    let is_signed = arrived.is_some_and(|text| clearsign::document(&text).is_ok_and(|document| document.is_signed));
    if !is_signed
        && let Some(response) = stored(app, request, path, &ObjectKey::Derived(mirror.clone(), path.clone())).await?
    {
        return Ok(Some(response));
    }
    stored(app, request, path, &key).await
}

/// What is stored at the path, else what was derived for it.
pub(crate) async fn stored_or_derived(
    app: &App,
    request: &Request,
    mirror: &MirrorName,
    path: &LayoutPath,
) -> Result<Option<Response>> {
    match stored(app, request, path, &object_key(mirror, path)).await? {
        Some(response) => Ok(Some(response)),
        None => stored(app, request, path, &ObjectKey::Derived(mirror.clone(), path.clone())).await,
    }
}

/// An object as it lies under `key`, whole, in part, or not at all if the client has it.
pub(crate) async fn stored(
    app: &App,
    request: &Request,
    path: &LayoutPath,
    key: &ObjectKey,
) -> Result<Option<Response>> {
    let asks_for_headers = request.method() == Method::Head
        || ["If-None-Match", "Range"].iter().any(|name| request.headers().has(name).unwrap_or(false));
    if !asks_for_headers {
        let Some(found) = app.store.get(key).await? else { return Ok(None) };
        let Stored { bytes, etag, .. } = found.stored.clone();
        return ObjectHeaders { path, etag: &etag, bytes }.body(found.into_body()?, None).map(Some);
    }
    let Some(Stored { bytes, etag, .. }) = app.store.head(key).await? else { return Ok(None) };
    let headers = ObjectHeaders { path, etag: &etag, bytes };
    if is_current(request, &etag) {
        return headers.not_modified().map(Some);
    }
    let range = asked_range(request, &etag, bytes)?;
    if request.method() == Method::Head {
        return headers.body(ResponseBody::Empty, None).map(Some);
    }
    let found = match range {
        Some(range) => app.store.get_range(key, range).await?,
        None => app.store.get(key).await?,
    };
    match found {
        Some(found) => headers.body(found.into_body()?, range).map(Some),
        None => Ok(None),
    }
}

/// A small document made on the spot; its ETag is its digest.
pub(crate) fn bytes(request: &Request, path: &LayoutPath, document: Vec<u8>) -> Result<Response> {
    let etag = format!("\"{}\"", larder_shared::digest::Digest::of(&document));
    let headers = ObjectHeaders { path, etag: &etag, bytes: document.len() as u64 };
    if is_current(request, &etag) {
        return headers.not_modified();
    }
    match asked_range(request, &etag, headers.bytes)? {
        None => headers.body(ResponseBody::Body(document), None),
        Some(range) => {
            // Inside the document, whose length is a `usize`.
            let first = usize::try_from(range.first).unwrap_or(usize::MAX);
            let length = usize::try_from(range.length).unwrap_or(usize::MAX);
            let part = document.into_iter().skip(first).take(length).collect();
            headers.body(ResponseBody::Body(part), Some(range))
        }
    }
}

async fn from_origin(app: &App, request: &Request, settings: &Settings, path: &LayoutPath) -> Result<Response> {
    let found = origin::read(app, request, settings, path).await?;
    found.ok_or_else(|| Error::NotFound { what: format!("`{path}`"), mirror: settings.name.clone() })
}
