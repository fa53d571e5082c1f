//! The Web Worker that holds a log, as the page sees it: questions go in, what is known comes out.

use std::{cell::RefCell, rc::Rc};

use gloo::timers::callback::Interval;
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
            Tell::Ready | Tell::Alive | Tell::Text(_) | Tell::Lines(_) => return self,
            // A worker that was started anew has less for a while.
            Tell::Progress(size) if size.bytes < known.size.bytes => return self,
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
    let reader = use_mut_ref(|| None::<Reader>);
    let dispatch = known.dispatcher();
    {
        let reader = reader.clone();
        use_effect_with((url, package), move |(url, package)| {
            let open = Ask::Open { url: url.to_string(), package: package.to_string(), token: token::held() };
            let hear = Callback::from(move |told| match told {
                Tell::Text(text) => spawn_local(async move {
                    copy_saying(&text, "the lines").await;
                }),
                Tell::Lines(block) => on_lines.emit(Rc::new(block)),
                told => dispatch.dispatch(told),
            });
            if Reader::start(&reader, open, &hear).is_none() {
                hear.emit(Tell::Failed("This browser runs no Web Workers, which read logs here.".to_owned()));
            }
            move || *reader.borrow_mut() = None
        });
    }
    let ask = use_callback((), move |ask: Ask, ()| {
        if let Some(reader) = &mut *reader.borrow_mut() {
            reader.ask(ask);
        }
    });
    (known, ask)
}

/// How often a worker that searches is asked whether it still hears, and how often in vain before it is ended.
const WATCH_MILLIS: u32 = 500;
const MOST_SILENT: u32 = 4;

/// A worker with a log; it ends when this is dropped.
struct Reader {
    worker: Worker,
    _listener: Closure<dyn Fn(MessageEvent)>,
    held: Held,
    open: Ask,
    hear: Callback<Tell>,
    /// Whether it listens.
    is_ready: bool,
    /// Whether it reads once more what another one had read, and has not all of it yet.
    is_catching_up: bool,
    /// What holds for every line, and the lines that were asked for last: what another worker would have to know.
    dim: Option<Ask>,
    lines: Option<Ask>,
    /// What is searched for before it listens.
    find: Option<Ask>,
    /// Runs while something is searched for.
    watch: Option<Interval>,
    /// How often it was asked in vain whether it hears.
    silent: u32,
}

/// Where a reader is kept.
type Held = Rc<RefCell<Option<Reader>>>;

impl Reader {
    /// Puts a reader of a log into its place; `hear` is told what it tells.
    fn start(held: &Held, open: Ask, hear: &Callback<Tell>) -> Option<()> {
        let worker = Worker::new(&format!("{}{PROGRAM}", site::root())).ok()?;
        let listener = {
            let (held, hear) = (held.clone(), hear.clone());
            Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
                let text = event.data().as_string().unwrap_or_default();
                let Ok(told) = serde_json::from_str(&text) else { return };
                if let Some(reader) = &mut *held.borrow_mut() {
                    reader.hears(&told);
                }
                hear.emit(told);
            })
        };
        worker.set_onmessage(Some(listener.as_ref().unchecked_ref()));
        *held.borrow_mut() = Some(Self {
            worker,
            _listener: listener,
            held: held.clone(),
            open,
            hear: hear.clone(),
            is_ready: false,
            is_catching_up: false,
            dim: None,
            lines: None,
            find: None,
            watch: None,
            silent: 0,
        });
        Some(())
    }

    fn ask(&mut self, ask: Ask) {
        match &ask {
            Ask::Dim(_) => self.dim = Some(ask.clone()),
            Ask::Lines { .. } => self.lines = Some(ask.clone()),
            Ask::Find { text, .. } => {
                self.silent = 0;
                self.watch = (!text.is_empty()).then(|| watch(self.held.clone()));
                self.find = Some(ask.clone()).filter(|_| !self.is_ready);
            }
            _ => {}
        }
        let waits = self.is_catching_up && matches!(ask, Ask::Lines { .. });
        if self.is_ready && !waits {
            send(&self.worker, &ask);
        }
    }

    fn hears(&mut self, told: &Tell) {
        self.silent = 0;
        match told {
            Tell::Ready => {
                self.is_ready = true;
                let first = [Some(self.open.clone()), self.dim.clone(), self.find.take()];
                first.iter().flatten().for_each(|ask| send(&self.worker, ask));
            }
            Tell::Read(_) if self.is_catching_up => {
                self.is_catching_up = false;
                if let Some(lines) = &self.lines {
                    send(&self.worker, lines);
                }
            }
            _ => {}
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}

/// Ends a worker that does not hear any more, and starts another one on the same log.
fn watch(held: Held) -> Interval {
    Interval::new(WATCH_MILLIS, move || {
        let is_lost = held.borrow_mut().as_mut().is_some_and(|reader| {
            reader.silent += u32::from(reader.is_ready);
            send(&reader.worker, &Ask::Alive);
            reader.silent > MOST_SILENT
        });
        if is_lost {
            let held = held.clone();
            // Not here: this very clock goes with the reader.
            spawn_local(async move { start_anew(&held) });
        }
    })
}

fn start_anew(held: &Held) {
    let Some(lost) = held.borrow_mut().take() else { return };
    if Reader::start(held, lost.open.clone(), &lost.hear).is_some()
        && let Some(reader) = &mut *held.borrow_mut()
    {
        reader.is_catching_up = true;
        (reader.dim, reader.lines) = (lost.dim.clone(), lost.lines.clone());
    }
    let fault = "This expression takes too long, and was stopped. A repetition of what repeats itself may never end.";
    lost.hear.emit(Tell::Found(Found { percent: 100, fault: Some(fault.to_owned()), ..Found::default() }));
}

fn send(worker: &Worker, ask: &Ask) {
    if let Ok(text) = serde_json::to_string(ask) {
        let _ = worker.post_message(&JsValue::from(text));
    }
}
