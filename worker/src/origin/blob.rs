//! Reads blobs through. No byte of them passes through wasm, and a wrong one never leaves whole.
//!
//! Up to [`WHOLE_BYTES`] a blob is stored, checked by R2, and then served. A larger one is sent
//! while it is stored, because Spack gives up after 10 s without a byte; its last
//! [`WITHHELD_BYTES`] go out only when R2 has accepted the digest, else the connection breaks.

use std::{collections::VecDeque, pin::pin, time::Duration};

use futures_channel::oneshot;
use futures_util::future::{Either, select};
use js_sys::Uint8Array;
use larder_shared::{
    digest::Digest,
    index::command::{Ask, Changed},
    key::ObjectKey,
    layout::{LayoutPath, v2::TarballPath, v3},
    oci::digest::ContentDigest,
    package::TarballReference,
};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStream, WritableStreamDefaultWriter};
use worker::{Data, Delay, Method, Request, Response, ResponseBody, console_error};

use super::package::ReadThrough;
use crate::{
    app::App,
    error::{Error, Result},
    index_client,
    mirror::read,
    respond::{ObjectHeaders, is_current},
    store::{PutError, Store},
    stream::{FixedLength, Pieces},
    upstream::{Answer, Found, ask},
};

/// Up to this length a blob is stored whole before it is served.
const WHOLE_BYTES: u64 = 16 << 20;

/// How much of a larger blob is held back until its digest is known to be right.
const WITHHELD_BYTES: u64 = 64 << 10;

/// The most that is read at once: each piece costs a few turns of the event loop, whatever its length.
const PIECE_BYTES: u32 = 256 << 10;

/// How long storing a small blob may take before the client is told to come back.
const STORE_DEADLINE: Duration = Duration::from_secs(9);

/// A v3 blob: at its own path, or at that of the v2 tarball which a derived manifest named.
pub(super) async fn read(through: &ReadThrough<'_>, path: &LayoutPath, digest: &Digest) -> Result<Option<Response>> {
    if let Answer::Found(found) = ask(&through.app.config, through.origin, path, Method::Get, None).await? {
        return relay(through, path, digest, found).await.map(Some);
    }
    let alias = ObjectKey::Derived(through.settings.name.clone(), path.clone());
    let Some(tarball) = through.app.store.read(&alias).await? else { return Ok(None) };
    let Ok(tarball) = String::from_utf8_lossy(&tarball).parse::<LayoutPath>() else { return Ok(None) };
    match ask(&through.app.config, through.origin, &tarball, Method::Get, None).await? {
        Answer::Found(found) => relay(through, path, digest, found).await.map(Some),
        Answer::NotModified | Answer::Missing => Ok(None),
    }
}

/// A v2 tarball whose digest is known: at its own path, or as the v3 blob.
pub(super) async fn read_tarball(
    through: &ReadThrough<'_>,
    path: &LayoutPath,
    place: &TarballPath,
    reference: &TarballReference,
) -> Result<Option<Response>> {
    let mirror = &through.settings.name;
    let blob = LayoutPath::V3(v3::Path::Blob(reference.blob));
    // Read as a v3 blob before, it lies in the bucket.
    if let Some(response) =
        read::stored(through.app, through.request, path, &ObjectKey::Object(mirror.clone(), blob.clone())).await?
    {
        return Ok(Some(response));
    }
    let mut answer = ask(&through.app.config, through.origin, path, Method::Get, None).await?;
    if matches!(answer, Answer::Missing) {
        answer = ask(&through.app.config, through.origin, &blob, Method::Get, None).await?;
    }
    let Answer::Found(found) = answer else { return Ok(None) };
    if let Some(size) = found.length {
        let hash = place.stem().hash();
        let learn = Ask::Learn { hash, tarball: reference.blob, size: Some(size), signed: false };
        let _: Changed = index_client::ask(through.app, mirror, learn).await?;
    }
    relay(through, path, &reference.blob, found).await.map(Some)
}

/// A small blob's bytes, checked and kept; `None` when the origin does not have it.
pub(super) async fn fetch_small(
    through: &ReadThrough<'_>,
    path: &LayoutPath,
    digest: &Digest,
    limit: u64,
) -> Result<Option<Vec<u8>>> {
    let key = ObjectKey::Object(through.settings.name.clone(), path.clone());
    if let Some(bytes) = through.app.store.read(&key).await? {
        return Ok(Some(bytes));
    }
    let Answer::Found(found) = ask(&through.app.config, through.origin, path, Method::Get, None).await? else {
        return Ok(None);
    };
    let bytes = found.bytes(limit).await?;
    if Digest::of(&bytes) != *digest {
        return Err(through.problem(wrong_bytes(&path.to_string(), &digest.into())));
    }
    through.app.store.put(&key, bytes.clone()).await?;
    Ok(Some(bytes))
}

