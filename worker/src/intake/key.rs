//! Public keys: under their v2 path, and as a v3 blob.

use larder_shared::{
    api::{Key, Timestamp},
    digest::Digest,
    key::ObjectKey,
    layout::{LayoutPath, v2},
    name::Fingerprint,
};

use super::Place;
use crate::{
    error::{Error, Result},
    openpgp,
};

impl Place<'_> {
    /// Where a key lies.
    pub(crate) fn key_place(&self, fingerprint: &Fingerprint) -> ObjectKey {
        ObjectKey::Object(self.mirror.clone(), LayoutPath::V2(v2::Path::Key(fingerprint.clone())))
    }

    /// Checks a key and keeps it; whether it was not there before. A newer form of a key replaces the
    /// old one.
    ///
    /// # Errors
    /// [`Error::Document`] when it is no public key, or another than `fingerprint` says.
    pub(crate) async fn key(&self, fingerprint: &Fingerprint, armored: Vec<u8>, now: Timestamp) -> Result<(Key, bool)> {
        let path = v2::Path::Key(fingerprint.clone()).to_string();
        let key = openpgp::read_public_key(&armored, &path, now).map_err(Error::Document)?;
        if key.fingerprint != *fingerprint {
            return Err(Error::Document(format!("the key inside is {}, which does not fit the path", key.fingerprint)));
        }
        let place = self.key_place(fingerprint);
        let is_new = self.store.read(&place).await?.is_none_or(|stored| stored != armored);
        let digest = Digest::of(&armored);
        // Somebody may have put the one there and not the other.
        if self.blob(&digest).await?.is_none() {
            let stored = self.store.put_checked(&self.blob_key(&digest), armored.clone(), Some(&digest)).await;
            stored.map_err(|error| error.while_doing("storing a key"))?;
        }
        if is_new {
            self.store.put(&place, armored).await?;
        }
        Ok((key, is_new))
    }
}
