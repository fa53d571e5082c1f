//! A dependency graph drawn in layers. The tree of the same page says all of it in text.

use std::{cell::RefCell, rc::Rc};

use gloo::timers::callback::Timeout;
use larder_frontend::{
    drag::Drag,
    format,
    graph::{Kinds, Layout, Line, NODE_HEIGHT, NODE_WIDTH, Placed, Step},
};
use larder_shared::{
    api::{Node, Spec},
    name::MirrorName,
};
use web_sys::{Element, HtmlElement};
use yew::prelude::*;

use super::spec_text::spec_page;
use crate::{browser, route};

/// Letters of a node's name that fit it.
const LETTERS: usize = 23;

/// The drawing's size, in percent of its own units.
const ZOOMS: [usize; 8] = [25, 35, 50, 70, 85, 100, 140, 200];
const FULL: usize = 5;
/// The smallest at which names can be read.
const LEGIBLE: usize = 3;

/// How high the frame grows at most, as a part of the window; `style/larder-specs/graph.css` says the same.
const FRAME_HEIGHT: f64 = 0.7;

/// The class of a frame whose drawing follows the pointer.
const DRAGGED: &str = "dragged";

#[derive(Properties, PartialEq)]
pub(crate) struct GraphViewProps {
    pub mirror: MirrorName,
    /// The spec, with its graph.
    pub spec: Rc<Spec>,
}

#[component]
pub(crate) fn GraphView(props: &GraphViewProps) -> Html {
    let kinds = use_state_eq(|| Kinds::KEPT);
    let layout = use_memo((props.spec.clone(), *kinds), |(spec, kinds)| Layout::of(&spec.nodes, *kinds));
    let here = use_state_eq(|| 0usize);
    let zoom = use_state_eq(|| FULL);
    let frame = use_node_ref();
    let here_now = (*here).min(layout.nodes.len().saturating_sub(1));
    let go = {
        let (here, frame) = (here.setter(), frame.clone());
        Callback::from(move |place: usize| {
            here.set(place);
            let node = frame
                .cast::<Element>()
                .and_then(|frame| frame.query_selector(&format!("[data-place='{place}']")).ok().flatten());
            // A link of SVG takes the keyboard too, but is no `HtmlElement`.
            if let Some(node) = node {
                let _ = wasm_bindgen::JsCast::unchecked_into::<HtmlElement>(node).focus();
            }
        })
    };
    let fit = {
        let (zoom, frame, layout) = (zoom.setter(), frame.clone(), layout.clone());
        // At least as large as asked.
        Callback::from(move |least: usize| {
            let Some(frame) = frame.cast::<HtmlElement>() else { return };
            let room = |inside: f64, drawing: usize| whole(inside) * 100 / drawing.max(1);
            let high = browser::window_height() * FRAME_HEIGHT;
            let percent = room(frame.client_width().into(), layout.width).min(room(high, layout.height));
            zoom.set(ZOOMS.iter().rposition(|zoom| *zoom <= percent.min(100)).unwrap_or_default().max(least));
        })
    };
    {
        let fit = fit.clone();
        use_effect_with(layout.clone(), move |_| fit.emit(LEGIBLE));
    }
    let zoom_by = {
        let zoom = zoom.clone();
        Callback::from(move |step: isize| {
            zoom.set(zoom.checked_add_signed(step).filter(|zoom| *zoom < ZOOMS.len()).unwrap_or(*zoom));
        })
    };
    let onkeydown = {
        let (layout, go, fit, zoom_by) = (layout.clone(), go, fit.clone(), zoom_by.clone());
        Callback::from(move |event: KeyboardEvent| {
            if event.ctrl_key() || event.alt_key() || event.meta_key() {
                return;
            }
            let step = |step| go_to(&layout, here_now, step, &go);
            match event.key().as_str() {
                "ArrowRight" => step(Step::Right),
                "ArrowLeft" => step(Step::Left),
                "ArrowUp" => step(Step::Up),
                "ArrowDown" => step(Step::Down),
                "Home" => go.emit(0),
                "0" => fit.emit(0),
                "+" | "=" => zoom_by.emit(1),
                "-" => zoom_by.emit(-1),
                _ => return,
            }
            event.prevent_default();
            event.stop_propagation();
        })
    };
    let (dragging, drags) = use_dragging(&frame);
    let toggle = |label: &'static str, is_on: bool, next: Kinds| {
        let onclick = {
            let kinds = kinds.setter();
            Callback::from(move |_: MouseEvent| kinds.set(next))
        };
        html! { <button type="button" class={classes!("btn", "kind", label)} aria-pressed={is_on.to_string()} {onclick}>{ label }</button> }
    };
    let Kinds { build, link, run } = *kinds;
    let percent = ZOOMS[*zoom];
    let size = |units: usize| (units * percent / 100).max(1).to_string();
    html! {
        <div class="graph">
            <div class="tools">
                <span class="mute">{ format!("{} drawn, ", format::counted(layout.nodes.len() as u64, "package")) }{ "needed for" }</span>
                { toggle("link", link, Kinds { link: !link, ..*kinds }) }
                { toggle("run", run, Kinds { run: !run, ..*kinds }) }
                { toggle("build", build, Kinds { build: !build, ..*kinds }) }
                <span class="end">
                    <button type="button" class="btn" aria-label="Smaller" onclick={zoom_by.reform(|_| -1)}>{ "−" }</button>
                    <span class="zoom num">{ format!("{percent} %") }</span>
                    <button type="button" class="btn" aria-label="Larger" onclick={zoom_by.reform(|_| 1)}>{ "+" }</button>
                    <button type="button" class="btn" onclick={fit.reform(|_| 0)}>{ "Fit" }<kbd aria-hidden="true">{ "0" }</kbd></button>
                </span>
            </div>
            <div class="graph-frame" ref={frame} role="group" tabindex="-1" {onkeydown}
                onpointerdown={drags.clone()} onpointermove={drags.clone()} onpointerup={drags.clone()} onpointercancel={drags}
                ondragstart={|event: DragEvent| event.prevent_default()}
                aria-label={format!("Dependencies of {} as a graph. Arrows walk it, Enter opens; the tree says the same in text.", props.spec.summary.name)}>
                <svg width={size(layout.width)} height={size(layout.height)} viewBox={format!("0 0 {} {}", layout.width, layout.height)}>
                    <g class="edges" aria-hidden="true">
                        { for layout.edges.iter().map(|edge| line(&layout, edge, here_now)) }
                    </g>
                    { for layout.nodes.iter().enumerate().map(|(place, placed)| node(props, &layout, place, placed, here_now, &here, &dragging)) }
                </svg>
            </div>
        </div>
    }
}

