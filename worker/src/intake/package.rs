//! Packages: their document was read, now its blobs are looked for.

use larder_shared::{
    key::ObjectKey,
    layout::{
        LayoutPath,
        v2::{self, TarballPath},
        v3::SpecManifestPath,
    },
    package::{MAX_SPEC_BYTES, Package, SpecManifest},
};

use super::Place;
use crate::error::{Error, Result};

impl Place<'_> {
    /// The length of a v2 package's tarball. It is stored as a blob, or becomes one now: it was
    /// uploaded before its spec file and waits, or somebody put it under its v2 path.
    ///
    /// # Errors
    /// [`Error::BlobUnknown`], or [`Error::Digest`] when the tarball is another.
    pub(crate) async fn tarball(&self, package: &Package) -> Result<u64> {
        if let Some(bytes) = self.blob(&package.tarball).await? {
            return Ok(bytes);
        }
        let path = LayoutPath::V2(v2::Path::Tarball(TarballPath::of(package.spec.root())));
        let staged = ObjectKey::Staged(self.mirror.clone(), path.clone());
        if let Some(found) = self.store.get(&staged).await? {
            let copied = self.copy_to_blob(found, &package.tarball, &format!("the uploaded `{path}`")).await;
            if matches!(copied, Ok(_) | Err(Error::Digest { .. })) {
                self.store.delete(&staged).await?;
            }
            return copied;
        }
        // Whoever put it there may look for it there again: it stays.
        match self.store.get(&ObjectKey::Object(self.mirror.clone(), path.clone())).await? {
            Some(found) => self.copy_to_blob(found, &package.tarball, &format!("`{path}`")).await,
            None => Err(Error::BlobUnknown { document: "the spec file", digest: package.tarball.to_string() }),
        }
    }

    /// A v3 package and its tarball's length.
    ///
    /// # Errors
    /// [`Error::BlobUnknown`], or [`Error::Document`] or [`Error::Package`] when a blob is not what the
    /// manifest says.
    pub(crate) async fn v3_package(
        &self,
        place: &SpecManifestPath,
        manifest: &SpecManifest<'_>,
    ) -> Result<(Package, u64)> {
        for record in [&manifest.tarball, &manifest.spec] {
            let Some(bytes) = self.blob(&record.checksum).await? else {
                return Err(Error::BlobUnknown { document: "the manifest", digest: record.checksum.to_string() });
            };
            if bytes != record.content_length {
                let text = format!(
                    "the manifest says that the blob {} has {} bytes; it has {bytes}",
                    record.checksum, record.content_length
                );
                return Err(Error::Document(text));
            }
        }
        if manifest.spec.content_length > MAX_SPEC_BYTES {
            return Err(Error::TooLarge { bytes: manifest.spec.content_length, limit: MAX_SPEC_BYTES });
        }
        let spec = self.store.read(&self.blob_key(&manifest.spec.checksum)).await?.unwrap_or_default();
        Ok((Package::from_manifest(place, manifest, &spec)?, manifest.tarball.content_length))
    }
}
