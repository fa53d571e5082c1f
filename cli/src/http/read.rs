//! Reading files over HTTP, each tried again while that helps.

use std::{
    io::{self, Read, Write},
    num::NonZeroUsize,
    time::Duration,
};

use serde::de::DeserializeOwned;
use ureq::{
    Agent, Body,
    http::{Response, StatusCode, header},
};

use super::{CertificateError, Failure, Patience, Token, agent, refused};
use crate::stop::Stop;

/// How much is read at once, in bytes.
const PIECE_BYTES: usize = 64 << 10;

/// How many redirects are followed, one after the other.
const MAX_REDIRECTS: u32 = 5;

/// How a [`Reader`] is to behave.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Sent as `Authorization: Bearer`, where there is one.
    pub(crate) token: Option<Token>,
    /// Whether any certificate will do.
    pub(crate) insecure: bool,
    /// The wait after a first failure; later ones are longer.
    pub(crate) first_pause: Duration,
}

/// A reader of files by their URLs; shared by all threads.
pub(crate) struct Reader<'a> {
    agent: Agent,
    token: Option<Token>,
    patience: Patience<'a>,
}

/// What was written of an answer, and what its head said.
#[derive(Debug)]
pub(crate) struct Answer<W> {
    /// The bytes, where they were to go.
    pub(crate) bytes: W,
    /// By what the server will know them again.
    pub(crate) etag: Option<String>,
    /// `Content-Security-Policy`
    pub(crate) policy: Option<String>,
}

impl<'a> Reader<'a> {
    /// A reader that keeps at most so many connections; nothing is sent yet.
    ///
    /// # Errors
    /// When the file named by `SSL_CERT_FILE` cannot be used.
    pub(crate) fn new(
        settings: Settings,
        connections: NonZeroUsize,
        stop: &'a Stop,
        note: &'a (dyn Fn(String) + Sync),
    ) -> Result<Self, CertificateError> {
        let Settings { token, insecure, first_pause } = settings;
        // What is read without a token may lie elsewhere, as blobs of registries do.
        let redirects = if token.is_some() { 0 } else { MAX_REDIRECTS };
        let patience = Patience { first_pause, stop, note };
        Ok(Self { agent: agent(connections, insecure, redirects)?, token, patience })
    }

    /// Reads the file at `url` into what `begin` makes, which is made anew for each try. `None` when the server says
    /// that it is still the one with this `etag`.
    pub(crate) fn read<W: Write>(
        &self,
        url: &str,
        etag: Option<&str>,
        begin: impl Fn() -> io::Result<W>,
    ) -> Result<Option<Answer<W>>, Failure> {
        let headers: Vec<_> = etag.into_iter().map(|etag| ("if-none-match", etag)).collect();
        self.read_with(url, &headers, begin)
    }

    /// As [`Self::read`], with more headers.
    pub(crate) fn read_with<W: Write>(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        begin: impl Fn() -> io::Result<W>,
    ) -> Result<Option<Answer<W>>, Failure> {
        self.patience.with_retries(url, || {
            let mut request = self.agent.get(url);
            if let Some(token) = &self.token {
                request = request.header(header::AUTHORIZATION, &token.0);
            }
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let mut response = request.call()?;
            match response.status() {
                StatusCode::NOT_MODIFIED => return Ok(None),
                StatusCode::OK => {}
                _ => return Err(refused(response, 0)),
            }
            let mut bytes = begin().map_err(Failure::Unwritable)?;
            copy(response.body_mut(), &mut bytes)?;
            let text = |name| text_of(&response, name);
            Ok(Some(Answer { bytes, etag: text("etag"), policy: text("content-security-policy") }))
        })
    }

    /// The whole file at `url`.
    pub(crate) fn whole(&self, url: &str) -> Result<Vec<u8>, Failure> {
        let read = self.read(url, None, || Ok(Vec::new()))?;
        Ok(read.map(|read| read.bytes).unwrap_or_default())
    }

    /// The whole file at `url`, `None` when there is none.
    pub(crate) fn find(&self, url: &str) -> Result<Option<Vec<u8>>, Failure> {
        match self.whole(url) {
            Err(failure) if failure.is_missing() => Ok(None),
            read => read.map(Some),
        }
    }

    /// The document at `url`.
    pub(crate) fn document<T: DeserializeOwned>(&self, url: &str) -> Result<T, Failure> {
        serde_json::from_slice(&self.whole(url)?).map_err(|error| Failure::NotLarder(error.into()))
    }
}

fn copy(body: &mut Body, to: &mut impl Write) -> Result<(), Failure> {
    let mut from = body.as_reader();
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match from.read(&mut piece) {
            Ok(0) => return to.flush().map_err(Failure::Unwritable),
            Ok(count) => to.write_all(&piece[..count]).map_err(Failure::Unwritable)?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(ureq::Error::Io(error).into()),
        }
    }
}

fn text_of(response: &Response<Body>, name: &str) -> Option<String> {
    Some(response.headers().get(name)?.to_str().ok()?.to_owned())
}
