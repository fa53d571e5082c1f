//! What makes a package found in the layouts it did not arrive in, stored beside it.

use larder_shared::{
    api::{Layout, Timestamp},
    clearsign,
    key::ObjectKey,
    layout::{
        LayoutPath,
        v2::{self, Stem},
    },
    package::{Package, TarballReference},
};

use super::Place;
use crate::{
    error::{Error, Result},
    openpgp::{SignedDocument, SigningKey, Verdict},
};

/// How what is derived is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writing {
    /// Over whatever is there: the package is new.
    All,
    /// Over whatever is there, another tarball too: an image was replaced.
    Replacing,
    /// Only what is not there yet, so that nothing is signed twice.
    Missing,
}

impl Place<'_> {
    /// Which blob a v2 tarball is.
    pub(crate) async fn reference(&self, path: &LayoutPath) -> Result<Option<TarballReference>> {
        let key = ObjectKey::Derived(self.mirror.clone(), path.clone());
        let Some(bytes) = self.store.read(&key).await? else { return Ok(None) };
        let reference = serde_json::from_slice(&bytes);
        reference.map(Some).map_err(|source| Error::Data { doing: "reading a tarball's reference", source })
    }

    /// Stores what is derived of a package, whose tarball has `size` bytes; whether anything was
    /// written. With a key, documents are signed with it.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the tarball's v2 path leads to another tarball.
    pub(crate) async fn keep_derived(
        &self,
        package: &Package,
        size: Option<u64>,
        key: Option<&SigningKey>,
        writing: Writing,
        now: Timestamp,
    ) -> Result<bool> {
        let derived = package.derive(size, key.is_some())?;
        let known = self.reference(&derived.tarball_path).await?;
        if let Some(known) = known.as_ref().filter(|known| known.blob != package.tarball)
            && writing != Writing::Replacing
        {
            let path = &derived.tarball_path;
            return Err(Error::Conflict(format!("`{path}`: its tarball has the sha256 {}", known.blob)));
        }
        let mut has_written = false;
        if let Some((digest, blob)) = derived.spec_blob
            && (writing != Writing::Missing || self.blob(&digest).await?.is_none())
        {
            let stored = self.store.put_checked(&self.blob_key(&digest), blob, Some(&digest)).await;
            stored.map_err(|error| error.while_doing("storing a spec blob"))?;
            has_written = true;
        }
        for (path, text) in derived.documents {
            // Two layouts may derive for each other; what arrived in a layout says more of it.
            if key.is_some() && self.has_arrived(package, &path).await? {
                continue;
            }
            let place = ObjectKey::Derived(self.mirror.clone(), path);
            if writing == Writing::Missing
                && let Some(kept) = self.store.read(&place).await?
                && is_same(&kept, &text, key, now)
            {
                continue;
            }
            let document = match key {
                Some(key) => key.clearsign(&text, now).map_err(Error::Document)?,
                None => text.into_bytes(),
            };
            self.store.put(&place, document).await?;
            has_written = true;
        }
        // Last, so that a tarball is found in v2 only when its spec file is.
        if writing != Writing::Missing || known.as_ref() != Some(&derived.reference) {
            let place = ObjectKey::Derived(self.mirror.clone(), derived.tarball_path);
            self.store.put(&place, derived.reference.to_bytes()).await?;
            has_written = true;
        }
        Ok(has_written)
    }

    /// Whether the package has arrived in the layout of `path` too, which is another than its own.
    async fn has_arrived(&self, package: &Package, path: &LayoutPath) -> Result<bool> {
        let paths = match (package.layout, path) {
            (Layout::V2, LayoutPath::V2(_)) | (Layout::V3, LayoutPath::V3(_)) => vec![],
            (_, LayoutPath::V3(_)) => vec![path.clone()],
            (_, LayoutPath::V2(_)) => {
                let stem = Stem::of(package.spec.root());
                let spec = |signed| LayoutPath::V2(v2::Path::Spec { stem: stem.clone(), signed });
                vec![spec(true), spec(false)]
            }
        };
        for path in paths {
            if self.store.head(&ObjectKey::Object(self.mirror.clone(), path)).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Whether `kept` says `text`, signed with `key` if there is one.
pub(super) fn is_same(kept: &[u8], text: &str, key: Option<&SigningKey>, now: Timestamp) -> bool {
    let Ok(document) = clearsign::document(kept) else { return false };
    let is_signed_right = match key {
        None => !document.is_signed,
        Some(key) => SignedDocument::parse(kept)
            .and_then(|document| document.verify(&key.public, now))
            .is_ok_and(|(_, verdict)| verdict == Verdict::Good),
    };
    is_signed_right && document.json == text.trim_ascii()
}
