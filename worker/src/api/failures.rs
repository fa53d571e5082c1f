//! `/api/v1/mirrors/{m}/failures`: what breaks, over all runs.

use larder_shared::{
    api::{
        List,
        report::{Failure, FailureSummary},
    },
    index::report::{FailureParts, FailureQuery, ReportAsk},
    name::MirrorName,
    report::{Signature, issue::issue},
    route::page::Page,
};
use worker::{Request, Response};

use super::{DEFAULT_LIMIT, MAX_LIMIT, limit, number, parameter, parsed};
use crate::{
    app::{self, App},
    auth,
    error::{Error, Result},
    report::ask,
    respond,
};

/// `GET /api/v1/mirrors/{m}/failures?state=&kind=&package=&sort=&limit=&cursor=`
pub(crate) async fn list(app: &App, request: &Request, mirror: &MirrorName) -> Result<Response> {
    auth::readable(app, request, mirror).await?;
    let query = FailureQuery {
        state: parsed(request, "state")?.unwrap_or_default(),
        kind: parsed(request, "kind")?,
        package: parameter(request, "package")?,
        order: parsed(request, "sort")?.unwrap_or_default(),
        limit: limit(request, DEFAULT_LIMIT, MAX_LIMIT)?,
        offset: number(request, "cursor")?.unwrap_or_default(),
    };
    let list: List<FailureSummary> = ask(app, mirror, ReportAsk::Failures(query)).await?;
    respond::json(request, &list)
}

/// `GET /api/v1/mirrors/{m}/failures/{signature}`
pub(crate) async fn show(app: &App, request: &Request, mirror: &MirrorName, signature: &Signature) -> Result<Response> {
    let settings = auth::readable(app, request, mirror).await?;
    let parts: Option<FailureParts> = ask(app, mirror, ReportAsk::Failure(signature.clone())).await?;
    let missing = || Error::NotFound { what: format!("failure {signature}"), mirror: mirror.clone() };
    let FailureParts { summary, cause, build, builds, blocked, runs } = parts.ok_or_else(missing)?;
    let page = format!("{}{}", app::origin(request)?, Page::Failure(mirror.clone(), signature.clone()));
    let run = runs.iter().find(|run| run.id == build.run);
    let issue = issue(&settings.recipes, &cause, &build, run, Some(&page));
    respond::json(request, &Failure { summary, cause, build, builds, blocked, runs, issue })
}
