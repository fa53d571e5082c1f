//! `/api/v1/mirrors/{m}/specs`

use larder_shared::{
    api::{List, Origin, Scope, SpecSummary},
    index::command::{Ask, FoundSpec},
    name::{DagHash, MirrorName},
    query::Query,
};
use worker::{Request, Response};

use super::{DEFAULT_LIMIT, MAX_LIMIT, limit, parameter};
use crate::{
    app::App,
    auth,
    error::{Error, Result},
    index_client, origin, registry, respond,
};

/// `GET /api/v1/mirrors/{m}/specs?q=&package=&limit=&cursor=`
pub(crate) async fn list(app: &App, request: &Request, mirror: &MirrorName) -> Result<Response> {
    origin::before_page(app, &auth::readable(app, request, mirror).await?).await;
    let package = match parameter(request, "package")? {
        None => None,
        Some(name) => Some(name.parse().map_err(|error| Error::Request(format!("{error}")))?),
    };
    let cursor = parameter(request, "cursor")?;
    if cursor.as_ref().is_some_and(|cursor| cursor.parse::<u32>().is_err()) {
        return Err(Error::Request("`cursor` is not one of ours".to_owned()));
    }
    let limit = limit(request, DEFAULT_LIMIT, MAX_LIMIT)?;
    let ask = match parameter(request, "q")? {
        None => Ask::Specs { package, limit, cursor },
        Some(query) => Ask::Find { query: checked(query)?, package, limit, cursor },
    };
    let list: List<SpecSummary> = index_client::ask(app, mirror, ask).await?;
    respond::json(request, &list)
}

/// A query that can be read.
fn checked(text: String) -> Result<String> {
    match text.parse::<Query>() {
        Ok(_) => Ok(text),
        Err(error) => Err(Error::Request(format!("`q` has a fault at character {}: {error}", error.column(&text)))),
    }
}

/// `GET /api/v1/mirrors/{m}/specs/{hash}`
pub(crate) async fn show(app: &App, request: &Request, mirror: &MirrorName, prefix: &str) -> Result<Response> {
    origin::before_page(app, &auth::readable(app, request, mirror).await?).await;
    match index_client::ask(app, mirror, Ask::Spec { prefix: prefix.to_owned() }).await? {
        FoundSpec::One(spec) => respond::json(request, &spec),
        FoundSpec::None => Err(Error::NotFound { what: format!("a spec `/{prefix}`"), mirror: mirror.clone() }),
        FoundSpec::Several(hashes) => Err(Error::Ambiguous {
            prefix: prefix.to_owned(),
            hashes: hashes.iter().map(|hash| format!("/{hash}")).collect(),
        }),
    }
}

/// `DELETE /api/v1/mirrors/{m}/specs/{hash}`: from all layouts at once. The whole hash is asked for, so
/// that nobody removes another package than they mean.
pub(crate) async fn remove(app: &App, request: &Request, mirror: &MirrorName, hash: &str) -> Result<Response> {
    auth::require(app, request, Scope::Admin, Some(mirror)).await?;
    if registry::find(app, mirror).await?.origin != Origin::Bucket {
        return Err(Error::ReadThrough(mirror.clone()));
    }
    let hash: DagHash = hash.parse().map_err(|error| Error::Request(format!("to remove a package, {error}")))?;
    let removed: Option<SpecSummary> = index_client::ask(app, mirror, Ask::Remove(hash.clone())).await?;
    let missing = || Error::NotFound { what: format!("a spec `/{hash}`"), mirror: mirror.clone() };
    respond::done(200, &removed.ok_or_else(missing)?)
}
