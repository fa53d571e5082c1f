//! The lines of a log around the view, in an element that scrolls as if all were there.

use std::{collections::BTreeSet, rc::Rc};

use gloo::{
    events::{EventListener, EventListenerOptions},
    utils::window,
};
use larder_frontend::{
    format,
    log::{
        message::{Block, Size},
        range::LineRange,
        scroll::Scale,
        text::{Line, MAX_SHOWN_BYTES},
    },
};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent, MouseEvent as RawMouseEvent};
use yew::prelude::*;

/// Rows drawn on either side of the view, so that scrolling meets a drawn row.
const AROUND: u64 = 40;

/// The range that is drawn moves in steps of so many rows, so that it seldom changes.
const STEP: u64 = 20;

/// Lines shown above the one that is gone to; broken lines may each fill much of the view.
const ABOVE: u64 = 8;
const ABOVE_BROKEN: u64 = 1;

/// Higher than any browser lets an element be, to learn how high that is.
const TOO_HIGH: &str = "60000000px";

/// What is assumed when a browser does not tell.
const SAFE_LIMIT: f64 = 15e6;

#[derive(Properties, PartialEq)]
pub(crate) struct LogViewProps {
    pub size: Size,
    /// The lines that are known.
    pub block: Rc<Block>,
    /// Lines that look like errors.
    pub errors: Rc<BTreeSet<u64>>,
    /// The first real error.
    pub first_error: Option<u64>,
    /// The lines the URL points at.
    pub selected: Option<LineRange>,
    /// The line one has stepped to.
    pub current: Option<u64>,
    /// Whether long lines are broken.
    pub wrap: bool,
    /// The line to show, and how often one was asked for before.
    pub target: Option<(u64, u32)>,
    /// Hears which lines are drawn: the first, and the one after the last.
    pub on_view: Callback<(u64, u64)>,
    /// Hears which line's number was pressed, and whether with shift.
    pub on_pick: Callback<(u64, bool)>,
}

/// What the listeners need to know of the list as it is now.
#[derive(Clone, Copy, Default)]
struct Measures {
    scale: Scale,
    /// The first row that is drawn, counted from 0.
    from: u64,
}

/// The elements that are measured and moved.
#[derive(Clone, PartialEq)]
struct Parts {
    scroller: NodeRef,
    sizer: NodeRef,
    rows: NodeRef,
    probe: NodeRef,
}

