//! Bodies of requests: measured, read whole when they are small, else handed to the bucket without
//! passing through wasm.

use std::{pin::pin, time::Duration};

use futures_util::future::select;
use larder_shared::{key::ObjectKey, oci::digest::ContentDigest};
use web_sys::WritableStream;
use worker::{Data, Delay, Request};

use crate::{
    app::App,
    error::{Error, Result},
    respond::header,
    store::PutError,
    stream::{self, Chunks},
};

/// The length the client announced; `None` when it did not.
///
/// # Errors
/// [`Error::Request`] when the header is not a number.
pub(crate) fn length(request: &Request) -> Result<Option<u64>> {
    let Some(length) = header(request, "Content-Length") else { return Ok(None) };
    let parsed = length.trim().parse();
    parsed.map(Some).map_err(|_| Error::Request(format!("the Content-Length `{length}` is not a number")))
}

/// The length the client announced.
///
/// # Errors
/// [`Error::LengthRequired`] when it did not.
pub(crate) fn announced(request: &Request) -> Result<u64> {
    length(request)?.ok_or(Error::LengthRequired)
}

/// Streams the body into the bucket without reading it here. With a digest, the bucket checks it
/// before anything is visible. Gives the length.
///
/// # Errors
/// [`Error::Digest`], [`Error::Size`] or [`Error::BodyCut`]; nothing is stored then.
pub(crate) async fn store(
    app: &App,
    request: &Request,
    key: &ObjectKey,
    digest: Option<&ContentDigest>,
    what: &str,
) -> Result<u64> {
    let announced = announced(request)?;
    let data = match request.inner().body() {
        Some(body) => Data::ReadableStream(body),
        None => Data::Bytes(Vec::new()),
    };
    match app.store.put_checked(key, data, digest).await {
        Ok(got) if got == announced => Ok(got),
        Ok(got) => {
            app.store.delete(key).await?;
            Err(Error::Size { announced, got })
        }
        Err(PutError::Failed(source)) if is_cut(&source) => Err(Error::BodyCut { announced }),
        Err(error) => Err(match (error, digest) {
            (PutError::Digest, Some(expected)) => Error::Digest { what: what.to_owned(), expected: *expected },
            (error, _) => error.while_doing("storing an upload"),
        }),
    }
}

/// Whether a stream failed because the client went away, as the runtime words it.
pub(crate) fn is_cut(error: &worker::Error) -> bool {
    let text = error.to_string();
    ["Network connection lost", "disconnected", "aborted", "FixedLengthStream", "premature"]
        .iter()
        .any(|sign| text.contains(sign))
}

/// The whole body, if it is not larger than `limit`.
///
/// # Errors
/// [`Error::LengthRequired`], [`Error::TooLarge`], [`Error::Size`] or [`Error::BodyCut`].
pub(crate) async fn whole(request: &Request, limit: u64) -> Result<Vec<u8>> {
    announced(request)?;
    whole_of_any_length(request, limit).await
}

/// As [`whole`], where clients need not announce the length.
pub(crate) async fn whole_of_any_length(request: &Request, limit: u64) -> Result<Vec<u8>> {
    let announced = length(request)?;
    let too_large = |bytes| Err(Error::TooLarge { bytes, limit });
    if let Some(announced) = announced.filter(|announced| *announced > limit) {
        return too_large(announced);
    }
    let cut = |_| Error::BodyCut { announced: announced.unwrap_or(limit) };
    let mut bytes = Vec::new();
    if let Some(body) = request.inner().body() {
        let chunks = Chunks::of(&body).map_err(cut)?;
        while let Some(chunk) = chunks.next().await.map_err(cut)? {
            bytes.extend(chunk);
            if bytes.len() as u64 > limit {
                return too_large(bytes.len() as u64);
            }
        }
    }
    let got = bytes.len() as u64;
    match announced {
        Some(announced) if announced != got => Err(Error::Size { announced, got }),
        _ => Ok(bytes),
    }
}

/// A body of at most this many bytes is read before it is refused: somewhat more than the largest
/// manifest.
const MAX_DRAINED_BYTES: u64 = 8 << 20;

/// How long that may take. Who announces more than they send waits so long for the answer.
const DRAIN_TIME: Duration = Duration::from_secs(2);

/// The same for a chunk that is refused because another was expected: its sender goes on by what
/// the answer says. It is the largest body that the host's edge lets through.
const MAX_DRAINED_CHUNK_BYTES: u64 = 100 << 20;

/// How long such a chunk may take.
const CHUNK_DRAIN_TIME: Duration = Duration::from_secs(20);

/// Reads what is left of a body that is refused for `error`, without passing it through wasm: a
/// client that is still sending might not see the answer before the connection closes.
pub(crate) async fn drain(request: &Request, error: &Error) {
    let (limit, time) = match error {
        Error::UploadRange { .. } => (MAX_DRAINED_CHUNK_BYTES, CHUNK_DRAIN_TIME),
        _ => (MAX_DRAINED_BYTES, DRAIN_TIME),
    };
    let is_small = length(request).is_ok_and(|length| length.is_some_and(|bytes| bytes <= limit));
    if !is_small || request.inner().body_used() {
        return;
    }
    if let (Some(body), Ok(nowhere)) = (request.inner().body(), WritableStream::new()) {
        // It may break off; then nobody waits for the answer.
        let _ = select(pin!(stream::append(&body, &nowhere)), pin!(Delay::from(time))).await;
    }
}
