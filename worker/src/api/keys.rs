//! `/api/v1/mirrors/{m}/keys`

use larder_shared::{
    api::{Key, List},
    index::command::Ask,
    name::MirrorName,
};
use worker::{Request, Response};

use crate::{app::App, auth, error::Result, index_client, origin, respond};

/// `GET /api/v1/mirrors/{m}/keys`: all of them, by fingerprint.
pub(crate) async fn list(app: &App, request: &Request, mirror: &MirrorName) -> Result<Response> {
    origin::before_page(app, &auth::readable(app, request, mirror).await?).await;
    let items: Vec<Key> = index_client::ask(app, mirror, Ask::Keys).await?;
    respond::json(request, &List { items, next: None })
}
