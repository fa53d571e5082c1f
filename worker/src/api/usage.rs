//! `/api/v1/mirrors/{m}/usage`

use larder_shared::{api::usage::Usage, index::command::Ask, name::MirrorName};
use worker::{Request, Response};

use crate::{app::App, auth, error::Result, index_client, origin, respond, usage};

/// `GET /api/v1/mirrors/{m}/usage`: with what this isolate has counted and not told yet.
pub(crate) async fn show(app: &App, request: &Request, mirror: &MirrorName) -> Result<Response> {
    origin::before_page(app, &auth::readable(app, request, mirror).await?).await;
    let usage: Usage = index_client::ask(app, mirror, Ask::Usage(usage::take(mirror))).await?;
    respond::json(request, &usage)
}
