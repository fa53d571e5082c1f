//! `/api/v1/mirrors`: which mirrors there are, and their figures.

use larder_shared::{
    api::{List, Mirror, MirrorChange, NewMirror, Origin, OriginState, Reindex, Require, Scope, Signing},
    index::command::{Ask, Summary},
    name::MirrorName,
};
use worker::{Request, Response, Url};

use super::{json_body, limit, parameter, webhook};
use crate::{
    app::App,
    auth::{self, Asker},
    error::{Error, Result},
    index_client, origin,
    registry::{self, Settings},
    respond, signing,
};

/// Most mirrors of a page: each asks its index, and the free plan gives a request 50 subrequests.
const MAX_MIRRORS: u32 = 20;

/// `GET /api/v1/mirrors`: those that the asker may read.
pub(crate) async fn list(app: &App, request: &Request) -> Result<Response> {
    let limit = limit(request, MAX_MIRRORS, MAX_MIRRORS)?;
    let asker = auth::identify(app, request).await?;
    let (all, next) = registry::list(app, parameter(request, "cursor")?, limit).await?;
    let mut items = Vec::new();
    for settings in all {
        if !settings.private || auth::may(app, &asker, Scope::Pull, Some(&settings.name)).await? {
            items.push(describe(app, settings, &asker).await?);
        }
    }
    let shows_private = items.iter().any(|mirror| mirror.private);
    let answer = respond::json(request, &List { items, next })?;
    if shows_private { respond::keep_private(answer) } else { Ok(answer) }
}

/// `POST /api/v1/mirrors`
pub(crate) async fn create(app: &App, request: &Request) -> Result<Response> {
    let asker = auth::require(app, request, Scope::Admin, None).await?;
    let mut new: NewMirror = json_body(request).await?;
    if let Origin::Http { url } = &mut new.origin {
        *url = checked_url(url)?;
    }
    check_policy(app, &new.origin, new.signing, new.require)?;
    let settings = registry::create(app, new).await?;
    signing::key_of(app, &settings).await?;
    respond::done(201, &describe(app, settings, &asker).await?)
}

/// Refuses what a mirror cannot do: its own key speaks for what was pushed with a token, not for what
/// another site has.
fn check_policy(app: &App, origin: &Origin, signing: Signing, require: Require) -> Result<()> {
    let is_special = signing != Signing::None || require != Require::Nothing;
    if is_special && *origin != Origin::Bucket {
        return Err(Error::Request(
            "`signing` and `require` are for mirrors that are pushed to, not for one that is read through".to_owned(),
        ));
    }
    signing::key(&app.config, signing).map(drop)
}

/// `POST /api/v1/mirrors/{m}/reindex`: the index follows from the bucket again, after the answer.
pub(crate) async fn reindex(app: &App, request: &Request, mirror: &MirrorName) -> Result<Response> {
    auth::require(app, request, Scope::Admin, Some(mirror)).await?;
    let settings = registry::find(app, mirror).await?;
    if settings.origin != Origin::Bucket {
        return Err(Error::Request(format!(
            "mirror `{mirror}` is read through from another site: its index follows from there"
        )));
    }
    let progress: Reindex = index_client::ask(app, mirror, Ask::Reindex).await?;
    respond::done(202, &progress)
}

