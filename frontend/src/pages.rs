//! The pages. Each fetches what it shows and owns its state; components draw it.

pub(crate) mod ambiguous;
pub(crate) mod broken;
pub(crate) mod build;
pub(crate) mod builds;
pub(crate) mod compare;
pub(crate) mod contents;
pub(crate) mod empty;
pub(crate) mod failure;
pub(crate) mod failures;
pub(crate) mod hash;
pub(crate) mod home;
pub(crate) mod hosted;
pub(crate) mod install;
pub(crate) mod keys;
pub(crate) mod listing;
pub(crate) mod log;
pub(crate) mod machine;
pub(crate) mod mirror;
pub(crate) mod not_found;
pub(crate) mod open;
pub(crate) mod package;
pub(crate) mod packages;
pub(crate) mod run;
pub(crate) mod search;
pub(crate) mod spec;
pub(crate) mod tokens;
pub(crate) mod usage;
pub(crate) mod use_token;

use std::rc::Rc;

use gloo::utils::document;
use larder_shared::api::ErrorCode;
use yew::prelude::*;

use crate::{
    components::{failure::failure_note, skeleton::skeleton},
    load::{Answer, State},
    pages::use_token::dialog_url,
};

/// The document's title, as tabs and the history show it; the most telling part first.
#[hook]
pub(crate) fn use_title(title: &str) {
    let title = if title.is_empty() { "Larder".to_owned() } else { format!("{title} · Larder") };
    use_effect_with(title, |title| document().set_title(title));
}

/// Draws an answer: its error in its place, old content while a newer one is waited for, and stand-in
/// rows on a first visit.
pub(crate) fn block<T>(answer: &Answer<T>, rows: usize, draw: impl FnOnce(&Rc<T>) -> Html) -> Html {
    frame(answer.data.as_ref().map(draw), &answer.state, &answer.retry, rows)
}

fn frame(drawn: Option<Html>, state: &State, retry: &Callback<()>, rows: usize) -> Html {
    let has_content = drawn.is_some();
    let is_old = state.waiting && !state.is_partial && has_content;
    html! {
        // Content does not move what stood in for it: it takes its place.
        <div key={if has_content { "content" } else { "stand-in" }} class={if is_old { "answer old" } else { "answer" }} aria-busy={if state.waiting { "true" } else { "false" }}>
            if let Some(failure) = &state.failure {
                { failure_note(&failure.message(), &failure.next_step(), has_content, failure.may_pass().then_some(retry)) }
                if matches!(failure.code(), Some(ErrorCode::Unauthorized | ErrorCode::Forbidden)) {
                    <p><a href={dialog_url()}>{ "Use a token" }</a></p>
                }
            }
            if let Some(drawn) = drawn {
                { drawn }
            } else if state.waiting {
                { skeleton(rows) }
            }
        </div>
    }
}

/// Whether the server says that there is no such thing.
pub(crate) fn is_missing<T>(answer: &Answer<T>) -> bool {
    has_code(answer, ErrorCode::NotFound)
}

/// Whether the server says that there is no such mirror.
pub(crate) fn is_mirror_missing<T>(answer: &Answer<T>) -> bool {
    has_code(answer, ErrorCode::MirrorUnknown)
}

/// Whether the server answered with this error.
pub(crate) fn has_code<T>(answer: &Answer<T>, code: ErrorCode) -> bool {
    state_has_code(&answer.state, code)
}

fn state_has_code(state: &State, code: ErrorCode) -> bool {
    state.failure.as_ref().and_then(crate::api::Failure::code) == Some(code)
}
