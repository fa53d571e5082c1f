//! The lines of a log around the view, in an element that scrolls as if all were there.

use gloo::{
    events::{EventListener, EventListenerOptions},
    utils::window,
};
use larder_frontend::log::{
    message::{Shown, Size},
    scroll::Scale,
    text::MAX_SHOWN_BYTES,
};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent, MouseEvent as RawMouseEvent};
use yew::prelude::*;

use super::log_rows::{LogRows, Marks, Parts, rest_words, set_style};

/// Lines shown above the one that is gone to; broken lines may each fill much of the view.
const ABOVE: u64 = 8;
const ABOVE_BROKEN: u64 = 1;

#[derive(Properties, PartialEq)]
pub(crate) struct LogViewProps {
    pub size: Size,
    /// The rows, which know the lines.
    pub rows: LogRows,
    pub marks: Marks,
    /// Whether long lines are broken.
    pub wrap: bool,
    /// The line to show, and how often one was asked for before.
    pub target: Option<(u64, u32)>,
    /// Hears which line's number was pressed, and whether with shift.
    pub on_pick: Callback<(u64, bool)>,
}

/// The log.
#[component]
pub(crate) fn LogView(props: &LogViewProps) -> Html {
    let parts = Parts { scroller: use_node_ref(), sizer: use_node_ref(), rows: use_node_ref(), probe: use_node_ref() };
    let rows = &props.rows;
    {
        let (rows, parts) = (rows.clone(), parts.clone());
        use_effect_with((props.size, props.wrap), move |(size, wrap)| rows.settle(&parts, *size, *wrap));
    }
    {
        let rows = rows.clone();
        use_effect_with(props.marks.clone(), move |marks| rows.mark(marks.clone()));
    }
    {
        let (rows, parts) = (rows.clone(), parts.clone());
        use_effect_with((props.size, props.wrap), move |(size, wrap)| {
            let (size, wrap) = (*size, *wrap);
            let listeners = parts.scroller.cast::<HtmlElement>().map(|scroller| {
                let can_stop = EventListenerOptions::enable_prevent_default();
                let (scrolled, resized, keys, wheel) = (rows.clone(), rows.clone(), rows.clone(), rows);
                let (by_key, by_wheel) = (scroller.clone(), scroller.clone());
                [
                    EventListener::new(&scroller, "scroll", move |_| scrolled.scrolled()),
                    EventListener::new(&window(), "resize", move |_| resized.settle(&parts, size, wrap)),
                    EventListener::new_with_options(&scroller, "keydown", can_stop, move |event| {
                        scroll_by_key(event, &by_key, &keys.scale());
                    }),
                    EventListener::new_with_options(&scroller, "wheel", can_stop, move |event| {
                        scroll_by_wheel(event, &by_wheel, &wheel.scale());
                    }),
                ]
            });
            || drop(listeners)
        });
    }
    {
        let (sizer, longest) = (parts.sizer.clone(), props.size.longest);
        use_effect_with((longest, props.wrap), move |(longest, wrap)| {
            let letters = (*longest).min(MAX_SHOWN_BYTES as u64);
            set_style(&sizer, "min-width", &if *wrap { "0".to_owned() } else { format!("calc({letters}ch + 100px)") });
        });
    }
    {
        let (scroller, rows) = (parts.scroller.clone(), rows.clone());
        let above = if props.wrap { ABOVE_BROKEN } else { ABOVE };
        use_effect_with(props.target, move |target| {
            if let (Some((line, _)), Some(scroller)) = (target, scroller.cast::<HtmlElement>()) {
                let top = line.saturating_sub(1 + above);
                #[expect(clippy::cast_precision_loss, reason = "far fewer lines than a double counts exactly")]
                scroll_to(&scroller, rows.scale().top_of(top as f64));
                rows.scrolled();
            }
        });
    }
    let onclick = {
        let on_pick = props.on_pick.clone();
        Callback::from(move |event: MouseEvent| {
            if let Some((line, shift)) = picked(&event) {
                event.prevent_default();
                on_pick.emit((line, shift));
            }
        })
    };
    html! {
        <div class={if props.wrap { "log-view wrap" } else { "log-view" }} ref={&parts.scroller} tabindex="0" role="region" aria-label="Log">
            <div class="log-sizer" ref={&parts.sizer}>
                <div class="log-line probe" ref={&parts.probe} aria-hidden="true"><span class="no">{ "0" }</span><span class="text">{ "0" }</span></div>
                <div class="log-rows" ref={&parts.rows} {onclick}></div>
            </div>
        </div>
    }
}

