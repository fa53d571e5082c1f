//! `/v2/<name>/blobs/uploads/…`: blobs arrive whole, in chunks, or by way of another repository.
//!
//! Each chunk is an object of its own until the upload is finished; then all are joined into one
//! object, whose digest the bucket checks before it is visible. So an upload outlives the isolate
//! that took its beginning, and no byte of known length passes through wasm.

use futures_util::future::join;
use larder_shared::{
    api::Scope,
    index::command::Ask,
    key::ObjectKey,
    name::MirrorName,
    oci::{
        digest::ContentDigest,
        upload::{MAX_PIECES, MIN_CHUNK_BYTES, PIECE_BYTES, Piece, Upload, UploadId, parse_content_range, range},
    },
};
use worker::{Data, Request, Response, ResponseBody};

use super::{answer, digest_parameter, location, parameter};
use crate::{
    app::App,
    auth::{self, Asker},
    body,
    error::{Error, Result},
    index_client, registry,
    respond::header,
    store::{PutError, Store},
    stream::{self, Chunks, FixedLength},
};

/// `POST`: begins an upload, takes a whole blob (`digest=`), or takes one over from another
/// repository (`mount=` and `from=`).
pub(crate) async fn begin(app: &App, request: &Request, mirror: &MirrorName) -> Result<Response> {
    let asker = auth::require(app, request, Scope::Push, Some(mirror)).await?;
    let exists = registry::find_for_push(app, mirror, &asker).await?.is_some();
    if let Some(digest) = digest_parameter(request, "digest")? {
        body::store(app, request, &ObjectKey::Blob(mirror.clone(), digest), Some(&digest), "the blob").await?;
        return created(app, mirror, exists, &digest).await;
    }
    if let Some(digest) = digest_parameter(request, "mount")?
        && mount(app, request, mirror, &digest, parameter(request, "from")?).await?
    {
        return created(app, mirror, exists, &digest).await;
    }
    let id = random_id()?;
    let ask = Ask::BeginUpload { id: id.clone(), owner: asker.id() };
    let () = index_client::ask(app, mirror, ask).await?;
    progress(202, mirror, &id, 0)
}

/// `GET`: how much has arrived.
pub(crate) async fn show(app: &App, request: &Request, mirror: &MirrorName, id: &UploadId) -> Result<Response> {
    let (_, upload) = find(app, request, mirror, id).await?;
    progress(204, mirror, id, upload.bytes())
}

/// `PATCH`: takes the next chunk, or all of the rest.
pub(crate) async fn append(app: &App, request: &Request, mirror: &MirrorName, id: &UploadId) -> Result<Response> {
    let (_, upload) = find(app, request, mirror, id).await?;
    let upload = take(app, request, mirror, id, upload).await?;
    progress(202, mirror, id, upload.bytes())
}

/// `PUT`: takes the last chunk, if there is one, and makes a blob of all.
pub(crate) async fn finish(app: &App, request: &Request, mirror: &MirrorName, id: &UploadId) -> Result<Response> {
    let Some(digest) = digest_parameter(request, "digest")? else {
        return Err(Error::Upload("the digest of the whole is missing: send it as `?digest=sha256:…`".to_owned()));
    };
    let (asker, upload) = find(app, request, mirror, id).await?;
    let exists = registry::find_for_push(app, mirror, &asker).await?.is_some();
    let key = ObjectKey::Blob(mirror.clone(), digest);
    // Everything in one request, as Spack sends it: nothing to join.
    let is_whole = upload.pieces.is_empty() && body::length(request)?.is_some();
    let stored = if is_whole {
        check_place(request, mirror, id, &upload)?;
        body::store(app, request, &key, Some(&digest), "the blob").await.map(drop)
    } else {
        let upload = take(app, request, mirror, id, upload).await?;
        assemble(app, mirror, id, &upload, &key, &digest).await
    };
    match stored {
        // The client may send the last request again.
        Err(error @ (Error::BodyCut { .. } | Error::Platform { .. })) => return Err(error),
        stored => {
            let _: Option<Upload> = index_client::ask(app, mirror, Ask::EndUpload(id.clone())).await?;
            stored?;
        }
    }
    created(app, mirror, exists, &digest).await
}

/// `DELETE`: gives an upload up.
pub(crate) async fn cancel(app: &App, request: &Request, mirror: &MirrorName, id: &UploadId) -> Result<Response> {
    find(app, request, mirror, id).await?;
    let _: Option<Upload> = index_client::ask(app, mirror, Ask::EndUpload(id.clone())).await?;
    Ok(answer(204, &[])?.empty())
}

/// The upload, if it is the asker's own.
async fn find(app: &App, request: &Request, mirror: &MirrorName, id: &UploadId) -> Result<(Asker, Upload)> {
    let asker = auth::require(app, request, Scope::Push, Some(mirror)).await?;
    let upload: Option<Upload> = index_client::ask(app, mirror, Ask::Upload(id.clone())).await?;
    match upload {
        Some(upload) if upload.owner == asker.id() => Ok((asker, upload)),
        _ => Err(Error::UploadUnknown),
    }
}

