//! Keys that work on every page. Single letters work outside fields only, and can be turned off.

use std::cell::Cell;

use gloo::{
    events::{EventListener, EventListenerOptions},
    utils::{document, window},
};
use larder_shared::{name::MirrorName, route::page::Page};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Event, HtmlElement, HtmlInputElement, KeyboardEvent};
use yew::prelude::*;

use crate::{
    browser,
    components::{copy::copy_and_say, log_bar::LOG_SEARCH_ID, search_box::SEARCH_ID},
    route, site,
};

const LETTERS_KEY: &str = "larder-letters";

thread_local! {
    /// Whether the last key was `g`, which waits for a second letter.
    static GOING: Cell<bool> = const { Cell::new(false) };
}

/// Whether single letters are keys.
pub(crate) fn are_letters_allowed() -> bool {
    browser::remembered(LETTERS_KEY).as_deref() != Some("off")
}

/// Turns single letters on or off, for this browser.
pub(crate) fn allow_letters(allowed: bool) {
    browser::remember(LETTERS_KEY, if allowed { "on" } else { "off" });
}

/// Listens to the keyboard for a page of `mirror`; `on_help` shows the list of keys.
#[hook]
pub(crate) fn use_keyboard(mirror: Option<MirrorName>, on_help: Callback<()>) {
    use_effect_with((mirror, on_help), |(mirror, on_help)| {
        let (mirror, on_help) = (mirror.clone(), on_help.clone());
        let listener = EventListener::new_with_options(
            &document(),
            "keydown",
            EventListenerOptions::enable_prevent_default(),
            move |event: &Event| {
                if let Some(event) = event.dyn_ref::<KeyboardEvent>()
                    && !event.default_prevented()
                    && on_key(event, mirror.as_ref(), &on_help)
                {
                    event.prevent_default();
                }
            },
        );
        || drop(listener)
    });
}

/// Does what a key asks for; whether it asks for something.
fn on_key(event: &KeyboardEvent, mirror: Option<&MirrorName>, on_help: &Callback<()>) -> bool {
    let key = event.key();
    if (event.ctrl_key() || event.meta_key()) && key == "k" {
        return focus_search();
    }
    let is_going = GOING.replace(false);
    if event.ctrl_key()
        || event.meta_key()
        || event.alt_key()
        || is_in_field(event)
        || browser::find("dialog[open]").is_some()
    {
        return false;
    }
    match key.as_str() {
        "ArrowDown" => return move_row(1),
        "ArrowUp" => return move_row(-1),
        _ if !are_letters_allowed() => return false,
        _ => {}
    }
    if is_going {
        return mirror.is_some_and(|mirror| go_to(&key, mirror));
    }
    match key.as_str() {
        "/" => focus_log_search() || focus_search(),
        "?" => {
            on_help.emit(());
            true
        }
        "j" => move_row(1),
        "k" => move_row(-1),
        "g" => {
            GOING.set(true);
            true
        }
        "o" => open_aside(),
        "y" => copy_hash(),
        "i" => click("#install-button"),
        "n" => click("[data-key=n]"),
        "N" => click("[data-key=N]"),
        "e" => click("[data-key=e]"),
        "f" => focus_facets(),
        "m" => click("#mirror-button"),
        "h" => click("#machine-button"),
        "x" => select_row(),
        "c" => click("[data-key=c]"),
        "t" => click("[data-key=t]"),
        _ => false,
    }
}

/// Whether the key was pressed in something that takes text or keys itself.
fn is_in_field(event: &KeyboardEvent) -> bool {
    let Some(target) = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok()) else { return false };
    target
        .closest("input:not([type=checkbox]), textarea, select, [role=menu], [role=tree], [contenteditable]")
        .ok()
        .flatten()
        .is_some()
}

fn focus_search() -> bool {
    focus_field(SEARCH_ID)
}

/// In a log, `/` searches the log; Ctrl K still goes to the box.
fn focus_log_search() -> bool {
    focus_field(LOG_SEARCH_ID)
}

/// Goes to what the list can be narrowed by: its first value, or in a narrow window its first button.
fn focus_facets() -> bool {
    let places = browser::find_all(".facets input:enabled, .facets .facet > .btn");
    let Some(place) = places.into_iter().find(|place| place.offset_width() > 0) else { return false };
    let _ = place.focus();
    true
}

fn focus_field(id: &str) -> bool {
    let Some(field) = browser::element(id).and_then(|field| field.dyn_into::<HtmlInputElement>().ok()) else {
        return false;
    };
    let _ = field.focus();
    field.select();
    true
}

fn go_to(key: &str, mirror: &MirrorName) -> bool {
    let page = match key {
        "o" => Page::Mirror(mirror.clone()),
        "p" => Page::Packages(mirror.clone()),
        "b" => Page::Builds(mirror.clone()),
        "f" => Page::Failures(mirror.clone()),
        "k" => Page::Keys(mirror.clone()),
        _ => return false,
    };
    let url = route::href(&page);
    // A site of files may have no builds.
    if site::is_static() && browser::find(&format!("nav.tabs a[href=\"{url}\"]")).is_none() {
        return false;
    }
    route::go(&url);
    true
}

/// The link of the row that has the keyboard.
fn focused_row() -> Option<HtmlElement> {
    browser::focused()?.closest("[data-row]").ok().flatten()?.dyn_into().ok()
}

/// Gives the keyboard to the next row, or to the first one in view.
fn move_row(step: i32) -> bool {
    let rows = browser::find_all("main [data-row]");
    let target = match focused_row().and_then(|row| rows.iter().position(|other| *other == row)) {
        Some(here) => here.checked_add_signed(step as isize),
        None => rows.iter().position(|row| row.get_bounding_client_rect().top() >= 0.0),
    };
    match target.and_then(|index| rows.get(index)) {
        Some(row) => row.focus().is_ok(),
        None => false,
    }
}

/// Takes the row that has the keyboard into the selection, or out of it.
fn select_row() -> bool {
    let row = browser::focused().and_then(|focused| focused.closest("tr").ok().flatten());
    let pick = row.and_then(|row| row.query_selector("[data-key=x]").ok().flatten());
    match pick.and_then(|pick| pick.dyn_into::<HtmlElement>().ok()) {
        Some(pick) => {
            pick.click();
            true
        }
        None => false,
    }
}

fn open_aside() -> bool {
    let Some(href) = focused_row().and_then(|row| row.get_attribute("href")) else { return false };
    let _ = window().open_with_url_and_target_and_features(&href, "_blank", "noopener");
    true
}

/// Copies the hash of the row that has the keyboard, or of the page.
fn copy_hash() -> bool {
    let holder = match browser::focused().and_then(|focused| focused.closest("[data-hash]").ok().flatten()) {
        Some(holder) => Some(holder),
        None => browser::find("article[data-hash]").map(Into::into),
    };
    let Some(hash) = holder.and_then(|holder| holder.get_attribute("data-hash")) else { return false };
    spawn_local(async move {
        copy_and_say(&hash).await;
    });
    true
}

fn click(selector: &str) -> bool {
    match browser::find(selector) {
        Some(element) => {
            element.click();
            true
        }
        None => false,
    }
}
