//! Tells a mirror's webhook of failures.
//!
//! A delivery is written in the transaction that notes its failure, and sent by the alarm until it
//! arrives or too much time has passed. Each try is counted before it is made, so that nothing that goes
//! wrong while it is made can make it come too often. The webhook is kept here and not with the other
//! settings, because whoever reads the bucket shall not learn its secret.

use std::{pin::pin, time::Duration};

use futures_util::future::{Either, join_all, select};
use larder_shared::{
    api::{
        Timestamp,
        webhook::{Delivery, Event, FailureNotice, Webhook},
    },
    digest::Digest,
    index::{command::SetWebhook, report::FailureEvent},
    name::MirrorName,
    route::page::Page,
    webhook::{
        DELIVERY_HEADER, EVENT_HEADER, MAX_WAITING, SIGNATURE_HEADER, TIMESTAMP_HEADER, WebhookUrl, sign, wait_millis,
    },
};
use serde::Deserialize;
use worker::{
    AbortController, Delay, Fetch, Headers, Method, Request, RequestInit, RequestRedirect, ResponseBody, Result,
};

use super::{
    IndexObject, reports,
    tables::{Tables, number},
};
use crate::app;

/// The tables of this module: the webhook, and the deliveries that wait.
pub(super) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS webhook(
  id INTEGER PRIMARY KEY CHECK (id = 1),
  mirror TEXT NOT NULL,
  url TEXT NOT NULL,
  secret TEXT NOT NULL,
  site TEXT NOT NULL,
  made INTEGER NOT NULL,
  left_out INTEGER NOT NULL DEFAULT 0,
  last TEXT
);
CREATE TABLE IF NOT EXISTS delivery(
  id TEXT PRIMARY KEY,
  signature TEXT NOT NULL,
  event TEXT NOT NULL,
  body TEXT NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  due INTEGER NOT NULL
) WITHOUT ROWID;
";

/// How long a delivery waits before its first try, in milliseconds. A build is told by several documents
/// one after the other, and the first may not know the cause; what is no failure by then is not told.
const SETTLING_MILLIS: u64 = 10_000;

/// Deliveries sent at once: the platform lets a request hold six connections.
const MAX_AT_ONCE: u64 = 5;

/// How long a receiver has to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The row of `webhook`.
#[derive(Debug, Deserialize)]
struct WebhookRow {
    mirror: MirrorName,
    url: String,
    secret: String,
    site: String,
    made: u64,
    left_out: u64,
    last: Option<String>,
}

/// A row of `delivery`.
#[derive(Debug, Deserialize)]
struct DeliveryRow {
    id: String,
    event: String,
    body: String,
    tries: u64,
}

/// How many deliveries wait.
fn waiting(tables: &Tables) -> Result<u64> {
    #[derive(Deserialize)]
    struct Row {
        waiting: u64,
    }
    let row = tables.first::<Row>("SELECT count(*) AS waiting FROM delivery", vec![])?;
    Ok(row.map_or(0, |row| row.waiting))
}

fn row(tables: &Tables) -> Result<Option<WebhookRow>> {
    tables.first("SELECT mirror, url, secret, site, made, left_out, last FROM webhook", vec![])
}

/// The webhook as the API tells it.
pub(super) fn find(tables: &Tables) -> Result<Option<Webhook>> {
    let Some(row) = row(tables)? else { return Ok(None) };
    Ok(Some(Webhook {
        url: row.url,
        set: Timestamp::from_millis(row.made),
        secret: None,
        waiting: waiting(tables)?,
        left_out: row.left_out,
        last: row.last.as_deref().map(serde_json::from_str).transpose()?,
    }))
}

/// When a delivery is next to be sent, in milliseconds since 1970.
pub(super) fn next_due(tables: &Tables) -> Result<Option<u64>> {
    #[derive(Deserialize)]
    struct Row {
        due: Option<u64>,
    }
    Ok(tables.first::<Row>("SELECT min(due) AS due FROM delivery", vec![])?.and_then(|row| row.due))
}

