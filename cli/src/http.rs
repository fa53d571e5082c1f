//! One mirror over HTTP: the two requests a push consists of, each tried again while that helps.
//! The JSON API: see [`api`].

use std::{
    cell::{Cell, RefCell},
    io::{self, Read},
    num::NonZeroUsize,
    time::Duration,
};

use ureq::{
    Agent, Body, SendBody,
    http::{HeaderValue, Response, StatusCode, header},
    tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem},
};

use crate::{mirror_url::MirrorUrl, stop::Stop};

pub(crate) mod api;
pub(crate) mod failure;
pub(crate) mod find;
mod parts;
pub(crate) mod read;
pub(crate) mod report;
mod retry;

pub(crate) use failure::Failure;
use failure::Refusal;
pub(crate) use parts::Parts;

/// How long a connection may take to come about, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// How long the other side may be silent: longer than Larder takes to check and store 100 MB.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(120);

/// Most bytes read of an answer that is an error.
const MAX_ERROR_BYTES: u64 = 64 << 10;

/// How a [`Client`] is to behave.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Sent as `Authorization: Bearer`.
    pub(crate) token: Token,
    /// Requests that run at the same time, each on its connection.
    pub(crate) jobs: NonZeroUsize,
    /// Whether any certificate will do.
    pub(crate) insecure: bool,
    /// The wait after a first failure; later ones are longer.
    pub(crate) first_pause: Duration,
}

/// A token as the header that carries it; its `Debug` hides it.
#[derive(Debug, Clone)]
pub(crate) struct Token(HeaderValue);

impl Token {
    /// Takes the token as given, without the white space around it that secrets in CI often have.
    ///
    /// Returns `None` when it is empty or holds what no header may.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let mut value = HeaderValue::from_str(&format!("Bearer {text}")).ok()?;
        value.set_sensitive(true);
        (!text.is_empty()).then_some(Self(value))
    }
}

/// Begins reading what is to be sent, from its start.
pub(crate) type Open<'a> = dyn Fn() -> io::Result<Box<dyn Read + 'a>> + 'a;

/// What to send. It is opened again for each try.
pub(crate) struct Upload<'a> {
    /// How many bytes there are to read.
    pub(crate) bytes: u64,
    /// Begins reading them.
    pub(crate) open: &'a Open<'a>,
}

/// What the server says of bytes it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stored {
    /// They are new to it.
    New,
    /// It had the same bytes already.
    Already,
}

/// A mirror over HTTP; shared by all threads.
pub(crate) struct Client<'a> {
    agent: Agent,
    mirror: &'a MirrorUrl,
    token: Token,
    first_pause: Duration,
    stop: &'a Stop,
    /// Told of each failure that is about to be tried again.
    note: &'a (dyn Fn(String) + Sync),
}

impl<'a> Client<'a> {
    /// A client of `mirror`; nothing is sent yet.
    ///
    /// # Errors
    /// When the file named by `SSL_CERT_FILE` cannot be used.
    pub(crate) fn new(
        mirror: &'a MirrorUrl,
        settings: Settings,
        stop: &'a Stop,
        note: &'a (dyn Fn(String) + Sync),
    ) -> Result<Self, CertificateError> {
        let Settings { token, jobs, insecure, first_pause } = settings;
        Ok(Self { agent: agent(jobs, insecure, 0)?, mirror, token, first_pause, stop, note })
    }

    /// Whether something lies at `path` (`HEAD`).
    pub(crate) fn exists(&self, path: &str) -> Result<bool, Failure> {
        self.with_retries(path, || {
            let request = self.agent.head(self.mirror.of(path)).header(header::AUTHORIZATION, &self.token.0);
            let response = request.call()?;
            match response.status() {
                StatusCode::OK => Ok(true),
                StatusCode::NOT_FOUND => Ok(false),
                _ => Err(refused(response, 0)),
            }
        })
    }

    /// Stores `upload` at `path` (`PUT`).
    pub(crate) fn put(&self, path: &str, upload: &Upload<'_>) -> Result<Stored, Failure> {
        let was_cut = Cell::new(false);
        self.with_retries(path, || {
            let result = self.put_once(path, upload, was_cut.get());
            was_cut.set(matches!(result, Err(Failure::Cut(_))));
            result
        })
    }

    /// One try of [`Self::put`].
    ///
    /// A server that refuses a body may close the connection while it is being sent, and its answer
    /// is lost. `ask_first` waits for its answer to the head of the request, or for a second, before
    /// the body is sent.
    fn put_once(&self, path: &str, upload: &Upload<'_>, ask_first: bool) -> Result<Stored, Failure> {
        let source = (upload.open)().map_err(Failure::Unreadable)?;
        let mut body = Exactly { source, left: upload.bytes, error: RefCell::default() };
        let mut request = self
            .agent
            .put(self.mirror.of(path))
            .header(header::AUTHORIZATION, &self.token.0)
            .header(header::CONTENT_LENGTH, upload.bytes);
        if ask_first {
            request = request.header(header::EXPECT, "100-continue");
        }
        let result = request.send(SendBody::from_reader(&mut body));
        if let Some(error) = body.error.take() {
            return Err(Failure::Unreadable(error));
        }
        let response = result?;
        match response.status() {
            StatusCode::CREATED => Ok(Stored::New),
            StatusCode::OK => Ok(Stored::Already),
            _ => Err(refused(response, upload.bytes)),
        }
    }