/// Keeps what the origin sends and serves it.
async fn relay(through: &ReadThrough<'_>, path: &LayoutPath, digest: &Digest, found: Found) -> Result<Response> {
    let key = ObjectKey::Object(through.settings.name.clone(), LayoutPath::V3(v3::Path::Blob(*digest)));
    let (app, origin) = (through.app, through.origin);
    let incoming = Incoming { app, origin, what: &path.to_string(), key: &key, digest: digest.into(), found };
    incoming.serve(through.request, path).await
}

/// A blob that an origin is sending.
pub(super) struct Incoming<'a> {
    pub(super) app: &'a App,
    pub(super) origin: &'a str,
    /// What to call it in messages.
    pub(super) what: &'a str,
    pub(super) key: &'a ObjectKey,
    pub(super) digest: ContentDigest,
    pub(super) found: Found,
}

impl Incoming<'_> {
    /// Its length, when it is sent while it is stored.
    pub(super) fn large(&self) -> Option<u64> {
        self.found.length.filter(|length| *length > WHOLE_BYTES)
    }

    /// Keeps it and answers with it, under a path of Spack's own layouts.
    pub(super) async fn serve(self, request: &Request, path: &LayoutPath) -> Result<Response> {
        let (app, key) = (self.app, self.key);
        let Some(length) = self.large() else {
            self.store().await?;
            let stored = read::stored(app, request, path, key).await?;
            return stored
                .ok_or(Error::Platform { doing: "reading a blob that was just stored", source: "it is gone".into() });
        };
        // The digest is the ETag here; once stored, R2's own is sent.
        let etag = format!("\"{}\"", self.digest.hex());
        let headers = ObjectHeaders { path, etag: &etag, bytes: length };
        if is_current(request, &etag) || request.method() == Method::Head {
            self.found.abort();
            return headers.body(ResponseBody::Empty, None);
        }
        headers.body(self.pass_on(length).await?, None)
    }

    fn problem(&self, problem: String) -> Error {
        Error::Origin { origin: self.origin.to_owned(), problem }
    }

    /// Stores it whole.
    pub(super) async fn store(self) -> Result<()> {
        let Self { app, origin, what, key, digest, found } = self;
        let problem = |problem| Error::Origin { origin: origin.to_owned(), problem };
        let Some((body, _)) = found.body().zip(found.length) else {
            // R2 takes streams of known length only.
            let bytes = found.bytes(WHOLE_BYTES).await?;
            return match app.store.put_checked(key, bytes, Some(digest)).await {
                Ok(_) => Ok(()),
                Err(PutError::Digest) => Err(problem(wrong_bytes(what, &digest))),
                Err(error) => Err(error.while_doing("storing a blob of an origin")),
            };
        };
        // Storing goes on after the deadline, so that the next reader finds the blob.
        let (done, outcome) = oneshot::channel();
        let (store, key) = (app.store.clone(), key.clone());
        let storing = async move {
            let stored = store.put_checked(&key, Data::ReadableStream(body), Some(digest)).await;
            drop(found);
            // Nobody waits any more after the deadline.
            let _ = done.send(stored);
        };
        app.afterwards(storing).await;
        match select(outcome, pin!(Delay::from(STORE_DEADLINE))).await {
            Either::Left((Ok(Ok(_)), _)) => Ok(()),
            Either::Left((Ok(Err(PutError::Digest)), _)) => Err(problem(wrong_bytes(what, &digest))),
            Either::Left((Ok(Err(PutError::Failed(error))), _)) => Err(problem(format!("broke off `{what}`: {error}"))),
            Either::Left((Err(_), _)) => Err(problem(format!("broke off `{what}`"))),
            Either::Right(_) => {
                Err(Error::OriginTimeout { origin: origin.to_owned(), seconds: STORE_DEADLINE.as_secs() })
            }
        }
    }

    /// Sends its `length` bytes while they are stored.
    pub(super) async fn pass_on(self, length: u64) -> Result<ResponseBody> {
        let platform = |source: JsValue| Error::Platform { doing: "relaying a blob", source: source.into() };
        let to_client = FixedLength::new(length).map_err(platform)?;
        let to_store = FixedLength::new(length).map_err(platform)?;
        let body = self.found.body().ok_or_else(|| self.problem(format!("sent nothing for `{}`", self.what)))?;
        let relay = Relay {
            pieces: Pieces::of(&body, PIECE_BYTES).map_err(platform)?,
            client: Some(to_client.writable.get_writer().map_err(platform)?),
            store: to_store.writable.get_writer().map_err(platform)?,
            withheld: VecDeque::new(),
            withheld_bytes: 0,
            patience: self.found.timeout,
        };
        let what = format!("{} from {}", self.what, self.origin);
        let (store, key, digest, found) = (self.app.store.clone(), self.key.clone(), self.digest, self.found);
        self.app
            .afterwards(async move {
                if let Err(error) = relay.run(store, key, digest, to_store.readable).await {
                    console_error!("relaying {what}: {error}");
                    found.abort();
                }
            })
            .await;
        Ok(ResponseBody::Stream(to_client.readable))
    }
}

