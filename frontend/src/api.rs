//! Questions to the server's JSON API. Nothing else in the dashboard fetches.

use std::{any::Any, cell::Cell, marker::PhantomData, rc::Rc};

use gloo::{timers::callback::Timeout, utils::window};
use js_sys::{Function, Reflect, Uint8Array};
use larder_frontend::{
    commands::file_url,
    everywhere::{Answered, SHOWN, Wanted},
    format, token,
};
use larder_shared::{
    api::{
        ApiError, ErrorBody, ErrorCode, FileKind, Key, List, Mirror, Package, PackageSummary, Spec, SpecSummary, Token,
        report::{Build, BuildSummary, Failure as BuildFailure, FailureSummary, Run, RunSummary},
        usage::Usage,
    },
    clearsign,
    compare::reason::Graph,
    name::{MirrorName, PackageName},
    report::Signature,
    route::{
        API,
        site::{PAGE_ITEMS, catalogue_folder},
    },
    spec::SpecFile,
};
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, ReadableStream, ReadableStreamDefaultReader, RequestInit, Response};

use crate::site;

/// How long an answer may take.
const PATIENCE_MILLIS: u32 = 30_000;

/// A document to ask for. Two questions are equal when they ask for the same document.
pub(crate) struct Question<T: 'static> {
    /// What is asked, whatever the type of its answer.
    pub document: Document,
    answer: PhantomData<fn() -> T>,
}

/// A document by its path. Its type is left out, so that the code that asks is there only once.
#[derive(Clone)]
pub(crate) struct Document {
    path: String,
    read: Read,
}

/// Reads the text of an answer, and joins it to the parts of a list that came before.
type Read = fn(text: &str, before: Option<&Rc<dyn Any>>) -> serde_json::Result<Part>;

/// What an answer, or a page of one, holds.
struct Part {
    /// All that is known so far.
    answer: Rc<dyn Any>,
    /// Where the list goes on.
    next: Option<String>,
}

impl Document {
    /// The path of the document's first part; names the document.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Asks the server. `progress` hears what is known so far of a list that comes in parts.
    /// Dropping the future stops asking.
    pub(crate) async fn ask(&self, progress: impl Fn(Rc<dyn Any>)) -> Result<Rc<dyn Any>, Failure> {
        let mut part = self.ask_part(&self.path, None).await?;
        while let Some(cursor) = part.next {
            progress(part.answer.clone());
            let separator = if self.path.contains('?') { '&' } else { '?' };
            let path = format!("{}{separator}cursor={}", self.path, encoded(&cursor));
            let next = self.ask_part(&path, Some(&part.answer)).await?;
            // A server that repeats itself must not keep us here for ever.
            part = Part { next: next.next.filter(|next| *next != cursor), ..next };
        }
        Ok(part.answer)
    }

    async fn ask_part(&self, path: &str, before: Option<&Rc<dyn Any>>) -> Result<Part, Failure> {
        let url = site::path_of(path);
        let (status, text) = fetch(&url, &token::request(&url)).await?;
        let answer = site::answer(path, status, text);
        match refusal(&answer) {
            None => (self.read)(&answer.1, before).map_err(|_| Failure::Unreadable { status: answer.0 }),
            Some(failure) => Err(failure),
        }
    }
}

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

/// All mirrors, by name.
pub(crate) fn mirrors() -> Question<Vec<Mirror>> {
    all(format!("{API}/mirrors"))
}

/// One mirror.
pub(crate) fn mirror(mirror: &MirrorName) -> Question<Mirror> {
    one(mirror_path(mirror))
}

/// All packages of a mirror, by name.
pub(crate) fn packages(mirror: &MirrorName) -> Question<Vec<PackageSummary>> {
    all(format!("{}/packages?limit={PAGE_ITEMS}", mirror_path(mirror)))
}

/// One package.
pub(crate) fn package(mirror: &MirrorName, name: &PackageName) -> Question<Package> {
    one(format!("{}/packages/{name}", mirror_path(mirror)))
}

/// All specs of a package, the highest version first.
pub(crate) fn specs_of(mirror: &MirrorName, name: &PackageName) -> Question<Vec<SpecSummary>> {
    all(format!("{}/specs?package={name}&limit={PAGE_ITEMS}", mirror_path(mirror)))
}

/// The newest specs of a mirror.
pub(crate) fn newest_specs(mirror: &MirrorName, number: usize) -> Question<List<SpecSummary>> {
    one(format!("{}/specs?limit={number}", mirror_path(mirror)))
}

/// All specs of a mirror, the newest push first.
pub(crate) fn all_specs(mirror: &MirrorName) -> Question<Vec<SpecSummary>> {
    all(format!("{}/specs?limit={PAGE_ITEMS}", mirror_path(mirror)))
}

