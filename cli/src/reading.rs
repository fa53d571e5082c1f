//! What every command that fetches files from a server is told about it.

use std::time::Duration;

use clap::Args;

use crate::{
    http::{Token, read::Settings},
    sending::InvalidToken,
};

/// How to read.
#[derive(Debug, Args)]
pub(crate) struct Reading {
    /// A token that may pull, for a private mirror; better given in LARDER_TOKEN, where `ps` does not show it
    #[arg(long, value_name = "TOKEN", env = "LARDER_TOKEN", hide_env_values = true)]
    token: Option<String>,

    /// Trust any certificate of the server
    #[arg(long, short = 'k')]
    insecure: bool,

    /// The wait before the first retry, in milliseconds
    #[arg(long, hide = true, default_value = "1000")]
    first_pause_ms: u64,
}

impl Reading {
    /// The settings of a reader.
    ///
    /// # Errors
    /// When the token cannot be sent.
    pub(crate) fn settings(&self) -> Result<Settings, InvalidToken> {
        let token = match self.token.as_deref().filter(|token| !token.trim().is_empty()) {
            Some(token) => Some(Token::new(token).ok_or(InvalidToken)?),
            None => None,
        };
        let first_pause = Duration::from_millis(self.first_pause_ms);
        Ok(Settings { token, insecure: self.insecure, first_pause })
    }
}
