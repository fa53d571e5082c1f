//! Requests to where mirrors are read through from: a static site ([`ask`]), or a registry ([`registry`]).

pub(crate) mod index;
pub(crate) mod registry;

use std::{pin::pin, time::Duration};

use futures_util::{
    StreamExt as _,
    future::{Either, select},
};
use larder_shared::{config::Config, layout::LayoutPath};
use web_sys::ReadableStream;
use worker::{
    AbortController, ByteStream, Delay, Fetch, Headers, Method, Request, RequestInit, RequestRedirect, Response,
};

use crate::error::{Error, Result};

/// What an origin answered.
pub(crate) enum Answer {
    /// It has the object.
    Found(Found),
    /// The object is the one with the ETag that was sent.
    NotModified,
    /// It does not have the object.
    Missing,
}

/// An object of an origin whose bytes are still to be read.
pub(crate) struct Found {
    /// The length the origin announced.
    pub(crate) length: Option<u64>,
    pub(crate) etag: Option<String>,
    response: Response,
    origin: String,
    /// How long the origin may be silent.
    pub(crate) timeout: Duration,
    abort: AbortController,
}

/// One request.
struct Call<'a> {
    /// What to call the origin in messages.
    origin: &'a str,
    url: &'a str,
    method: Method,
    headers: &'a [(&'a str, &'a str)],
    redirect: RequestRedirect,
}

/// Sends a request; gives the answer, whatever its status.
///
/// # Errors
/// [`Error::Origin`] when the origin cannot be reached or redirects in a circle; [`Error::OriginTimeout`]
/// when it does not begin to answer.
async fn send(config: &Config, call: Call<'_>) -> Result<Found> {
    let Call { origin, url, method, headers, redirect } = call;
    let timeout = Duration::from_secs(config.origin_timeout_seconds);
    let platform = |source| Error::Platform { doing: "asking an origin", source };
    // Compressed on the way, the length would not be known.
    let common = [("Accept-Encoding", "identity"), ("User-Agent", "larder")];
    let all = Headers::new();
    for (name, value) in common.iter().chain(headers) {
        all.set(name, value).map_err(platform)?;
    }
    let mut init = RequestInit::new();
    init.with_method(method).with_headers(all).with_redirect(redirect);
    let request = Request::new_with_init(url, &init).map_err(platform)?;
    let abort = AbortController::default();
    let signal = abort.signal();
    let answer = {
        let fetch = Fetch::Request(request);
        match select(pin!(fetch.send_with_signal(&signal)), pin!(Delay::from(timeout))).await {
            Either::Left((answer, _)) => Some(answer),
            Either::Right(_) => None,
        }
    };
    let Some(answer) = answer else {
        abort.abort();
        return Err(Error::OriginTimeout { origin: origin.to_owned(), seconds: timeout.as_secs() });
    };
    let problem = |error| Error::Origin { origin: origin.to_owned(), problem: format!("could not be read: {error}") };
    let response = answer.map_err(problem)?;
    let header = |name: &str| response.headers().get(name).ok().flatten();
    let length = header("Content-Length").and_then(|length| length.parse().ok());
    let etag = header("ETag");
    Ok(Found { length, etag, response, origin: origin.to_owned(), timeout, abort })
}

/// Asks a static site for an object; `method` is GET or HEAD.
///
/// # Errors
/// [`Error::Origin`] when it cannot be reached, redirects in a circle or answers neither that it
/// has the object nor that it has not; [`Error::OriginTimeout`] when it does not begin to answer.
pub(crate) async fn ask(
    config: &Config,
    origin: &str,
    path: &LayoutPath,
    method: Method,
    etag: Option<&str>,
) -> Result<Answer> {
    let headers: Vec<_> = etag.iter().map(|etag| ("If-None-Match", *etag)).collect();
    // Spack leaves `+` and the like as they are; so do static sites.
    let url = format!("{origin}/{path}");
    let found = send(config, Call { origin, url: &url, method, headers: &headers, redirect: RequestRedirect::Follow });
    let found = found.await?;
    match found.status() {
        200 => Ok(Answer::Found(found)),
        304 => Ok(Answer::NotModified),
        404 | 410 => Ok(Answer::Missing),
        status => {
            let problem = format!("answered {status} for `{path}`");
            Err(Error::Origin { origin: origin.to_owned(), problem })
        }
    }
}

impl Found {
    fn status(&self) -> u16 {
        self.response.status_code()
    }

    fn header(&self, name: &str) -> Option<String> {
        self.response.headers().get(name).ok().flatten()
    }

    /// All bytes, at most `limit`.
    ///
    /// # Errors
    /// [`Error::Origin`] when there are more, or fewer than announced; [`Error::OriginTimeout`] when
    /// they do not come in time.
    pub(crate) async fn bytes(self, limit: u64) -> Result<Vec<u8>> {
        let origin = self.origin.clone();
        let problem = |problem| Error::Origin { origin: origin.clone(), problem };
        if self.length.is_some_and(|length| length > limit) {
            self.abort.abort();
            return Err(problem(format!("sent more than {limit} bytes")));
        }
        let Some(body) = self.body() else { return Ok(Vec::new()) };
        let collect = async {
            let mut bytes = Vec::new();
            let mut chunks = ByteStream::from(body);
            while let Some(chunk) = chunks.next().await {
                bytes.extend(chunk.map_err(|_| problem("broke off its answer".to_owned()))?);
                if bytes.len() as u64 > limit {
                    return Err(problem(format!("sent more than {limit} bytes")));
                }
            }
            Ok(bytes)
        };
        let bytes = match select(pin!(collect), pin!(Delay::from(self.timeout))).await {
            Either::Left((bytes, _)) => bytes?,
            Either::Right(_) => {
                self.abort.abort();
                return Err(Error::OriginTimeout { origin: self.origin, seconds: self.timeout.as_secs() });
            }
        };
        match self.length {
            Some(length) if length != bytes.len() as u64 => Err(problem("broke off its answer".to_owned())),
            _ => Ok(bytes),
        }
    }

    /// The bytes as a stream; `None` when there are none.
    pub(crate) fn body(&self) -> Option<ReadableStream> {
        match self.response.body() {
            worker::ResponseBody::Stream(stream) => Some(stream.clone()),
            _ => None,
        }
    }

    /// Stops the answer.
    pub(crate) fn abort(self) {
        self.abort.abort();
    }
}