/// Writes deliveries of failures that were noted just now. To be called in the transaction that notes
/// them; the alarm is to be set after it. Without a webhook nothing is written.
pub(super) fn note(tables: &Tables, events: &[FailureEvent], now: Timestamp) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let Some(webhook) = row(tables)? else { return Ok(()) };
    let mut room = MAX_WAITING.saturating_sub(waiting(tables)?);
    for event in events {
        if room == 0 {
            tables.run("UPDATE webhook SET left_out = left_out + 1", vec![])?;
            continue;
        }
        let Some(notice) = notice(tables, &webhook, event, now)? else { continue };
        let sql = "INSERT OR IGNORE INTO delivery(id, signature, event, body, due) VALUES (?, ?, ?, ?, ?)";
        let (name, body) = (notice.event.as_str(), serde_json::to_string(&notice)?);
        let due = number(now.as_millis() + SETTLING_MILLIS);
        tables.run(sql, vec![notice.id.into(), event.signature.as_str().into(), name.into(), body.into(), due])?;
        room -= 1;
    }
    Ok(())
}

/// What is to be told; `None` when the failure is gone again.
fn notice(
    tables: &Tables,
    webhook: &WebhookRow,
    event: &FailureEvent,
    now: Timestamp,
) -> Result<Option<FailureNotice>> {
    let FailureEvent { signature, is_returned, build } = event;
    let Some((news, build)) = reports::news_of(tables, signature)?.zip(reports::build_summary(tables, *build)?) else {
        return Ok(None);
    };
    let mut id =
        Digest::of(format!("{}\n{signature}\n{}\n{is_returned}", webhook.mirror, build.id).as_bytes()).to_string();
    id.truncate(32);
    let page = Page::Failure(webhook.mirror.clone(), signature.clone());
    Ok(Some(FailureNotice {
        id,
        event: if *is_returned { Event::Returned } else { Event::New },
        mirror: webhook.mirror.clone(),
        at: now,
        failure: news.failure,
        run: news.run.link,
        build,
        page: format!("{}{page}", webhook.site),
    }))
}

impl IndexObject {
    /// Sets the webhook; what waits for another try is told there at once. Without one, nothing is told any more.
    pub(super) async fn set_webhook(
        &self,
        mirror: MirrorName,
        webhook: Option<SetWebhook>,
        now: Timestamp,
    ) -> Result<()> {
        self.atomically(move |tables| {
            tables.run("DELETE FROM webhook", vec![])?;
            let Some(SetWebhook { url, secret, site }) = webhook else {
                return tables.run("DELETE FROM delivery", vec![]);
            };
            let sql = "INSERT INTO webhook(id, mirror, url, secret, site, made) VALUES (1, ?, ?, ?, ?, ?)";
            let made = number(now.as_millis());
            tables.run(sql, vec![mirror.as_str().into(), url.as_str().into(), secret.into(), site.into(), made])?;
            tables.run("UPDATE delivery SET due = ? WHERE tries > 0", vec![number(now.as_millis())])
        })
        .await?;
        self.ring_when_due().await
    }

    /// Sends the deliveries that are due, some at once.
    pub(super) async fn deliver(&self, now: Timestamp) -> Result<()> {
        let Some(webhook) = row(&self.tables)? else { return Ok(()) };
        let config = app::config(&self.env)?;
        let sql = "DELETE FROM delivery WHERE due <= ? AND tries = 0 AND signature NOT IN
                     (SELECT signature FROM failure WHERE still = 1)";
        self.tables.run(sql, vec![number(now.as_millis())])?;
        let sql = "SELECT id, event, body, tries FROM delivery WHERE due <= ? ORDER BY due LIMIT ?";
        let due: Vec<DeliveryRow> = self.tables.rows(sql, vec![number(now.as_millis()), number(MAX_AT_ONCE)])?;
        // The setting may have changed since the webhook was set.
        let url = WebhookUrl::parse(&webhook.url, config.has_local_webhooks).map_err(|error| error.to_string());
        let tries = due.iter().map(|delivery| {
            self.send(&webhook, url.as_ref().map_err(String::as_str), delivery, config.webhook_retry_seconds)
        });
        join_all(tries).await.into_iter().collect()
    }

