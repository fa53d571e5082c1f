//! Requests to an origin.

use std::{pin::pin, time::Duration};

use futures_util::{
    StreamExt as _,
    future::{Either, select},
};
use larder_shared::layout::LayoutPath;
use web_sys::ReadableStream;
use worker::{AbortController, ByteStream, Delay, Fetch, Headers, Method, Request, RequestInit, Response};

use crate::{
    app::App,
    error::{Error, Result},
};

/// What an origin answered.
pub(super) enum Answer {
    /// It has the object.
    Found(Found),
    /// The object is the one with the ETag that was sent.
    NotModified,
    /// It does not have the object.
    Missing,
}

/// An object of an origin whose bytes are still to be read.
pub(super) struct Found {
    /// The length the origin announced.
    pub(super) length: Option<u64>,
    pub(super) etag: Option<String>,
    response: Response,
    origin: String,
    /// How long the origin may be silent.
    pub(super) timeout: Duration,
    abort: AbortController,
}

/// Asks the origin for an object; `method` is GET or HEAD.
///
/// # Errors
/// [`Error::Origin`] when it cannot be reached, redirects in a circle or answers neither that it
/// has the object nor that it has not; [`Error::OriginTimeout`] when it does not begin to answer.
pub(super) async fn ask(
    app: &App,
    origin: &str,
    path: &LayoutPath,
    method: Method,
    etag: Option<&str>,
) -> Result<Answer> {
    let timeout = Duration::from_secs(app.config.origin_timeout_seconds);
    let platform = |source| Error::Platform { doing: "asking an origin", source };
    let headers = Headers::new();
    // Compressed on the way, the length would not be known.
    headers.set("Accept-Encoding", "identity").map_err(platform)?;
    headers.set("User-Agent", "larder").map_err(platform)?;
    if let Some(etag) = etag {
        headers.set("If-None-Match", etag).map_err(platform)?;
    }
    let mut init = RequestInit::new();
    init.with_method(method).with_headers(headers);
    // Spack leaves `+` and the like as they are; so do static sites.
    let request = Request::new_with_init(&format!("{origin}/{path}"), &init).map_err(platform)?;
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
    let problem = |problem| Error::Origin { origin: origin.to_owned(), problem };
    let response = answer.map_err(|error| problem(format!("could not be read: {error}")))?;
    match response.status_code() {
        200 => {
            let header = |name: &str| response.headers().get(name).ok().flatten();
            let length = header("Content-Length").and_then(|length| length.parse().ok());
            let etag = header("ETag");
            Ok(Answer::Found(Found { length, etag, response, origin: origin.to_owned(), timeout, abort }))
        }
        304 => Ok(Answer::NotModified),
        404 | 410 => Ok(Answer::Missing),
        status => Err(problem(format!("answered {status} for `{path}`"))),
    }
}

impl Found {
    /// All bytes, at most `limit`.
    ///
    /// # Errors
    /// [`Error::Origin`] when there are more, or fewer than announced; [`Error::OriginTimeout`] when
    /// they do not come in time.
    pub(super) async fn bytes(self, limit: u64) -> Result<Vec<u8>> {
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
    pub(super) fn body(&self) -> Option<ReadableStream> {
        match self.response.body() {
            worker::ResponseBody::Stream(stream) => Some(stream.clone()),
            _ => None,
        }
    }

    /// Stops the answer.
    pub(super) fn abort(self) {
        self.abort.abort();
    }
}