/// One spec, by a unique beginning of its hash.
pub(crate) fn spec(mirror: &MirrorName, hash: &str) -> Question<Spec> {
    one(format!("{}/specs/{hash}", mirror_path(mirror)))
}

/// The graph of a spec, from the document that Spack reads: it says more of each package than the API does.
pub(crate) fn graph(mirror: &MirrorName, spec: &Spec) -> Option<Question<Graph>> {
    let file = spec.files.iter().find(|file| file.kind == FileKind::SpecFile)?;
    let read: Read = |text, _| {
        let unreadable = |error: String| <serde_json::Error as serde::de::Error>::custom(error);
        let document = clearsign::document(text.as_bytes()).map_err(|error| unreadable(error.to_string()))?;
        let file = SpecFile::parse(document.json.as_bytes()).map_err(|error| unreadable(error.to_string()))?;
        Ok(Part { answer: Rc::new(Graph::of_file(file)), next: None })
    };
    let path = file_url("", mirror, &file.path);
    Some(Question { document: Document { path, read }, answer: PhantomData })
}

/// Packages that one mirror is asked for when all are searched.
const SEARCHED_PACKAGES: usize = 200;

/// Requests for the specs of one mirror when all are searched: each looks at a bounded part of it.
const SEARCHED_PARTS: u32 = 5;

/// What a mirror has of what all are asked for; `None` where there is nothing to ask.
pub(crate) fn searched(mirror: &MirrorName, wanted: &Wanted) -> Option<Question<Answered>> {
    let (path, read): (String, Read) = match wanted {
        Wanted::Nothing | Wanted::Faulty(_) => return None,
        Wanted::Packages(words) => {
            let word = words.split_whitespace().next().unwrap_or_default();
            (format!("packages?q={}&limit={SEARCHED_PACKAGES}", encoded(word)), |text, _| {
                let List::<PackageSummary> { items, next } = serde_json::from_str(text)?;
                let answered = Answered { packages: items, has_more: next.is_some(), ..Answered::default() };
                Ok(Part { answer: Rc::new(answered), next: None })
            })
        }
        Wanted::Specs(query) => (format!("specs?q={}&limit={}", encoded(query), SHOWN + 1), |text, before| {
            let List::<SpecSummary> { items, next } = serde_json::from_str(text)?;
            let before = before.and_then(|before| before.downcast_ref::<Answered>()).cloned().unwrap_or_default();
            let (mut specs, requests) = (before.specs, before.requests + 1);
            specs.extend(items);
            let is_enough = specs.len() > SHOWN || requests == SEARCHED_PARTS;
            let answered = Answered { specs, has_more: next.is_some(), requests, ..Answered::default() };
            Ok(Part { answer: Rc::new(answered), next: next.filter(|_| !is_enough) })
        }),
    };
    let path = format!("{}/{path}", mirror_path(mirror));
    Some(Question { document: Document { path, read }, answer: PhantomData })
}

/// The specs that need a package directly.
pub(crate) fn needing(mirror: &MirrorName, name: &PackageName) -> Question<Vec<SpecSummary>> {
    all(format!("{}/specs?q={}&limit={PAGE_ITEMS}", mirror_path(mirror), encoded(&format!("%{name}"))))
}

/// The keys of a mirror.
pub(crate) fn keys(mirror: &MirrorName) -> Question<Vec<Key>> {
    all(format!("{}/keys", mirror_path(mirror)))
}

/// How a mirror grows and is used.
pub(crate) fn usage(mirror: &MirrorName) -> Question<Usage> {
    one(format!("{}/usage", mirror_path(mirror)))
}

/// The tokens; only an admin is told.
pub(crate) fn tokens() -> Question<Vec<Token>> {
    all(format!("{API}/tokens"))
}

/// Revokes a token.
pub(crate) async fn revoke(id: &str) -> Result<(), Failure> {
    let path = format!("{API}/tokens/{id}");
    let init = token::request(&path);
    init.set_method("DELETE");
    refusal(&fetch(&path, &init).await?).map_or(Ok(()), Err)
}

/// Whether a token is an admin's.
///
/// # Errors
/// [`Failure`] when it is no token, or nobody can tell.
pub(crate) async fn is_admin(token: &str) -> Result<bool, Failure> {
    let path = format!("{API}/tokens?limit=1");
    match refusal(&fetch(&path, &token::request_with(&path, Some(token))).await?) {
        None => Ok(true),
        Some(Failure::Refused(error)) if error.code == ErrorCode::Forbidden => Ok(false),
        Some(failure) => Err(failure),
    }
}

