//! The URL, the browser's history, and what Back brings back.
//!
//! Links are plain `<a href>`. One listener on the document turns a click on one of ours into a new
//! page; with a modifier key, or to another site, it stays the browser's. Each entry of the history
//! keeps where its page was scrolled to and which link was followed from it.

use std::cell::RefCell;

use gloo::{
    events::{EventListener, EventListenerOptions},
    timers::callback::Timeout,
    utils::{document, window},
};
use larder_frontend::source::Source;
use larder_shared::route::page::Page;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Event, HtmlAnchorElement, MouseEvent, PopStateEvent, ScrollRestoration, UrlSearchParams};
use yew::prelude::*;

use crate::{browser, my_machine, site};

/// How long after the last letter the URL follows what is typed.
const TYPING_PAUSE_MILLIS: u32 = 600;

/// The same where the server is asked with each change.
const ASKING_PAUSE_MILLIS: u32 = 300;

/// How long after the last movement a page's position is noted; browsers limit how often it may be.
const SCROLL_PAUSE_MILLIS: u32 = 150;

/// The events by which another program tells that it has changed the URL.
const MOVED: &str = "larder-moved";
const MOVED_WITHIN: &str = "larder-moved-within";

/// Where the reader is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Place {
    /// The page.
    pub page: Page,
    /// Its parameters, decoded.
    pub params: Vec<(String, String)>,
    /// The part of the page that is meant: what follows `#`.
    pub part: String,
    /// How the reader came.
    pub arrival: Arrival,
    /// Rises with every arrival.
    pub visit: u32,
}

impl Place {
    /// A parameter's value.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Where the URL says that the reader is.
    pub(crate) fn here(arrival: Arrival, visit: u32) -> Self {
        let location = window().location();
        let page = page_at(&location.pathname().unwrap_or_default());
        let params = parse_params(&location.search().unwrap_or_default());
        let part = location.hash().unwrap_or_default().trim_start_matches('#').to_owned();
        Self { page, params, part, arrival, visit }
    }
}

/// How the reader came to a page.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Arrival {
    /// By loading it.
    Load,
    /// By a link.
    Link,
    /// By a link to the same page with other parameters; scroll and keyboard stay where they are.
    Within,
    /// By typing into the search box, which keeps the keyboard.
    Typing,
    /// By Back or Forward, to what was left there.
    Back(Left),
}

/// What is kept of a page in its entry of the history.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Left {
    /// How far it was scrolled, in pixels.
    pub scrolled: i32,
    /// The link that was followed from it, or had the keyboard.
    pub link: Option<String>,
}

#[derive(Default)]
struct Router {
    changed: Option<Callback<Place>>,
    visit: u32,
    pending_url: Option<Pending>,
    pending_scroll: Option<Timeout>,
}

/// A URL that waits for the reader to stop typing.
struct Pending {
    _timeout: Timeout,
    url: String,
    /// Whether it is an arrival: another program draws what it asks for.
    arrives: bool,
}

thread_local! {
    static ROUTER: RefCell<Router> = RefCell::default();
}

/// Where the reader is; changes with every link, Back and Forward.
#[hook]
pub(crate) fn use_place() -> UseStateHandle<Place> {
    let place = use_state(|| Place::here(left_here().map_or(Arrival::Load, Arrival::Back), 0));
    let setter = place.setter();
    use_effect_with((), move |()| {
        let _ = window().history().map(|history| history.set_scroll_restoration(ScrollRestoration::Manual));
        ROUTER.with_borrow_mut(|router| router.changed = Some(Callback::from(move |place| setter.set(place))));
        let listeners = [
            EventListener::new_with_options(
                &document(),
                "click",
                EventListenerOptions::enable_prevent_default(),
                follow_link,
            ),
            EventListener::new(&window(), "popstate", |event| {
                let state = event.dyn_ref::<PopStateEvent>().map_or(JsValue::NULL, PopStateEvent::state);
                arrive(Arrival::Back(parse_left(&state).unwrap_or_default()));
            }),
            EventListener::new(&window(), "scroll", |_| note_scroll_soon()),
            EventListener::new(&window(), MOVED, |_| arrive(Arrival::Link)),
            EventListener::new(&window(), MOVED_WITHIN, |_| arrive(Arrival::Within)),
        ];
        || drop(listeners)
    });
    place
}