/// A line's text: only text nodes, whatever the log holds.
pub(crate) fn line(line: Shown) -> Html {
    let line = match line {
        Shown::Plain(text) => return html! { { text } },
        Shown::Styled(line) => line,
    };
    html! {
        <>
            for part in line.parts.iter() {
                if part.is_hit {
                    <mark class={part.class.clone()}>{ part.text.clone() }</mark>
                } else if part.class.is_empty() {
                    { part.text.clone() }
                } else {
                    <span class={part.class.clone()}>{ part.text.clone() }</span>
                }
            }
            if line.hidden > 0 { <span class="rest">{ rest_words(line.hidden) }</span> }
        </>
    }
}

#[expect(clippy::cast_possible_truncation, reason = "below the height of an element")]
fn scroll_to(scroller: &HtmlElement, top: f64) {
    scroller.set_scroll_top(top.round() as i32);
}

/// Where the scroll bar has a scale, keys move by rows: a page must not pass over lines.
fn scroll_by_key(event: &Event, scroller: &HtmlElement, scale: &Scale) {
    let Some(event) = event.dyn_ref::<KeyboardEvent>() else { return };
    let page = (scale.view / scale.row.max(1.0) - 2.0).max(1.0);
    let rows = match event.key().as_str() {
        "PageDown" => page,
        " " if !event.shift_key() => page,
        "PageUp" | " " => -page,
        "ArrowDown" => 1.0,
        "ArrowUp" => -1.0,
        _ => return,
    };
    if event.alt_key() || event.ctrl_key() || event.meta_key() {
        return;
    }
    // The keys of the page move between rows of tables; here they scroll.
    event.stop_propagation();
    if !scale.is_exact() {
        event.prevent_default();
        scroll_to(scroller, scale.top_of(scale.row_at(f64::from(scroller.scroll_top())) + rows));
    }
}

/// Where the scroll bar has a scale, the wheel moves by pixels of the list.
fn scroll_by_wheel(event: &Event, scroller: &HtmlElement, scale: &Scale) {
    let Some(event) = event.dyn_ref::<web_sys::WheelEvent>() else { return };
    if scale.is_exact() || event.ctrl_key() || event.delta_y() == 0.0 {
        return;
    }
    let pixels = match event.delta_mode() {
        web_sys::WheelEvent::DOM_DELTA_LINE => event.delta_y() * scale.row,
        web_sys::WheelEvent::DOM_DELTA_PAGE => event.delta_y() * scale.view,
        _ => event.delta_y(),
    };
    event.prevent_default();
    scroll_to(scroller, scale.top_of(scale.row_at(f64::from(scroller.scroll_top())) + pixels / scale.row.max(1.0)));
}

/// The line whose number was pressed, and whether with shift.
fn picked(event: &RawMouseEvent) -> Option<(u64, bool)> {
    if event.ctrl_key() || event.meta_key() || event.alt_key() || event.button() != 0 {
        return None;
    }
    let pressed: HtmlElement = event.target()?.dyn_into().ok()?;
    let link = pressed.closest("a.no").ok().flatten()?;
    let row = link.closest("[data-line]").ok().flatten()?;
    Some((row.get_attribute("data-line")?.parse().ok()?, event.shift_key()))
}
