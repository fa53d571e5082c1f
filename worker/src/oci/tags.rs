//! `/v2/<name>/tags/list`

use larder_shared::{api::List, index::command::Ask, name::MirrorName, oci::tag::Tag};
use serde::Serialize;
use worker::{Request, Response};

use super::{json, location, parameter};
use crate::{
    app::App,
    auth,
    error::{Error, Result},
    index_client, origin,
};

/// Most tags of a page. Spack follows the `Link` header, and a package's tag has about 60 characters.
const MAX_TAGS: u32 = 10_000;

#[derive(Serialize)]
struct TagList<'a> {
    name: &'a MirrorName,
    tags: Vec<Tag>,
}

/// `GET`: in order of their bytes, at most `n`, after `last`.
pub(crate) async fn list(app: &App, request: &Request, mirror: &MirrorName) -> Result<Response> {
    let settings = auth::readable(app, request, mirror).await?;
    origin::before_index(app, &settings).await?;
    let limit = match parameter(request, "n")? {
        None => MAX_TAGS,
        Some(n) => {
            let limit: u32 = n.parse().map_err(|_| Error::Request(format!("`n={n}` is not a number of tags")))?;
            limit.min(MAX_TAGS)
        }
    };
    let after = parameter(request, "last")?;
    let List { items, next } = match limit {
        0 => List { items: Vec::new(), next: None },
        limit => index_client::ask(app, mirror, Ask::Tags { limit, after }).await?,
    };
    let link = next.map(|last| format!("<{}?n={limit}&last={last}>; rel=\"next\"", location(mirror, "tags/list")));
    let headers: Vec<_> = link.iter().map(|link| ("Link", link.as_str())).collect();
    json(&headers, &TagList { name: mirror, tags: items })
}
