//! What stands in for content on a first visit. It shows itself only after 100 ms (in the style).

use yew::prelude::*;

/// `rows` rows of the height that real ones will have.
pub(crate) fn skeleton(rows: usize) -> Html {
    html! {
        <div class="skeleton-rows" role="status">
            <span class="sr">{ "Loading" }</span>
            for _ in 0..rows {
                <span class="skeleton-row" aria-hidden="true"><span class="skeleton"></span></span>
            }
        </div>
    }
}