/// The pointer that is pressed in the frame.
type Dragging = Rc<RefCell<Option<Drag>>>;

/// Has the drawing follow a mouse or a pen; fingers scroll it by themselves.
#[hook]
fn use_dragging(frame: &NodeRef) -> (Dragging, Callback<PointerEvent>) {
    let dragging: Dragging = use_mut_ref(|| None);
    let hear = {
        let (dragging, frame) = (dragging.clone(), frame.clone());
        Callback::from(move |event: PointerEvent| {
            let Some(frame) = frame.cast::<HtmlElement>() else { return };
            let at = (event.client_x(), event.client_y());
            match event.type_().as_str() {
                "pointerdown" if event.button() == 0 && event.pointer_type() != "touch" => {
                    *dragging.borrow_mut() = Some(Drag::begin(at, (frame.scroll_left(), frame.scroll_top())));
                }
                // Let go where the frame could not hear it.
                "pointermove" if event.buttons() & 1 == 0 => *dragging.borrow_mut() = None,
                "pointermove" => {
                    let scrolled = dragging.borrow_mut().as_mut().and_then(|drag| drag.moved(at));
                    if let Some((left, top)) = scrolled {
                        let _ = frame.set_pointer_capture(event.pointer_id());
                        let _ = frame.class_list().add_1(DRAGGED);
                        frame.set_scroll_left(left);
                        frame.set_scroll_top(top);
                    }
                }
                "pointerup" | "pointercancel" => {
                    let _ = frame.class_list().remove_1(DRAGGED);
                    // The click that follows at once still belongs to it.
                    let dragging = dragging.clone();
                    Timeout::new(0, move || *dragging.borrow_mut() = None).forget();
                }
                _ => {}
            }
        })
    };
    (dragging, hear)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "no window is that large")]
