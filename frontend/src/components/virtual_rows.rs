//! Long tables: only the rows around the view exist, between two rows as high as all the others.

use std::ops::Range;

use gloo::{events::EventListener, utils::window};
use larder_frontend::window::{DRAWN_WHOLE, View, rows_to_draw};
use web_sys::HtmlElement;
use yew::prelude::*;

use crate::browser;

/// Which of `total` rows to draw in the `tbody` that `body` refers to.
#[hook]
pub(crate) fn use_rows_to_draw(total: usize, body: &NodeRef) -> Range<usize> {
    let view = use_state_eq(View::default);
    {
        let (body, setter) = (body.clone(), view.setter());
        use_effect_with(total, move |total| {
            let listeners = (*total > DRAWN_WHOLE).then(|| {
                let measure = move || {
                    if let Some(view) = measure(&body) {
                        setter.set(view);
                    }
                };
                measure();
                let again = measure.clone();
                [
                    EventListener::new(&window(), "scroll", move |_| measure()),
                    EventListener::new(&window(), "resize", move |_| again()),
                ]
            });
            || drop(listeners)
        });
    }
    let range = rows_to_draw(total, *view);
    {
        let (body, range, row) = (body.clone(), range.clone(), view.row);
        use_effect_with((range, total, row.to_bits()), move |(range, total, _)| {
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
            set(".before", range.start);
            set(".after", total - range.end.min(*total));
        });
    }
    range
}

fn measure(body: &NodeRef) -> Option<View> {
    let body: HtmlElement = body.cast()?;
    let row: HtmlElement = wasm_bindgen::JsCast::dyn_into(body.query_selector("tr.row").ok().flatten()?).ok()?;
    Some(View {
        scrolled: -body.get_bounding_client_rect().top(),
        height: browser::window_height(),
        row: row.get_bounding_client_rect().height(),
    })
}

/// A row as high as those that are not drawn.
pub(crate) fn spacer(class: &'static str, columns: usize) -> Html {
    html! { <tr class="spacer" aria-hidden="true"><td {class} colspan={columns.to_string()}></td></tr> }
}
