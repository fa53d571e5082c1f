//! `PUT /mirrors/<mirror>/…`: nothing is visible before its digest, length, shape and name fit.

use larder_shared::{
    api::{Require, Scope, Stored as StoredAnswer},
    digest::Digest,
    key::ObjectKey,
    layout::{
        LayoutPath,
        manifest::{MAX_MANIFEST_BYTES, Manifest},
        v2::{self, Stem},
        v3::{self, SpecManifestPath},
    },
    name::{Fingerprint, MirrorName},
    package::{MAX_SPEC_BYTES, Package, SpecManifest},
};
use worker::{Request, Response};

use super::{accept, keys};
use crate::{
    app::{App, now},
    auth::{self, Asker},
    body,
    error::{Error, Result},
    intake::Place,
    registry,
    respond::done,
};

/// Largest key accepted, in bytes; one with many signatures has 50,000.
const MAX_KEY_BYTES: u64 = 256 << 10;

/// An upload to a mirror, by somebody who may.
struct Upload<'a> {
    app: &'a App,
    request: &'a Request,
    mirror: &'a MirrorName,
    /// What a package must have to be taken.
    require: Require,
    asker: Asker,
}

/// An object of a mirror.
pub(crate) async fn object(app: &App, request: &Request, mirror: &MirrorName, path: &LayoutPath) -> Result<Response> {
    let asker = auth::require(app, request, Scope::Push, Some(mirror)).await?;
    let settings = registry::find_for_push(app, mirror, &asker).await?;
    let require = settings.as_ref().map(|settings| settings.require).unwrap_or_default();
    let upload = Upload { app, request, mirror, require, asker };
    let is_new = store(&upload, path).await?;
    if settings.is_none() {
        registry::create_if_absent(app, mirror).await?;
    }
    done(if is_new { 201 } else { 200 }, &StoredAnswer { path: path.to_string(), changed: is_new })
}

/// Stores the request's body where it belongs; whether it was not there before.
async fn store(upload: &Upload<'_>, path: &LayoutPath) -> Result<bool> {
    match path {
        LayoutPath::V3(v3::Path::Blob(digest)) => blob(upload, path, digest).await,
        LayoutPath::V2(v2::Path::Tarball(_)) => tarball(upload, path).await,
        LayoutPath::V2(v2::Path::Spec { stem, signed }) => spec_file(upload, path, stem, *signed).await,
        LayoutPath::V3(v3::Path::SpecManifest(place)) => manifest(upload, path, place).await,
        LayoutPath::V2(v2::Path::Key(fingerprint)) => {
            let armored = body::whole(upload.request, MAX_KEY_BYTES).await?;
            upload.take_key(fingerprint, armored).await
        }
        LayoutPath::V3(v3::Path::KeyManifest(fingerprint)) => key_manifest(upload, fingerprint).await,
        // Derived from what the mirror holds: a client's own rendering is taken and dropped.
        LayoutPath::V2(v2::Path::Index | v2::Path::IndexHash | v2::Path::KeyIndex)
        | LayoutPath::V3(
            v3::Path::Layout | v3::Path::IndexManifest | v3::Path::ViewManifest(_) | v3::Path::KeyIndexManifest,
        ) => Ok(false),
    }
}

impl Upload<'_> {
    const fn place(&self) -> Place<'_> {
        Place { store: &self.app.store, mirror: self.mirror }
    }

    /// Stores a checked document unless it is stored, and tells the index; whether it was new.
    async fn finish(
        &self,
        path: &LayoutPath,
        document: Vec<u8>,
        package: &Package,
        size: u64,
        is_stored: bool,
    ) -> Result<bool> {
        accept::package(self.app, self.mirror, path, document, package, size, is_stored).await?;
        Ok(!is_stored)
    }

    /// Takes a key. Where keys decide what is taken, only an admin adds one; one that is there may be
    /// sent by anybody who pushes.
    async fn take_key(&self, fingerprint: &Fingerprint, armored: Vec<u8>) -> Result<bool> {
        if self.require == Require::Signed && !self.is_admin() {
            let stored = self.app.store.read(&self.place().key_place(fingerprint)).await?;
            if stored.is_none_or(|stored| stored != armored) {
                return Err(Error::TokenScope {
                    needed: Scope::Admin.as_str(),
                    on: format!("mirror `{}`, which trusts its keys", self.mirror),
                });
            }
        }
        keys::accept(self.app, self.mirror, fingerprint, armored).await
    }

    fn is_admin(&self) -> bool {
        match &self.asker {
            Asker::Admin => true,
            Asker::Anonymous | Asker::Job(_) => false,
            Asker::Holder(token) => token.allows(Scope::Admin, Some(self.mirror), now()),
        }
    }
}