fn whole(pixels: f64) -> usize {
    pixels.max(0.0) as usize
}

fn go_to(layout: &Layout, here: usize, step: Step, go: &Callback<usize>) {
    if let Some(next) = layout.step(here, step) {
        go.emit(next);
    }
}

/// An edge: solid where it is linked, dashed where it is only run, dotted where it is only for building.
fn line(layout: &Layout, edge: &Line, here: usize) -> Html {
    let (from, to) = (&layout.nodes[edge.from], &layout.nodes[edge.to]);
    let has = |kind: &str| edge.kinds.iter().any(|each| each == kind);
    let kind = if has("link") {
        "link"
    } else if has("run") {
        "run"
    } else {
        "build"
    };
    let (x1, y1, x2, y2) = (from.x + NODE_WIDTH, from.y + NODE_HEIGHT / 2, to.x, to.y + NODE_HEIGHT / 2);
    let bend = (x2 - x1) / 2;
    let is_near = edge.from == here || edge.to == here;
    html! { <path class={classes!(kind, is_near.then_some("near"))} d={format!("M{x1} {y1}C{} {y1} {} {y2} {x2} {y2}", x1 + bend, x2 - bend)}/> }
}

fn node(
    props: &GraphViewProps,
    layout: &Layout,
    place: usize,
    placed: &Placed,
    here: usize,
    set_here: &UseStateHandle<usize>,
    dragging: &Dragging,
) -> Html {
    let node = &props.spec.nodes[placed.node];
    let needs = layout.edges.iter().filter(|edge| edge.from == place).count() as u64;
    let needed = layout.edges.iter().filter(|edge| edge.to == place).count() as u64;
    let (name, kind) = (format!("{}@{}", node.name, format::visible(&node.version)), class_of(node));
    let label = format!("{name}{}, needs {}, needed by {}", said(node), format::count(needs), format::count(needed));
    let drawn = html! {
        <>
            <title>{ label.clone() }</title>
            <rect x={placed.x.to_string()} y={placed.y.to_string()} width={NODE_WIDTH.to_string()} height={NODE_HEIGHT.to_string()} rx="3"/>
            <text x={(placed.x + 8).to_string()} y={(placed.y + 17).to_string()}>{ cut(&name) }</text>
        </>
    };
    let onfocus = {
        let set_here = set_here.setter();
        Callback::from(move |_: FocusEvent| set_here.set(place))
    };
    let tabindex = if place == here { "0" } else { "-1" };
    let class = classes!("node", kind, (place == 0).then_some("root"));
    if node.in_mirror && place > 0 {
        let href = spec_page(&props.mirror, &node.hash);
        // The router follows links of HTML; this is one of SVG.
        let onclick = {
            let (href, dragging) = (href.clone(), dragging.clone());
            Callback::from(move |event: MouseEvent| {
                if dragging.borrow().is_some_and(|drag| drag.is_drag()) {
                    event.prevent_default();
                } else if !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key()) {
                    event.prevent_default();
                    route::go(&href);
                }
            })
        };
        html! { <a key={node.hash.as_str()} {class} {href} {tabindex} {onfocus} {onclick} data-place={place.to_string()} aria-label={label}>{ drawn }</a> }
    } else {
        html! { <g key={node.hash.as_str()} {class} {tabindex} {onfocus} role="img" data-place={place.to_string()} aria-label={label}>{ drawn }</g> }
    }
}

const fn class_of(node: &Node) -> &'static str {
    if node.external.is_some() {
        "external"
    } else if node.in_mirror {
        "here"
    } else {
        "absent"
    }
}

fn said(node: &Node) -> &'static str {
    match class_of(node) {
        "external" => ", from the system",
        "absent" => ", not in this mirror",
        _ => "",
    }
}

fn cut(name: &str) -> String {
    if name.chars().count() <= LETTERS {
        return name.to_owned();
    }
    format!("{}…", name.chars().take(LETTERS - 1).collect::<String>())
}
