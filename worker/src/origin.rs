//! Mirrors that are read through from a static site, such as GitHub Pages, or from a registry.
//!
//! A site's index is taken over when it changed, by whoever reads it; a registry is looked at by the
//! mirror's index object (`index_object/look.rs`). Packages are fetched when somebody first reads them,
//! checked, and kept in the bucket. What is kept is served when the origin is down.

mod blob;
mod images;
mod index;
mod package;

use std::{cell::RefCell, collections::HashSet, pin::pin, time::Duration};

use futures_channel::oneshot;
use futures_util::future::{Either, select};
use larder_shared::{
    api::Origin,
    index::command::{Ask, Changed, OriginNote, Summary},
    layout::LayoutPath,
    name::MirrorName,
    oci::repository::RepositoryUrl,
};
use worker::{Delay, Request, Response, console_error};

use crate::{
    app::{App, now},
    error::{Error, Result},
    index_client,
    registry::Settings,
};

pub(crate) use images::{Arriving, blob, manifest};

/// How long the first reader of a mirror waits for the origin's index. Spack waits 10 s.
const FIRST_READ: Duration = Duration::from_millis(8_500);

/// How often a reader asks whether somebody else's first look has ended: a request may ask 50 times.
const BETWEEN_QUESTIONS: Duration = Duration::from_millis(400);

thread_local! {
    /// Mirrors whose origin this isolate is asking at the moment.
    static ASKING: RefCell<HashSet<MirrorName>> = RefCell::default();
}

/// An object that the mirror's bucket does not have, from its origin; `None` when the origin does
/// not have it either.
pub(crate) async fn read(
    app: &App,
    request: &Request,
    settings: &Settings,
    path: &LayoutPath,
) -> Result<Option<Response>> {
    match &settings.origin {
        Origin::Bucket => Ok(None),
        // On the heap: what they wait for is large, and an isolate's stack is not.
        Origin::Http { url } => Box::pin(package::read(app, request, settings, url, path)).await,
        Origin::Oci { url } => Box::pin(images::read(app, request, settings, url, path)).await,
    }
}

/// Sees to it that the index shows what the origin has: asks it first when nothing is known, and
/// after the answer when what is known has grown old. Whether it asked first.
pub(crate) async fn before_index(app: &App, settings: &Settings) -> Result<bool> {
    let origin = match &settings.origin {
        Origin::Bucket => return Ok(false),
        Origin::Http { url } => url.clone(),
        Origin::Oci { url } => url.to_string(),
    };
    let summary: Summary = index_client::ask(app, &settings.name, Ask::Summary).await?;
    // What is known of a registry is told while its other tags are still read.
    if summary.origin_fresh.is_none() && summary.specs == 0 {
        return Box::pin(first_look(app, settings, origin)).await.map(|()| true);
    }
    let age = now().as_millis().saturating_sub(summary.origin_asked.unwrap_or_default().as_millis());
    if age >= app.config.origin_fresh_seconds * 1_000 {
        let (later, settings) = (app.clone(), settings.clone());
        app.afterwards(async move {
            // What went wrong is in the mirror's document, where people look for it.
            let _ = refresh(&later, &settings).await;
        })
        .await;
    }
    Ok(false)
}

/// Waits for the first look at an origin, which goes on when the reader has to be sent away: a large
/// index takes longer than Spack waits, and the next reader finds it.
async fn first_look(app: &App, settings: &Settings, origin: String) -> Result<()> {
    let (done, outcome) = oneshot::channel();
    let (later, mirror) = (app.clone(), settings.clone());
    app.afterwards(async move {
        // Nobody waits any more after the deadline.
        let _ = done.send(refresh(&later, &mirror).await);
    })
    .await;
    let look = async {
        match outcome.await {
            Ok(Ok(Look::Elsewhere)) | Err(_) => wait_for_another_look(app, settings).await,
            Ok(outcome) => outcome.map(drop),
        }
    };
    match select(pin!(look), pin!(Delay::from(FIRST_READ))).await {
        Either::Left((outcome, _)) => outcome,
        Either::Right(_) => {
            let summary: Summary = index_client::ask(app, &settings.name, Ask::Summary).await?;
            let late = Error::OriginTimeout { origin, seconds: FIRST_READ.as_secs() };
            if summary.specs > 0 { Ok(()) } else { Err(late) }
        }
    }
}

