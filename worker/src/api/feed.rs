//! `GET /api/v1/mirrors/{m}/failures.atom`: what began to fail, or failed again.

use js_sys::Date;
use larder_shared::{
    api::Timestamp,
    index::report::{News, ReportAsk},
    name::MirrorName,
    report::feed,
};
use worker::{Request, Response};

use crate::{
    app::{self, App},
    auth,
    error::Result,
    report, respond,
};

/// The newest of them, at most [`feed::MAX_ENTRIES`].
pub(crate) async fn show(app: &App, request: &Request, mirror: &MirrorName) -> Result<Response> {
    let settings = auth::readable(app, request, mirror).await?;
    let news: Vec<News> = report::ask(app, mirror, ReportAsk::News(feed::MAX_ENTRIES)).await?;
    let (origin, path) = (app::origin(request)?, app::raw_path(request)?);
    let modified = http_date(feed::updated(&news).unwrap_or(settings.created));
    let headers = respond::DocumentHeaders {
        content_type: feed::MEDIA_TYPE,
        cache_control: "no-cache",
        more: &[],
        last_modified: Some(&modified),
    };
    respond::document(request, &headers, feed::atom(&origin, &path, mirror, settings.created, &news).into_bytes())
}

/// A time as headers write it (RFC 9110, section 5.6.7).
#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 stay far below 2^53")]
fn http_date(time: Timestamp) -> String {
    Date::new(&(time.as_millis() as f64).into()).to_utc_string().into()
}
