//! Builds and their logs, reported to a mirror. A report that is sent again is the same, so each request is
//! tried again while that helps.

use larder_shared::{
    api::report::{BuildSummary, Reported},
    report::{Failure as Cause, Report},
};
use serde::Serialize;
use ureq::http::header;

use super::{Client, Failure, api::read};

/// What is sent of a log.
#[derive(Debug)]
pub(crate) struct LogBody {
    /// The log, or its gzip.
    pub(crate) bytes: Vec<u8>,
    /// Whether it is packed.
    pub(crate) is_gzip: bool,
}

impl Client<'_> {
    /// Reports builds (`POST …/builds`).
    pub(crate) fn report(&self, report: &Report) -> Result<Reported, Failure> {
        let body = json(report)?;
        self.with_retries("the report", || {
            let request = self.agent.post(self.mirror.api("builds")).header(header::AUTHORIZATION, &self.token.0);
            read(request.content_type("application/json").send(&body)?)
        })
    }

    /// Stores the log of a build (`PUT …/builds/{id}/log`).
    pub(crate) fn put_log(&self, build: u64, log: &LogBody) -> Result<BuildSummary, Failure> {
        let path = format!("builds/{build}/log");
        self.with_retries(&path, || {
            let mut request = self.agent.put(self.mirror.api(&path)).header(header::AUTHORIZATION, &self.token.0);
            if log.is_gzip {
                request = request.header(header::CONTENT_ENCODING, "gzip");
            }
            read(request.content_type("text/plain; charset=utf-8").send(&log.bytes)?)
        })
    }

    /// Hands in what was found by reading the whole log (`PUT …/builds/{id}/failure`).
    pub(crate) fn put_cause(&self, build: u64, cause: &Cause) -> Result<BuildSummary, Failure> {
        let body = json(cause)?;
        let path = format!("builds/{build}/failure");
        self.with_retries(&path, || {
            let request = self.agent.put(self.mirror.api(&path)).header(header::AUTHORIZATION, &self.token.0);
            read(request.content_type("application/json").send(&body)?)
        })
    }
}

fn json(document: &impl Serialize) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(document).map_err(|error| Failure::Unreadable(error.into()))
}
