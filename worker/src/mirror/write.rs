//! `PUT /mirrors/<mirror>/…`: nothing is visible before its digest, length, shape and name fit.

use larder_shared::{
    api::{NewMirror, Origin, Scope, Stored as StoredAnswer},
    digest::Digest,
    key::ObjectKey,
    layout::{
        LayoutPath,
        manifest::{MAX_MANIFEST_BYTES, Manifest},
        v2::{self, Stem, TarballPath},
        v3::{self, SpecManifestPath},
    },
    name::{Fingerprint, MirrorName},
    package::{MAX_SPEC_BYTES, Package, SpecManifest},
};
use wasm_bindgen_futures::JsFuture;
use worker::{Data, Request, Response};

use super::{accept, keys, read};
use crate::{
    app::App,
    auth::{self, Asker},
    error::{Error, Result},
    registry,
    respond::{done, header},
    store::PutError,
};

/// Largest key accepted, in bytes; one with many signatures has 50,000.
const MAX_KEY_BYTES: u64 = 256 << 10;

/// An object of a mirror.
pub(crate) async fn object(app: &App, request: &Request, mirror: &MirrorName, path: &LayoutPath) -> Result<Response> {
    let asker = auth::require(app, request, Scope::Push, Some(mirror)).await?;
    let exists = match registry::find(app, mirror).await {
        Ok(settings) if settings.origin == Origin::Bucket => true,
        Ok(_) => return Err(Error::ReadThrough(mirror.clone())),
        Err(Error::UnknownMirror(_)) if may_create(&asker) => false,
        Err(error) => return Err(error),
    };
    let is_new = store(app, request, mirror, path).await?;
    if !exists {
        create(app, mirror).await?;
    }
    done(if is_new { 201 } else { 200 }, &StoredAnswer { path: path.to_string(), changed: is_new })
}

/// Stores the request's body where it belongs; whether it was not there before.
async fn store(app: &App, request: &Request, mirror: &MirrorName, path: &LayoutPath) -> Result<bool> {
    match path {
        LayoutPath::V3(v3::Path::Blob(digest)) => blob(app, request, mirror, path, digest).await,
        LayoutPath::V2(v2::Path::Tarball(_)) => tarball(app, request, mirror, path).await,
        LayoutPath::V2(v2::Path::Spec { stem, signed }) => spec_file(app, request, mirror, path, stem, *signed).await,
        LayoutPath::V3(v3::Path::SpecManifest(place)) => manifest(app, request, mirror, path, place).await,
        LayoutPath::V2(v2::Path::Key(fingerprint)) => {
            let armored = small_body(request, MAX_KEY_BYTES).await?;
            keys::accept(app, mirror, fingerprint, armored).await
        }
        LayoutPath::V3(v3::Path::KeyManifest(fingerprint)) => key_manifest(app, request, mirror, fingerprint).await,
        // Derived from what the mirror holds: a client's own rendering is taken and dropped.
        LayoutPath::V2(v2::Path::Index | v2::Path::IndexHash | v2::Path::KeyIndex)
        | LayoutPath::V3(v3::Path::Layout | v3::Path::IndexManifest | v3::Path::KeyIndexManifest) => Ok(false),
    }
}

/// A first write with an admin token makes the mirror.
fn may_create(asker: &Asker) -> bool {
    match asker {
        Asker::Admin => true,
        Asker::Holder(token) => token.scopes.contains(&Scope::Admin),
    }
}

