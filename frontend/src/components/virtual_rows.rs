//! Long tables: only the rows around the view exist, between two rows as high as all the others.

use std::ops::Range;

use gloo::{events::EventListener, render::request_animation_frame, timers::callback::Timeout, utils::window};
use larder_frontend::window::{DRAWN_WHOLE, View};
use web_sys::HtmlElement;
use yew::prelude::*;

use crate::browser;

/// How long a list stays as it is until the rows around those in view are drawn, in milliseconds: longer than from one
/// key to the next.
const SETTLE_MILLIS: u32 = 200;

/// Which of `total` rows to draw in the `tbody` that `body` refers to.
#[hook]
pub(crate) fn use_rows_to_draw(total: usize, body: &NodeRef) -> Range<usize> {
    let view = use_view(total > DRAWN_WHOLE, body);
    let range = view.rows_around(total);
    use_spacers(total, range.clone(), view.row, body);
    range
}

/// The same for a list that is another with each letter one types: when `of` changes, the rows in view come first,
/// those around them when it has stayed so for a moment. All rows must be equally high.
#[hook]
pub(crate) fn use_rows_in_view_first<T: PartialEq + Clone + 'static>(
    total: usize,
    of: T,
    body: &NodeRef,
) -> Range<usize> {
    let view = use_view(total > 0, body);
    let settled = use_state(|| None::<T>);
    {
        let settled = settled.setter();
        use_effect_with(of.clone(), move |of| {
            let of = of.clone();
            let timeout = Timeout::new(SETTLE_MILLIS, move || settled.set(Some(of)));
            move || drop(timeout)
        });
    }
    let range = if settled.as_ref() == Some(&of) { view.rows_around(total) } else { view.rows(total) };
    use_spacers(total, range.clone(), view.row, body);
    range
}

/// What is in view, while that matters. It is measured when it moves and with the first frame, not with each change: that
/// would have the browser lay the page out more than once for a frame.
#[hook]
fn use_view(matters: bool, body: &NodeRef) -> View {
    let view = use_state_eq(|| View::at_first(browser::window_height()));
    let (body, setter) = (body.clone(), view.setter());
    use_effect_with(matters, move |matters| {
        let listeners = matters.then(|| {
            let measure = move || {
                if let Some(view) = measure(&body) {
                    setter.set(view);
                }
            };
            let [first, scrolled] = [measure.clone(), measure.clone()];
            let listeners = [
                EventListener::new(&window(), "scroll", move |_| scrolled()),
                EventListener::new(&window(), "resize", move |_| measure()),
            ];
            (request_animation_frame(move |_| first()), listeners)
        });
        || drop(listeners)
    });
    *view
}

/// Gives the rows before and after those that are drawn the height of what is not.
#[hook]
fn use_spacers(total: usize, drawn: Range<usize>, row: f64, body: &NodeRef) {
    let body = body.clone();
    use_effect_with((drawn, total, row.to_bits()), move |(drawn, total, _)| {
        // Set by hand: the page's security policy forbids style attributes.
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            reason = "a list that long is not drawn"
        )]
        let set = |class: &str, rows: usize| {
            let cell = body.cast::<HtmlElement>().and_then(|body| body.query_selector(class).ok().flatten());
            if let Some(cell) = cell.and_then(|cell| wasm_bindgen::JsCast::dyn_into::<HtmlElement>(cell).ok()) {
                let _ = cell.style().set_property("height", &format!("{}px", (rows as f64 * row) as i64));
            }
        };
        set(".before", drawn.start);
        set(".after", total - drawn.end.min(*total));
    });
}

fn measure(body: &NodeRef) -> Option<View> {
    let body: HtmlElement = body.cast()?;
    let row: HtmlElement = wasm_bindgen::JsCast::dyn_into(body.query_selector("tr.row").ok().flatten()?).ok()?;
    let scrolled = -body.get_bounding_client_rect().top();
    Some(View::new(scrolled, browser::window_height(), row.get_bounding_client_rect().height()))
}

/// A row as high as those that are not drawn.
pub(crate) fn spacer(class: &'static str, columns: usize) -> Html {
    html! { <tr key={class} class="spacer" aria-hidden="true"><td {class} colspan={columns.to_string()}></td></tr> }
}