/// The newest runs, at most `number`, from where `cursor` says.
pub(crate) fn runs(mirror: &MirrorName, number: usize, cursor: &str) -> Question<List<RunSummary>> {
    one(format!("{}/runs?{}", mirror_path(mirror), query(&[("limit", &number.to_string()), ("cursor", cursor)])))
}

/// One run.
pub(crate) fn run(mirror: &MirrorName, id: u64) -> Question<Run> {
    one(format!("{}/runs/{id}", mirror_path(mirror)))
}

/// The newest builds that `filter` lets through, at most `number`.
pub(crate) fn builds(mirror: &MirrorName, number: usize, filter: &[(&str, &str)]) -> Question<List<BuildSummary>> {
    let limit = number.to_string();
    let params: Vec<_> = [("limit", limit.as_str())].into_iter().chain(filter.iter().copied()).collect();
    one(format!("{}/builds?{}", mirror_path(mirror), query(&params)))
}

/// All builds of a run, for one with more than its own document lists.
pub(crate) fn builds_of_run(mirror: &MirrorName, run: u64) -> Question<Vec<BuildSummary>> {
    all(format!("{}/builds?run={run}&limit={PAGE_ITEMS}", mirror_path(mirror)))
}

/// One build.
pub(crate) fn build(mirror: &MirrorName, id: u64) -> Question<Build> {
    one(format!("{}/builds/{id}", mirror_path(mirror)))
}

/// Where the log of a build is.
pub(crate) fn log_path(mirror: &MirrorName, id: u64) -> String {
    format!("{}/builds/{id}/log", mirror_path(mirror))
}

/// Where a mirror's catalogue is; where its parts are files, their folder.
pub(crate) fn catalogue_url(mirror: &MirrorName) -> String {
    match site::is_static() {
        true => format!("{}/{}", site::root(), catalogue_folder(mirror)),
        false => format!("{}/catalogue", mirror_path(mirror)),
    }
}

/// Where the feed of a mirror's failures is.
pub(crate) fn feed_path(mirror: &MirrorName) -> String {
    format!("{}/failures.atom", mirror_path(mirror))
}

/// Where the badge of a package is.
pub(crate) fn badge_path(mirror: &MirrorName, name: &PackageName) -> String {
    format!("{}/packages/{name}/badge.svg", mirror_path(mirror))
}

/// The failures that `filter` lets through, at most `number`.
pub(crate) fn failures(mirror: &MirrorName, number: usize, filter: &[(&str, &str)]) -> Question<List<FailureSummary>> {
    let limit = number.to_string();
    let params: Vec<_> = [("limit", limit.as_str())].into_iter().chain(filter.iter().copied()).collect();
    one(format!("{}/failures?{}", mirror_path(mirror), query(&params)))
}

/// One failure.
pub(crate) fn failure(mirror: &MirrorName, signature: &Signature) -> Question<BuildFailure> {
    one(format!("{}/failures/{signature}", mirror_path(mirror)))
}

/// Parameters as a query, the empty ones left out.
fn query(params: &[(&str, &str)]) -> String {
    let given = params.iter().filter(|(_, value)| !value.is_empty());
    given.map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&")
}

/// In the API a mirror's name is one segment. Of what a name may hold only `/` must be encoded.
fn mirror_path(mirror: &MirrorName) -> String {
    format!("{API}/mirrors/{}", mirror.as_str().replace('/', "%2F"))
}

fn one<T: DeserializeOwned>(path: String) -> Question<T> {
    let read: Read = |text, _| Ok(Part { answer: Rc::new(serde_json::from_str::<T>(text)?), next: None });
    Question { document: Document { path, read }, answer: PhantomData }
}

fn all<T: DeserializeOwned + Clone>(path: String) -> Question<Vec<T>> {
    let read: Read = |text, before| {
        let List::<T> { items, next } = serde_json::from_str(text)?;
        let answer = match before.and_then(|before| before.downcast_ref::<Vec<T>>()) {
            Some(before) => before.iter().cloned().chain(items).collect(),
            None => items,
        };
        Ok(Part { answer: Rc::new(answer), next })
    };
    Question { document: Document { path, read }, answer: PhantomData }
}

