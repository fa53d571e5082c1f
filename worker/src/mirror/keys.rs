//! The keys a mirror's packages are signed with, in both layouts.

use larder_shared::{
    api::Key,
    digest::Digest,
    index::command::{Ask, Changed, key_index_document},
    key::ObjectKey,
    layout::{
        LayoutPath,
        manifest::{BlobRecord, KEY, KEY_INDEX, Manifest},
        v2, v3,
    },
    name::{Fingerprint, MirrorName},
};
use worker::{Request, Response};

use super::read;
use crate::{
    app::{App, now},
    error::{Error, Result},
    index_client,
    intake::Place,
    origin,
    registry::Settings,
};

/// `build_cache/_pgp/index.json`.
pub(crate) async fn index(app: &App, request: &Request, settings: &Settings, path: &LayoutPath) -> Result<Response> {
    read::bytes(request, path, index_document(app, settings).await?.into())
}

/// `v3/manifests/key/keys.manifest.json`; the blob it names is stored before it is named.
pub(crate) async fn index_manifest(
    app: &App,
    request: &Request,
    settings: &Settings,
    path: &LayoutPath,
) -> Result<Response> {
    let document = index_document(app, settings).await?;
    let record = BlobRecord::new(KEY_INDEX, Digest::of(document.as_bytes()), document.len() as u64);
    let blob = LayoutPath::V3(v3::Path::Blob(record.checksum));
    app.store.put_if_absent(&ObjectKey::Object(settings.name.clone(), blob), document.into()).await?;
    read::bytes(request, path, Manifest::new(vec![record]).to_json().into())
}

async fn index_document(app: &App, settings: &Settings) -> Result<String> {
    origin::before_index(app, settings).await?;
    let keys: Vec<Key> = index_client::ask(app, &settings.name, Ask::Keys).await?;
    Ok(key_index_document(keys.iter().map(|key| &key.fingerprint)))
}

/// `v3/manifests/key/<fingerprint>.key.manifest.json` of a key that arrived in v2.
pub(crate) async fn manifest(
    app: &App,
    request: &Request,
    settings: &Settings,
    path: &LayoutPath,
    fingerprint: &Fingerprint,
) -> Result<Response> {
    let missing = || Error::NotFound { what: format!("`{path}`"), mirror: settings.name.clone() };
    let key = LayoutPath::V2(v2::Path::Key(fingerprint.clone()));
    let key = app.store.read(&ObjectKey::Object(settings.name.clone(), key)).await?.ok_or_else(missing)?;
    let record = BlobRecord::new(KEY, Digest::of(&key), key.len() as u64);
    read::bytes(request, path, Manifest::new(vec![record]).to_json().into())
}

/// Checks a key and takes it: under its v2 path, as a v3 blob, and into the index. Whether it was
/// not there before; a newer form of a key replaces the old one.
///
/// # Errors
/// [`Error::Document`] when it is no public key, or another than the path says.
pub(crate) async fn accept(
    app: &App,
    mirror: &MirrorName,
    fingerprint: &Fingerprint,
    armored: Vec<u8>,
) -> Result<bool> {
    let (key, is_new) = Place { store: &app.store, mirror }.key(fingerprint, armored, now()).await?;
    // Told again when the key was there: a crash may have come before the index knew.
    let _: Changed = index_client::ask(app, mirror, Ask::AddKey(key)).await?;
    Ok(is_new)
}
