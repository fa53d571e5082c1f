//! `/auth/token`: where OCI clients exchange what they have for what they send with each request.
//!
//! A token of Larder's is handed back as it is: it lives long enough for any push, and Spack cannot
//! recover from one that ends in the middle. A CI job gets a token in place of its own, which ends
//! after minutes. Nobody gets one that proves nothing and reads what is public.

use larder_shared::{
    api::{NewToken, Scope, Timestamp, trust},
    bearer::{TokenAnswer, TokenRequest},
    credential::{ANONYMOUS, Secret},
    name::MirrorName,
    oidc::Claims,
    report::Run,
};
use worker::{Request, Response};

use super::{Asker, identify_by, job_not_trusted, sent_secret, tokens};
use crate::{
    app::{App, now},
    body,
    error::{Error, Result},
    registry, respond,
};

/// How long a token lasts that is made here, and the longest that is promised for any, in seconds:
/// as long as a job of GitHub Actions may run.
const LIFETIME_SECONDS: u64 = 6 * 3_600;

/// Largest form read, in bytes; the token of a job is most of it.
const MAX_FORM_BYTES: u64 = 32 << 10;

/// `GET /auth/token?service=&scope=&client_id=`
pub(crate) async fn get(app: &App, request: &Request) -> Result<Response> {
    let url = request.url().map_err(|source| Error::Platform { doing: "reading the request's URL", source })?;
    let asked = TokenRequest::from_query(url.query().unwrap_or_default());
    hand_out(app, request, asked.mirrors, sent_secret(request)?).await
}

/// `POST /auth/token`, the same as a form with the secret in it.
pub(crate) async fn post(app: &App, request: &Request) -> Result<Response> {
    let form = String::from_utf8_lossy(&body::whole_of_any_length(request, MAX_FORM_BYTES).await?).into_owned();
    let asked = TokenRequest::from_form(&form).map_err(|error| Error::Request(error.to_string()))?;
    hand_out(app, request, asked.mirrors, asked.secret.filter(|secret| !secret.is_anonymous())).await
}

async fn hand_out(app: &App, request: &Request, mirrors: Vec<MirrorName>, secret: Option<Secret>) -> Result<Response> {
    let (secret, seconds) = match secret {
        None => (Secret::new(ANONYMOUS), LIFETIME_SECONDS),
        Some(secret) => match identify_by(app, request, &secret).await? {
            Asker::Anonymous | Asker::Admin => (secret, LIFETIME_SECONDS),
            Asker::Holder(token) => {
                let left = token.expires.map_or(u64::MAX, seconds_until);
                (secret, left.min(LIFETIME_SECONDS))
            }
            // Asked by `docker login`, which only wants to know whether it would work.
            Asker::Job(claims) if mirrors.is_empty() => {
                (secret, seconds_until(Timestamp::from_millis(claims.expires_seconds.saturating_mul(1_000))))
            }
            Asker::Job(claims) => (make_for(app, &claims, &mirrors).await?, LIFETIME_SECONDS),
        },
    };
    respond::done(200, &TokenAnswer::new(secret.expose(), seconds, now()))
}

fn seconds_until(time: Timestamp) -> u64 {
    time.as_millis().saturating_sub(now().as_millis()) / 1_000
}

/// A token with what `mirrors` trust a job with.
///
/// A token has the same scopes on all its mirrors: those of the first that trusts the job. Another
/// one is added when it grants as much, and left out otherwise.
async fn make_for(app: &App, claims: &Claims, mirrors: &[MirrorName]) -> Result<Secret> {
    let mut scopes: Vec<Scope> = Vec::new();
    let mut trusting = Vec::new();
    let mut refusal = None;
    for mirror in mirrors {
        let granted = match registry::find(app, mirror).await {
            Ok(settings) => trust::granted(&settings.trust, claims),
            Err(error @ Error::UnknownMirror(_)) => {
                refusal = refusal.or(Some(error));
                continue;
            }
            Err(error) => return Err(error),
        };
        if granted.is_empty() {
            refusal = refusal.or_else(|| Some(job_not_trusted(claims, mirror)));
            continue;
        }
        if scopes.is_empty() {
            scopes.clone_from(&granted);
        }
        if scopes.iter().all(|scope| granted.iter().any(|granted| granted.includes(*scope))) {
            trusting.push(mirror.clone());
        }
    }
    if let (true, Some(refusal)) = (trusting.is_empty(), refusal) {
        return Err(refusal);
    }
    let expires = Some(Timestamp::from_millis(now().as_millis() + LIFETIME_SECONDS * 1_000));
    let new = NewToken { name: claims.describe(), scopes, mirrors: trusting, expires };
    tokens::create(app, new, Some(Run::of_job(claims))).await.map(|(secret, _)| secret)
}
