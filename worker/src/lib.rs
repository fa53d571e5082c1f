//! Larder's worker: Spack's mirror protocols and the JSON API, over R2 and one Durable Object a
//! mirror.
//!
//! A request is parsed into a [`Route`] and answered by one arm of one `match`. Handlers tell what
//! happens in terms of [`store`], [`index_client`] and [`respond`]; what is decided is decided in
//! `larder-shared`.

mod api;
mod app;
mod auth;
mod error;
mod index_client;
mod index_object;
mod mirror;
mod openpgp;
mod origin;
mod registry;
mod respond;
mod store;
mod stream;

use larder_shared::route::Route;
use worker::{Context, Env, Method, Request, Response, ScheduleContext, ScheduledEvent, event};

use crate::{
    app::App,
    error::{Error, Result},
};

#[event(start)]
fn start() {
    console_error_panic_hook::set_once();
}

#[event(fetch)]
async fn fetch(request: Request, env: Env, context: Context) -> worker::Result<Response> {
    let app = match App::new(env, context) {
        Ok(app) => app,
        Err(error) => return respond::failure(&error, &request),
    };
    let is_head = request.method() == Method::Head;
    let response = match answer(&app, &request).await {
        Ok(response) => response,
        Err(error) => respond::failure(&error, &request)?,
    };
    if is_head { respond::without_body(response) } else { Ok(response) }
}

/// The whole of Larder's server on one page.
async fn answer(app: &App, request: &Request) -> Result<Response> {
    let path = app::raw_path(request)?;
    let route = Route::parse(&path)?;
    // HEAD is GET without a body, which is dropped last.
    let method = if request.method() == Method::Head { Method::Get } else { request.method() };
    match (&route, method) {
        (_, Method::Options) => respond::preflight(&route),

        (Route::Object(mirror, path), Method::Get) => mirror::read::object(app, request, mirror, path).await,
        (Route::Object(mirror, path), Method::Put) => mirror::write::object(app, request, mirror, path).await,
        (Route::MirrorRoot(mirror), Method::Get) => mirror::read::root(app, mirror).await,

        (Route::Mirrors, Method::Get) => api::mirrors::list(app, request).await,
        (Route::Mirrors, Method::Post) => api::mirrors::create(app, request).await,
        (Route::Mirror(mirror), Method::Get) => api::mirrors::show(app, request, mirror).await,
        (Route::Refresh(mirror), Method::Post) => api::mirrors::refresh(app, request, mirror).await,
        (Route::Packages(mirror), Method::Get) => api::packages::list(app, request, mirror).await,
        (Route::Package(mirror, name), Method::Get) => api::packages::show(app, request, mirror, name).await,
        (Route::Specs(mirror), Method::Get) => api::specs::list(app, request, mirror).await,
        (Route::Spec(mirror, prefix), Method::Get) => api::specs::show(app, request, mirror, prefix).await,
        (Route::Keys(mirror), Method::Get) => api::keys::list(app, request, mirror).await,
        (Route::Tokens, Method::Get) => api::tokens::list(app, request).await,
        (Route::Tokens, Method::Post) => api::tokens::create(app, request).await,
        (Route::Token(id), Method::Delete) => api::tokens::revoke(app, request, id).await,
        (Route::OpenApi, Method::Get) => api::openapi(request),

        (route, method) => Err(Error::MethodNotAllowed { method: method.to_string(), allow: route.methods() }),
    }
}

/// Looks after what no request does: asks every origin for a newer index.
#[event(scheduled)]
async fn scheduled(_event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    match App::for_schedule(env) {
        Ok(app) => origin::refresh_all(&app).await,
        Err(error) => worker::console_error!("scheduled: {error:?}"),
    }
}
