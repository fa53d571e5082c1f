//! `/api/v1/mirrors/{m}/builds/{id}/log`, and what somebody found who read all of it.
//!
//! A log that is sent plain goes to the bucket without passing through wasm, and its ends are read
//! from there. One that is packed, or of unknown length, is unpacked by the platform and read on its way.

use js_sys::{Array, Function, Reflect};
use larder_shared::{
    api::report::BuildSummary,
    http::ByteRange,
    index::report::{Log, LogPlace, Reading, ReportAsk},
    key::{ObjectKey, ReportFolder},
    name::MirrorName,
    report::{
        Failure,
        log::{LogReader, LogReport},
    },
};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{ReadableStream, ReadableWritablePair};
use worker::{Request, Response};

use super::{ask, is_gzip, reporter};
use crate::{
    api::json_body,
    app::App,
    auth, body,
    error::{Error, Result},
    respond::{self, asked_range, is_current},
    store::Store,
    stream::Chunks,
};

/// Largest log, in bytes, unpacked.
const MAX_LOG_BYTES: u64 = 100_000_000;

/// Bytes at each end of a log that are read here.
const END_BYTES: u64 = 1 << 20;

/// Where a log lies.
pub(crate) fn key(mirror: &MirrorName, folder: &ReportFolder) -> ObjectKey {
    ObjectKey::Report(mirror.clone(), folder.clone(), "log")
}

async fn place(app: &App, mirror: &MirrorName, id: u64) -> Result<LogPlace> {
    let place: Option<LogPlace> = ask(app, mirror, ReportAsk::LogPlace(id)).await?;
    place.ok_or_else(|| no_build(mirror, id))
}

/// There is no such build.
pub(crate) fn no_build(mirror: &MirrorName, id: u64) -> Error {
    Error::NotFound { what: format!("build {id}"), mirror: mirror.clone() }
}

/// `GET /api/v1/mirrors/{m}/builds/{id}/log`
pub(crate) async fn show(app: &App, request: &Request, mirror: &MirrorName, id: u64) -> Result<Response> {
    auth::readable(app, request, mirror).await?;
    let place = place(app, mirror, id).await?;
    let missing = || Error::NotFound { what: format!("a log of build {id}"), mirror: mirror.clone() };
    place.log.ok_or_else(missing)?;
    let key = key(mirror, &place.folder);
    let stored = app.store.head(&key).await?.ok_or_else(missing)?;
    let headers = respond::LogHeaders { etag: &stored.etag, bytes: stored.bytes };
    if is_current(request, &stored.etag) {
        return headers.not_modified();
    }
    let range = asked_range(request, &stored.etag, stored.bytes)?;
    let found = match range {
        Some(range) => app.store.get_range(&key, range).await?,
        None => app.store.get(&key).await?,
    };
    headers.body(found.ok_or_else(missing)?.into_body()?, range)
}

/// `PUT /api/v1/mirrors/{m}/builds/{id}/log`
pub(crate) async fn put(app: &App, request: &Request, mirror: &MirrorName, id: u64) -> Result<Response> {
    reporter(app, request, mirror).await?;
    let place = place(app, mirror, id).await?;
    let key = key(mirror, &place.folder);
    let announced = body::length(request)?;
    if let Some(bytes) = announced.filter(|bytes| *bytes > MAX_LOG_BYTES) {
        return Err(Error::TooLarge { bytes, limit: MAX_LOG_BYTES });
    }
    let (bytes, reading) = match announced {
        Some(_) if !is_gzip(request)? => {
            let bytes = body::store(app, request, &key, None, "the log").await?;
            (bytes, read_ends(&app.store, &key, bytes, &place.package).await?)
        }
        _ => read_through(app, request, &key, &place.package).await?,
    };
    let log = Log { bytes, is_read_whole: reading.is_whole };
    let note = ReportAsk::NoteLog { build: id, log, reading: Box::new(reading) };
    let noted: Option<BuildSummary> = ask(app, mirror, note).await?;
    respond::done(200, &noted.ok_or_else(|| no_build(mirror, id))?)
}