fn wrong_bytes(what: &str, digest: &ContentDigest) -> String {
    format!("sent other bytes for `{what}` than the {} {} names", digest.algorithm(), digest.hex())
}

/// A blob on its way to the client and into the bucket at once.
struct Relay {
    pieces: Pieces,
    /// `None` when the client went away; storing goes on.
    client: Option<WritableStreamDefaultWriter>,
    store: WritableStreamDefaultWriter,
    withheld: VecDeque<Uint8Array>,
    withheld_bytes: u64,
    /// How long the origin may be silent.
    patience: Duration,
}

impl Relay {
    async fn run(
        mut self,
        store: Store,
        key: ObjectKey,
        digest: ContentDigest,
        readable: ReadableStream,
    ) -> std::result::Result<(), String> {
        let moving = async {
            let moved = self.move_all().await;
            let ended = match &moved {
                Ok(()) => JsFuture::from(self.store.close()).await,
                Err(error) => JsFuture::from(self.store.abort_with_reason(&error.as_str().into())).await,
            };
            moved.and(ended.map(drop).map_err(describe))
        };
        let storing = store.put_checked(&key, Data::ReadableStream(readable), Some(&digest));
        let (moved, stored) = futures_util::future::join(moving, storing).await;
        let outcome = match (moved, stored) {
            (Ok(()), Ok(_)) => Ok(()),
            (Err(error), _) => Err(error),
            (Ok(()), Err(PutError::Digest)) => Err("the bytes do not have their digest; nothing was kept".to_owned()),
            (Ok(()), Err(PutError::Failed(error))) => Err(error.to_string()),
        };
        match &outcome {
            Ok(()) => self.release_all().await,
            Err(error) => {
                if let Some(client) = &self.client {
                    let _ = JsFuture::from(client.abort_with_reason(&error.as_str().into())).await;
                }
            }
        }
        outcome
    }

    /// Moves pieces on, keeping the last [`WITHHELD_BYTES`] from the client.
    async fn move_all(&mut self) -> std::result::Result<(), String> {
        loop {
            let piece = match select(pin!(self.pieces.next()), pin!(Delay::from(self.patience))).await {
                Either::Left((piece, _)) => piece.map_err(describe)?,
                Either::Right(_) => return Err(format!("it was silent for {} s", self.patience.as_secs())),
            };
            let Some(piece) = piece else { return Ok(()) };
            JsFuture::from(self.store.write_with_chunk(&piece)).await.map_err(describe)?;
            self.withheld_bytes += u64::from(piece.length());
            self.withheld.push_back(piece);
            while let Some(first) = self.withheld.front().map(|first| u64::from(first.length()))
                && self.withheld_bytes - first >= WITHHELD_BYTES
            {
                self.release_one().await;
            }
        }
    }

    async fn release_one(&mut self) {
        let Some(piece) = self.withheld.pop_front() else { return };
        self.withheld_bytes -= u64::from(piece.length());
        if let Some(client) = &self.client
            && JsFuture::from(client.write_with_chunk(&piece)).await.is_err()
        {
            self.client = None;
        }
    }

    async fn release_all(&mut self) {
        while !self.withheld.is_empty() {
            self.release_one().await;
        }
        if let Some(client) = &self.client {
            let _ = JsFuture::from(client.close()).await;
        }
    }
}

fn describe(error: JsValue) -> String {
    worker::Error::from(error).to_string()
}