fn arrive(arrival: Arrival) {
    let (changed, visit) = ROUTER.with_borrow_mut(|router| {
        router.visit += 1;
        router.pending_scroll = None;
        (router.changed.clone(), router.visit)
    });
    match changed {
        Some(changed) => {
            changed.emit(Place::here(arrival, visit));
            // The new URL may name another machine.
            my_machine::tell();
        }
        // In another program: the dashboard owns the URL, and hears that it has changed.
        None => {
            browser::tell(if arrival == Arrival::Within { MOVED_WITHIN } else { MOVED });
        }
    }
}

/// Opens a page as if a link to it had been followed.
pub(crate) fn go(url: &str) {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let is_here = window().location().pathname().is_ok_and(|here| page_at(&here) == page_at(path));
    push(url, if is_here && url.contains('?') { Arrival::Within } else { Arrival::Link });
}

/// Goes on at another URL of the same page, without a new entry in the history.
pub(crate) fn go_instead(url: &str) {
    put_pending_url();
    correct(url);
    arrive(Arrival::Within);
}

/// One step back in the history.
pub(crate) fn back() {
    let _ = window().history().and_then(|history| history.back());
}

/// Opens a page because of what is typed into the search box.
pub(crate) fn go_typing(url: &str) {
    push(url, Arrival::Typing);
}

fn push(url: &str, arrival: Arrival) {
    put_pending_url();
    note_left();
    let url = for_machine(url);
    let pushed = window().history().and_then(|history| history.push_state_with_url(&JsValue::NULL, "", Some(&url)));
    if pushed.is_ok() {
        arrive(arrival);
    }
}

/// A URL with the machine that the URL here names: it holds until the reader drops it.
fn for_machine(url: &str) -> String {
    browser::param(my_machine::PARAM).map_or_else(|| url.to_owned(), |machine| with_machine(url, &machine))
}

/// A URL that names a machine, unless it does already.
pub(crate) fn with_machine(url: &str, machine: &str) -> String {
    let name = my_machine::PARAM;
    if url.contains(&format!("?{name}=")) || url.contains(&format!("&{name}=")) {
        return url.to_owned();
    }
    let (url, part) = url.find('#').map_or((url, ""), |at| url.split_at(at));
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}{name}={}{part}", readable(machine))
}

/// Goes on without the machine that the URL names.
pub(crate) fn drop_machine() {
    let Place { page, params, part, .. } = Place::here(Arrival::Within, 0);
    let rest = params.iter().filter(|(name, _)| name != my_machine::PARAM);
    let mut url = url(&page, &rest.map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>());
    if !part.is_empty() {
        url.push('#');
        url.push_str(&part);
    }
    replace(&url);
    arrive(Arrival::Within);
}

/// Gives this entry of the history another URL of the same page, without a visit.
pub(crate) fn correct(url: &str) {
    replace(&for_machine(url));
}

fn replace(url: &str) {
    let state = state_of(&Left { scrolled: browser::scroll_position(), link: None });
    let _ = window().history().and_then(|history| history.replace_state_with_url(&state, "", Some(url)));
}

/// As [`correct`], once the reader stops typing or leaves.
pub(crate) fn correct_soon(url: String) {
    put_soon(url, TYPING_PAUSE_MILLIS, false);
}

/// As [`go_instead`], once the reader stops typing.
pub(crate) fn go_instead_soon(url: String) {
    put_soon(url, ASKING_PAUSE_MILLIS, true);
}

fn put_soon(url: String, millis: u32, arrives: bool) {
    let pending = Pending { _timeout: Timeout::new(millis, put_pending), url, arrives };
    ROUTER.with_borrow_mut(|router| router.pending_url = Some(pending));
}

/// Goes now where one would go once the reader stops typing.
pub(crate) fn put_pending() {
    if put_pending_url() {
        arrive(Arrival::Within);
    }
}

/// Puts the URL that waits; whether it is an arrival.
fn put_pending_url() -> bool {
    let pending = ROUTER.with_borrow_mut(|router| router.pending_url.take());
    pending.is_some_and(|pending| {
        correct(&pending.url);
        pending.arrives
    })
}

/// The page at the path of a URL.
fn page_at(path: &str) -> Page {
    site::below_root(path).map_or_else(|| Page::NotFound(path.to_owned()), |path| Page::parse(&path))
}

/// The URL of a page.
pub(crate) fn href(page: &Page) -> String {
    site::root() + &page.to_string()
}

