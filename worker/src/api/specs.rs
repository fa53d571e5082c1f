//! `/api/v1/mirrors/{m}/specs`

use larder_shared::{
    api::{List, SpecSummary},
    index::command::{Ask, FoundSpec},
    name::MirrorName,
};
use worker::{Request, Response};

use super::{DEFAULT_LIMIT, MAX_LIMIT, limit, parameter};
use crate::{
    app::App,
    error::{Error, Result},
    index_client, origin, registry, respond,
};

/// `GET /api/v1/mirrors/{m}/specs?package=&limit=&cursor=`
pub(crate) async fn list(app: &App, request: &Request, mirror: &MirrorName) -> Result<Response> {
    origin::before_page(app, &registry::find(app, mirror).await?).await;
    let package = match parameter(request, "package")? {
        None => None,
        Some(name) => Some(name.parse().map_err(|error| Error::Request(format!("{error}")))?),
    };
    let cursor = parameter(request, "cursor")?;
    if cursor.as_ref().is_some_and(|cursor| cursor.parse::<u32>().is_err()) {
        return Err(Error::Request("`cursor` is not one of ours".to_owned()));
    }
    let limit = limit(request, DEFAULT_LIMIT, MAX_LIMIT)?;
    let list: List<SpecSummary> = index_client::ask(app, mirror, Ask::Specs { package, limit, cursor }).await?;
    respond::json(request, &list)
}

/// `GET /api/v1/mirrors/{m}/specs/{hash}`
pub(crate) async fn show(app: &App, request: &Request, mirror: &MirrorName, prefix: &str) -> Result<Response> {
    origin::before_page(app, &registry::find(app, mirror).await?).await;
    match index_client::ask(app, mirror, Ask::Spec { prefix: prefix.to_owned() }).await? {
        FoundSpec::One(spec) => respond::json(request, &spec),
        FoundSpec::None => Err(Error::NotFound { what: format!("a spec `/{prefix}`"), mirror: mirror.clone() }),
        FoundSpec::Several(hashes) => Err(Error::Ambiguous {
            prefix: prefix.to_owned(),
            hashes: hashes.iter().map(|hash| format!("/{hash}")).collect(),
        }),
    }
}
