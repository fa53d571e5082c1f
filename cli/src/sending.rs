//! What every command that sends something is told about the server.

use std::{num::NonZeroUsize, time::Duration};

use clap::Args;

use crate::http::{Settings, Token, read};

/// How to send.
#[derive(Debug, Clone, Args)]
pub(crate) struct Sending {
    /// A token that may do this on the mirror; better given in LARDER_TOKEN, where `ps` does not show it
    // `dry_run` is of the command.
    #[arg(
        long,
        value_name = "TOKEN",
        env = "LARDER_TOKEN",
        hide_env_values = true,
        required_unless_present = "dry_run"
    )]
    token: Option<String>,

    /// Trust any certificate of the server
    #[arg(long, short = 'k')]
    insecure: bool,

    /// The wait before the first retry, in milliseconds
    #[arg(long, hide = true, default_value = "1000")]
    first_pause_ms: u64,
}

/// The token cannot be sent.
#[derive(Debug, thiserror::Error)]
#[error("the token is empty, or holds characters that no token has")]
pub(crate) struct InvalidToken;

impl Sending {
    /// The settings of a reader of other sites, which are sent no token.
    pub(crate) fn elsewhere(&self) -> read::Settings {
        let first_pause = Duration::from_millis(self.first_pause_ms);
        read::Settings { token: None, insecure: self.insecure, first_pause }
    }

    /// The settings of a client that sends so many things at the same time.
    pub(crate) fn settings(&self, jobs: NonZeroUsize) -> Result<Settings, InvalidToken> {
        let token = self.token.as_deref().and_then(Token::new).ok_or(InvalidToken)?;
        let first_pause = Duration::from_millis(self.first_pause_ms);
        Ok(Settings { token, jobs, insecure: self.insecure, first_pause })
    }
}
