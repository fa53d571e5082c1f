//! `larder token list`

use clap::Args;
use larder_shared::api::{List, Token};

use super::{Connection, Problem};
use crate::{http::api::ApiClient, output};

/// How many digits of an id are shown: enough to tell thousands apart.
const SHOWN_ID_CHARS: usize = 12;

/// List the tokens, without the tokens themselves.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    connection: Connection,

    /// Print them as a JSON array
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Problem> {
    let mut tokens = all(&arguments.connection.open()?)?;
    tokens.sort_by_key(|token| token.created);
    if arguments.json {
        output::line(&serde_json::to_string_pretty(&tokens)?);
    } else {
        output::line(&table(&tokens));
    }
    Ok(())
}

/// Every token, page by page.
pub(super) fn all(client: &ApiClient<'_>) -> Result<Vec<Token>, Problem> {
    let mut tokens = Vec::new();
    let mut path = "tokens".to_owned();
    loop {
        let page: List<Token> = client.get(&path)?;
        tokens.extend(page.items);
        match page.next {
            Some(next) => path = format!("tokens?cursor={next}"),
            None => return Ok(tokens),
        }
    }
}

/// What a token allows, such as `pull, push`.
pub(super) fn scopes(token: &Token) -> String {
    token.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", ")
}

/// The mirrors a token is for.
pub(super) fn mirrors(token: &Token) -> String {
    if token.mirrors.is_empty() {
        return "all mirrors".to_owned();
    }
    token.mirrors.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// When a token ends.
pub(super) fn end(token: &Token) -> String {
    token.expires.map_or_else(|| "never".to_owned(), |time| time.to_string())
}

fn table(tokens: &[Token]) -> String {
    let heading = ["ID", "BEGINS", "SCOPES", "MIRRORS", "ENDS", "NAME"].map(str::to_owned);
    let row = |token: &Token| {
        let id = token.id.to_string()[..SHOWN_ID_CHARS].to_owned();
        [id, token.begins.clone(), scopes(token), mirrors(token), end(token), token.name.clone()]
    };
    let rows: Vec<[String; 6]> = std::iter::once(heading).chain(tokens.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 6] = std::array::from_fn(width);
    let lines = rows.iter().map(|row| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use larder_shared::{
        api::{Scope, Timestamp},
        digest::Digest,
    };

    use super::*;

    #[test]
    fn a_table_lines_up() {
        let token = Token {
            id: Digest::of(b""),
            name: "ci of main".to_owned(),
            begins: "lrd_0123".to_owned(),
            scopes: vec![Scope::Pull, Scope::Push],
            mirrors: vec!["opt/a".parse().unwrap()],
            created: Timestamp::from_millis(0),
            expires: None,
            run: None,
        };
        let ended = Token { mirrors: Vec::new(), expires: Some(Timestamp::from_millis(0)), ..token.clone() };
        assert_eq!(
            table(&[token, ended]),
            "\
ID            BEGINS    SCOPES      MIRRORS      ENDS                  NAME
e3b0c44298fc  lrd_0123  pull, push  opt/a        never                 ci of main
e3b0c44298fc  lrd_0123  pull, push  all mirrors  1970-01-01T00:00:00Z  ci of main"
        );
    }
}
