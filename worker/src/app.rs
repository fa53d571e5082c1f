//! What a request has at hand: the settings, the bucket, the indexes, the clock.

use std::rc::Rc;

use larder_shared::{api::Timestamp, config::Config};
use worker::{Bucket, Context, Date, Env, ObjectNamespace, RateLimiter, Request};

use crate::{
    error::{Error, Result},
    operations::Operations,
    store::Store,
};

/// Everything a handler needs; made at the start of a request, cheap to clone for work that goes on
/// after the answer.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) config: Rc<Config>,
    pub(crate) store: Store,
    pub(crate) operations: Operations,
    pub(crate) indexes: ObjectNamespace,
    /// Counts wrong secrets; without the binding nobody does.
    pub(crate) failed_attempts: Option<Rc<RateLimiter>>,
    context: Option<Rc<Context>>,
}

impl App {
    /// For a request, whose context lets work go on after the answer.
    pub(crate) fn new(env: Env, context: Context) -> Result<Self> {
        Self::with(&env, Some(Rc::new(context)))
    }

    /// For a scheduled event.
    pub(crate) fn for_schedule(env: Env) -> Result<Self> {
        Self::with(&env, None)
    }

    fn with(env: &Env, context: Option<Rc<Context>>) -> Result<Self> {
        let binding = |source| Error::Platform { doing: "looking for its bindings", source };
        let bucket: Bucket = env.bucket("BUCKET").map_err(binding)?;
        let operations = Operations::default();
        Ok(Self {
            config: Rc::new(config(env)?),
            store: Store::new(bucket, operations.clone()),
            operations,
            indexes: env.durable_object("INDEX").map_err(binding)?,
            failed_attempts: env.rate_limiter("FAILED_ATTEMPTS").ok().map(Rc::new),
            context,
        })
    }

    /// Goes on with `work` after the answer was sent.
    pub(crate) async fn afterwards(&self, work: impl Future<Output = ()> + 'static) {
        match &self.context {
            Some(context) => context.wait_until(work),
            None => work.await,
        }
    }
}

/// The settings of the deployment.
pub(crate) fn config(env: &Env) -> Result<Config> {
    Ok(Config::from_lookup(|name| env.var(name).ok().map(|value| value.to_string()))?)
}

/// The time.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(Date::now().as_millis())
}

/// The path of a request's URL, still percent-encoded. It may hold a secret: see
/// [`larder_shared::route::target`].
pub(crate) fn raw_path(request: &Request) -> Result<String> {
    let url = request.url().map_err(|source| Error::Platform { doing: "reading the request's URL", source })?;
    Ok(url.path().to_owned())
}

/// The scheme and host that the client asked, such as `https://larder.example.org`.
pub(crate) fn origin(request: &Request) -> Result<String> {
    let url = request.url().map_err(|source| Error::Platform { doing: "reading the request's URL", source })?;
    Ok(url.origin().ascii_serialization())
}
