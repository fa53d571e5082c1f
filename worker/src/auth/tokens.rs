//! Tokens of Larder's: one small object each, named by the token's sha256.

use larder_shared::{
    api::{NewToken, Token},
    credential::{RANDOM_BYTES, Secret},
    digest::Digest,
    key::{ObjectKey, TOKENS_PREFIX},
    report::Run,
};

use crate::{
    app::{App, now},
    error::{Error, Result},
};

/// How many tokens a scheduled event looks at.
const LOOKED_AT: u32 = 20;

/// What is kept of the token whose secret this is.
///
/// # Errors
/// [`Error::TokenUnknown`] when there is none, or it has ended.
pub(super) async fn find(app: &App, secret: &Secret) -> Result<Token> {
    if !secret.is_larder_token() {
        return Err(Error::TokenUnknown);
    }
    match load(app, &secret.digest()).await? {
        Some(token) if !token.is_expired(now()) => Ok(token),
        _ => Err(Error::TokenUnknown),
    }
}

/// What is kept of a token.
pub(crate) async fn load(app: &App, id: &Digest) -> Result<Option<Token>> {
    let Some(bytes) = app.store.read(&ObjectKey::Token(*id)).await? else { return Ok(None) };
    serde_json::from_slice(&bytes).map(Some).map_err(|source| Error::Data { doing: "reading a token's rights", source })
}

/// Makes a token, for the job of a run or for anybody: the secret, and what is kept of it.
pub(crate) async fn create(app: &App, new: NewToken, run: Option<Run>) -> Result<(Secret, Token)> {
    let doing = "making a token";
    let secret = Secret::from_random(random(doing)?);
    let token = Token {
        id: secret.digest(),
        name: new.name,
        begins: secret.beginning(),
        scopes: new.scopes,
        mirrors: new.mirrors,
        created: now(),
        expires: new.expires,
        run: run.map(Box::new),
    };
    let bytes = serde_json::to_vec(&token).map_err(|source| Error::Data { doing, source })?;
    app.store.put(&ObjectKey::Token(token.id), bytes).await?;
    Ok((secret, token))
}

/// Removes tokens that ended a while ago: each job that asks for one leaves it behind.
///
/// Looks at some of them, from a random one on, so that it needs to remember nothing between two
/// events and comes to each in time.
pub(crate) async fn forget_ended(app: &App) -> Result<()> {
    let start = Digest::of(&random::<RANDOM_BYTES>("choosing tokens to look at")?).to_string();
    let (ids, _) = app.store.list(TOKENS_PREFIX, Some(start), LOOKED_AT).await?;
    for id in ids.iter().filter_map(|id| id.parse::<Digest>().ok()) {
        if load(app, &id).await?.is_some_and(|token| token.is_forgotten(now())) {
            app.store.delete(&ObjectKey::Token(id)).await?;
        }
    }
    Ok(())
}

/// Random bytes for a secret.
pub(crate) fn random<const BYTES: usize>(doing: &'static str) -> Result<[u8; BYTES]> {
    let mut random = [0; BYTES];
    getrandom::fill(&mut random).map_err(|error| Error::Platform { doing, source: error.to_string().into() })?;
    Ok(random)
}
