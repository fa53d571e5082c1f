//! An error, in the place of what failed: what, why, what now.

use yew::prelude::*;

use super::parts::in_code;

/// An error and its Retry button, which is absent where asking again cannot help. `is_stale` tells
/// that something older is shown instead.
pub(crate) fn failure_note(message: &str, next_step: &str, is_stale: bool, retry: Option<&Callback<()>>) -> Html {
    html! {
        <div class={if is_stale { "note warn" } else { "note bad" }} role="alert">
            <strong>{ in_code(message) }</strong>
            if is_stale { { "Shown is what was loaded before. " } }
            { in_code(next_step) }
            if let Some(retry) = retry {
                <p class="note-end">
                    <button type="button" class="btn" onclick={retry.reform(|_| ())}>{ "Retry" }</button>
                </p>
            }
        </div>
    }
}