/// The URL of a page with these parameters, the empty ones left out.
pub(crate) fn url(page: &Page, params: &[(&str, &str)]) -> String {
    let mut url = href(page);
    let mut separator = '?';
    for (name, value) in params.iter().filter(|(_, value)| !value.is_empty()) {
        url.push(separator);
        url.push_str(name);
        url.push('=');
        url.push_str(&readable(value));
        separator = '&';
    }
    url
}

/// The URL of a source's list.
pub(crate) fn list_url(source: &Source, query: &str, facets: &str, sort: &str, by: &str, cols: &str) -> String {
    let params = [("url", source.url()), ("q", query), ("f", facets), ("sort", sort), ("by", by), ("cols", cols)];
    url(&source.page(), &params)
}

/// A parameter's value encoded, but for what may stand in a query as it is.
fn readable(value: &str) -> String {
    let encoded: String = js_sys::encode_uri_component(value).into();
    encoded
        .replace("%20", "+")
        .replace("%2F", "/")
        .replace("%3A", ":")
        .replace("%3D", "=")
        .replace("%40", "@")
        .replace("%2C", ",")
}

fn parse_params(search: &str) -> Vec<(String, String)> {
    let Ok(params) = UrlSearchParams::new_with_str(search) else { return Vec::new() };
    params
        .entries()
        .into_iter()
        .flatten()
        .filter_map(|pair| {
            let pair: js_sys::Array = pair.dyn_into().ok()?;
            Some((pair.get(0).as_string()?, pair.get(1).as_string()?))
        })
        .collect()
}

/// The page a link of ours leads to; `None` for other sites and for what the worker answers.
pub(crate) fn page_of_link(link: &HtmlAnchorElement) -> Option<Page> {
    if window().location().origin().ok() != Some(link.origin())
        || link.has_attribute("download")
        || !link.target().is_empty()
    {
        return None;
    }
    let path = site::below_root(&link.pathname())?;
    Some(Page::parse(&path)).filter(|page| !matches!(page, Page::NotFound(_)) || path.starts_with("/m/"))
}

/// The link that an event happened on or in.
pub(crate) fn link_of_event(event: &Event) -> Option<HtmlAnchorElement> {
    let element: Element = event.target()?.dyn_into().ok()?;
    element.closest("a[href]").ok().flatten()?.dyn_into().ok()
}

fn follow_link(event: &Event) {
    let Some(click) = event.dyn_ref::<MouseEvent>() else { return };
    let is_plain =
        click.button() == 0 && !(click.ctrl_key() || click.meta_key() || click.shift_key() || click.alt_key());
    if !is_plain || event.default_prevented() {
        return;
    }
    let Some(link) = link_of_event(event) else { return };
    if let Some(part) = link.get_attribute("href").as_deref().and_then(|href| href.strip_prefix('#')) {
        // A place on this page: no visit, only the keyboard goes there.
        event.prevent_default();
        if let Some(part) = browser::element(part).and_then(|part| part.dyn_into::<web_sys::HtmlElement>().ok()) {
            let _ = part.focus();
        }
        return;
    }
    if page_of_link(&link).is_some() {
        event.prevent_default();
        let _ = link.focus();
        let url = format!("{}{}{}", link.pathname(), link.search(), link.hash());
        go(&url);
    }
}

/// Keeps in the history where this page stands and which link has the keyboard.
fn note_left() {
    let link = browser::focused().filter(|element| element.closest("main").ok().flatten().is_some());
    let link = link.and_then(|element| element.get_attribute("href"));
    let state = state_of(&Left { scrolled: browser::scroll_position(), link });
    let _ = window().history().and_then(|history| history.replace_state(&state, ""));
}

fn note_scroll_soon() {
    let timeout = Timeout::new(SCROLL_PAUSE_MILLIS, note_left);
    ROUTER.with_borrow_mut(|router| router.pending_scroll = Some(timeout));
}

/// `640 /m/user-environment/-/keys`: the pixels, then the link.
fn state_of(left: &Left) -> JsValue {
    JsValue::from(format!("{} {}", left.scrolled, left.link.as_deref().unwrap_or_default()))
}

fn parse_left(state: &JsValue) -> Option<Left> {
    let state = state.as_string()?;
    let (scrolled, link) = state.split_once(' ')?;
    Some(Left { scrolled: scrolled.parse().ok()?, link: (!link.is_empty()).then(|| link.to_owned()) })
}

fn left_here() -> Option<Left> {
    parse_left(&window().history().ok()?.state().ok()?)
}