/// The log.
#[component]
pub(crate) fn LogView(props: &LogViewProps) -> Html {
    let parts = Parts { scroller: use_node_ref(), sizer: use_node_ref(), rows: use_node_ref(), probe: use_node_ref() };
    let measures = use_mut_ref(Measures::default);
    let drawn = use_state_eq(|| (0u64, 0u64));
    let limit = use_mut_ref(|| 0.0f64);

    // Measures, chooses the rows to draw, and puts what is drawn in its place.
    let settle = {
        let (parts, measures, limit, drawn) = (parts.clone(), measures.clone(), limit.clone(), drawn.setter());
        let (lines, wrap, on_view) = (props.size.lines, props.wrap, props.on_view.clone());
        Rc::new(move || {
            let Some(scroller) = parts.scroller.cast::<HtmlElement>() else { return };
            if *limit.borrow() <= 0.0 {
                *limit.borrow_mut() = highest(&parts.sizer);
            }
            let row = parts.probe.cast::<HtmlElement>().map_or(0.0, |probe| probe.get_bounding_client_rect().height());
            let scale = Scale {
                rows: lines,
                row,
                view: f64::from(scroller.client_height()),
                limit: *limit.borrow(),
                past_end: wrap,
            };
            let (from, to) = rows_to_draw(&scale, f64::from(scroller.scroll_top()), wrap);
            *measures.borrow_mut() = Measures { scale, from };
            set_style(&parts.sizer, "height", &format!("{}px", scale.height()));
            drawn.set((from, to));
            on_view.emit((from + 1, to + 1));
            place_rows(&parts, &measures.borrow(), wrap);
        })
    };
    {
        let settle = settle.clone();
        use_effect_with((props.size.lines, props.wrap), move |_| settle());
    }
    {
        // What is drawn has changed: its first row may be of another height.
        let (parts, measures, wrap) = (parts.clone(), measures.clone(), props.wrap);
        use_effect_with((*drawn, props.block.clone(), wrap), move |_| place_rows(&parts, &measures.borrow(), wrap));
    }
    {
        let (scroller, settle, measures) = (parts.scroller.clone(), settle.clone(), measures.clone());
        use_effect_with((props.size.lines, props.wrap, props.on_view.clone()), move |_| {
            let listeners = scroller.cast::<HtmlElement>().map(|scroller| {
                let (scrolled, resized) = (settle.clone(), settle);
                let can_stop = EventListenerOptions::enable_prevent_default();
                let (keys, wheel, by_wheel) = (measures.clone(), measures, scroller.clone());
                let by_key = scroller.clone();
                [
                    EventListener::new(&scroller, "scroll", move |_| scrolled()),
                    EventListener::new(&window(), "resize", move |_| resized()),
                    EventListener::new_with_options(&scroller, "keydown", can_stop, move |event| {
                        scroll_by_key(event, &by_key, &keys.borrow().scale);
                    }),
                    EventListener::new_with_options(&scroller, "wheel", can_stop, move |event| {
                        scroll_by_wheel(event, &by_wheel, &wheel.borrow().scale);
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
        let (scroller, settle, measures) = (parts.scroller.clone(), settle, measures.clone());
        let above = if props.wrap { ABOVE_BROKEN } else { ABOVE };
        use_effect_with(props.target, move |target| {
            if let (Some((line, _)), Some(scroller)) = (target, scroller.cast::<HtmlElement>()) {
                let top = line.saturating_sub(1 + above);
                #[expect(clippy::cast_precision_loss, reason = "far fewer lines than a double counts exactly")]
                scroll_to(&scroller, measures.borrow().scale.top_of(top as f64));
                settle();
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
    let (from, to) = *drawn;
    html! {
        <div class={if props.wrap { "log-view wrap" } else { "log-view" }} ref={&parts.scroller} tabindex="0" role="region" aria-label="Log">
            <div class="log-sizer" ref={&parts.sizer}>
                <div class="log-line probe" ref={&parts.probe} aria-hidden="true"><span class="no">{ "0" }</span><span class="text">{ "0" }</span></div>
                <div class="log-rows" ref={&parts.rows} {onclick}>
                    { for (from + 1..=to.min(props.size.lines)).map(|number| row(props, number)) }
                </div>
            </div>
        </div>
    }
}

fn row(props: &LogViewProps, number: u64) -> Html {
    let class = classes!(
        "log-line",
        props.errors.contains(&number).then_some("err"),
        (props.first_error == Some(number)).then_some("err first"),
        props.selected.is_some_and(|range| range.contains(number)).then_some("here"),
        (props.current == Some(number)).then_some("current"),
    );
    html! {
        <div {class} key={number} data-line={number.to_string()}>
            <a class="no" href={format!("#L{number}")} tabindex="-1" aria-label={format!("Line {number}")}>{ number }</a>
            <span class="text">{ props.block.get(number).map_or_else(Html::default, line) }</span>
        </div>
    }
}

/// A line's text: only text nodes, whatever the log holds.
pub(crate) fn line(line: &Line) -> Html {
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
            if line.hidden > 0 { <span class="rest">{ format!(" and {} more in this line", format::size(line.hidden as u64)) }</span> }
        </>
    }
}

/// Rows to draw, counted from 0. Rows that break lines are drawn from the first in view on, because only
/// its place is known.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a row's number")]
fn rows_to_draw(scale: &Scale, top: f64, wrap: bool) -> (u64, u64) {
    let first = (scale.row_at(top) as u64).min(scale.rows);
    let last = first + scale.rows_in_view();
    if wrap {
        return (first, last.min(scale.rows));
    }
    let from = first.saturating_sub(AROUND) / STEP * STEP;
    let to = (last + AROUND).next_multiple_of(STEP);
    (from, to.min(scale.rows))
}

/// Moves what is drawn to where its rows belong. Set by hand: the page's security policy forbids style
/// attributes.
#[expect(clippy::cast_precision_loss, reason = "far fewer lines than a double counts exactly")]
fn place_rows(parts: &Parts, measures: &Measures, wrap: bool) {
    let Some(scroller) = parts.scroller.cast::<HtmlElement>() else { return };
    let Measures { scale, from } = measures;
    let top = f64::from(scroller.scroll_top());
    let at = scale.row_at(top);
    let y = if wrap {
        let first = parts.rows.cast::<HtmlElement>().and_then(|rows| rows.first_element_child());
        let height = first.map_or(scale.row, |first| first.get_bounding_client_rect().height());
        top - at.fract() * height
    } else if scale.is_exact() {
        *from as f64 * scale.row
    } else {
        top - (at - *from as f64) * scale.row
    };
    set_style(&parts.rows, "transform", &format!("translateY({y}px)"));
}

/// How high an element may be here.
fn highest(sizer: &NodeRef) -> f64 {
    set_style(sizer, "height", TOO_HIGH);
    let height = sizer.cast::<HtmlElement>().map_or(0.0, |sizer| sizer.get_bounding_client_rect().height());
    // A little less than the browser's own end, where its arithmetic is tight.
    if height > 0.0 { height * 0.9 } else { SAFE_LIMIT }
}

fn set_style(element: &NodeRef, name: &str, value: &str) {
    if let Some(element) = element.cast::<HtmlElement>() {
        let _ = element.style().set_property(name, value);
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