/// An origin's URL as it is kept: without a trailing slash, query or password.
fn checked_url(text: &str) -> Result<String> {
    let refuse = |reason| Err(Error::Request(format!("the origin's url `{text}` {reason}")));
    let Ok(url) = Url::parse(text) else { return refuse("is not a URL") };
    if !matches!(url.scheme(), "http" | "https") {
        return refuse("does not begin with `https://` or `http://`");
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return refuse("has a query, a fragment or a user, which Spack cannot use either");
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// `GET /api/v1/mirrors/{m}`
pub(crate) async fn show(app: &App, request: &Request, mirror: &MirrorName) -> Result<Response> {
    let asker = auth::identify(app, request).await?;
    let settings = registry::find(app, mirror).await?;
    if settings.private {
        auth::check(app, &asker, Scope::Pull, Some(mirror)).await?;
    }
    origin::before_page(app, &settings).await;
    respond::json(request, &describe(app, settings, &asker).await?)
}

/// `PATCH /api/v1/mirrors/{m}`: changes what is given, and leaves the rest.
pub(crate) async fn change(app: &App, request: &Request, mirror: &MirrorName) -> Result<Response> {
    let asker = auth::require(app, request, Scope::Admin, Some(mirror)).await?;
    let MirrorChange { private, trust, signing, require, recipes, webhook } = json_body(request).await?;
    let webhook = webhook.map(|url| webhook::parse(app, &url)).transpose()?;
    let apply = |settings: &mut Settings| {
        settings.private = private.unwrap_or(settings.private);
        settings.signing = signing.unwrap_or(settings.signing);
        settings.require = require.unwrap_or(settings.require);
        if let Some(trust) = &trust {
            settings.trust.clone_from(trust);
        }
        if let Some(recipes) = &recipes {
            settings.recipes.clone_from(recipes);
        }
    };
    let mut wanted = registry::load(&app.store, mirror).await?;
    apply(&mut wanted);
    check_policy(app, &wanted.origin, wanted.signing, wanted.require)?;
    // The key is one of the mirror's before anything is signed with it.
    signing::key_of(app, &wanted).await?;
    let settings = registry::change(app, mirror, apply).await?;
    let secret = match webhook {
        Some(url) => webhook::set(app, request, mirror, url).await?,
        None => None,
    };
    let mut mirror = describe(app, settings, &asker).await?;
    if let Some(webhook) = &mut mirror.webhook {
        webhook.secret = secret;
    }
    respond::done(200, &mirror)
}

/// `POST /api/v1/mirrors/{m}/refresh`: asks the origin now.
pub(crate) async fn refresh(app: &App, request: &Request, mirror: &MirrorName) -> Result<Response> {
    let asker = auth::require(app, request, Scope::Push, Some(mirror)).await?;
    let settings = registry::find(app, mirror).await?;
    if settings.origin == Origin::Bucket {
        return Err(Error::Request(format!(
            "mirror `{mirror}` is not read through from another site: there is nothing to ask"
        )));
    }
    origin::ask_now(app, &settings).await?;
    respond::done(200, &describe(app, settings, &asker).await?)
}

async fn describe(app: &App, settings: Settings, asker: &Asker) -> Result<Mirror> {
    let may_change = auth::may(app, asker, Scope::Admin, Some(&settings.name)).await?;
    let summary: Summary = index_client::ask(app, &settings.name, Ask::Summary).await?;
    let origin_state = match settings.origin {
        Origin::Bucket => None,
        Origin::Http { .. } | Origin::Oci { .. } => Some(OriginState {
            asked: summary.origin_asked,
            fresh: summary.origin_fresh,
            error: summary.origin_error,
            unread_tags: summary.unread_tags,
            refused_tags: summary.refused_tags,
            refused: summary.refused,
        }),
    };
    Ok(Mirror {
        name: settings.name,
        origin: settings.origin,
        created: settings.created,
        private: settings.private,
        trust: may_change.then_some(settings.trust),
        specs: summary.specs,
        packages: summary.packages,
        signed: summary.signed,
        unread_specs: summary.unread_specs,
        bytes: summary.bytes,
        unsized_specs: summary.unsized_specs,
        generation: summary.generation,
        updated: summary.updated,
        layouts: summary.layouts,
        origin_state,
        signing: settings.signing,
        require: settings.require,
        recipes: settings.recipes,
        webhook: summary.webhook.filter(|_| may_change),
        reindex: summary.reindex,
        reports: summary.reports,
    })
}
