//! Images: manifests as they are stored, and the packages that some of them are.

use larder_shared::{
    api::Timestamp,
    index::command::PutManifest,
    key::ObjectKey,
    layout::{
        LayoutPath,
        v2::{self, Stem},
        v3::{self, SpecManifestPath},
    },
    oci::{
        digest::ContentDigest,
        image::{self, InvalidImage},
        manifest::{Descriptor, Manifest},
        tag::Tag,
    },
    package::{MAX_SPEC_BYTES, Package},
};

use super::{Place, derived::is_same};
use crate::{
    error::{Error, Result},
    openpgp::SigningKey,
    store::Document,
};

/// A manifest as it is stored.
#[derive(Clone)]
pub(crate) struct StoredManifest {
    pub(crate) bytes: Vec<u8>,
    pub(crate) media_type: String,
    pub(crate) digest: ContentDigest,
}

impl StoredManifest {
    /// As it is to be stored.
    pub(crate) fn document(&self) -> Document<'_> {
        Document { bytes: &self.bytes, media_type: &self.media_type, digest: &self.digest }
    }

    /// What it consists of.
    ///
    /// # Errors
    /// [`Error::Manifest`].
    pub(crate) fn parse(&self) -> Result<Manifest> {
        Ok(Manifest::parse(&self.bytes, Some(&self.media_type))?.0)
    }

    /// What the index is to know of it, and the tags and the package that come with it.
    pub(crate) fn to_put(
        &self,
        manifest: &Manifest,
        tags: Vec<Tag>,
        package: Option<(&Package, u64, bool)>,
    ) -> PutManifest {
        PutManifest {
            manifest: Descriptor {
                artifact_type: manifest.artifact_type().map(str::to_owned),
                // Told only in a list of referrers; some are as large as a manifest may be.
                annotations: manifest.annotations.clone().filter(|_| manifest.subject.is_some()),
                ..Descriptor::new(&self.media_type, self.digest, self.bytes.len() as u64)
            },
            subject: manifest.subject.as_ref().map(|subject| subject.digest),
            blobs: manifest.blobs(),
            tags,
            package: package.map(|(package, size, managed)| package.to_accept(size, managed)),
        }
    }
}

impl Place<'_> {
    /// The manifest stored under a key.
    pub(crate) async fn manifest(&self, key: &ObjectKey) -> Result<Option<StoredManifest>> {
        let Some(found) = self.store.get(key).await? else { return Ok(None) };
        let doing = "reading a manifest";
        let (media_type, digest) =
            found.document().ok_or_else(|| Error::Platform { doing, source: "its media type is missing".into() })?;
        Ok(Some(StoredManifest { bytes: found.into_bytes().await?, media_type, digest }))
    }

    /// Keeps a manifest and the configuration that it names. The configuration comes first: what names it is
    /// not there without it.
    pub(crate) async fn keep_image(
        &self,
        stored: &StoredManifest,
        config_digest: ContentDigest,
        config: Vec<u8>,
    ) -> Result<()> {
        let key = ObjectKey::Blob(self.mirror.clone(), config_digest);
        let kept = self.store.put_checked(&key, config, Some(config_digest)).await;
        kept.map_err(|error| error.while_doing("keeping an image's configuration"))?;
        let key = ObjectKey::Manifest(self.mirror.clone(), stored.digest);
        self.store.put_document(&key, stored.document(), false).await.map(drop)
    }

    /// The package that an image is, and the length of its tarball.
    ///
    /// # Errors
    /// [`Error::Image`] when the image is not the package its tag says, or its blobs are not as long as
    /// its manifest says: the index and the v3 manifest tell their length.
    pub(crate) async fn image_package(&self, tag: &Tag, manifest: &Manifest) -> Result<(Package, u64)> {
        let config = match &manifest.config {
            None => Vec::new(),
            Some(config) => {
                let missing = || Error::ManifestBlobUnknown { what: "the blob", digest: config.digest };
                let key = ObjectKey::Blob(self.mirror.clone(), config.digest);
                let found = self.store.get(&key).await?.ok_or_else(missing)?;
                let bytes = found.stored.bytes;
                check_length(config.digest, config.size, bytes)?;
                if bytes > MAX_SPEC_BYTES {
                    return Err(Error::TooLarge { bytes, limit: MAX_SPEC_BYTES });
                }
                found.into_bytes().await?
            }
        };
        let (package, size) = image::package(tag, manifest, &config)?;
        let digest = package.tarball.into();
        let missing = || Error::ManifestBlobUnknown { what: "the blob", digest };
        let stored = self.blob(&package.tarball).await?.ok_or_else(missing)?;
        check_length(digest, size, stored)?;
        Ok((package, size))
    }

    /// Whether a document of Spack's own layouts holds the package: it names a tarball for good, and
    /// nothing may be derived beside it that names another.
    async fn has_document(&self, package: &Package) -> Result<bool> {
        let root = package.spec.root();
        let spec = |signed| LayoutPath::V2(v2::Path::Spec { stem: Stem::of(root), signed });
        let manifest = LayoutPath::V3(v3::Path::SpecManifest(SpecManifestPath::of(root)));
        for path in [spec(true), spec(false), manifest] {
            if self.store.head(&ObjectKey::Object(self.mirror.clone(), path)).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Stores what is derived of an image where nothing is; whether all that is there is of this image.
    pub(crate) async fn keep_where_absent(
        &self,
        package: &Package,
        size: u64,
        key: Option<&SigningKey>,
        now: Timestamp,
    ) -> Result<bool> {
        let derived = package.derive(Some(size), key.is_some())?;
        if let Some(known) = self.reference(&derived.tarball_path).await?
            && self.has_document(package).await?
        {
            // What is there was derived of it, or is to stay beside it as it is.
            return Ok(known.blob == package.tarball);
        }
        if let Some((digest, blob)) = derived.spec_blob {
            let stored = self.store.put_checked(&self.blob_key(&digest), blob, Some(&digest)).await;
            stored.map_err(|error| error.while_doing("storing a spec blob"))?;
        }
        let mut is_all = true;
        for (path, text) in derived.documents {
            let place = ObjectKey::Derived(self.mirror.clone(), path);
            let document = match key {
                Some(key) => key.clearsign(&text, now).map_err(Error::Document)?,
                None => text.clone().into_bytes(),
            };
            if !self.store.put_if_absent(&place, document).await? {
                let kept = self.store.read(&place).await?;
                is_all &= kept.is_some_and(|kept| is_same(&kept, &text, key, now));
            }
        }
        // Last, so that a tarball is found in v2 only when its spec file is.
        let place = ObjectKey::Derived(self.mirror.clone(), derived.tarball_path);
        let reference = derived.reference.to_bytes();
        if !self.store.put_if_absent(&place, reference.clone()).await? {
            is_all &= self.store.read(&place).await?.is_some_and(|kept| kept == reference);
        }
        Ok(is_all)
    }
}

fn check_length(digest: ContentDigest, said: u64, stored: u64) -> Result<()> {
    if said == stored { Ok(()) } else { Err(InvalidImage::Length { digest, said, stored }.into()) }
}
