//! Reading a mirror's API, with a token or without: a public mirror is read by everyone.

use std::num::NonZeroUsize;

use serde::{Serialize, de::DeserializeOwned};
use ureq::{Agent, RequestBuilder, http::header};

use super::{CertificateError, Failure, Token, agent, api::read};
use crate::mirror_url::MirrorUrl;

/// A reader of what a mirror's API tells.
pub(crate) struct MirrorReader<'a> {
    agent: Agent,
    mirror: &'a MirrorUrl,
    token: Option<Token>,
}

impl<'a> MirrorReader<'a> {
    /// A reader of `mirror`; nothing is sent yet. `insecure` trusts any certificate.
    ///
    /// # Errors
    /// When the file named by `SSL_CERT_FILE` cannot be used.
    pub(crate) fn new(mirror: &'a MirrorUrl, token: Option<Token>, insecure: bool) -> Result<Self, CertificateError> {
        Ok(Self { agent: agent(NonZeroUsize::MIN, insecure, 0)?, mirror, token })
    }

    /// Reads a document below the mirror (`GET`), such as `specs`, with parameters in its query.
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str, parameters: &[(&str, &str)]) -> Result<T, Failure> {
        let request = self.agent.get(self.mirror.api(path)).query_pairs(parameters.iter().copied());
        read(self.as_who_we_are(request).call()?)
    }

    /// Sends a document below the mirror (`POST`), such as to `suggest`, with parameters in the query.
    pub(crate) fn ask<T: DeserializeOwned>(
        &self,
        path: &str,
        parameters: &[(&str, String)],
        document: &impl Serialize,
    ) -> Result<T, Failure> {
        let body = serde_json::to_vec(document).map_err(|error| Failure::Unreadable(error.into()))?;
        let parameters = parameters.iter().map(|(name, value)| (*name, value.as_str()));
        let request = self.agent.post(self.mirror.api(path)).query_pairs(parameters);
        read(self.as_who_we_are(request).content_type("application/json").send(&body)?)
    }

    fn as_who_we_are<Body>(&self, request: RequestBuilder<Body>) -> RequestBuilder<Body> {
        match &self.token {
            Some(token) => request.header(header::AUTHORIZATION, &token.0),
            None => request,
        }
    }
}
