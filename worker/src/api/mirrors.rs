//! `/api/v1/mirrors`: which mirrors there are, and their figures.

use larder_shared::{
    api::{List, Mirror, NewMirror, Origin, OriginState, Scope},
    index::command::{Ask, Summary},
    name::MirrorName,
};
use worker::{Request, Response, Url};

use super::{body, limit, parameter};
use crate::{
    app::App,
    auth,
    error::{Error, Result},
    index_client, origin,
    registry::{self, Settings},
    respond,
};

/// Most mirrors of a page: each asks its index, and the free plan gives a request 50 subrequests.
const MAX_MIRRORS: u32 = 20;

/// `GET /api/v1/mirrors`
pub(crate) async fn list(app: &App, request: &Request) -> Result<Response> {
    let limit = limit(request, MAX_MIRRORS, MAX_MIRRORS)?;
    let (all, next) = registry::list(app, parameter(request, "cursor")?, limit).await?;
    let mut items = Vec::new();
    for settings in all {
        items.push(describe(app, settings).await?);
    }
    respond::json(request, &List { items, next })
}

/// `POST /api/v1/mirrors`
pub(crate) async fn create(app: &App, request: &Request) -> Result<Response> {
    auth::require(app, request, Scope::Admin, None).await?;
    let mut new: NewMirror = body(request).await?;
    if let Origin::Http { url } = &mut new.origin {
        *url = checked_url(url)?;
    }
    let settings = registry::create(app, new).await?;
    respond::done(201, &describe(app, settings).await?)
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
    let settings = registry::find(app, mirror).await?;
    origin::before_page(app, &settings).await;
    respond::json(request, &describe(app, settings).await?)
}

/// `POST /api/v1/mirrors/{m}/refresh`: the same as the scheduled event does.
pub(crate) async fn refresh(app: &App, request: &Request, mirror: &MirrorName) -> Result<Response> {
    auth::require(app, request, Scope::Push, Some(mirror)).await?;
    let settings = registry::find(app, mirror).await?;
    if settings.origin == Origin::Bucket {
        return Err(Error::Request(format!(
            "mirror `{mirror}` is not read through from another site: there is nothing to ask"
        )));
    }
    origin::refresh(app, &settings).await?;
    respond::done(200, &describe(app, settings).await?)
}

async fn describe(app: &App, settings: Settings) -> Result<Mirror> {
    let summary: Summary = index_client::ask(app, &settings.name, Ask::Summary).await?;
    let origin_state = match settings.origin {
        Origin::Bucket => None,
        Origin::Http { .. } => {
            Some(OriginState { asked: summary.origin_asked, fresh: summary.origin_fresh, error: summary.origin_error })
        }
    };
    Ok(Mirror {
        name: settings.name,
        origin: settings.origin,
        created: settings.created,
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
    })
}
