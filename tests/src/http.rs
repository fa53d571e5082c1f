//! An HTTP client that adds nothing to a request and hides nothing of an answer: no redirects, no
//! decompression, errors are answers.

use std::{fmt, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};
use larder_shared::api::{ApiError, ErrorBody};
use serde::de::DeserializeOwned;
use ureq::{
    Agent, Body,
    http::{Request, Response},
};

/// How long an answer may take from its first byte asked to its last one read.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A client of one server.
#[derive(Debug, Clone)]
pub struct Client {
    agent: Agent,
    base: String,
}

impl Client {
    /// A client of the server at `base`, such as `http://127.0.0.1:8787`.
    pub fn new(base: &str) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            // A connection each, as Spack: one whose body was refused unread is closed by the server.
            .max_idle_connections(0)
            .max_redirects_will_error(false)
            .user_agent("larder-tests")
            .accept("")
            .timeout_global(Some(TIMEOUT))
            .build()
            .into();
        Self { agent, base: base.to_owned() }
    }

    /// Host and port of the server.
    pub fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    /// Begins a request.
    pub fn ask(&self, method: &str, path: &str) -> Ask<'_> {
        Ask {
            client: self,
            method: method.to_owned(),
            url: format!("{}{path}", self.base),
            headers: Vec::new(),
            body: None,
        }
    }

    /// Begins a GET.
    pub fn get(&self, path: &str) -> Ask<'_> {
        self.ask("GET", path)
    }

    /// Begins a HEAD.
    pub fn head(&self, path: &str) -> Ask<'_> {
        self.ask("HEAD", path)
    }

    /// Begins a PUT of `body`.
    pub fn put(&self, path: &str, body: &[u8]) -> Ask<'_> {
        self.ask("PUT", path).body(body)
    }

    /// Begins a POST of JSON text.
    pub fn post(&self, path: &str, body: &str) -> Ask<'_> {
        self.ask("POST", path).header("Content-Type", "application/json").body(body.as_bytes())
    }
}

/// A request that is being written.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    client: &'a Client,
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Ask<'_> {
    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a token.
    pub fn token(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    /// Adds a token as the password of somebody.
    pub fn password(self, token: &str) -> Self {
        self.header("Authorization", &format!("Basic {}", BASE64.encode(format!("somebody:{token}"))))
    }

    /// Comes from this address, as Cloudflare's edge says it.
    pub fn from(self, address: &str) -> Self {
        self.header("CF-Connecting-IP", address)
    }

    /// Sets the body.
    pub fn body(mut self, body: &[u8]) -> Self {
        self.body = Some(body.to_vec());
        self
    }

    /// Sends it and reads the answer to its end, or to where it breaks off.
    ///
    /// # Panics
    /// When there is no answer at all.
    #[track_caller]
    pub fn send(self) -> Answer {
        self.exchange().unwrap_or_else(|error| panic!("{error}"))
    }

    /// As [`Self::send`], to a server that may go away.
    ///
    /// # Errors
    /// Why there is no whole answer.
    pub fn try_send(self) -> Result<Answer, String> {
        let answer = self.exchange()?;
        match &answer.broken {
            Some(broken) => Err(format!("{}: {broken}", answer.what)),
            None => Ok(answer),
        }
    }

    fn exchange(self) -> Result<Answer, String> {
        let Self { client, method, url, headers, body } = self;
        let what = format!("{method} {url}");
        let mut request = Request::builder().method(method.as_str()).uri(&url);
        for (name, value) in &headers {
            request = request.header(name, value);
        }
        let sent = match body {
            Some(body) => client.agent.run(request.body(body).unwrap_or_else(|error| panic!("{what}: {error}"))),
            None => client.agent.run(request.body(()).unwrap_or_else(|error| panic!("{what}: {error}"))),
        };
        let response = sent.map_err(|error| format!("{what}: {error}"))?;
        Ok(Answer::read(what, response))
    }
}

/// An answer, read to its end.
#[derive(Clone)]
pub struct Answer {
    /// Method and URL of the request.
    pub what: String,
    /// The status.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// What came of the body.
    pub body: Vec<u8>,
    /// Why the body is not whole, when it is not.
    pub broken: Option<String>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} answered {}", self.what, self.status)?;
        for (name, value) in &self.headers {
            write!(f, "\n  {name}: {value}")?;
        }
        let text = String::from_utf8_lossy(&self.body);
        write!(f, "\n  {}", text.chars().take(600).collect::<String>())?;
        match &self.broken {
            Some(broken) => write!(f, "\n  broken off after {} bytes: {broken}", self.body.len()),
            None => Ok(()),
        }
    }
}

impl Answer {
    fn read(what: String, response: Response<Body>) -> Self {
        let (head, body) = response.into_parts();
        let headers = head
            .headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let mut bytes = Vec::new();
        let broken =
            std::io::Read::read_to_end(&mut body.into_reader(), &mut bytes).err().map(|error| error.to_string());
        Self { what, status: head.status.as_u16(), headers, body: bytes, broken }
    }

    /// Expects a status and a whole body.
    ///
    /// # Panics
    /// With the answer, when it has another one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert!(self.status == status && self.broken.is_none(), "{status} was expected, but {self:?}");
        self
    }

    /// Expects an error in the API's shape; gives it.
    ///
    /// # Panics
    /// With the answer, when it is none or its status does not fit its code.
    #[track_caller]
    pub fn expect_error(self, status: u16) -> ApiError {
        let answer = self.expect(status);
        let ErrorBody { error } = answer.json();
        assert_eq!(error.code.status(), status, "the status does not fit the code: {answer:?}");
        error
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A header's value.
    ///
    /// # Panics
    /// With the answer, when it has none.
    #[track_caller]
    pub fn expect_header(&self, name: &str) -> &str {
        self.header(name).unwrap_or_else(|| panic!("`{name}` was expected, but {self:?}"))
    }

    /// The body as text.
    ///
    /// # Panics
    /// With the answer, when it is not UTF-8.
    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The body as a document.
    ///
    /// # Panics
    /// With the answer, when it is not one.
    #[track_caller]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}
