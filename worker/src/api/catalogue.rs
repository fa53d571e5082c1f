//! `/api/v1/mirrors/{m}/catalogue`

use larder_shared::{
    digest::Digest,
    index::{
        catalogue::{Cursor, Part},
        command::{Ask, CatalogueFound},
    },
    name::MirrorName,
};
use worker::{Method, Request, Response, ResponseBody};

use super::parameter;
use crate::{
    app::App,
    auth,
    error::{Error, Result},
    index_client, index_document, origin,
    respond::{CatalogueHeaders, is_current},
};

/// `GET /api/v1/mirrors/{m}/catalogue?part=&since=`
pub(crate) async fn show(app: &App, request: &Request, mirror: &MirrorName) -> Result<Response> {
    origin::before_page(app, &auth::readable(app, request, mirror).await?).await;
    let part = match parameter(request, "part")? {
        None => Part::Specs,
        Some(text) => text
            .parse()
            .map_err(|_| Error::Request(format!("`part` is `{text}`; there are specs, edges and hashes")))?,
    };
    let since = match parameter(request, "since")? {
        None => None,
        Some(text) => {
            let wrong = |error| Error::Request(format!("`since` cannot be used: {error}"));
            Some(text.parse::<Cursor>().map_err(wrong)?)
        }
    };
    let since = since.filter(|since| *since != Cursor::default());
    let found: CatalogueFound = index_client::ask(app, mirror, Ask::Catalogue { part, since }).await?;
    let is_head = request.method() == Method::Head;
    match found {
        CatalogueFound::Whole(document) => {
            let headers = CatalogueHeaders { etag: &format!("\"{}\"", document.digest), bytes: document.bytes };
            if is_current(request, headers.etag) {
                return headers.not_modified();
            }
            let body = match is_head {
                true => ResponseBody::Empty,
                false => index_document::body(app, mirror, &document, None).await?,
            };
            headers.body(body)
        }
        CatalogueFound::Making { packages, of } => Err(Error::CatalogueMaking { packages, of }),
        CatalogueFound::Since(digits) => {
            let damaged = |_| Error::Platform { doing: "reading a catalogue", source: "no hex digits".into() };
            let bytes = hex::decode(digits).map_err(damaged)?;
            let headers = CatalogueHeaders { etag: &format!("\"{}\"", Digest::of(&bytes)), bytes: bytes.len() as u64 };
            if is_current(request, headers.etag) {
                return headers.not_modified();
            }
            headers.body(if is_head { ResponseBody::Empty } else { ResponseBody::Body(bytes) })
        }
    }
}
