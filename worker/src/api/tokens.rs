//! `/api/v1/tokens`: who else may do what. All of it needs an admin token.

use larder_shared::{
    api::{CreatedToken, List, NewToken, Scope, Token},
    digest::Digest,
    key::{ObjectKey, TOKENS_PREFIX},
};
use worker::{Request, Response};

use super::{json_body, limit, parameter};
use crate::{
    app::{App, now},
    auth::{self, tokens},
    error::{Error, Result},
    respond,
};

/// Most tokens of a page: each is an object to read.
const MAX_TOKENS: u32 = 40;

/// Longest name of a token, in characters.
const MAX_NAME_CHARS: usize = 100;

/// `GET /api/v1/tokens`
pub(crate) async fn list(app: &App, request: &Request) -> Result<Response> {
    auth::require(app, request, Scope::Admin, None).await?;
    let limit = limit(request, MAX_TOKENS, MAX_TOKENS)?;
    let (ids, next) = app.store.list(TOKENS_PREFIX, parameter(request, "cursor")?, limit).await?;
    let mut items: Vec<Token> = Vec::new();
    for id in ids.iter().filter_map(|id| id.parse::<Digest>().ok()) {
        items.extend(tokens::load(app, &id).await?);
    }
    respond::json(request, &List { items, next })
}

/// `POST /api/v1/tokens`
pub(crate) async fn create(app: &App, request: &Request) -> Result<Response> {
    auth::require(app, request, Scope::Admin, None).await?;
    let new: NewToken = json_body(request).await?;
    if new.name.trim().is_empty() || new.name.chars().count() > MAX_NAME_CHARS {
        return Err(Error::Request(format!("`name` has 1 to {MAX_NAME_CHARS} characters")));
    }
    if new.scopes.is_empty() {
        return Err(Error::Request("`scopes` names none of `pull`, `push`, `report`, `admin`".to_owned()));
    }
    if new.expires.is_some_and(|expires| expires <= now()) {
        return Err(Error::Request("`expires` lies in the past".to_owned()));
    }
    let (secret, token) = tokens::create(app, new, None).await?;
    respond::done(201, &CreatedToken { secret: secret.expose().to_owned(), token })
}

/// `DELETE /api/v1/tokens/{id}`: it ends at once.
pub(crate) async fn revoke(app: &App, request: &Request, id: &str) -> Result<Response> {
    auth::require(app, request, Scope::Admin, None).await?;
    let id: Digest = id.parse().map_err(|_| Error::UnknownToken)?;
    let token = tokens::load(app, &id).await?.ok_or(Error::UnknownToken)?;
    app.store.delete(&ObjectKey::Token(id)).await?;
    respond::done(200, &token)
}