/// Checks that a chunk which says where it belongs follows what has arrived.
fn check_place(request: &Request, mirror: &MirrorName, id: &UploadId, upload: &Upload) -> Result<()> {
    let Some(text) = header(request, "Content-Range") else { return Ok(()) };
    let bytes = upload.bytes();
    let out_of_order = || Error::UploadRange { mirror: mirror.clone(), id: id.clone(), bytes };
    let (first, length) = parse_content_range(&text).ok_or_else(out_of_order)?;
    if first != bytes {
        return Err(out_of_order());
    }
    match body::length(request)? {
        Some(announced) if announced != length => {
            Err(Error::Upload(format!("the Content-Range `{text}` is {length} bytes, the Content-Length {announced}")))
        }
        _ => Ok(()),
    }
}

/// Takes the body of a request as the next of an upload.
async fn take(app: &App, request: &Request, mirror: &MirrorName, id: &UploadId, upload: Upload) -> Result<Upload> {
    check_place(request, mirror, id, &upload)?;
    let pieces = Pieces { app, mirror, id };
    match body::length(request)? {
        Some(0) => Ok(upload),
        Some(_) => {
            pieces.check_count(&upload)?;
            let name = random_id()?;
            let bytes = body::store(app, request, &pieces.key(&name), None, "the chunk").await?;
            pieces.add(&upload, Piece { name, bytes }).await
        }
        None => pieces.cut(request, upload).await,
    }
}

/// The pieces of one upload.
struct Pieces<'a> {
    app: &'a App,
    mirror: &'a MirrorName,
    id: &'a UploadId,
}

impl Pieces<'_> {
    fn key(&self, name: &UploadId) -> ObjectKey {
        ObjectKey::UploadPiece(self.mirror.clone(), self.id.clone(), name.clone())
    }

    fn check_count(&self, upload: &Upload) -> Result<()> {
        if upload.pieces.len() < MAX_PIECES {
            return Ok(());
        }
        Err(Error::Upload(format!(
            "the upload is in {MAX_PIECES} chunks already; send larger ones, of {} MB or more",
            MIN_CHUNK_BYTES / 1_000_000
        )))
    }

    /// Tells the index of a piece that is stored.
    async fn add(&self, upload: &Upload, piece: Piece) -> Result<Upload> {
        let key = self.key(&piece.name);
        let ask = Ask::AddPiece { id: self.id.clone(), offset: upload.bytes(), piece };
        match index_client::ask::<Option<Upload>>(self.app, self.mirror, ask).await? {
            Some(upload) => Ok(upload),
            None => {
                // Another request came first: its bytes are there, these are not.
                self.app.store.delete(&key).await?;
                let now: Option<Upload> =
                    index_client::ask(self.app, self.mirror, Ask::Upload(self.id.clone())).await?;
                let bytes = now.ok_or(Error::UploadUnknown)?.bytes();
                Err(Error::UploadRange { mirror: self.mirror.clone(), id: self.id.clone(), bytes })
            }
        }
    }

    /// Takes a body whose length nobody announced, as `docker push` sends it: storage wants to know
    /// a length beforehand, so some bytes at a time are gathered here.
    async fn cut(&self, request: &Request, mut upload: Upload) -> Result<Upload> {
        let Some(body) = request.inner().body() else { return Ok(upload) };
        let broken =
            |source: wasm_bindgen::JsValue| Error::Platform { doing: "reading a chunk", source: source.into() };
        let chunks = Chunks::of(&body).map_err(broken)?;
        let mut gathered = Vec::new();
        loop {
            let chunk = chunks.next().await.map_err(|_| Error::Upload("the chunk broke off".to_owned()))?;
            let is_last = chunk.is_none();
            gathered.extend(chunk.unwrap_or_default());
            while gathered.len() >= PIECE_BYTES || (is_last && !gathered.is_empty()) {
                let rest = gathered.split_off(gathered.len().min(PIECE_BYTES));
                self.check_count(&upload)?;
                let name = random_id()?;
                let bytes = gathered.len() as u64;
                self.app.store.put(&self.key(&name), gathered).await?;
                upload = self.add(&upload, Piece { name, bytes }).await?;
                gathered = rest;
            }
            if is_last {
                return Ok(upload);
            }
        }
    }
}

