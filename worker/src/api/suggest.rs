//! `/api/v1/mirrors/{m}/suggest`

use larder_shared::{
    api::{
        List,
        suggest::{Candidates, DEFAULT_COUNT, MAX_BODY_BYTES, MAX_CANDIDATES, MAX_COUNT, Reason, Suggestion},
    },
    index::command::Ask,
    name::MirrorName,
    suggest::Question,
};
use worker::{Request, Response};

use super::{json_body_of, number, parameter};
use crate::{
    app::App,
    auth::{self, tokens::random},
    error::{Error, Result},
    index_client, origin, respond, usage,
};

/// `GET /api/v1/mirrors/{m}/suggest?count=&by=&seed=`: by what the mirror knows.
pub(crate) async fn show(app: &App, request: &Request, mirror: &MirrorName) -> Result<Response> {
    origin::before_page(app, &auth::readable(app, request, mirror).await?).await;
    ask(app, request, mirror, Candidates::default()).await
}

/// `POST /api/v1/mirrors/{m}/suggest`: also by what the asker knows. It changes nothing, so that who may read may ask.
pub(crate) async fn answer(app: &App, request: &Request, mirror: &MirrorName) -> Result<Response> {
    origin::before_page(app, &auth::readable(app, request, mirror).await?).await;
    let candidates: Candidates = json_body_of(request, MAX_BODY_BYTES).await?;
    let most = candidates.names.len().max(candidates.changed.len());
    if most > MAX_CANDIDATES {
        return Err(Error::Request(format!(
            "{most} packages are too many to choose from; at most {MAX_CANDIDATES} are"
        )));
    }
    ask(app, request, mirror, candidates).await
}

async fn ask(app: &App, request: &Request, mirror: &MirrorName, candidates: Candidates) -> Result<Response> {
    let question = Question { count: count(request)?, by: reasons(request)?, seed: seed(request)?, candidates };
    let is_by = |reason: &Reason| *reason == Reason::Age;
    if parameter(request, "by")?.is_some() && question.by.iter().all(is_by) && question.candidates.names.is_empty() {
        let message =
            "by `age` the mirror has to be told the newest versions: `POST` them as `names`, such as hdf5@1.14.6";
        return Err(Error::Request(message.to_owned()));
    }
    let items: Vec<Suggestion> =
        index_client::ask(app, mirror, Ask::Suggest { question, noted: usage::take(mirror) }).await?;
    respond::json(request, &List { items, next: None })
}

/// The parameter `count`: 1 to [`MAX_COUNT`].
fn count(request: &Request) -> Result<u32> {
    match number(request, "count")? {
        None => Ok(DEFAULT_COUNT),
        Some(count) if (1..=MAX_COUNT).contains(&count) => Ok(count),
        Some(count) => Err(Error::Request(format!("`count` is `{count}`; a number from 1 to {MAX_COUNT} is expected"))),
    }
}

/// The parameter `by`: reasons with commas between, each once.
fn reasons(request: &Request) -> Result<Vec<Reason>> {
    let Some(text) = parameter(request, "by")? else { return Ok(Reason::ALL.to_vec()) };
    let mut reasons = Vec::new();
    for word in text.split(',') {
        let reason = word.parse().map_err(|problem| Error::Request(format!("`by`: {problem}")))?;
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    Ok(reasons)
}

/// The parameter `seed`, or a number nobody knows.
fn seed(request: &Request) -> Result<u64> {
    match number(request, "seed")? {
        Some(seed) => Ok(seed),
        None => Ok(u64::from_le_bytes(random("drawing packages")?)),
    }
}