    /// Tries a delivery once, and notes how that went.
    async fn send(
        &self,
        webhook: &WebhookRow,
        url: std::result::Result<&WebhookUrl, &str>,
        delivery: &DeliveryRow,
        first_wait_seconds: u64,
    ) -> Result<()> {
        let tries = delivery.tries + 1;
        let at = app::now();
        let next = wait_millis(tries, first_wait_seconds).map(|wait| at.as_millis() + wait);
        let id = || delivery.id.as_str().into();
        let sql = "UPDATE delivery SET tries = ?, due = ? WHERE id = ?";
        self.tables.run(sql, vec![number(tries), number(next.unwrap_or(at.as_millis())), id()])?;
        let outcome = match url {
            Ok(url) => post(url, &webhook.secret, delivery, at).await,
            Err(problem) => Outcome { status: None, problem: Some(problem.to_owned()) },
        };
        let is_over = outcome.problem.is_none() || next.is_none();
        let last = Delivery {
            id: delivery.id.clone(),
            at,
            tries,
            status: outcome.status,
            problem: outcome.problem,
            next: next.filter(|_| !is_over).map(Timestamp::from_millis),
        };
        let (last, secret) = (serde_json::to_string(&last)?, webhook.secret.clone());
        let id = delivery.id.clone();
        self.atomically(move |tables| {
            if is_over {
                tables.run("DELETE FROM delivery WHERE id = ?", vec![id.into()])?;
            }
            // Another may have been set meanwhile.
            tables.run("UPDATE webhook SET last = ? WHERE secret = ?", vec![last.into(), secret.into()])
        })
        .await
    }
}

/// What came of a try.
struct Outcome {
    status: Option<u16>,
    problem: Option<String>,
}

impl Outcome {
    fn failed(problem: impl Into<String>) -> Self {
        Self { status: None, problem: Some(problem.into()) }
    }
}

/// Sends a delivery. Of the answer only the status is looked at: what it says is for nobody here.
async fn post(url: &WebhookUrl, secret: &str, delivery: &DeliveryRow, at: Timestamp) -> Outcome {
    let Ok(request) = request(url, secret, delivery, at) else { return Outcome::failed("could not be asked") };
    let abort = AbortController::default();
    let signal = abort.signal();
    let fetch = Fetch::Request(request);
    let answer = match select(pin!(fetch.send_with_signal(&signal)), pin!(Delay::from(TIMEOUT))).await {
        Either::Left((answer, _)) => answer,
        Either::Right(_) => {
            abort.abort();
            return Outcome::failed(format!("did not answer within {} s", TIMEOUT.as_secs()));
        }
    };
    let Ok(response) = answer else { return Outcome::failed("could not be reached") };
    if let ResponseBody::Stream(stream) = response.body() {
        // Unread, it would hold one of the few connections there are.
        let _ = stream.cancel();
    }
    let status = response.status_code();
    let problem = match status {
        200..=299 => None,
        300..=399 => Some(format!("answered {status}; redirects are not followed")),
        _ => Some(format!("answered {status}")),
    };
    Outcome { status: Some(status), problem }
}

fn request(url: &WebhookUrl, secret: &str, delivery: &DeliveryRow, at: Timestamp) -> Result<Request> {
    let seconds = at.as_millis() / 1_000;
    let headers = Headers::new();
    headers.set("Content-Type", "application/json")?;
    headers.set("User-Agent", "larder")?;
    headers.set(EVENT_HEADER, &delivery.event)?;
    headers.set(DELIVERY_HEADER, &delivery.id)?;
    headers.set(TIMESTAMP_HEADER, &seconds.to_string())?;
    headers.set(SIGNATURE_HEADER, &sign(secret, seconds, &delivery.body))?;
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_headers(headers).with_redirect(RequestRedirect::Manual);
    init.with_body(Some(delivery.body.as_str().into()));
    Request::new_with_init(url.as_str(), &init)
}