/// Joins the pieces into the blob; the bucket checks the digest of the whole.
async fn assemble(
    app: &App,
    mirror: &MirrorName,
    id: &UploadId,
    upload: &Upload,
    key: &ObjectKey,
    digest: &ContentDigest,
) -> Result<()> {
    let doing = "joining the chunks of an upload";
    let pieces = Pieces { app, mirror, id };
    let keys: Vec<_> = upload.pieces.iter().map(|piece| pieces.key(&piece.name)).collect();
    let stored = match &keys[..] {
        [] => app.store.put_checked(key, Vec::new(), Some(digest)).await,
        [one] => app.store.put_checked(key, Data::ReadableStream(open(&app.store, one).await?), Some(digest)).await,
        several => {
            let platform = |source: wasm_bindgen::JsValue| Error::Platform { doing, source: source.into() };
            let FixedLength { readable, writable } = FixedLength::new(upload.bytes()).map_err(platform)?;
            let pump = async {
                for key in several {
                    let moved = match open(&app.store, key).await {
                        Ok(body) => stream::append(&body, &writable).await.map_err(|error| format!("{error:?}")),
                        Err(error) => Err(error.to_string()),
                    };
                    if let Err(reason) = moved {
                        return stream::abort(&writable, &reason).await;
                    }
                }
                // When it cannot be closed, the other end fails.
                let _ = stream::close(&writable).await;
            };
            join(app.store.put_checked(key, Data::ReadableStream(readable), Some(digest)), pump).await.0
        }
    };
    match stored {
        Ok(_) => Ok(()),
        Err(PutError::Digest) => Err(Error::Digest { what: "the blob".to_owned(), expected: *digest }),
        Err(error) => Err(error.while_doing(doing)),
    }
}

/// The bytes of a stored piece or blob.
async fn open(store: &Store, key: &ObjectKey) -> Result<web_sys::ReadableStream> {
    let doing = "reading a chunk of an upload";
    match store.get(key).await? {
        Some(found) => match found.into_body()? {
            ResponseBody::Stream(body) => Ok(body),
            _ => Err(Error::Platform { doing, source: "no stream".into() }),
        },
        None => Err(Error::Platform { doing, source: "it is gone".into() }),
    }
}

/// Most repositories that are looked through when a client does not say where a blob lies.
const MAX_SEARCHED: u32 = 20;

/// Takes a blob over from another repository, or finds it here; whether it is here then. Storage
/// cannot copy, so the bytes are moved, but not by the client.
async fn mount(
    app: &App,
    request: &Request,
    mirror: &MirrorName,
    digest: &ContentDigest,
    from: Option<String>,
) -> Result<bool> {
    let key = ObjectKey::Blob(mirror.clone(), *digest);
    if app.store.head(&key).await?.is_some() {
        return Ok(true);
    }
    let sources: Vec<MirrorName> = match from {
        // A name that is none names no repository with the blob.
        Some(from) => from.parse().into_iter().collect(),
        None => registry::list(app, None, MAX_SEARCHED).await?.0.into_iter().map(|settings| settings.name).collect(),
    };
    for source in sources {
        // What the asker may not read is as good as not there.
        if auth::readable(app, request, &source).await.is_err() {
            continue;
        }
        let Some(found) = app.store.get(&ObjectKey::Blob(source, *digest)).await? else { continue };
        let ResponseBody::Stream(body) = found.into_body()? else { continue };
        let copied = app.store.put_checked(&key, Data::ReadableStream(body), Some(digest)).await;
        return copied.map(|_| true).map_err(|error| error.while_doing("copying a blob"));
    }
    Ok(false)
}

/// 201: the blob is there. The first one makes the mirror.
async fn created(app: &App, mirror: &MirrorName, exists: bool, digest: &ContentDigest) -> Result<Response> {
    if !exists {
        registry::create_if_absent(app, mirror).await?;
    }
    let digest = digest.to_string();
    let location = location(mirror, &format!("blobs/{digest}"));
    let headers = [("Location", location.as_str()), ("Docker-Content-Digest", &digest), ("Content-Length", "0")];
    Ok(answer(201, &headers)?.empty())
}

/// Where an upload goes on, and how much of it has arrived.
fn progress(status: u16, mirror: &MirrorName, id: &UploadId, bytes: u64) -> Result<Response> {
    let location = upload_location(mirror, id);
    let (range, chunk) = (range(bytes), MIN_CHUNK_BYTES.to_string());
    let mut headers = vec![("Location", location.as_str()), ("Range", &range), ("Docker-Upload-UUID", id.as_str())];
    if status == 202 {
        headers.extend([("Content-Length", "0"), ("OCI-Chunk-Min-Length", &chunk)]);
    }
    Ok(answer(status, &headers)?.empty())
}

pub(crate) fn upload_location(mirror: &MirrorName, id: &UploadId) -> String {
    location(mirror, &format!("blobs/uploads/{id}"))
}

fn random_id() -> Result<UploadId> {
    let mut random = [0; 16];
    getrandom::fill(&mut random)
        .map_err(|error| Error::Platform { doing: "naming an upload", source: error.to_string().into() })?;
    Ok(UploadId::from_random(random))
}
