//! Reads packages of a registry through: the image's manifest and configuration first, which say what the
//! tarball must be.
//!
//! What the index does not know is not asked for: a Spack with several mirrors asks each of them for every package.

use larder_shared::{
    api::{Origin, Timestamp},
    index::command::{Ask, OriginBlob, OriginImage, TagsMoved},
    key::ObjectKey,
    layout::{LayoutPath, v2, v3},
    name::DagHash,
    oci::{digest::ContentDigest, image, repository::RepositoryUrl, tag::Tag},
    package::Package,
};
use worker::{Request, Response, ResponseBody};

use super::{before_index, blob::Incoming};
use crate::{
    app::{App, now},
    error::{Error, Result},
    index_client,
    intake::{Place, derived::Writing, image::StoredManifest},
    mirror::read,
    registry::Settings,
    upstream::{
        Answer,
        registry::{self, Registry},
    },
};

/// A blob of a registry, on its way to a client.
pub(crate) enum Arriving {
    /// It lies in the bucket now.
    Stored,
    /// It is sent while it is stored.
    Passing {
        /// Its length.
        bytes: u64,
        /// It; empty when only its length was asked for.
        body: ResponseBody,
    },
}

/// A mirror that is read through from a registry.
struct Images<'a> {
    app: &'a App,
    settings: &'a Settings,
    repository: &'a RepositoryUrl,
    /// As messages name it.
    origin: String,
}

/// The object at `path`, fetched, checked and kept.
pub(super) async fn read(
    app: &App,
    request: &Request,
    settings: &Settings,
    repository: &RepositoryUrl,
    path: &LayoutPath,
) -> Result<Option<Response>> {
    let images = Images::of(app, settings, repository);
    match path {
        LayoutPath::V2(v2::Path::Spec { stem, signed: false }) => images.document(request, path, &stem.hash()).await,
        LayoutPath::V3(v3::Path::SpecManifest(place)) => images.document(request, path, &place.hash()).await,
        LayoutPath::V2(v2::Path::Tarball(place)) => images.tarball(request, path, &place.stem().hash()).await,
        LayoutPath::V3(v3::Path::Blob(digest)) => images.blob(request, path, digest.into()).await,
        // Nothing in a registry is signed.
        _ => Ok(None),
    }
}

/// The manifest of a package's tag, from the registry that the mirror is read through from.
pub(crate) async fn manifest(app: &App, settings: &Settings, tag: &Tag) -> Result<Option<StoredManifest>> {
    let (Origin::Oci { url }, Some(hash)) = (&settings.origin, tag.hash()) else { return Ok(None) };
    let images = Images::of(app, settings, url);
    match images.find(&hash).await? {
        Some(found) if found.tag == *tag => Ok(Box::pin(images.fetch(tag)).await?.map(|(stored, ..)| stored)),
        _ => Ok(None),
    }
}

/// A blob of an image that is known, from the registry that the mirror is read through from.
pub(crate) async fn blob(
    app: &App,
    settings: &Settings,
    digest: &ContentDigest,
    wants_body: bool,
) -> Result<Option<Arriving>> {
    let Origin::Oci { url } = &settings.origin else { return Ok(None) };
    let images = Images::of(app, settings, url);
    let (what, key) = (digest.to_string(), ObjectKey::Blob(settings.name.clone(), *digest));
    let Some(incoming) = images.incoming(&what, &key, *digest).await? else { return Ok(None) };
    match incoming.large() {
        None => incoming.store().await.map(|()| Some(Arriving::Stored)),
        Some(bytes) if wants_body => Ok(Some(Arriving::Passing { bytes, body: incoming.pass_on(bytes).await? })),
        Some(bytes) => {
            incoming.found.abort();
            Ok(Some(Arriving::Passing { bytes, body: ResponseBody::Empty }))
        }
    }
}

impl<'a> Images<'a> {
    fn of(app: &'a App, settings: &'a Settings, repository: &'a RepositoryUrl) -> Self {
        Self { app, settings, repository, origin: repository.to_string() }
    }

