//! The one door to the bucket.

use larder_shared::{api::Timestamp, digest::Digest, http::ByteRange, key::ObjectKey, oci::digest::ContentDigest};
use worker::{
    Bucket, Conditional, Data, HttpMetadata, MultipartUpload, Object, PutOptionsBuilder, Range, ResponseBody,
    UploadedPart,
};

use crate::{
    error::{Error, Result},
    operations::Operations,
};

/// Byte storage by key: R2.
#[derive(Clone)]
pub(crate) struct Store {
    bucket: Bucket,
    operations: Operations,
}

/// Bytes of each part of an object that is written in parts; R2 wants them equal, and of 5 MiB or more.
const PART_BYTES: usize = 8 << 20;

/// An object whose length is not known before its end.
pub(crate) struct Parts<'a> {
    store: &'a Store,
    key: &'a ObjectKey,
    gathered: Vec<u8>,
    upload: Option<MultipartUpload>,
    uploaded: Vec<UploadedPart>,
}

impl Parts<'_> {
    /// Takes the next bytes.
    pub(crate) async fn push(&mut self, bytes: &[u8]) -> Result<()> {
        self.gathered.extend_from_slice(bytes);
        while self.gathered.len() > PART_BYTES {
            let rest = self.gathered.split_off(PART_BYTES);
            let part = std::mem::replace(&mut self.gathered, rest);
            self.send(part).await?;
        }
        Ok(())
    }

    async fn send(&mut self, part: Vec<u8>) -> Result<()> {
        let platform = |source| Error::Platform { doing: "storing a part of an object", source };
        self.store.operations.count_write();
        let upload = match self.upload.take() {
            Some(upload) => upload,
            None => {
                self.store.operations.count_write();
                let begun = self.store.bucket.create_multipart_upload(self.key.to_string()).execute().await;
                begun.map_err(platform)?
            }
        };
        let number = u16::try_from(self.uploaded.len() + 1).unwrap_or(u16::MAX);
        let uploaded = upload.upload_part(number, part).await;
        self.upload = Some(upload);
        self.uploaded.push(uploaded.map_err(platform)?);
        Ok(())
    }

    /// Makes the object of what was pushed.
    pub(crate) async fn finish(mut self) -> Result<()> {
        let rest = std::mem::take(&mut self.gathered);
        if self.upload.is_none() {
            return self.store.put(self.key, rest).await.map(drop);
        }
        if !rest.is_empty() {
            self.send(rest).await?;
        }
        self.store.operations.count_write();
        match self.upload.take() {
            Some(upload) => {
                let done = upload.complete(self.uploaded).await;
                done.map(drop).map_err(|source| Error::Platform { doing: "joining the parts of an object", source })
            }
            None => Ok(()),
        }
    }

    /// Gives the object up; what lay there before stays.
    pub(crate) async fn abort(self) {
        if let Some(upload) = self.upload {
            // What cannot be given up now, R2 forgets after a week.
            let _ = upload.abort().await;
        }
    }
}

/// What is known of a stored object without its bytes.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    /// Length in bytes.
    pub(crate) bytes: u64,
    /// Quoted, strong.
    pub(crate) etag: String,
}

/// A document that is stored with what it is.
#[derive(Clone, Copy)]
pub(crate) struct Document<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) media_type: &'a str,
    pub(crate) digest: &'a ContentDigest,
}

/// The custom metadata in which a document's digest is kept.
const DIGEST: &str = "digest";

/// A stored object whose bytes are still to be read.
pub(crate) struct Found {
    pub(crate) stored: Stored,
    object: Object,
}

impl Found {
    /// Media type and digest of what was stored as a [`Document`].
    pub(crate) fn document(&self) -> Option<(String, ContentDigest)> {
        let media_type = self.object.http_metadata().content_type?;
        let digest = self.object.custom_metadata().ok()?.get(DIGEST)?.parse().ok()?;
        Some((media_type, digest))
    }

    /// The bytes, handed to the platform without passing through wasm.
    pub(crate) fn into_body(self) -> Result<ResponseBody> {
        let doing = "reading an object";
        let body = self.object.body().ok_or_else(|| Error::Platform { doing, source: "no body".into() })?;
        body.response_body().map_err(|source| Error::Platform { doing, source })
    }

    /// All bytes. Only for objects whose size was limited when they were stored.
    pub(crate) async fn into_bytes(self) -> Result<Vec<u8>> {
        let doing = "reading an object";
        let body = self.object.body().ok_or_else(|| Error::Platform { doing, source: "no body".into() })?;
        body.bytes().await.map_err(|source| Error::Platform { doing, source })
    }
}