/// A blob, whose path is its digest. R2 checks it; a blob that is there stays as it is.
async fn blob(upload: &Upload<'_>, path: &LayoutPath, digest: &Digest) -> Result<bool> {
    let key = upload.place().blob_key(digest);
    let existed = upload.app.store.head(&key).await?.is_some();
    body::store(upload.app, upload.request, &key, Some(&digest.into()), &format!("`{path}`")).await?;
    Ok(!existed)
}

/// A v2 tarball, which waits unseen until the spec file that names its digest arrives.
async fn tarball(upload: &Upload<'_>, path: &LayoutPath) -> Result<bool> {
    let staged = ObjectKey::Staged(upload.mirror.clone(), path.clone());
    let Some(reference) = upload.place().reference(path).await? else {
        body::store(upload.app, upload.request, &staged, None, &format!("`{path}`")).await?;
        return Ok(true);
    };
    // It was accepted before: only the same bytes are right.
    match body::store(upload.app, upload.request, &staged, Some(&reference.blob.into()), &format!("`{path}`")).await {
        Ok(_) => {
            upload.app.store.delete(&staged).await?;
            Ok(false)
        }
        Err(Error::Digest { .. }) => Err(Error::Conflict(format!("`{path}`"))),
        Err(error) => Err(error),
    }
}

/// A v2 spec file: the document that makes a package visible.
async fn spec_file(upload: &Upload<'_>, path: &LayoutPath, stem: &Stem, is_signed: bool) -> Result<bool> {
    let document = body::whole(upload.request, MAX_SPEC_BYTES).await?;
    let package = Package::from_spec_file(stem, is_signed, &document)?;
    upload.place().admit(upload.require, package.signed, &document, now()).await?;
    let is_stored = accept::is_stored(upload.app, upload.mirror, path, &document).await?;
    let size = upload.place().tarball(&package).await?;
    upload.finish(path, document, &package, size, is_stored).await
}

/// A v3 manifest: the document that makes a package visible.
async fn manifest(upload: &Upload<'_>, path: &LayoutPath, place: &SpecManifestPath) -> Result<bool> {
    let document = body::whole(upload.request, MAX_MANIFEST_BYTES).await?;
    let manifest = SpecManifest::parse(&document)?;
    upload.place().admit(upload.require, manifest.document.is_signed, &document, now()).await?;
    let is_stored = accept::is_stored(upload.app, upload.mirror, path, &document).await?;
    let (package, size) = upload.place().v3_package(place, &manifest).await?;
    upload.finish(path, document, &package, size, is_stored).await
}

/// A v3 key manifest: the key is the first blob it names.
async fn key_manifest(upload: &Upload<'_>, fingerprint: &Fingerprint) -> Result<bool> {
    let Upload { app, request, mirror, .. } = *upload;
    let document = body::whole(request, MAX_MANIFEST_BYTES).await?;
    let text =
        larder_shared::clearsign::document(&document).map_err(larder_shared::package::InvalidPackage::from)?.json;
    let manifest = Manifest::parse(text).map_err(larder_shared::package::InvalidPackage::from)?;
    let record = manifest.first().map_err(larder_shared::package::InvalidPackage::from)?;
    let blob = upload.place().blob_key(&record.checksum);
    let missing = || Error::BlobUnknown { document: "the key manifest", digest: record.checksum.to_string() };
    let stored = app.store.head(&blob).await?.ok_or_else(missing)?;
    if stored.bytes > MAX_KEY_BYTES {
        return Err(Error::TooLarge { bytes: stored.bytes, limit: MAX_KEY_BYTES });
    }
    let armored = app.store.read(&blob).await?.ok_or_else(missing)?;
    upload.take_key(fingerprint, armored).await?;
    let path = LayoutPath::V3(v3::Path::KeyManifest(fingerprint.clone()));
    let key = ObjectKey::Object(mirror.clone(), path);
    let is_new = app.store.read(&key).await?.is_none_or(|stored| stored != document);
    if is_new {
        app.store.put(&key, document).await?;
    }
    Ok(is_new)
}
