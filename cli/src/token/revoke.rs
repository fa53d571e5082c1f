//! `larder token revoke`

use clap::Args;
use larder_shared::{api::Token, credential::Secret, digest::Digest};

use super::{Connection, Problem, list};
use crate::{http::api::ApiClient, output};

/// Take a token back; it ends at once.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    connection: Connection,

    /// Its id, or a beginning of it that no other has; or a leaked token itself
    #[arg(value_name = "ID")]
    id: String,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Problem> {
    let client = arguments.connection.open()?;
    let id = find(&client, &arguments.id)?;
    let token: Token = client.delete(&format!("tokens/{id}"))?;
    output::error(&format!("Revoked the token `{}` ({}…), {}.", token.name, token.begins, list::scopes(&token)));
    Ok(())
}

/// The id that is meant.
fn find(client: &ApiClient<'_>, text: &str) -> Result<Digest, Problem> {
    let secret = Secret::new(text);
    if secret.is_larder_token() {
        return Ok(secret.digest());
    }
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let mut found = list::all(client)?;
    found.retain(|token| !text.is_empty() && token.id.to_string().starts_with(text));
    match &found[..] {
        [token] => Ok(token.id),
        [] => Err(Problem::Unknown(text.to_owned())),
        several => {
            let names = several.iter().map(|token| format!("`{}`", token.name)).collect();
            Err(Problem::Ambiguous { beginning: text.to_owned(), names })
        }
    }
}
