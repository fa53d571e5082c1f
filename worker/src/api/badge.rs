//! `GET /api/v1/mirrors/{m}/packages/{name}/badge.svg`: how a package is, as an image.

use larder_shared::{
    api::{List, Package, report::BuildSummary},
    index::{
        command::Ask,
        report::{BuildQuery, ReportAsk},
    },
    name::{MirrorName, PackageName},
    report::{
        Status,
        badge::{self, State},
    },
};
use worker::{Request, Response};

use crate::{app::App, auth, error::Result, index_client, report, respond};

/// Builds that are looked at for the last one that came to an end.
const LOOKED_AT: u32 = 20;

/// Forges show images through proxies of their own, which ask again after five minutes. Opened by
/// itself, the image can load and run nothing.
const IMAGE: respond::DocumentHeaders<'_> = respond::DocumentHeaders {
    content_type: "image/svg+xml",
    cache_control: "public, max-age=300",
    more: &[("Content-Security-Policy", "default-src 'none'; sandbox")],
    last_modified: None,
};

/// The badge of any name: a page that shows badges has no use for an error.
pub(crate) async fn show(app: &App, request: &Request, mirror: &MirrorName, name: &PackageName) -> Result<Response> {
    auth::readable(app, request, mirror).await?;
    let package: Option<Package> = index_client::ask(app, mirror, Ask::Package(name.clone())).await?;
    let query = BuildQuery { package: Some(name.to_string()), limit: LOOKED_AT, ..BuildQuery::default() };
    let builds: List<BuildSummary> = report::ask(app, mirror, ReportAsk::Builds(query)).await?;
    let state = state(package, &builds.items);
    respond::document(request, &IMAGE, badge::svg(name, &state).into_bytes())
}

/// What the newest of the builds and the mirror's packages say.
fn state(package: Option<Package>, builds: &[BuildSummary]) -> State {
    let last = builds.iter().find(|build| matches!(build.status, Status::Built | Status::Failed));
    let failed = last.filter(|build| build.status == Status::Failed).map(|build| build.received);
    match package.map(|package| package.summary) {
        // A package that was pushed since is there, whoever built it.
        Some(summary) if failed.is_none_or(|failed| failed < summary.pushed) => State::Built(summary.newest),
        None if failed.is_none() => State::Missing,
        _ => State::Failing,
    }
}
