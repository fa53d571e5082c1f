//! What is said to people who hear the page: copies and counts, politely and at most once a second.

use std::cell::RefCell;

use gloo::timers::callback::Timeout;
use yew::prelude::*;

thread_local! {
    static SPEAKER: RefCell<Option<Callback<AttrValue>>> = const { RefCell::new(None) };
    static NEXT: RefCell<Option<Timeout>> = const { RefCell::new(None) };
}

const PAUSE_MILLIS: u32 = 1_000;

/// Has `text` said after a pause; of what comes within one pause, the last is said.
pub(crate) fn announce(text: impl Into<AttrValue>) {
    say_after(PAUSE_MILLIS, text.into());
}

/// Has `text` said at once, because it answers what somebody just did.
pub(crate) fn answer(text: impl Into<AttrValue>) {
    say_after(0, text.into());
}

fn say_after(millis: u32, text: AttrValue) {
    let timeout = Timeout::new(millis, move || {
        if let Some(speaker) = SPEAKER.with_borrow(Clone::clone) {
            speaker.emit(text);
        }
    });
    NEXT.replace(Some(timeout));
}

/// The place in the document that is read out when it changes.
#[component]
pub(crate) fn Announcer() -> Html {
    let text = use_state(|| AttrValue::from(""));
    let setter = text.setter();
    use_effect_with((), move |()| {
        SPEAKER.replace(Some(Callback::from(move |text| setter.set(text))));
        || drop(SPEAKER.take())
    });
    html! { <p class="sr" role="status" aria-live="polite">{ &*text }</p> }
}
