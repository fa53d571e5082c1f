//! The JSON API over HTTP. Its requests are not tried again: a token would be made twice.

use std::{io, num::NonZeroUsize};

use serde::{Serialize, de::DeserializeOwned};
use ureq::{
    Agent, Body,
    http::{Response, header},
};

use super::{CertificateError, Failure, Token, agent, refused};
use crate::server_url::ServerUrl;

/// A client of a server's API.
pub(crate) struct ApiClient<'a> {
    agent: Agent,
    server: &'a ServerUrl,
    token: Token,
}

impl<'a> ApiClient<'a> {
    /// A client that sends `token`; nothing is sent yet. `insecure` trusts any certificate.
    ///
    /// # Errors
    /// When the file named by `SSL_CERT_FILE` cannot be used.
    pub(crate) fn new(server: &'a ServerUrl, token: Token, insecure: bool) -> Result<Self, CertificateError> {
        Ok(Self { agent: agent(NonZeroUsize::MIN, insecure, 0)?, server, token })
    }

    /// Reads a document (`GET`).
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let request = self.agent.get(self.server.api(path)).header(header::AUTHORIZATION, &self.token.0);
        read(request.call()?)
    }

    /// Makes something (`POST`).
    pub(crate) fn post<T: DeserializeOwned>(&self, path: &str, document: &impl Serialize) -> Result<T, Failure> {
        let body = serde_json::to_vec(document).map_err(|error| Failure::Unreadable(error.into()))?;
        let request = self.agent.post(self.server.api(path)).header(header::AUTHORIZATION, &self.token.0);
        read(request.content_type("application/json").send(&body)?)
    }

    /// Removes something (`DELETE`).
    pub(crate) fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let request = self.agent.delete(self.server.api(path)).header(header::AUTHORIZATION, &self.token.0);
        read(request.call()?)
    }
}

pub(super) fn read<T: DeserializeOwned>(mut response: Response<Body>) -> Result<T, Failure> {
    if !response.status().is_success() {
        return Err(refused(response, 0));
    }
    let body = response.body_mut().read_to_vec()?;
    serde_json::from_slice(&body).map_err(|error| Failure::NotLarder(io::Error::other(error)))
}
