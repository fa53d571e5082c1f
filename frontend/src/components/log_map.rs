//! The map of a whole log, 10 pixels wide: where its warnings, errors and hits are.

use std::rc::Rc;

use larder_frontend::log::scan::SLOTS;
use web_sys::HtmlElement;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub(crate) struct LogMapProps {
    /// Slots with warnings, of [`SLOTS`].
    pub warnings: Rc<Vec<u16>>,
    /// Slots with errors.
    pub errors: Rc<Vec<u16>>,
    /// Slots with hits.
    pub hits: Rc<Vec<u16>>,
    /// Hears which part of the log was pressed on, from 0 to 1.
    pub on_jump: Callback<f64>,
}

/// The map; a press on it goes there. For the eye and the pointer only: keys go from mark to mark.
#[component]
pub(crate) fn LogMap(props: &LogMapProps) -> Html {
    let onclick = props.on_jump.reform(|event: MouseEvent| {
        let map: HtmlElement = event.target_unchecked_into();
        let place = map.closest("svg").ok().flatten().map(|map| map.get_bounding_client_rect());
        place.map_or(0.0, |place| {
            ((f64::from(event.client_y()) - place.top()) / place.height().max(1.0)).clamp(0.0, 1.0)
        })
    });
    html! {
        <svg class="log-map" viewBox={format!("0 0 10 {SLOTS}")} preserveAspectRatio="none" aria-hidden="true" {onclick}>
            <rect class="ground" width="10" height={SLOTS.to_string()}/>
            <path class="warnings" d={marks(&props.warnings, 5)}/>
            <path class="hits" d={marks(&props.hits, 10)}/>
            <path class="errors" d={marks(&props.errors, 10)}/>
        </svg>
    }
}

/// A bar for each slot, high enough to be seen.
fn marks(slots: &[u16], width: u16) -> String {
    slots.iter().map(|slot| format!("M{} {slot}h{width}v3h-{width}z", 10 - width)).collect()
}
