//! Who asks, and whether they may.
//!
//! A request says it with a secret: the admin token, a token of Larder's ([`tokens`]), or the
//! OpenID Connect token of a CI job ([`jobs`]). Where it stands is told in
//! [`larder_shared::credential`]. Reading a public mirror asks nothing and costs nothing.

mod attempts;
pub(crate) mod endpoint;
mod issuer_keys;
mod jobs;
pub(crate) mod tokens;

use larder_shared::{
    api::{Scope, Token, trust},
    credential::Secret,
    name::MirrorName,
    oidc::{Claims, Jwt},
    route::target,
};
use worker::Request;

use crate::{
    app::{self, App, now},
    error::{Error, Result},
    registry::{self, Settings},
    respond::header,
};

/// Who asks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asker {
    /// Somebody without a secret.
    Anonymous,
    /// The holder of the admin token of the settings.
    Admin,
    /// The holder of a token made through the API, or for a job.
    Holder(Token),
    /// A CI job with its own OpenID Connect token.
    Job(Box<Claims>),
}

impl Asker {
    /// Whether a first push makes the mirror.
    pub(crate) fn may_create_mirrors(&self) -> bool {
        match self {
            Self::Admin => true,
            Self::Anonymous | Self::Job(_) => false,
            Self::Holder(token) => token.scopes.contains(&Scope::Admin),
        }
    }

    /// Tells this asker from others: uploads belong to who began them.
    pub(crate) fn id(&self) -> String {
        match self {
            Self::Admin => "admin".to_owned(),
            Self::Anonymous => "anonymous".to_owned(),
            Self::Holder(token) => token.id.to_string(),
            Self::Job(claims) => format!("{} {}", claims.repository, claims.run_id),
        }
    }
}

/// Whoever asks, if they may do `scope` on `mirror` (`None`: on the whole of Larder).
///
/// # Errors
/// [`Error::TokenMissing`], [`Error::TokenUnknown`], [`Error::JobToken`], [`Error::TokenScope`] or
/// [`Error::JobNotTrusted`]; [`Error::TooManyAttempts`] in place of the second and the third.
pub(crate) async fn require(app: &App, request: &Request, scope: Scope, mirror: Option<&MirrorName>) -> Result<Asker> {
    let asker = identify(app, request).await?;
    check(app, &asker, scope, mirror).await?;
    Ok(asker)
}

/// Sees to it that `asker` may do `scope` on `mirror` (`None`: on the whole of Larder).
///
/// # Errors
/// [`Error::TokenMissing`], [`Error::TokenScope`] or [`Error::JobNotTrusted`].
pub(crate) async fn check(app: &App, asker: &Asker, scope: Scope, mirror: Option<&MirrorName>) -> Result<()> {
    if may(app, asker, scope, mirror).await? {
        return Ok(());
    }
    Err(match (asker, mirror) {
        (Asker::Anonymous, _) => Error::TokenMissing,
        (Asker::Job(claims), Some(mirror)) => job_not_trusted(claims, mirror),
        (Asker::Admin | Asker::Holder(_) | Asker::Job(_), mirror) => Error::TokenScope {
            needed: scope.as_str(),
            on: mirror.map_or_else(|| "all mirrors".to_owned(), |mirror| format!("mirror `{mirror}`")),
        },
    })
}

fn job_not_trusted(claims: &Claims, mirror: &MirrorName) -> Error {
    Error::JobNotTrusted {
        mirror: mirror.clone(),
        repository: claims.repository.clone(),
        git_ref: claims.git_ref.clone(),
    }
}

/// Sees to it that the asker may read a mirror. Costs nothing when it is public, whatever secret
/// was sent.
///
/// # Errors
/// Those of [`require`].
pub(crate) async fn may_pull(app: &App, request: &Request, settings: &Settings) -> Result<()> {
    if settings.private { require(app, request, Scope::Pull, Some(&settings.name)).await.map(drop) } else { Ok(()) }
}

/// The settings of a mirror, if the asker may read it.
///
/// # Errors
/// [`Error::UnknownMirror`], or those of [`require`].
pub(crate) async fn readable(app: &App, request: &Request, mirror: &MirrorName) -> Result<Settings> {
    let settings = registry::find(app, mirror).await?;
    may_pull(app, request, &settings).await?;
    Ok(settings)
}

/// Whether `asker` may do `scope` on `mirror` (`None`: on the whole of Larder).
///
/// # Errors
/// [`Error::UnknownMirror`] when a job asks for a mirror that is not there.
pub(crate) async fn may(app: &App, asker: &Asker, scope: Scope, mirror: Option<&MirrorName>) -> Result<bool> {
    Ok(match (asker, mirror) {
        (Asker::Anonymous, _) | (Asker::Job(_), None) => false,
        (Asker::Admin, _) => true,
        (Asker::Holder(token), mirror) => token.allows(scope, mirror, now()),
        (Asker::Job(claims), Some(mirror)) => {
            let settings = registry::find(app, mirror).await?;
            trust::granted(&settings.trust, claims).iter().any(|granted| granted.includes(scope))
        }
    })
}

/// Who asks.
///
/// # Errors
/// [`Error::TokenUnread`], [`Error::TokenUnknown`] or [`Error::JobToken`] for a secret that is wrong;
/// [`Error::TooManyAttempts`] after too many of them.
pub(crate) async fn identify(app: &App, request: &Request) -> Result<Asker> {
    match sent_secret(request)? {
        Some(secret) => identify_by(app, request, &secret).await,
        None => Ok(Asker::Anonymous),
    }
}

/// The secret that came with a request: in its path, else in its `Authorization` header.
fn sent_secret(request: &Request) -> Result<Option<Secret>> {
    let secret = match (target::secret(&app::raw_path(request)?), header(request, "Authorization")) {
        (Some(secret), _) => secret,
        (None, Some(header)) => Secret::from_authorization(&header).ok_or(Error::TokenUnread)?,
        (None, None) => return Ok(None),
    };
    Ok(Some(secret).filter(|secret| !secret.is_anonymous()))
}

/// Who holds a secret.
async fn identify_by(app: &App, request: &Request, secret: &Secret) -> Result<Asker> {
    // Looked up and compared by digest: how long it takes says nothing about the token.
    if app.config.admin_token.as_ref().is_some_and(|admin| admin.is(&secret.digest())) {
        return Ok(Asker::Admin);
    }
    let asker = if Jwt::is_shape_of(secret.expose()) {
        jobs::verify(app, request, secret.expose()).await.map(|claims| Asker::Job(Box::new(claims)))
    } else {
        tokens::find(app, secret).await.map(Asker::Holder)
    };
    match asker {
        Err(wrong @ (Error::TokenUnknown | Error::JobToken(_))) => Err(attempts::count(app, request, wrong).await),
        asker => asker,
    }
}
