//! `/api/v1/mirrors/{m}/packages`

use larder_shared::{
    api::{List, Package, PackageSummary},
    index::command::Ask,
    name::{MirrorName, PackageName},
};
use worker::{Request, Response};

use super::{DEFAULT_LIMIT, MAX_LIMIT, limit, parameter};
use crate::{
    app::App,
    auth,
    error::{Error, Result},
    index_client, origin, respond,
};

/// `GET /api/v1/mirrors/{m}/packages?q=&limit=&cursor=`
pub(crate) async fn list(app: &App, request: &Request, mirror: &MirrorName) -> Result<Response> {
    origin::before_page(app, &auth::readable(app, request, mirror).await?).await;
    let after = match parameter(request, "cursor")? {
        None => None,
        Some(cursor) => Some(cursor.parse().map_err(|_| Error::Request("`cursor` is not one of ours".to_owned()))?),
    };
    let q = parameter(request, "q")?.unwrap_or_default();
    let limit = limit(request, DEFAULT_LIMIT, MAX_LIMIT)?;
    let list: List<PackageSummary> = index_client::ask(app, mirror, Ask::Packages { q, limit, after }).await?;
    respond::json(request, &list)
}

/// `GET /api/v1/mirrors/{m}/packages/{name}`
pub(crate) async fn show(app: &App, request: &Request, mirror: &MirrorName, name: &PackageName) -> Result<Response> {
    origin::before_page(app, &auth::readable(app, request, mirror).await?).await;
    let package: Option<Package> = index_client::ask(app, mirror, Ask::Package(name.clone())).await?;
    let missing = || Error::NotFound { what: format!("package `{name}`"), mirror: mirror.clone() };
    respond::json(request, &package.ok_or_else(missing)?)
}
