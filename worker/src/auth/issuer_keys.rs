//! The keys of the issuer of jobs' tokens: remembered by the isolate, kept in the bucket for the
//! others, asked for again when they are an hour old or a token names one that is not known.

use std::{cell::RefCell, pin::pin, time::Duration};

use futures_util::{
    StreamExt as _,
    future::{Either, select},
};
use larder_shared::{
    api::Timestamp,
    digest::Digest,
    key::ObjectKey,
    oidc::keys::{DISCOVERY_PATH, Discovery, InvalidKeys, Key, KeySet, MAX_DOCUMENT_BYTES},
};
use worker::{Delay, Fetch, Request, RequestInit, RequestRedirect, console_error};

use crate::{
    app::{App, now},
    error::{Error, Result},
};

/// How long the issuer has for each of its documents.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What an isolate knows of an issuer's keys.
#[derive(Clone, Default)]
struct Known {
    keys: Option<KeySet>,
    /// When it last looked for newer ones, in the bucket or at the issuer.
    looked: Timestamp,
}

thread_local! {
    static KNOWN: RefCell<Known> = RefCell::default();
}

/// The issuer's key of a name; `None` when it has none.
///
/// # Errors
/// [`Error::Issuer`] when it has to be asked and does not answer as it should.
pub(super) async fn find(app: &App, id: &str) -> Result<Option<Key>> {
    let time = now();
    let known = KNOWN.with_borrow(Clone::clone);
    let is_known = known.keys.as_ref().is_some_and(|keys| keys.is_fresh(time) && keys.find(id).is_some());
    // A token that names keys at random is no reason to ask again and again.
    if is_known || !is_due(app, known.looked) {
        return match known.keys {
            Some(keys) => Ok(keys.find(id).cloned()),
            None => Err(problem(app, "could not be asked a moment ago".to_owned())),
        };
    }
    let renewed = look(app, id).await;
    KNOWN.with_borrow_mut(|known| {
        known.looked = time;
        if let Ok(keys) = &renewed {
            known.keys = Some(keys.clone());
        }
    });
    renewed.map(|keys| keys.find(id).cloned())
}

/// The keys that another isolate kept, when they will do, else the issuer's.
async fn look(app: &App, id: &str) -> Result<KeySet> {
    let kept = load(app).await?;
    if let Some(kept) = &kept
        && kept.is_fresh(now())
        && (kept.find(id).is_some() || !is_due(app, kept.fetched))
    {
        return Ok(kept.clone());
    }
    match (fetch(app).await, kept) {
        (Ok(keys), _) => {
            // Another isolate may keep the same keys at the same moment.
            if let Err(error) = keep(app, &keys).await {
                console_error!("the issuer's keys are not kept: {error:?}");
            }
            Ok(keys)
        }
        (Err(error), Some(kept)) if kept.is_usable(now()) => {
            console_error!("the issuer's keys are not renewed: {error:?}");
            Ok(kept)
        }
        (Err(error), _) => Err(error),
    }
}

/// Whether it is long enough ago to look again.
fn is_due(app: &App, last: Timestamp) -> bool {
    now().as_millis() >= last.as_millis() + app.config.oidc_refetch_seconds * 1_000
}

fn place(app: &App) -> ObjectKey {
    ObjectKey::IssuerKeys(Digest::of(app.config.oidc_issuer.as_bytes()))
}

async fn load(app: &App) -> Result<Option<KeySet>> {
    let Some(bytes) = app.store.read(&place(app)).await? else { return Ok(None) };
    serde_json::from_slice(&bytes).map(Some).map_err(|source| Error::Data { doing: "reading an issuer's keys", source })
}

async fn keep(app: &App, keys: &KeySet) -> Result<()> {
    let bytes = serde_json::to_vec(keys).map_err(|source| Error::Data { doing: "keeping an issuer's keys", source })?;
    app.store.put(&place(app), bytes).await.map(drop)
}

/// Reads the issuer's keys from where its discovery document says.
async fn fetch(app: &App) -> Result<KeySet> {
    let unusable = |error: InvalidKeys| problem(app, error.to_string());
    let issuer = &app.config.oidc_issuer;
    let discovery = document(app, &format!("{issuer}{DISCOVERY_PATH}")).await?;
    let url = Discovery::keys_url(&discovery, issuer).map_err(unusable)?;
    let keys = document(app, &url).await?;
    KeySet::parse(&keys, now()).map_err(unusable)
}

fn problem(app: &App, problem: String) -> Error {
    Error::Issuer { issuer: app.config.oidc_issuer.clone(), problem }
}

/// A small document of the issuer's.
async fn document(app: &App, url: &str) -> Result<Vec<u8>> {
    let problem = |text| problem(app, text);
    let read = async {
        let mut init = RequestInit::new();
        init.with_redirect(RequestRedirect::Manual);
        let request = Request::new_with_init(url, &init)?;
        let mut response = Fetch::Request(request).send().await?;
        if response.status_code() != 200 {
            return Ok(Err(problem(format!("answered {} for {url}", response.status_code()))));
        }
        let mut bytes = Vec::new();
        let mut chunks = response.stream()?;
        while let Some(chunk) = chunks.next().await {
            bytes.extend(chunk?);
            if bytes.len() > MAX_DOCUMENT_BYTES {
                return Ok(Err(problem(format!("sent more than {MAX_DOCUMENT_BYTES} bytes for {url}"))));
            }
        }
        Ok(Ok(bytes))
    };
    match select(pin!(read), pin!(Delay::from(TIMEOUT))).await {
        Either::Left((Ok(read), _)) => read,
        Either::Left((Err(error), _)) => {
            let error: worker::Error = error;
            Err(problem(format!("cannot be read: {error}")))
        }
        Either::Right(_) => Err(problem(format!("did not answer within {} s", TIMEOUT.as_secs()))),
    }
}