fn encoded(text: &str) -> String {
    js_sys::encode_uri_component(text).into()
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Failure {
    /// Larder could not be reached, or did not answer in time.
    Unreachable {
        /// Whether time ran out.
        too_slow: bool,
    },
    /// Larder answered with an error.
    Refused(ApiError),
    /// Something answered, but not in the language of this API.
    Unreadable {
        /// The status it came with.
        status: u16,
    },
}

impl Failure {
    /// The error's name, when Larder itself answered.
    pub(crate) const fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused(error) => Some(error.code),
            Self::Unreachable { .. } | Self::Unreadable { .. } => None,
        }
    }

    /// The thing and the reason.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Unreachable { too_slow: true } => {
                format!("Larder did not answer within {} s.", PATIENCE_MILLIS / 1_000)
            }
            Self::Unreachable { too_slow: false } => "Larder cannot be reached.".to_owned(),
            Self::Refused(error) => format::sentence(&error.message),
            Self::Unreadable { status } => {
                format!("What answered with status {status} is not the Larder this page belongs to.")
            }
        }
    }

    /// The next step.
    pub(crate) fn next_step(&self) -> String {
        match self {
            Self::Unreachable { .. } => "Check the connection, then retry.".to_owned(),
            Self::Refused(error) => error.next.clone().unwrap_or_default(),
            Self::Unreadable { .. } => "A newer Larder may have been deployed: reload the page.".to_owned(),
        }
    }

    /// Whether asking again may help.
    pub(crate) const fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Unreadable { .. } => true,
            Self::Refused(error) => error.code.status() >= 500,
        }
    }
}

/// Streams what is at `url` through the browser's gunzip. `take` gets each piece, and how many bytes have come with it;
/// it says whether to go on.
///
/// # Errors
/// A sentence: why it cannot be had, or what `take` says.
pub(crate) async fn unpacked(
    url: &str,
    mut take: impl FnMut(&Uint8Array, u64) -> Result<bool, String>,
) -> Result<(), String> {
    let lost = |_: JsValue| "The file cannot be loaded, or breaks off.".to_owned();
    let abort = AbortOnDrop(AbortController::new().map_err(lost)?);
    let init = token::request(url);
    init.set_signal(Some(&abort.0.signal()));
    let answer = JsFuture::from(window().fetch_with_str_and_init(url, &init)).await.map_err(lost)?;
    let answer: Response = answer.dyn_into().map_err(lost)?;
    if !answer.ok() {
        return Err(format!("The file cannot be loaded: Larder answered with status {}.", answer.status()));
    }
    let Some(body) = answer.body() else { return Ok(()) };
    let gunzip: Function = Reflect::get(&js_sys::global(), &"DecompressionStream".into())
        .and_then(JsCast::dyn_into)
        .map_err(|_| "This browser cannot unpack; a newer one can.".to_owned())?;
    let gunzip = Reflect::construct(&gunzip, &js_sys::Array::of1(&"gzip".into())).map_err(lost)?;
    let pipe: Function = Reflect::get(&body, &"pipeThrough".into()).and_then(JsCast::dyn_into).map_err(lost)?;
    let unpacked: ReadableStream = pipe.call1(&body, &gunzip).and_then(JsCast::dyn_into).map_err(lost)?;
    let stream: ReadableStreamDefaultReader = unpacked.get_reader().dyn_into().map_err(|other| lost(other.into()))?;
    let mut read = 0;
    loop {
        let part = JsFuture::from(stream.read()).await.map_err(lost)?;
        let field = |name: &str| Reflect::get(&part, &name.into()).unwrap_or_default();
        if field("done").is_truthy() {
            return Ok(());
        }
        let piece: Uint8Array = field("value").dyn_into().map_err(lost)?;
        read += u64::from(piece.length());
        if !take(&piece, read)? {
            return Ok(());
        }
    }
}

/// Stops a request when nobody waits for it any more.
struct AbortOnDrop(AbortController);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What an answer that is no success says.
fn refusal((status, text): &(u16, String)) -> Option<Failure> {
    if (200..300).contains(status) {
        return None;
    }
    let body = serde_json::from_str::<ErrorBody>(text);
    Some(body.map_or(Failure::Unreadable { status: *status }, |body| Failure::Refused(body.error)))
}

/// The status and text of an answer.
async fn fetch(path: &str, init: &RequestInit) -> Result<(u16, String), Failure> {
    let lost = |_| Failure::Unreachable { too_slow: false };
    let abort = AbortOnDrop(AbortController::new().map_err(lost)?);
    let too_slow = Rc::new(Cell::new(false));
    let patience = {
        let (controller, too_slow) = (abort.0.clone(), Rc::clone(&too_slow));
        Timeout::new(PATIENCE_MILLIS, move || {
            too_slow.set(true);
            controller.abort();
        })
    };
    let lost = |_| Failure::Unreachable { too_slow: too_slow.get() };
    init.set_signal(Some(&abort.0.signal()));
    let answer = JsFuture::from(window().fetch_with_str_and_init(path, init)).await.map_err(lost)?;
    let answer: Response = answer.dyn_into().map_err(lost)?;
    let text = JsFuture::from(answer.text().map_err(lost)?).await.map_err(lost)?.as_string().unwrap_or_default();
    drop(patience);
    Ok((answer.status(), text))
}
