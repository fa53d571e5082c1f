//! `larder token create`

use std::time::SystemTime;

use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser},
};
use larder_shared::{
    api::{CreatedToken, NewToken, Scope, Token},
    name::MirrorName,
};

use super::{Connection, Problem, expiry::Expiry};
use crate::output;

/// Make a token, which is shown this once.
///
/// The token is the only line on standard output.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    connection: Connection,

    /// What it is for, in a few words
    #[arg(long)]
    name: String,

    /// What its holder may do; may be repeated. Who may push may also pull.
    #[arg(
        long = "scope",
        value_name = "SCOPE",
        required = true,
        value_parser = PossibleValuesParser::new(Scope::ALL.map(Scope::as_str)).try_map(|name| to_scope(&name)),
    )]
    scopes: Vec<Scope>,

    /// A mirror it is for; may be repeated. Without it, it is for all mirrors.
    #[arg(long = "mirror", value_name = "MIRROR")]
    mirrors: Vec<MirrorName>,

    /// When it ends: 30d, 12h, 2027-01-01 or 2027-01-01T12:00:00Z. Without it, never.
    #[arg(long, value_name = "WHEN")]
    expires: Option<Expiry>,

    /// Print the whole answer as JSON
    #[arg(long)]
    json: bool,
}

fn to_scope(name: &str) -> Result<Scope, &'static str> {
    Scope::ALL.into_iter().find(|scope| scope.as_str() == name).ok_or("there is no such scope")
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Problem> {
    let client = arguments.connection.open()?;
    let new = NewToken {
        name: arguments.name.clone(),
        scopes: arguments.scopes.clone(),
        mirrors: arguments.mirrors.clone(),
        expires: arguments.expires.as_ref().map(|expires| expires.after(SystemTime::now())),
    };
    let created: CreatedToken = client.post("tokens", &new)?;
    if arguments.json {
        output::line(&serde_json::to_string_pretty(&created)?);
    } else {
        output::error(&describe(&created.token));
        output::line(&created.secret);
    }
    Ok(())
}

fn describe(token: &Token) -> String {
    let Token { name, .. } = token;
    let (scopes, mirrors, end) = (super::list::scopes(token), super::list::mirrors(token), super::list::end(token));
    format!("Made the token `{name}`: {scopes} on {mirrors}, ends {end}. It is shown this once.")
}