    /// Calls `attempt` until it succeeds, fails for good, or has had its chances.
    fn with_retries<T>(&self, path: &str, attempt: impl Fn() -> Result<T, Failure>) -> Result<T, Failure> {
        let Self { first_pause, stop, note, .. } = *self;
        Patience { first_pause, stop, note }.with_retries(path, attempt)
    }
}

/// How requests are tried again.
#[derive(Clone, Copy)]
struct Patience<'a> {
    first_pause: Duration,
    stop: &'a Stop,
    /// Told of each failure that is about to be tried again.
    note: &'a (dyn Fn(String) + Sync),
}

impl Patience<'_> {
    /// Calls `attempt` until it succeeds, fails for good, or has had its chances.
    fn with_retries<T>(self, path: &str, attempt: impl Fn() -> Result<T, Failure>) -> Result<T, Failure> {
        let mut number = 1;
        loop {
            if self.stop.is_asked() {
                return Err(Failure::Stopped);
            }
            match attempt() {
                Err(failure) if failure.is_transient() && number < retry::ATTEMPTS => {
                    let pause = retry::pause(self.first_pause, number, failure.retry_after(), retry::chance());
                    (self.note)(format!("{path}: {failure}; trying again in {:.1} s", pause.as_secs_f64()));
                    self.stop.sleep(pause);
                    number += 1;
                }
                result => return result,
            }
        }
    }
}

/// What makes connections, at most `connections` of which are kept open.
fn agent(connections: NonZeroUsize, insecure: bool, redirects: u32) -> Result<Agent, CertificateError> {
    let tls = TlsConfig::builder().root_certs(root_certificates()?).disable_verification(insecure).build();
    Ok(Agent::config_builder()
        .tls_config(tls)
        .user_agent(concat!("larder/", env!("CARGO_PKG_VERSION")))
        .http_status_as_error(false)
        // A token is for one host, and a body cannot be sent twice: a client that has either follows none, and tells.
        .max_redirects(redirects)
        .max_redirects_will_error(false)
        .max_idle_connections(connections.get())
        .max_idle_connections_per_host(connections.get())
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_per_read(Some(SILENCE_TIMEOUT))
        .timeout_per_write(Some(SILENCE_TIMEOUT))
        .build()
        .into())
}

fn refused(mut response: Response<Body>, sent_bytes: u64) -> Failure {
    let mut body = Vec::new();
    // An error whose text is cut short is still that error.
    let _ = response.body_mut().as_reader().take(MAX_ERROR_BYTES).read_to_end(&mut body);
    Failure::Refused(Refusal::read(response.status(), response.headers(), &body, sent_bytes))
}

/// Reads exactly the announced number of bytes, and remembers when the source cannot give them: to
/// the connection that would look like a fault of the network.
struct Exactly<'a> {
    source: Box<dyn Read + 'a>,
    left: u64,
    error: RefCell<Option<io::Error>>,
}

impl Read for Exactly<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if wanted == 0 {
            return Ok(0);
        }
        let read = match self.source.read(&mut buffer[..wanted]) {
            Ok(0) => Err(io::Error::other("it became shorter while it was sent")),
            read => read,
        };
        read.inspect(|&count| self.left -= count as u64).map_err(|error| {
            let kind = error.kind();
            self.error.replace(Some(error));
            kind.into()
        })
    }
}

/// Why `SSL_CERT_FILE` cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CertificateError {
    /// The file cannot be read.
    #[error("SSL_CERT_FILE names {path}, which cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// The reason.
        source: io::Error,
    },
    /// The file holds no certificate.
    #[error("SSL_CERT_FILE names {0}, which holds no PEM certificate")]
    Empty(String),
}

/// The authorities to trust: those in the file named by `SSL_CERT_FILE`, else those built in.
fn root_certificates() -> Result<RootCerts, CertificateError> {
    let Some(path) = std::env::var_os("SSL_CERT_FILE").filter(|path| !path.is_empty()) else {
        return Ok(RootCerts::WebPki);
    };
    let name = path.to_string_lossy().into_owned();
    let pem = std::fs::read(&path).map_err(|source| CertificateError::Unreadable { path: name.clone(), source })?;
    let certificates: Vec<Certificate<'static>> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if certificates.is_empty() { Err(CertificateError::Empty(name)) } else { Ok(RootCerts::from(certificates)) }
}
