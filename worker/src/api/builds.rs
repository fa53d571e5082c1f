//! `/api/v1/mirrors/{m}/builds`, read; [`crate::report`] takes them.

use larder_shared::{
    api::{
        List,
        report::{Build, BuildSummary},
    },
    index::report::{BuildQuery, ReportAsk},
    name::MirrorName,
};
use worker::{Request, Response};

use super::{DEFAULT_LIMIT, MAX_LIMIT, limit, number, parameter, parsed};
use crate::{
    app::App,
    auth,
    error::Result,
    report::{ask, log::no_build},
    respond,
};

/// `GET /api/v1/mirrors/{m}/builds?status=&package=&kind=&run=&signature=&since=&limit=&cursor=`
pub(crate) async fn list(app: &App, request: &Request, mirror: &MirrorName) -> Result<Response> {
    auth::readable(app, request, mirror).await?;
    let query = BuildQuery {
        status: parsed(request, "status")?,
        package: parameter(request, "package")?,
        kind: parsed(request, "kind")?,
        run: number(request, "run")?,
        signature: parsed(request, "signature")?,
        since: parsed(request, "since")?,
        limit: limit(request, DEFAULT_LIMIT, MAX_LIMIT)?,
        before: number(request, "cursor")?,
    };
    let list: List<BuildSummary> = ask(app, mirror, ReportAsk::Builds(query)).await?;
    respond::json(request, &list)
}

/// `GET /api/v1/mirrors/{m}/builds/{id}`
pub(crate) async fn show(app: &App, request: &Request, mirror: &MirrorName, id: u64) -> Result<Response> {
    auth::readable(app, request, mirror).await?;
    let build: Option<Build> = ask(app, mirror, ReportAsk::Build(id)).await?;
    respond::json(request, &build.ok_or_else(|| no_build(mirror, id))?)
}
