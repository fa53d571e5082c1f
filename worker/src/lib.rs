//! Larder's worker: Spack's mirror protocols and the JSON API, over R2 and one Durable Object a
//! mirror.
//!
//! A request is parsed into a [`Route`] and answered by one arm of one `match`. Handlers tell what
//! happens in terms of [`store`], [`index_client`] and [`respond`]; what is decided is decided in
//! `larder-shared`.

mod api;
mod app;
mod auth;
mod body;
mod error;
mod index_client;
mod index_document;
mod index_object;
mod intake;
mod mirror;
mod oci;
mod openpgp;
mod operations;
mod origin;
mod registry;
mod report;
mod respond;
mod schedule;
mod signing;
mod store;
mod stream;
mod upstream;
mod usage;

use larder_shared::{
    oci::route::RepositoryPath,
    route::{Route, Target},
};
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
        Err(error) => {
            body::drain(&request, &error).await;
            respond::failure(&error, &request)?
        }
    };
    let mut response = if is_head { respond::without_body(response)? } else { response };
    if app.config.is_cost_told {
        response.headers_mut().set("Larder-Cost", &app.operations.to_string())?;
    }
    Ok(response)
}

/// The whole of Larder's server on one page.
async fn answer(app: &App, request: &Request) -> Result<Response> {
    let target = Target::parse(&app::raw_path(request)?)?;
    // HEAD is GET without a body, which is dropped last.
    let method = if request.method() == Method::Head { Method::Get } else { request.method() };
    if target.secret.is_some() && !matches!(method, Method::Get | Method::Options) {
        return Err(Error::MethodNotAllowed { method: method.to_string(), allow: target.methods() });
    }
    let is_read = method == Method::Get;
    let outcome = handle(app, request, &target, method).await;
    if request.method() == Method::Get {
        usage::count(app, &target.route, &outcome).await;
    }
    let response = outcome?;
    if is_read && is_private(app, &target).await? { respond::keep_private(response) } else { Ok(response) }
}

/// Whether an answer is for the asker alone. Whichever handler wrote it does not have to know.
async fn is_private(app: &App, target: &Target) -> Result<bool> {
    match target.route.mirror() {
        _ if target.secret.is_some() => Ok(true),
        Some(mirror) => match registry::find(app, mirror).await {
            Ok(settings) => Ok(settings.private),
            Err(Error::UnknownMirror(_)) => Ok(false),
            Err(error) => Err(error),
        },
        None => Ok(false),
    }
}

