//! Asks for a page's documents while its link is only pointed at.

use std::cell::RefCell;

use gloo::{events::EventListener, timers::callback::Timeout, utils::document};
use larder_shared::route::page::Page;
use yew::prelude::*;

use crate::{
    api,
    load::prefetch,
    pages::{hosted::Program, mirror},
    route,
};

/// How long a link is pointed at before that counts.
const PAUSE_MILLIS: u32 = 65;

thread_local! {
    static NEXT: RefCell<Option<Timeout>> = const { RefCell::new(None) };
}

/// Watches the links of the document.
#[hook]
pub(crate) fn use_prefetch() {
    use_effect_with((), |()| {
        let listeners = ["pointerover", "focusin"].map(|kind| EventListener::new(&document(), kind, consider));
        || drop(listeners)
    });
}

fn consider(event: &Event) {
    let page = route::link_of_event(event).and_then(|link| route::page_of_link(&link));
    let timeout = page.map(|page| Timeout::new(PAUSE_MILLIS, move || ask_for(&page)));
    NEXT.replace(timeout);
}

fn ask_for(page: &Page) {
    if let Some(program) = Program::of(page) {
        // What its page asks for, the program remembers by itself.
        program.load_ahead();
        return;
    }
    match page {
        Page::Mirror(name) => {
            Program::Mirrors.load_ahead();
            prefetch(api::mirror(name).document);
            prefetch(api::newest_specs(name, mirror::NEWEST).document);
        }
        Page::Packages(mirror) => prefetch(api::packages(mirror).document),
        _ => {}
    }
}