/// Why bytes were not stored. Nothing lies under the key then, or what lay there before.
#[derive(Debug)]
pub(crate) enum PutError {
    /// They do not have the digest.
    Digest,
    /// The stream broke off, or the store failed.
    Failed(worker::Error),
}

impl PutError {
    /// As an error of `doing` something else than taking an upload.
    pub(crate) fn while_doing(self, doing: &'static str) -> Error {
        let source = match self {
            Self::Digest => "the bytes do not have their digest".into(),
            Self::Failed(source) => source,
        };
        Error::Platform { doing, source }
    }
}

/// What R2 says in its message when the bytes do not have the given sha256.
const DIGEST_MISMATCH: &str = "(10037)";

impl Store {
    /// The bucket; what is done to it is counted.
    pub(crate) const fn new(bucket: Bucket, operations: Operations) -> Self {
        Self { bucket, operations }
    }

    /// The object, or `None` when there is none.
    pub(crate) async fn get(&self, key: &ObjectKey) -> Result<Option<Found>> {
        self.operations.count_read();
        let object = self.bucket.get(key.to_string()).execute().await;
        Ok(object.map_err(|source| Error::Platform { doing: "reading an object", source })?.map(found))
    }

    /// Part of the object, whose range was checked against its size.
    pub(crate) async fn get_range(&self, key: &ObjectKey, range: ByteRange) -> Result<Option<Found>> {
        self.operations.count_read();
        let range = Range::OffsetWithLength { offset: range.first, length: range.length };
        let object = self.bucket.get(key.to_string()).range(range).execute().await;
        Ok(object.map_err(|source| Error::Platform { doing: "reading part of an object", source })?.map(found))
    }

    /// What is known of the object.
    pub(crate) async fn head(&self, key: &ObjectKey) -> Result<Option<Stored>> {
        self.operations.count_read();
        let object = self.bucket.head(key.to_string()).await;
        let object = object.map_err(|source| Error::Platform { doing: "looking for an object", source })?;
        Ok(object.as_ref().map(stored))
    }

    /// The object's length, and the sha256 that its bytes were checked against when they were stored, if
    /// they were.
    pub(crate) async fn head_checked(&self, key: &ObjectKey) -> Result<Option<(u64, Option<Digest>)>> {
        self.operations.count_read();
        let object = self.bucket.head(key.to_string()).await;
        let object = object.map_err(|source| Error::Platform { doing: "looking for an object", source })?;
        Ok(object.map(|object| {
            let sha256 = object.checksum().sha256.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
            (object.size(), sha256.map(Digest::from_bytes))
        }))
    }

    /// All bytes of a small object.
    pub(crate) async fn read(&self, key: &ObjectKey) -> Result<Option<Vec<u8>>> {
        match self.get(key).await? {
            Some(found) => found.into_bytes().await.map(Some),
            None => Ok(None),
        }
    }

    /// Stores bytes, replacing what was there.
    pub(crate) async fn put(&self, key: &ObjectKey, bytes: Vec<u8>) -> Result<Stored> {
        self.operations.count_write();
        let object = self.bucket.put(key.to_string(), bytes).execute().await;
        let doing = "storing an object";
        let object = object.map_err(|source| Error::Platform { doing, source })?;
        object.as_ref().map(stored).ok_or(Error::Platform { doing, source: "nothing was stored".into() })
    }

    /// Stores bytes unless something is there; whether it did.
    pub(crate) async fn put_if_absent(&self, key: &ObjectKey, bytes: Vec<u8>) -> Result<bool> {
        self.operations.count_write();
        let object = self.bucket.put(key.to_string(), bytes).only_if(absent()).execute().await;
        Ok(object.map_err(|source| Error::Platform { doing: "storing an object", source })?.is_some())
    }

    /// Replaces the object unless it is no longer the one with this ETag; whether it did.
    pub(crate) async fn put_if_unchanged(&self, key: &ObjectKey, etag: &str, bytes: Vec<u8>) -> Result<bool> {
        self.operations.count_write();
        let unchanged = Conditional { etag_matches: Some(etag.trim_matches('"').to_owned()), ..Conditional::default() };
        let object = self.bucket.put(key.to_string(), bytes).only_if(unchanged).execute().await;
        Ok(object.map_err(|source| Error::Platform { doing: "replacing an object", source })?.is_some())
    }