async fn handle(app: &App, request: &Request, target: &Target, method: Method) -> Result<Response> {
    match (&target.route, method) {
        (_, Method::Options) => respond::preflight(target),

        (Route::Object(mirror, path), Method::Get) => mirror::read::object(app, request, mirror, path).await,
        (Route::Object(mirror, path), Method::Put) => mirror::write::object(app, request, mirror, path).await,
        (Route::Slice(mirror, slice, path), Method::Get) => {
            mirror::read::slice(app, request, mirror, slice, path).await
        }
        (Route::ActionCache(mirror, path), Method::Get) => mirror::action_cache::show(app, request, mirror, path).await,
        (Route::MirrorRoot(mirror), Method::Get) => mirror::read::root(app, request, mirror).await,

        (Route::Registry, Method::Get) => oci::ping(app, request).await,
        (Route::Repository(mirror, path), method) => match (path, method) {
            (RepositoryPath::Manifest(reference), Method::Get) => {
                oci::manifest::show(app, request, mirror, reference).await
            }
            (RepositoryPath::Manifest(reference), Method::Put) => {
                oci::manifest::put(app, request, mirror, reference).await
            }
            (RepositoryPath::Manifest(reference), Method::Delete) => {
                oci::manifest::delete(app, request, mirror, reference).await
            }
            (RepositoryPath::Blob(digest), Method::Get) => oci::blob::show(app, request, mirror, digest).await,
            (RepositoryPath::Blob(digest), Method::Delete) => oci::blob::delete(app, request, mirror, digest).await,
            (RepositoryPath::Uploads, Method::Post) => oci::upload::begin(app, request, mirror).await,
            (RepositoryPath::Upload(id), Method::Get) => oci::upload::show(app, request, mirror, id).await,
            (RepositoryPath::Upload(id), Method::Patch) => oci::upload::append(app, request, mirror, id).await,
            (RepositoryPath::Upload(id), Method::Put) => oci::upload::finish(app, request, mirror, id).await,
            (RepositoryPath::Upload(id), Method::Delete) => oci::upload::cancel(app, request, mirror, id).await,
            (RepositoryPath::Tags, Method::Get) => oci::tags::list(app, request, mirror).await,
            (RepositoryPath::Referrers(subject), Method::Get) => {
                oci::referrers::list(app, request, mirror, subject).await
            }
            (_, method) => Err(Error::MethodNotAllowed { method: method.to_string(), allow: target.route.methods() }),
        },

        (Route::Mirrors, Method::Get) => api::mirrors::list(app, request).await,
        (Route::Mirrors, Method::Post) => api::mirrors::create(app, request).await,
        (Route::Mirror(mirror), Method::Get) => api::mirrors::show(app, request, mirror).await,
        (Route::Mirror(mirror), Method::Patch) => api::mirrors::change(app, request, mirror).await,
        (Route::Reindex(mirror), Method::Post) => api::mirrors::reindex(app, request, mirror).await,
        (Route::Refresh(mirror), Method::Post) => api::mirrors::refresh(app, request, mirror).await,
        (Route::Packages(mirror), Method::Get) => api::packages::list(app, request, mirror).await,
        (Route::Package(mirror, name), Method::Get) => api::packages::show(app, request, mirror, name).await,
        (Route::Specs(mirror), Method::Get) => api::specs::list(app, request, mirror).await,
        (Route::Spec(mirror, prefix), Method::Get) => api::specs::show(app, request, mirror, prefix).await,
        (Route::Spec(mirror, hash), Method::Delete) => api::specs::remove(app, request, mirror, hash).await,
        (Route::Catalogue(mirror), Method::Get) => api::catalogue::show(app, request, mirror).await,
        (Route::Usage(mirror), Method::Get) => api::usage::show(app, request, mirror).await,
        (Route::Suggest(mirror), Method::Get) => api::suggest::show(app, request, mirror).await,
        (Route::Suggest(mirror), Method::Post) => api::suggest::answer(app, request, mirror).await,
        (Route::Keys(mirror), Method::Get) => api::keys::list(app, request, mirror).await,
        (Route::Builds(mirror), Method::Get) => api::builds::list(app, request, mirror).await,
        (Route::Builds(mirror), Method::Post) => report::builds::create(app, request, mirror).await,
        (Route::Build(mirror, id), Method::Get) => api::builds::show(app, request, mirror, *id).await,
        (Route::BuildLog(mirror, id), Method::Get) => report::log::show(app, request, mirror, *id).await,
        (Route::BuildLog(mirror, id), Method::Put) => report::log::put(app, request, mirror, *id).await,
        (Route::BuildFailure(mirror, id), Method::Put) => report::log::put_failure(app, request, mirror, *id).await,
        (Route::Runs(mirror), Method::Get) => api::runs::list(app, request, mirror).await,
        (Route::Run(mirror, id), Method::Get) => api::runs::show(app, request, mirror, *id).await,
        (Route::Failures(mirror), Method::Get) => api::failures::list(app, request, mirror).await,
        (Route::Failure(mirror, signature), Method::Get) => api::failures::show(app, request, mirror, signature).await,
        (Route::Tokens, Method::Get) => api::tokens::list(app, request).await,
        (Route::Tokens, Method::Post) => api::tokens::create(app, request).await,
        (Route::Token(id), Method::Delete) => api::tokens::revoke(app, request, id).await,
        (Route::OpenApi, Method::Get) => api::openapi(request),

        (Route::FailureFeed(mirror), Method::Get) => api::feed::show(app, request, mirror).await,
        (Route::Badge(mirror, name), Method::Get) => api::badge::show(app, request, mirror, name).await,
        (Route::CdashSubmit(mirror), Method::Put | Method::Post) => report::cdash::submit(app, request, mirror).await,
        (Route::CdashSummary(mirror), Method::Get) => report::cdash::summary(request, mirror),

        (Route::AuthToken, Method::Get) => auth::endpoint::get(app, request).await,
        (Route::AuthToken, Method::Post) => auth::endpoint::post(app, request).await,

        (route, method) => Err(Error::MethodNotAllowed { method: method.to_string(), allow: route.methods() }),
    }
}

/// Looks after what no request does.
#[event(scheduled)]
async fn scheduled(_event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    match App::for_schedule(env) {
        Ok(app) => schedule::run(&app).await,
        Err(error) => worker::console_error!("scheduled: {error:?}"),
    }
}