    fn place(&self) -> Place<'a> {
        Place { store: &self.app.store, mirror: &self.settings.name }
    }

    fn registry(&self) -> Registry<'a> {
        Registry { config: &self.app.config, repository: self.repository }
    }

    fn problem(&self, problem: impl Into<String>) -> Error {
        Error::Origin { origin: self.origin.clone(), problem: problem.into() }
    }

    /// A document derived of the package.
    async fn document(&self, request: &Request, path: &LayoutPath, hash: &DagHash) -> Result<Option<Response>> {
        match Box::pin(self.package(hash)).await? {
            Some(_) => read::stored_or_derived(self.app, request, &self.settings.name, path).await,
            None => Ok(None),
        }
    }

    async fn tarball(&self, request: &Request, path: &LayoutPath, hash: &DagHash) -> Result<Option<Response>> {
        let digest = match self.place().reference(path).await? {
            Some(reference) => reference.blob,
            None => match Box::pin(self.package(hash)).await? {
                // The path may be another's that ends in the same hash.
                Some(_) => match self.place().reference(path).await? {
                    Some(reference) => reference.blob,
                    None => return Ok(None),
                },
                None => return Ok(None),
            },
        };
        // Read as a v3 blob before, it lies in the bucket.
        let blob = self.place().blob_key(&digest);
        match read::stored(self.app, request, path, &blob).await? {
            Some(response) => Ok(Some(response)),
            None => self.blob(request, path, digest.into()).await,
        }
    }

    async fn blob(&self, request: &Request, path: &LayoutPath, digest: ContentDigest) -> Result<Option<Response>> {
        let (what, key) = (path.to_string(), ObjectKey::Blob(self.settings.name.clone(), digest));
        match self.incoming(&what, &key, digest).await? {
            Some(incoming) => incoming.serve(request, path).await.map(Some),
            None => Ok(None),
        }
    }

    /// Begins to read a blob, when an image that is known names it.
    async fn incoming<'b>(
        &'b self,
        what: &'b str,
        key: &'b ObjectKey,
        digest: ContentDigest,
    ) -> Result<Option<Incoming<'b>>> {
        let known: Option<OriginBlob> =
            index_client::ask(self.app, &self.settings.name, Ask::OriginBlob(digest)).await?;
        let Some(OriginBlob { package, pause }) = known else { return Ok(None) };
        self.respect(pause);
        match self.noting_pause(pause, self.registry().blob(&digest).await).await? {
            Answer::Found(found) => {
                Ok(Some(Incoming { app: self.app, origin: &self.origin, what, key, digest, found }))
            }
            Answer::NotModified | Answer::Missing => Err(Box::pin(self.vanished(package, digest)).await?),
        }
    }

    /// What to say of a blob that the registry no longer has. Its tag may have been pushed again with another
    /// tarball, which then is known from now on.
    async fn vanished(&self, package: Option<DagHash>, digest: ContentDigest) -> Result<Error> {
        let gone = self.problem(format!("has no blob {digest}, which its image names"));
        let Some(found) = (match &package {
            Some(hash) => self.find(hash).await?,
            None => None,
        }) else {
            return Ok(gone);
        };
        match Box::pin(self.fetch(&found.tag)).await? {
            Some((stored, ..)) if Some(stored.digest) != found.manifest => Ok(self.problem(format!(
                "has no blob {digest} any more: `{}` was pushed again with another tarball; read its spec again",
                found.tag
            ))),
            _ => Ok(gone),
        }
    }

    /// The package of a hash, with what is derived of it kept.
    async fn package(&self, hash: &DagHash) -> Result<Option<(Package, u64)>> {
        let Some(OriginImage { tag, manifest, .. }) = self.find(hash).await? else { return Ok(None) };
        let kept = match manifest {
            Some(digest) => self.kept(&tag, digest).await?,
            None => None,
        };
        match kept {
            Some((package, size)) => {
                self.derive(&package, size).await?;
                Ok(Some((package, size)))
            }
            None => Ok(Box::pin(self.fetch(&tag)).await?.map(|(_, package, size)| (package, size))),
        }
    }

    /// What the index knows of a package; when it does not know it, the registry is asked for news, after the
    /// answer unless it was never asked before.
    async fn find(&self, hash: &DagHash) -> Result<Option<OriginImage>> {
        let mut found = self.ask_for(hash).await?;
        if found.is_none() && Box::pin(before_index(self.app, self.settings)).await? {
            found = self.ask_for(hash).await?;
        }
        if let Some(found) = &found {
            self.respect(found.pause);
        }
        Ok(found)
    }

    async fn ask_for(&self, hash: &DagHash) -> Result<Option<OriginImage>> {
        index_client::ask(self.app, &self.settings.name, Ask::OriginImage(hash.clone())).await
    }

    /// The package of an image whose manifest and configuration are kept.
    async fn kept(&self, tag: &Tag, digest: ContentDigest) -> Result<Option<(Package, u64)>> {
        let mirror = &self.settings.name;
        let Some(stored) = self.place().manifest(&ObjectKey::Manifest(mirror.clone(), digest)).await? else {
            return Ok(None);
        };
        let manifest = stored.parse()?;
        let Some(config) = &manifest.config else { return Ok(None) };
        match self.app.store.read(&ObjectKey::Blob(mirror.clone(), config.digest)).await? {
            Some(config) => Ok(Some(image::package(tag, &manifest, &config)?)),
            None => Ok(None),
        }
    }

    /// Reads an image from the registry and keeps it; `None` when its tag is gone.
    async fn fetch(&self, tag: &Tag) -> Result<Option<(StoredManifest, Package, u64)>> {
        let read = self.registry().image(tag).await.map_err(|error| match error {
            unusable @ (Error::Document(_)
            | Error::Manifest(_)
            | Error::Image(_)
            | Error::Package(_)
            | Error::Digest { .. }
            | Error::TooLarge { .. }
            | Error::ManifestBlobUnknown { .. }) => {
                self.problem(format!("has an image `{tag}` that cannot be used: {unusable}"))
            }
            other => other,
        });
        let Some(image) = self.noting_pause(None, read).await? else { return Ok(None) };
        self.place().keep_image(&image.stored, image.config_digest, image.config).await?;
        let put = image.stored.to_put(&image.manifest, vec![tag.clone()], Some((&image.package, image.size, false)));
        let mirror = &self.settings.name;
        let _: Option<TagsMoved> = index_client::ask(self.app, mirror, Ask::PutManifest(Box::new(put))).await?;
        let copy = ObjectKey::Tag(mirror.clone(), tag.clone());
        self.app.store.put_document(&copy, image.stored.document(), false).await?;
        self.derive(&image.package, image.size).await?;
        Ok(Some((image.stored, image.package, image.size)))
    }

    /// Keeps what makes a package found in Spack's own layouts. What the registry says now is right.
    async fn derive(&self, package: &Package, size: u64) -> Result<()> {
        self.place().keep_derived(package, Some(size), None, Writing::Replacing, now()).await.map(drop)
    }

    fn respect(&self, pause: Option<Timestamp>) {
        if let Some(until) = pause {
            registry::pause(self.repository, until);
        }
    }

    /// Tells the index when the registry wants to be left alone, so that nobody asks it meanwhile.
    async fn noting_pause<T>(&self, known: Option<Timestamp>, answer: Result<T>) -> Result<T> {
        if let Err(error @ Error::OriginBusy { until, .. }) = &answer
            && known.is_none_or(|known| known < *until)
        {
            let ask = Ask::PauseOrigin { until: *until, error: error.to_string() };
            index_client::ask::<()>(self.app, &self.settings.name, ask).await?;
        }
        answer
    }
}
