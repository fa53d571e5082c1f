//! Reading a mirror's API, with a token or without: a public mirror is read by everyone.

use std::num::NonZeroUsize;

use serde::de::DeserializeOwned;
use ureq::{Agent, http::header};

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
        let request = match &self.token {
            Some(token) => request.header(header::AUTHORIZATION, &token.0),
            None => request,
        };
        read(request.call()?)
    }
}
