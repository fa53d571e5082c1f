//! Blobs: there when they have the bytes that their path names.

use larder_shared::{
    digest::Digest,
    key::ObjectKey,
    layout::{LayoutPath, v3},
};
use worker::{Data, ResponseBody};

use super::Place;
use crate::{
    error::{Error, Result},
    store::{Found, PutError},
};

impl Place<'_> {
    /// Where a blob lies.
    pub(crate) fn blob_key(&self, digest: &Digest) -> ObjectKey {
        ObjectKey::Object(self.mirror.clone(), LayoutPath::V3(v3::Path::Blob(*digest)))
    }

    /// The length of a blob, or `None` when it is not there.
    ///
    /// A blob that somebody put into the bucket past Larder is checked the first time it is named: it
    /// is stored once more over itself, with its digest.
    ///
    /// # Errors
    /// [`Error::Digest`] when the blob has other bytes than its path says.
    pub(crate) async fn blob(&self, digest: &Digest) -> Result<Option<u64>> {
        let key = self.blob_key(digest);
        match self.store.head_checked(&key).await? {
            None => Ok(None),
            Some((bytes, Some(checked))) if checked == *digest => Ok(Some(bytes)),
            Some(_) => match self.store.get(&key).await? {
                None => Ok(None),
                Some(found) => self.copy_to_blob(found, digest, &format!("the blob {digest}")).await.map(Some),
            },
        }
    }

    /// Stores an object's bytes as the blob of this digest; their length.
    ///
    /// # Errors
    /// [`Error::Digest`] when they do not have the digest; then nothing changed. `what` names them.
    pub(crate) async fn copy_to_blob(&self, found: Found, digest: &Digest, what: &str) -> Result<u64> {
        let doing = "copying a blob";
        let ResponseBody::Stream(body) = found.into_body()? else {
            return Err(Error::Platform { doing, source: "no stream".into() });
        };
        match self.store.put_checked(&self.blob_key(digest), Data::ReadableStream(body), Some(digest)).await {
            Ok(bytes) => Ok(bytes),
            Err(PutError::Digest) => Err(Error::Digest { what: what.to_owned(), expected: digest.into() }),
            Err(error) => Err(error.while_doing(doing)),
        }
    }
}
