//! `/api/v1/mirrors/{m}/runs`

use larder_shared::{
    api::{
        List,
        report::{Run, RunSummary},
    },
    index::report::ReportAsk,
    name::MirrorName,
};
use worker::{Request, Response};

use super::{limit, number};
use crate::{
    app::App,
    auth,
    error::{Error, Result},
    report::ask,
    respond,
};

/// Most runs of a page, each with its cells, and how many there are unless `limit` says otherwise.
const MAX_LIMIT: u32 = 100;
const DEFAULT_LIMIT: u32 = 50;

/// `GET /api/v1/mirrors/{m}/runs?limit=&cursor=`
pub(crate) async fn list(app: &App, request: &Request, mirror: &MirrorName) -> Result<Response> {
    auth::readable(app, request, mirror).await?;
    let (limit, before) = (limit(request, DEFAULT_LIMIT, MAX_LIMIT)?, number(request, "cursor")?);
    let list: List<RunSummary> = ask(app, mirror, ReportAsk::Runs { limit, before }).await?;
    respond::json(request, &list)
}

/// `GET /api/v1/mirrors/{m}/runs/{id}`
pub(crate) async fn show(app: &App, request: &Request, mirror: &MirrorName, id: u64) -> Result<Response> {
    auth::readable(app, request, mirror).await?;
    let run: Option<Run> = ask(app, mirror, ReportAsk::Run(id)).await?;
    let missing = || Error::NotFound { what: format!("run {id}"), mirror: mirror.clone() };
    respond::json(request, &run.ok_or_else(missing)?)
}
