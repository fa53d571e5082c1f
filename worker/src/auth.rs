//! Who asks, and whether they may.

use larder_shared::{
    api::{NewToken, Scope, Token},
    digest::Digest,
    key::ObjectKey,
    name::MirrorName,
};
use worker::Request;

use crate::{
    app::{App, now},
    error::{Error, Result},
    respond::header,
};

/// Who asks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asker {
    /// The holder of the admin token of the settings.
    Admin,
    /// The holder of a token made through the API.
    Holder(Token),
}

/// Whoever asks, if they may do `scope` on `mirror` (`None`: on the whole of Larder).
///
/// # Errors
/// [`Error::TokenMissing`], [`Error::TokenUnknown`] or [`Error::TokenScope`].
pub(crate) async fn require(app: &App, request: &Request, scope: Scope, mirror: Option<&MirrorName>) -> Result<Asker> {
    let asker = identify(app, request).await?;
    match &asker {
        Asker::Admin => Ok(asker),
        Asker::Holder(token) if token.allows(scope, mirror, now()) => Ok(asker),
        Asker::Holder(_) => Err(Error::TokenScope {
            needed: scope.as_str(),
            on: mirror.map_or_else(|| "all mirrors".to_owned(), |mirror| format!("mirror `{mirror}`")),
        }),
    }
}

async fn identify(app: &App, request: &Request) -> Result<Asker> {
    let header = header(request, "Authorization").ok_or(Error::TokenMissing)?;
    let secret = match header.split_once(' ') {
        Some((scheme, secret)) if scheme.eq_ignore_ascii_case("bearer") => secret.trim(),
        _ => return Err(Error::TokenMissing),
    };
    // Looked up and compared by digest: how long it takes says nothing about the token.
    let digest = Digest::of(secret.as_bytes());
    if app.config.admin_token.as_ref().is_some_and(|admin| admin.is(&digest)) {
        return Ok(Asker::Admin);
    }
    match load(app, &digest).await? {
        Some(token) if !token.is_expired(now()) => Ok(Asker::Holder(token)),
        _ => Err(Error::TokenUnknown),
    }
}

/// What is kept of a token.
pub(crate) async fn load(app: &App, id: &Digest) -> Result<Option<Token>> {
    let Some(bytes) = app.store.read(&ObjectKey::Token(*id)).await? else { return Ok(None) };
    serde_json::from_slice(&bytes).map(Some).map_err(|source| Error::Data { doing: "reading a token's rights", source })
}

/// Makes a token: the secret, and what is kept of it.
pub(crate) async fn create(app: &App, new: NewToken) -> Result<(String, Token)> {
    let doing = "making a token";
    let mut random = [0; 24];
    getrandom::fill(&mut random).map_err(|error| Error::Platform { doing, source: error.to_string().into() })?;
    let secret = format!("lrd_{}", hex::encode(random));
    let token = Token {
        id: Digest::of(secret.as_bytes()),
        name: new.name,
        begins: secret[..8].to_owned(),
        scopes: new.scopes,
        mirrors: new.mirrors,
        created: now(),
        expires: new.expires,
    };
    let bytes = serde_json::to_vec(&token).map_err(|source| Error::Data { doing, source })?;
    app.store.put(&ObjectKey::Token(token.id), bytes).await?;
    Ok((secret, token))
}
