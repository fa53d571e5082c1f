//! The Web Worker that holds a log, as the page sees it: questions go in, what is known comes out.

use std::rc::Rc;

use larder_frontend::{
    log::message::{Ask, Block, Found, Hit, Size, Summary, Tell},
    token,
};
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use wasm_bindgen_futures::spawn_local;
use web_sys::{MessageEvent, Worker};
use yew::prelude::*;

use crate::{components::copy::copy_saying, site};

/// Where the worker's program is. Trunk gives it no digest, so the browser asks whether it is the newest.
const PROGRAM: &str = "/log-reader-start.js";

/// What is known of a log.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Known {
    /// How much of it has arrived.
    pub size: Size,
    /// What it says, once it was read whole.
    pub summary: Option<Rc<Summary>>,
    /// Why it cannot be had.
    pub failure: Option<AttrValue>,
    /// What the search found.
    pub found: Option<Rc<Found>>,
    /// The line with a hit that was asked for last, and how many were asked for before.
    pub hit: Option<(Hit, u32)>,
}

impl Reducible for Known {
    type Action = Tell;

    fn reduce(self: Rc<Self>, told: Tell) -> Rc<Self> {
        let mut known = (*self).clone();
        match told {
            Tell::Ready | Tell::Text(_) | Tell::Lines(_) => return self,
            Tell::Progress(size) => known.size = size,
            Tell::Read(summary) => {
                known.size = summary.size;
                known.summary = Some(Rc::new(*summary));
            }
            Tell::Failed(why) => known.failure = Some(why.into()),
            Tell::Found(found) => known.found = Some(Rc::new(found)),
            Tell::Hit(hit) => known.hit = Some((hit, known.hit.map_or(0, |(_, before)| before + 1))),
        }
        Rc::new(known)
    }
}

/// Has a worker fetch the log at `url`. It ends with the component. Lines go to `on_lines`, past what is
/// known: while one scrolls they come with every frame.
#[hook]
pub(crate) fn use_log(
    url: AttrValue,
    package: AttrValue,
    on_lines: Callback<Rc<Block>>,
) -> (UseReducerHandle<Known>, Callback<Ask>) {
    let known = use_reducer_eq(Known::default);
    let worker = use_mut_ref(|| None::<Worker>);
    let dispatch = known.dispatcher();
    {
        let worker = worker.clone();
        use_effect_with((url, package), move |(url, package)| {
            let open = Ask::Open { url: url.to_string(), package: package.to_string(), token: token::held() };
            let started = start(open, dispatch.clone(), on_lines);
            *worker.borrow_mut() = started.as_ref().map(|(started, _)| started.clone());
            if started.is_none() {
                dispatch.dispatch(Tell::Failed("This browser runs no Web Workers, which read logs here.".to_owned()));
            }
            move || {
                if let Some((worker, _listener)) = started {
                    worker.terminate();
                }
            }
        });
    }
    let ask = use_callback((), move |ask: Ask, ()| {
        if let Some(worker) = &*worker.borrow() {
            send(worker, &ask);
        }
    });
    (known, ask)
}

type Listener = Closure<dyn Fn(MessageEvent)>;

fn start(
    open: Ask,
    dispatch: UseReducerDispatcher<Known>,
    on_lines: Callback<Rc<Block>>,
) -> Option<(Worker, Listener)> {
    let worker = Worker::new(&format!("{}{PROGRAM}", site::root())).ok()?;
    let listener = {
        let worker = worker.clone();
        Listener::new(move |event: MessageEvent| {
            let text = event.data().as_string().unwrap_or_default();
            match serde_json::from_str(&text) {
                Ok(Tell::Ready) => send(&worker, &open),
                Ok(Tell::Text(text)) => spawn_local(async move {
                    copy_saying(&text, "the lines").await;
                }),
                Ok(Tell::Lines(block)) => on_lines.emit(Rc::new(block)),
                Ok(told) => dispatch.dispatch(told),
                Err(_) => {}
            }
        })
    };
    worker.set_onmessage(Some(listener.as_ref().unchecked_ref()));
    Some((worker, listener))
}

fn send(worker: &Worker, ask: &Ask) {
    if let Ok(text) = serde_json::to_string(ask) {
        let _ = worker.post_message(&JsValue::from(text));
    }
}
