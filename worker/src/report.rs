//! Reports of builds: taken from Spack's CDash reporter, as JUnit files, as JSON and as logs.
//!
//! The report is stored as it arrived, then the index is told what it says. Sent again, it is the same.

pub(crate) mod builds;
pub(crate) mod cdash;
pub(crate) mod log;

use std::io::Read as _;

use flate2::read::MultiGzDecoder;
use larder_shared::{
    api::Scope,
    index::{command::Ask, report::ReportAsk},
    name::MirrorName,
    report::Run,
};
use serde::de::DeserializeOwned;
use worker::Request;

use crate::{
    app::App,
    auth::{self, Asker},
    body,
    error::{Error, Result},
    index_client, registry,
    respond::header,
};

/// Whoever reports, if they may, and the mirror is there.
async fn reporter(app: &App, request: &Request, mirror: &MirrorName) -> Result<Asker> {
    let asker = auth::require(app, request, Scope::Report, Some(mirror)).await?;
    registry::find(app, mirror).await?;
    Ok(asker)
}

/// Asks the index about builds.
pub(crate) async fn ask<Answer: DeserializeOwned>(app: &App, mirror: &MirrorName, ask: ReportAsk) -> Result<Answer> {
    index_client::ask(app, mirror, Ask::Report(ask)).await
}

/// Where the builds of a report ran. A job's own token proves it; else the header or the query say it,
/// else the report.
fn run(request: &Request, asker: &Asker, said: Run) -> Result<Run> {
    let url = request.url().map_err(|source| Error::Platform { doing: "reading the request's URL", source })?;
    let proved = match asker {
        Asker::Job(claims) => Run::of_job(claims),
        Asker::Holder(token) => token.run.as_deref().cloned().unwrap_or_default(),
        Asker::Admin | Asker::Anonymous => Run::default(),
    };
    let in_header = header(request, "Larder-Run").map(|text| Run::from_query(&text)).unwrap_or_default();
    Ok(proved.or(in_header).or(Run::from_query(url.query().unwrap_or_default())).or(said))
}

/// The body of at most `limit` bytes, and its text, unpacked when it is `gzip`: at most `limit` bytes too.
async fn document(request: &Request, limit: u64) -> Result<(Vec<u8>, Option<Vec<u8>>)> {
    let bytes = body::whole_of_any_length(request, limit).await?;
    if !is_gzip(request)? {
        return Ok((bytes, None));
    }
    let mut text = Vec::new();
    let read = MultiGzDecoder::new(&bytes[..]).take(limit + 1).read_to_end(&mut text);
    read.map_err(|_| Error::Request("the body is not gzip, or is cut short".to_owned()))?;
    let unpacked = text.len() as u64;
    if unpacked > limit { Err(Error::TooLarge { bytes: unpacked, limit }) } else { Ok((bytes, Some(text))) }
}

/// Whether the body is packed with gzip.
fn is_gzip(request: &Request) -> Result<bool> {
    match header(request, "Content-Encoding").as_deref().map(str::trim) {
        None | Some("" | "identity") => Ok(false),
        Some("gzip" | "x-gzip") => Ok(true),
        Some(other) => {
            Err(Error::Request(format!("the Content-Encoding `{other}` is not read; gzip and identity are")))
        }
    }
}
