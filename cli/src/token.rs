//! `larder token`: hands out tokens, lists them and takes them back.

use clap::{Args, Subcommand};

use crate::{
    End,
    http::{self, CertificateError, Failure, api::ApiClient},
    output,
    server_url::ServerUrl,
};

mod create;
mod expiry;
mod list;
mod revoke;

/// Shown below the options of `larder token --help`.
const EXAMPLES: &str = "\
Examples:
  export LARDER_TOKEN=...    # the admin token
  larder token create https://larder.example.org --name ci --scope push --mirror user-environment --expires 90d
  larder token list https://larder.example.org
  larder token revoke https://larder.example.org 3f7a09c1

Exit status: 0 when it is done, 1 when the server refused or could not be asked, 2 when it could not begin.

Environment: LARDER_TOKEN, HTTPS_PROXY and NO_PROXY, SSL_CERT_FILE (certificates to trust in place of the built-in ones).";

/// Hand out tokens for a Larder, list them, and take them back.
///
/// A token says what its holder may do (pull, push, report, admin), on which mirrors, and until when.
/// Making one needs an admin token.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Create(create::Arguments),
    List(list::Arguments),
    Revoke(revoke::Arguments),
}

/// Which server, and as whom.
#[derive(Debug, Args)]
struct Connection {
    #[arg(value_name = "URL", help = "The server: https://<host>")]
    server: ServerUrl,

    /// An admin token; better given in LARDER_TOKEN, where `ps` does not show it
    #[arg(long, value_name = "TOKEN", env = "LARDER_TOKEN", hide_env_values = true)]
    token: String,

    /// Trust any certificate of the server
    #[arg(long, short = 'k')]
    insecure: bool,
}

impl Connection {
    fn open(&self) -> Result<ApiClient<'_>, Problem> {
        let token = http::Token::new(&self.token).ok_or(Problem::Token)?;
        if self.server.is_exposed() {
            output::error("Warning: over http, everyone on the way can read the tokens; use https.");
        }
        Ok(ApiClient::new(&self.server, token, self.insecure)?)
    }
}

/// Why a command did not do what it was for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// The token cannot be sent.
    #[error("the token is empty, or holds characters that no token has")]
    Token,
    /// The certificates to trust cannot be read.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The server refused, or could not be asked.
    #[error(transparent)]
    Http(#[from] Failure),
    /// No token has this id.
    #[error("no token has an id that begins with `{0}`; `larder token list` shows those there are")]
    Unknown(String),
    /// Several tokens have.
    #[error("several tokens have an id that begins with `{beginning}`: {}; give more of it", .names.join(", "))]
    Ambiguous {
        /// What was given.
        beginning: String,
        /// Their names.
        names: Vec<String>,
    },
    /// The answer cannot be written down.
    #[error("the answer cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Does what is asked for.
///
/// # Errors
/// [`Problem`] when nothing was sent.
pub(crate) fn run(arguments: &Arguments) -> Result<End, Problem> {
    let done = match &arguments.action {
        Action::Create(arguments) => create::run(arguments),
        Action::List(arguments) => list::run(arguments),
        Action::Revoke(arguments) => revoke::run(arguments),
    };
    match done {
        Ok(()) => Ok(End::Done),
        Err(problem @ (Problem::Token | Problem::Certificate(_))) => Err(problem),
        Err(problem) => {
            output::error(&format!("larder: {problem}"));
            if let Problem::Http(failure) = &problem
                && let Some(next) = failure.next()
            {
                output::error(next);
            }
            Ok(End::Failed)
        }
    }
}