async fn create(app: &App, mirror: &MirrorName) -> Result<()> {
    match registry::create(app, NewMirror { name: mirror.clone(), origin: Origin::Bucket }).await {
        // Another first write came first.
        Ok(_) | Err(Error::MirrorExists(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// A blob, whose path is its digest. R2 checks it; a blob that is there stays as it is.
async fn blob(app: &App, request: &Request, mirror: &MirrorName, path: &LayoutPath, digest: &Digest) -> Result<bool> {
    let key = ObjectKey::Object(mirror.clone(), path.clone());
    let existed = app.store.head(&key).await?.is_some();
    upload(app, request, &key, Some(digest), &format!("`{path}`")).await?;
    Ok(!existed)
}

/// A v2 tarball, which waits unseen until the spec file that names its digest arrives.
async fn tarball(app: &App, request: &Request, mirror: &MirrorName, path: &LayoutPath) -> Result<bool> {
    let staged = ObjectKey::Staged(mirror.clone(), path.clone());
    let Some(reference) = read::reference(app, mirror, path).await? else {
        upload(app, request, &staged, None, &format!("`{path}`")).await?;
        return Ok(true);
    };
    // It was accepted before: only the same bytes are right.
    match upload(app, request, &staged, Some(&reference.blob), &format!("`{path}`")).await {
        Ok(()) => {
            app.store.delete(&staged).await?;
            Ok(false)
        }
        Err(Error::Digest { .. }) => Err(Error::Conflict(format!("`{path}`"))),
        Err(error) => Err(error),
    }
}

/// A v2 spec file: the document that makes a package visible.
async fn spec_file(
    app: &App,
    request: &Request,
    mirror: &MirrorName,
    path: &LayoutPath,
    stem: &Stem,
    is_signed: bool,
) -> Result<bool> {
    let document = small_body(request, MAX_SPEC_BYTES).await?;
    let package = Package::from_spec_file(stem, is_signed, &document)?;
    let is_stored = accept::is_stored(app, mirror, path, &document).await?;
    let size = tarball_of(app, mirror, &package).await?;
    finish(app, mirror, path, document, &package, size, is_stored).await
}

/// The length of a package's tarball, which is stored as a blob, or waits and becomes one now.
async fn tarball_of(app: &App, mirror: &MirrorName, package: &Package) -> Result<u64> {
    let blob = ObjectKey::Object(mirror.clone(), LayoutPath::V3(v3::Path::Blob(package.tarball)));
    if let Some(stored) = app.store.head(&blob).await? {
        return Ok(stored.bytes);
    }
    let path = LayoutPath::V2(v2::Path::Tarball(TarballPath::of(package.spec.root())));
    let staged = ObjectKey::Staged(mirror.clone(), path.clone());
    let Some(found) = app.store.get(&staged).await? else {
        return Err(Error::BlobUnknown { document: "the spec file", digest: package.tarball.to_string() });
    };
    let worker::ResponseBody::Stream(body) = found.into_body()? else {
        return Err(Error::Platform { doing: "reading a staged tarball", source: "no stream".into() });
    };
    let copied = app.store.put_checked(&blob, Data::ReadableStream(body), Some(&package.tarball)).await;
    let size = match copied {
        Ok(size) => size,
        Err(PutError::Digest) => {
            app.store.delete(&staged).await?;
            let what = format!("the uploaded `{path}`");
            return Err(Error::Digest { what, expected: package.tarball.to_string() });
        }
        Err(error) => return Err(error.while_doing("copying a staged tarball")),
    };
    app.store.delete(&staged).await?;
    Ok(size)
}

/// A v3 manifest: the document that makes a package visible.
async fn manifest(
    app: &App,
    request: &Request,
    mirror: &MirrorName,
    path: &LayoutPath,
    place: &SpecManifestPath,
) -> Result<bool> {
    let document = small_body(request, MAX_MANIFEST_BYTES).await?;
    let manifest = SpecManifest::parse(&document)?;
    let is_stored = accept::is_stored(app, mirror, path, &document).await?;
    let mut lengths = Vec::new();
    for record in [&manifest.tarball, &manifest.spec] {
        let blob = ObjectKey::Object(mirror.clone(), LayoutPath::V3(v3::Path::Blob(record.checksum)));
        let Some(stored) = app.store.head(&blob).await? else {
            return Err(Error::BlobUnknown { document: "the manifest", digest: record.checksum.to_string() });
        };
        if stored.bytes != record.content_length {
            let text = format!(
                "the manifest says that the blob {} has {} bytes; it has {}",
                record.checksum, record.content_length, stored.bytes
            );
            return Err(Error::Document(text));
        }
        lengths.push((blob, stored.bytes));
    }
    let [(_, size), (spec_key, spec_bytes)] = &lengths[..] else { return Err(Error::LengthRequired) };
    if *spec_bytes > MAX_SPEC_BYTES {
        return Err(Error::TooLarge { bytes: *spec_bytes, limit: MAX_SPEC_BYTES });
    }
    let spec = app.store.read(spec_key).await?.unwrap_or_default();
    let package = Package::from_manifest(place, &manifest, &spec)?;
    finish(app, mirror, path, document, &package, *size, is_stored).await
}

/// Stores a checked document unless it is stored, and tells the index; whether it was new.
async fn finish(
    app: &App,
    mirror: &MirrorName,
    path: &LayoutPath,
    document: Vec<u8>,
    package: &Package,
    size: u64,
    is_stored: bool,
) -> Result<bool> {
    if is_stored {
        accept::announce(app, mirror, package, size).await?;
    } else {
        accept::package(app, mirror, path, document, package, size).await?;
    }
    Ok(!is_stored)
}

/// A v3 key manifest: the key is the first blob it names.
async fn key_manifest(app: &App, request: &Request, mirror: &MirrorName, fingerprint: &Fingerprint) -> Result<bool> {
    let document = small_body(request, MAX_MANIFEST_BYTES).await?;
    let text =
        larder_shared::clearsign::document(&document).map_err(larder_shared::package::InvalidPackage::from)?.json;
    let manifest = Manifest::parse(text).map_err(larder_shared::package::InvalidPackage::from)?;
    let record = manifest.first().map_err(larder_shared::package::InvalidPackage::from)?;
    let blob = ObjectKey::Object(mirror.clone(), LayoutPath::V3(v3::Path::Blob(record.checksum)));
    let missing = || Error::BlobUnknown { document: "the key manifest", digest: record.checksum.to_string() };
    let stored = app.store.head(&blob).await?.ok_or_else(missing)?;
    if stored.bytes > MAX_KEY_BYTES {
        return Err(Error::TooLarge { bytes: stored.bytes, limit: MAX_KEY_BYTES });
    }
    let armored = app.store.read(&blob).await?.ok_or_else(missing)?;
    keys::accept(app, mirror, fingerprint, armored).await?;
    let path = LayoutPath::V3(v3::Path::KeyManifest(fingerprint.clone()));
    let key = ObjectKey::Object(mirror.clone(), path);
    let is_new = app.store.read(&key).await?.is_none_or(|stored| stored != document);
    if is_new {
        app.store.put(&key, document).await?;
    }
    Ok(is_new)
}

/// The length the client announced.
fn announced(request: &Request) -> Result<u64> {
    let length = header(request, "Content-Length").ok_or(Error::LengthRequired)?;
    length.trim().parse().map_err(|_| Error::Request(format!("the Content-Length `{length}` is not a number")))
}

/// Streams the body into the bucket without reading it here.
async fn upload(app: &App, request: &Request, key: &ObjectKey, digest: Option<&Digest>, what: &str) -> Result<()> {
    let announced = announced(request)?;
    let data = match request.inner().body() {
        Some(body) => Data::ReadableStream(body),
        None => Data::Bytes(Vec::new()),
    };
    match app.store.put_checked(key, data, digest).await {
        Ok(got) if got == announced => Ok(()),
        Ok(got) => {
            app.store.delete(key).await?;
            Err(Error::Size { announced, got })
        }
        Err(PutError::Digest) => {
            let expected = digest.map(ToString::to_string).unwrap_or_default();
            Err(Error::Digest { what: what.to_owned(), expected })
        }
        Err(PutError::Failed(source)) if is_cut(&source) => Err(Error::BodyCut { announced }),
        Err(PutError::Failed(source)) => Err(Error::Platform { doing: "storing an upload", source }),
    }
}

/// Whether a stream failed because the client went away, as the runtime words it.
fn is_cut(error: &worker::Error) -> bool {
    let text = error.to_string();
    ["Network connection lost", "disconnected", "aborted", "FixedLengthStream", "premature"]
        .iter()
        .any(|sign| text.contains(sign))
}

/// The whole body, if it is not larger than `limit`.
async fn small_body(request: &Request, limit: u64) -> Result<Vec<u8>> {
    let announced = announced(request)?;
    if announced > limit {
        return Err(Error::TooLarge { bytes: announced, limit });
    }
    let buffer = async { JsFuture::from(request.inner().array_buffer()?).await };
    let buffer = buffer.await.map_err(|_| Error::BodyCut { announced })?;
    let bytes = js_sys::Uint8Array::new(&buffer).to_vec();
    if bytes.len() as u64 == announced { Ok(bytes) } else { Err(Error::Size { announced, got: bytes.len() as u64 }) }
}