/// Waits until a look that somebody else began has ended, well or not.
async fn wait_for_another_look(app: &App, settings: &Settings) -> Result<()> {
    loop {
        Delay::from(BETWEEN_QUESTIONS).await;
        let summary: Summary = index_client::ask(app, &settings.name, Ask::Summary).await?;
        match (summary.origin_fresh, summary.origin_error) {
            (Some(_), _) => return Ok(()),
            (None, Some(problem)) if !summary.is_looking => return Err(Error::OriginUnread { problem }),
            (None, _) => {}
        }
    }
}

/// Asks the origin now, and tells what came of it; a registry with many tags goes on being read after
/// the answer. What was refused of it is looked at again.
pub(crate) async fn ask_now(app: &App, settings: &Settings) -> Result<()> {
    let Origin::Oci { url } = &settings.origin else { return refresh(app, settings).await.map(drop) };
    begin_look(app, settings, url, true).await?;
    let look = async {
        loop {
            Delay::from(BETWEEN_QUESTIONS).await;
            let summary: Summary = index_client::ask(app, &settings.name, Ask::Summary).await?;
            match summary.origin_error {
                _ if summary.is_looking => {}
                Some(problem) => return Err(Error::OriginUnread { problem }),
                None => return Ok(()),
            }
        }
    };
    match select(pin!(look), pin!(Delay::from(FIRST_READ))).await {
        Either::Left((outcome, _)) => outcome,
        Either::Right(_) => Ok(()),
    }
}

/// Lets the index object look at a registry, once for all who ask.
async fn begin_look(app: &App, settings: &Settings, url: &RepositoryUrl, anew: bool) -> Result<()> {
    index_client::ask(app, &settings.name, Ask::Look { repository: url.clone(), anew }).await
}

/// The same for the dashboard, which shows what is known and the origin's trouble beside it.
pub(crate) async fn before_page(app: &App, settings: &Settings) {
    if let Err(error) = Box::pin(before_index(app, settings)).await {
        console_error!("{}: {error:?}", settings.name);
    }
}

/// Asks the origin for a newer index and notes how it went.
pub(crate) async fn refresh(app: &App, settings: &Settings) -> Result<Look> {
    let url = match &settings.origin {
        // A bucket has nothing to ask: it is as fresh as can be.
        Origin::Bucket => return Ok(Look::Done { etag: None }),
        Origin::Http { url } => url,
        Origin::Oci { url } => return begin_look(app, settings, url, false).await.map(|()| Look::Elsewhere),
    };
    if !ASKING.with_borrow_mut(|asking| asking.insert(settings.name.clone())) {
        return Ok(Look::Elsewhere);
    }
    let _asking = Asking(settings.name.clone());
    let summary: Summary = index_client::ask(app, &settings.name, Ask::Summary).await?;
    let outcome = index::take_over(app, &settings.name, url, summary.origin_etag.as_deref()).await;
    let note = match &outcome {
        // Whoever is at it will note how it went.
        Ok(Look::Elsewhere) => return Ok(Look::Elsewhere),
        Ok(Look::Done { etag }) => OriginNote { error: None, etag: etag.clone() },
        Err(error) => OriginNote { error: Some(error.to_string()), etag: None },
    };
    let _: Changed = index_client::ask(app, &settings.name, Ask::NoteOrigin(note)).await?;
    outcome
}

/// How a look at an origin's index ended.
pub(crate) enum Look {
    /// The index shows what the origin has; what to send as `If-None-Match` next time.
    Done {
        /// As [`index::take_over`] wrote it.
        etag: Option<String>,
    },
    /// Another look is under way.
    Elsewhere,
}

/// Forgets on drop that a mirror's origin is being asked.
struct Asking(MirrorName);

impl Drop for Asking {
    fn drop(&mut self) {
        ASKING.with_borrow_mut(|asking| asking.remove(&self.0));
    }
}
