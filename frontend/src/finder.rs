//! The Web Worker that finds specs, as the page sees it: questions go in, what was found comes out.

use std::rc::Rc;

use larder_frontend::{
    find::{
        message::{Ask, Failed, Ready, Tell},
        paint::Read,
    },
    source::Source,
    token,
};
use larder_shared::find::{Completion, Found, Question};
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use web_sys::{ErrorEvent, MessageEvent, Worker};
use yew::prelude::*;

use crate::{api, site};

/// Where the worker's program is. Trunk gives it no digest, so the browser asks whether it is the newest.
const PROGRAM: &str = "/finder-start.js";

/// What was found, and what for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub question: Question,
    pub found: Found,
}

/// What is known so far.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Known {
    /// What can be searched, once it can.
    pub ready: Option<Ready>,
    /// Bytes of the catalogue that have arrived, and of how many.
    pub loading: Option<(u64, Option<u64>)>,
    /// Why it cannot, or why it is old.
    pub failed: Option<Rc<Failed>>,
    /// The last answer to a query without a fault.
    pub shown: Option<Rc<Shown>>,
    /// The query that was read last.
    pub read: Rc<Read>,
    /// What may stand at the caret.
    pub items: Rc<Vec<Completion>>,
    /// Whether there is no worker: the server's list is all there is.
    pub is_lost: bool,
    /// The question that waits for its answer.
    asked: Option<(u32, Question)>,
    /// The last question about the caret.
    completed: u32,
}

/// What happens to what is known.
pub(crate) enum Event {
    Asked(u32, Question),
    Completed(u32),
    Told(Tell),
    /// The mirror was left.
    Left,
    /// There is no worker.
    Lost,
}

impl Reducible for Known {
    type Action = Event;

    fn reduce(self: Rc<Self>, event: Event) -> Rc<Self> {
        let mut known = (*self).clone();
        match event {
            Event::Asked(id, question) => known.asked = Some((id, question)),
            Event::Completed(id) => {
                known.completed = id;
                known.items = Rc::default();
            }
            Event::Told(Tell::Ready(ready)) => {
                known.ready = Some(ready);
                known.loading = None;
                known.failed = None;
            }
            Event::Told(Tell::Failed(failed)) => known.failed = Some(Rc::new(failed)),
            Event::Told(Tell::Found { id, mut found }) => {
                let Some((_, question)) = self.asked.as_ref().filter(|asked| asked.0 == id) else { return self };
                known.read = Rc::new(Read {
                    query: question.query.clone(),
                    spans: std::mem::take(&mut found.spans),
                    problem: found.problem.take(),
                    unknown: std::mem::take(&mut found.unknown),
                });
                if known.read.problem.is_none() && !found.needs_edges {
                    known.shown = Some(Rc::new(Shown { question: question.clone(), found: *found }));
                }
            }
            Event::Told(Tell::Completions { id, items }) if id == self.completed => known.items = Rc::new(items),
            Event::Told(Tell::Loading { bytes, of }) => known.loading = Some((bytes, of)),
            Event::Told(Tell::Listening | Tell::Completions { .. }) => return self,
            Event::Left => return Rc::default(),
            Event::Lost => return Rc::new(Self { is_lost: true, ..Self::default() }),
        }
        Rc::new(known)
    }
}

/// The way to the worker, and what is known.
#[derive(Clone, PartialEq)]
pub(crate) struct Finder {
    pub known: UseReducerHandle<Known>,
    /// Finds.
    pub find: Callback<Question>,
    /// Asks what may stand at the caret of a query; of an empty one, nothing.
    pub complete: Callback<(String, u32)>,
}

/// Has a worker find in the catalogue of `source`, if any. It ends with the source.
#[hook]
pub(crate) fn use_finder(source: Option<Source>) -> Finder {
    let known = use_reducer_eq(Known::default);
    let worker = use_mut_ref(|| None::<Worker>);
    let last = use_mut_ref(|| 0u32);
    let dispatch = known.dispatcher();
    {
        let (worker, dispatch) = (worker.clone(), dispatch.clone());
        use_effect_with(source, move |source| {
            let started = source.as_ref().and_then(|source| start(source, dispatch.clone()));
            *worker.borrow_mut() = started.as_ref().map(|(worker, ..)| worker.clone());
            move || {
                if let Some((worker, ..)) = started {
                    worker.terminate();
                    dispatch.dispatch(Event::Left);
                }
            }
        });
    }
    let next = move || {
        *last.borrow_mut() += 1;
        *last.borrow()
    };
    let find = {
        let (worker, dispatch, next) = (worker.clone(), dispatch.clone(), next.clone());
        use_callback((), move |question: Question, ()| {
            if let Some(worker) = &*worker.borrow() {
                let id = next();
                dispatch.dispatch(Event::Asked(id, question.clone()));
                send(worker, &Ask::Find { id, question });
            }
        })
    };
    let complete = use_callback((), move |(query, caret): (String, u32), ()| {
        if let Some(worker) = &*worker.borrow() {
            let id = next();
            dispatch.dispatch(Event::Completed(id));
            if !query.is_empty() {
                send(worker, &Ask::Complete { id, query, caret });
            }
        }
    });
    Finder { known, find, complete }
}

type Listener<E> = Closure<dyn Fn(E)>;

fn start(
    source: &Source,
    dispatch: UseReducerDispatcher<Known>,
) -> Option<(Worker, Listener<MessageEvent>, Listener<ErrorEvent>)> {
    let worker = Worker::new(&format!("{}{PROGRAM}", site::root())).ok()?;
    let (mirror, url) = match source {
        Source::Mirror(mirror) => (mirror.to_string(), api::catalogue_url(mirror)),
        Source::Elsewhere(url) => (url.to_string(), url.to_string()),
    };
    let open = Ask::Open { mirror, url, token: token::held() };
    let on_error = {
        let dispatch = dispatch.clone();
        Listener::new(move |_: ErrorEvent| dispatch.dispatch(Event::Lost))
    };
    let on_message = {
        let worker = worker.clone();
        Listener::new(move |event: MessageEvent| {
            let text = event.data().as_string().unwrap_or_default();
            match serde_json::from_str(&text) {
                Ok(Tell::Listening) => send(&worker, &open),
                Ok(told) => dispatch.dispatch(Event::Told(told)),
                Err(_) => {}
            }
        })
    };
    worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
    Some((worker, on_message, on_error))
}

fn send(worker: &Worker, ask: &Ask) {
    if let Ok(text) = serde_json::to_string(ask) {
        let _ = worker.post_message(&JsValue::from(text));
    }
}