/// `PUT /api/v1/mirrors/{m}/builds/{id}/failure`
pub(crate) async fn put_failure(app: &App, request: &Request, mirror: &MirrorName, id: u64) -> Result<Response> {
    reporter(app, request, mirror).await?;
    let failure: Failure = json_body(request).await?;
    let reading = Reading { failure: Some(failure.bounded()), is_whole: true, ..Reading::default() };
    let note = ReportAsk::NoteReading { build: id, reading: Box::new(reading) };
    let noted: Option<BuildSummary> = ask(app, mirror, note).await?;
    respond::done(200, &noted.ok_or_else(|| no_build(mirror, id))?)
}

fn reading(report: LogReport, is_whole: bool) -> Reading {
    Reading { failure: report.failure, is_whole, phase: report.phase, warnings: report.warnings }
}

/// Reads a stored log: all of a short one, else its first and its last MB.
async fn read_ends(store: &Store, key: &ObjectKey, bytes: u64, package: &str) -> Result<Reading> {
    let read = async |first, length| {
        let found = store.get_range(key, ByteRange { first, length }).await?;
        let gone = || Error::Platform { doing: "reading a log", source: "it is gone".into() };
        found.ok_or_else(gone)?.into_bytes().await
    };
    let mut reader = LogReader::of_package(package);
    if bytes <= 2 * END_BYTES {
        if bytes > 0 {
            reader.push(&read(0, bytes).await?);
        }
        return Ok(reading(reader.finish(), true));
    }
    reader.push(&read(0, END_BYTES).await?);
    let begin = reader.finish();
    if begin.failure.is_some() {
        // What follows is a consequence, unless a later phase begins; the end tells.
        return Ok(reading(begin, false));
    }
    let mut reader = LogReader::of_package(package);
    reader.push(&read(bytes - END_BYTES, END_BYTES).await?);
    let mut end = reader.finish();
    end.failure =
        end.failure.map(|failure| Failure { phase: failure.phase.or(begin.phase.clone()), ..failure }.unplaced());
    end.phase = end.phase.or(begin.phase);
    Ok(reading(end, false))
}

/// Unpacks a log, if it is packed, and reads all of it on its way to the bucket.
async fn read_through(app: &App, request: &Request, key: &ObjectKey, package: &str) -> Result<(u64, Reading)> {
    let Some(body) = request.inner().body() else { return Err(Error::Request("the log is empty".to_owned())) };
    let platform = |source: JsValue| Error::Platform { doing: "unpacking a log", source: source.into() };
    let body = if is_gzip(request)? { unpacked(&body).map_err(platform)? } else { body };
    let chunks = Chunks::of(&body).map_err(platform)?;
    let mut reader = LogReader::of_package(package);
    let mut upload = app.store.begin_parts(key);
    let mut bytes = 0;
    let stored = async {
        loop {
            let broken = |_| Error::Request("the log broke off, or is not gzip".to_owned());
            let Some(chunk) = chunks.next().await.map_err(broken)? else { break };
            bytes += chunk.len() as u64;
            if bytes > MAX_LOG_BYTES {
                return Err(Error::TooLarge { bytes, limit: MAX_LOG_BYTES });
            }
            reader.push(&chunk);
            upload.push(&chunk).await?;
        }
        Ok(())
    };
    match stored.await {
        Ok(()) => upload.finish().await?,
        Err(error) => {
            upload.abort().await;
            return Err(error);
        }
    }
    Ok((bytes, reading(reader.finish(), true)))
}

/// The stream without its gzip, by the platform's `DecompressionStream`.
fn unpacked(body: &ReadableStream) -> std::result::Result<ReadableStream, JsValue> {
    let constructor: Function = Reflect::get(&js_sys::global(), &"DecompressionStream".into())?.dyn_into()?;
    let pair = Reflect::construct(&constructor, &Array::of1(&"gzip".into()))?;
    Ok(body.pipe_through(pair.unchecked_ref::<ReadableWritablePair>()))
}