    /// Stores what `data` yields, a stream of known length. With a digest, R2 checks it before
    /// anything is visible.
    pub(crate) async fn put_checked(
        &self,
        key: &ObjectKey,
        data: impl Into<Data>,
        digest: Option<impl Into<ContentDigest>>,
    ) -> std::result::Result<u64, PutError> {
        self.operations.count_write();
        let put = checked(self.bucket.put(key.to_string(), data), digest.map(Into::into));
        match put.execute().await {
            Ok(Some(object)) => Ok(object.size()),
            Ok(None) => Err(PutError::Failed("nothing was stored".into())),
            Err(error) if error.to_string().contains(DIGEST_MISMATCH) => Err(PutError::Digest),
            Err(error) => Err(PutError::Failed(error)),
        }
    }

    /// Stores a document together with its media type and its digest, which the bucket checks;
    /// whether it did. With `only_if_absent` it does not when something is there.
    pub(crate) async fn put_document(
        &self,
        key: &ObjectKey,
        document: Document<'_>,
        only_if_absent: bool,
    ) -> Result<bool> {
        self.operations.count_write();
        let Document { bytes, media_type, digest } = document;
        let metadata = HttpMetadata { content_type: Some(media_type.to_owned()), ..HttpMetadata::default() };
        let custom = [(DIGEST.to_owned(), digest.to_string())];
        let put = self.bucket.put(key.to_string(), bytes.to_vec());
        let put = checked(put, Some(*digest)).http_metadata(metadata).custom_metadata(custom);
        let put = if only_if_absent { put.only_if(absent()) } else { put };
        let object = put.execute().await;
        Ok(object.map_err(|source| Error::Platform { doing: "storing a document", source })?.is_some())
    }

    /// Begins an object whose length is not known; at most two parts of it are held here.
    pub(crate) const fn begin_parts<'a>(&'a self, key: &'a ObjectKey) -> Parts<'a> {
        Parts { store: self, key, gathered: Vec::new(), upload: None, uploaded: Vec::new() }
    }

    /// Removes the object, if there is one.
    pub(crate) async fn delete(&self, key: &ObjectKey) -> Result<()> {
        self.delete_key(&key.to_string()).await
    }

    /// Removes the object under a key that was an [`ObjectKey`] when it was noted down.
    pub(crate) async fn delete_key(&self, key: &str) -> Result<()> {
        let doing = "removing an object";
        self.bucket.delete(key).await.map_err(|source| Error::Platform { doing, source })
    }

    /// Removes the objects under these keys, at most 1,000.
    pub(crate) async fn delete_all(&self, keys: Vec<String>) -> Result<()> {
        let doing = "removing objects";
        self.bucket.delete_multiple(keys).await.map_err(|source| Error::Platform { doing, source })
    }

    /// The names below `prefix` after `cursor`, at most `limit`, and the cursor of the next page.
    pub(crate) async fn list(
        &self,
        prefix: &str,
        cursor: Option<String>,
        limit: u32,
    ) -> Result<(Vec<String>, Option<String>)> {
        let (objects, next) = self.list_with_times(prefix, cursor, limit).await?;
        Ok((objects.into_iter().map(|(name, _)| name).collect(), next))
    }

    /// The same, each with the time at which it was stored.
    pub(crate) async fn list_with_times(
        &self,
        prefix: &str,
        cursor: Option<String>,
        limit: u32,
    ) -> Result<(Vec<(String, Timestamp)>, Option<String>)> {
        self.operations.count_write();
        let mut list = self.bucket.list().prefix(prefix).limit(limit);
        if let Some(after) = cursor {
            list = list.start_after(format!("{prefix}{after}"));
        }
        let objects = list.execute().await.map_err(|source| Error::Platform { doing: "listing objects", source })?;
        let named = |object: &Object| {
            let time = Timestamp::from_millis(object.uploaded().as_millis());
            Some((object.key().strip_prefix(prefix)?.to_owned(), time))
        };
        let found: Vec<_> = objects.objects().iter().filter_map(named).collect();
        let next = if objects.truncated() { found.last().map(|(name, _)| name.clone()) } else { None };
        Ok((found, next))
    }
}

fn stored(object: &Object) -> Stored {
    Stored { bytes: object.size(), etag: object.http_etag() }
}

/// The condition that nothing is there.
fn absent() -> Conditional {
    Conditional { etag_does_not_match: Some("*".to_owned()), ..Conditional::default() }
}

/// Lets the bucket check the digest.
fn checked(put: PutOptionsBuilder<'_>, digest: Option<ContentDigest>) -> PutOptionsBuilder<'_> {
    match digest {
        Some(ContentDigest::Sha256(digest)) => put.sha256(digest.as_bytes().to_vec()),
        Some(ContentDigest::Sha512(digest)) => put.sha512(digest.to_vec()),
        None => put,
    }
}

fn found(object: Object) -> Found {
    Found { stored: stored(&object), object }
}
