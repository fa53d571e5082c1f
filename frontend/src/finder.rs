//! The Web Worker that finds specs, as the page sees it: questions go in, what was found comes out.

use std::{cell::RefCell, rc::Rc};

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
}

/// What happens to what is known.
pub(crate) enum Event {
    /// There is an answer.
    Found(Question, Box<Found>),
    /// What may stand at the caret.
    Completions(Vec<Completion>),
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
            Event::Found(question, mut found) => {
                known.read = Rc::new(Read {
                    query: question.query.clone(),
                    spans: std::mem::take(&mut found.spans),
                    problem: found.problem.take(),
                    unknown: std::mem::take(&mut found.unknown),
                });
                if known.read.problem.is_none() && !found.needs_edges {
                    known.shown = Some(Rc::new(Shown { question, found: *found }));
                }
            }
            Event::Completions(items) => known.items = Rc::new(items),
            Event::Told(Tell::Ready(ready)) => {
                known.ready = Some(ready);
                known.loading = None;
                known.failed = None;
            }
            Event::Told(Tell::Failed(failed)) => known.failed = Some(Rc::new(failed)),
            Event::Told(Tell::Loading { bytes, of }) => known.loading = Some((bytes, of)),
            Event::Told(_) => return self,
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
    let crew = use_mut_ref(Crew::default);
    let dispatch = known.dispatcher();
    {
        let (crew, dispatch) = (crew.clone(), dispatch.clone());
        use_effect_with(source, move |source| {
            let is_started = source.is_some();
            if let Some(source) = source {
                let first = start(FIRST, source, &crew, &dispatch);
                crew.borrow_mut().asked = first;
            }
            move || {
                drop(crew.take());
                if is_started {
                    dispatch.dispatch(Event::Left);
                }
            }
        });
    }
    let find = {
        let crew = crew.clone();
        use_callback((), move |question: Question, ()| crew.borrow_mut().find(question))
    };
    let complete = use_callback((), move |(query, caret): (String, u32), ()| {
        // What was proposed belongs to another text.
        dispatch.dispatch(Event::Completions(Vec::new()));
        crew.borrow_mut().complete(query, caret);
    });
    Finder { known, find, complete }
}

/// The workers of a source, and what they were asked last: answers to anything before it are dropped. None of it is part
/// of what is known, so that asking draws nothing.
#[derive(Default)]
struct Crew {
    /// The worker that is asked.
    asked: Option<Running>,
    /// The one that will take its place as soon as it has read what was kept.
    next: Option<Running>,
    last: u32,
    question: Option<(u32, Question)>,
    completion: u32,
}

impl Crew {
    fn number(&mut self) -> u32 {
        self.last += 1;
        self.last
    }

    fn find(&mut self, question: Question) {
        let id = self.number();
        if let Some(running) = &self.asked {
            running.send(&Ask::Find { id, question: question.clone() });
            self.question = Some((id, question));
        }
    }

    fn complete(&mut self, query: String, caret: u32) {
        let id = self.number();
        self.completion = id;
        if let Some(running) = self.asked.as_ref().filter(|_| !query.is_empty()) {
            running.send(&Ask::Complete { id, query, caret });
        }
    }

    fn is_asked(&self, number: u32) -> bool {
        self.asked.as_ref().is_some_and(|running| running.number == number)
    }

    /// Puts the next worker in the place of the first, and asks it what that one may not have answered.
    fn relieve(&mut self) -> Option<Running> {
        let first = std::mem::replace(&mut self.asked, self.next.take());
        if let (Some(running), Some((id, question))) = (&self.asked, self.question.clone()) {
            running.send(&Ask::Find { id, question });
        }
        first
    }
}

/// The number of the first worker of a source; the one that takes its place is the last.
const FIRST: u32 = 1;

/// A worker, until it is dropped.
struct Running {
    number: u32,
    worker: Worker,
    _on_message: Closure<dyn Fn(MessageEvent)>,
    _on_error: Closure<dyn Fn(ErrorEvent)>,
}

impl Running {
    fn send(&self, ask: &Ask) {
        send(&self.worker, ask);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

fn start(
    number: u32,
    source: &Source,
    crew: &Rc<RefCell<Crew>>,
    dispatch: &UseReducerDispatcher<Known>,
) -> Option<Running> {
    let worker = Worker::new(&format!("{}{PROGRAM}", site::root())).ok()?;
    let on_error = {
        let (crew, dispatch) = (crew.clone(), dispatch.clone());
        Closure::<dyn Fn(ErrorEvent)>::new(move |_| {
            if crew.borrow().is_asked(number) {
                dispatch.dispatch(Event::Lost);
            }
        })
    };
    let on_message = {
        let (worker, source, crew, dispatch) = (worker.clone(), source.clone(), crew.clone(), dispatch.clone());
        Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            let text = event.data().as_string().unwrap_or_default();
            match serde_json::from_str(&text) {
                Ok(Tell::Listening) => send(&worker, &open(&source)),
                Ok(told) => hear(number, told, &source, &crew, &dispatch),
                Err(_) => {}
            }
        })
    };
    worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
    Some(Running { number, worker, _on_message: on_message, _on_error: on_error })
}

fn open(source: &Source) -> Ask {
    let (mirror, url) = match source {
        Source::Mirror(mirror) => (mirror.to_string(), api::catalogue_url(mirror)),
        Source::Elsewhere(url) => (url.to_string(), url.to_string()),
    };
    Ask::Open { mirror, url, token: token::held() }
}

/// What a worker tells.
fn hear(number: u32, told: Tell, source: &Source, crew: &Rc<RefCell<Crew>>, dispatch: &UseReducerDispatcher<Known>) {
    if !crew.borrow().is_asked(number) {
        // It reads what the first has kept. When it knows as much, the first can go.
        if matches!(&told, Tell::Ready(ready) if ready.has_edges) {
            let first = crew.borrow_mut().relieve();
            drop(first);
            dispatch.dispatch(Event::Told(told));
        }
        return;
    }
    match told {
        Tell::Found { id, found } => {
            let question = crew.borrow().question.clone();
            if let Some((_, question)) = question.filter(|(last, _)| *last == id) {
                dispatch.dispatch(Event::Found(question, found));
            }
        }
        Tell::Completions { id, items } => {
            if crew.borrow().completion == id {
                dispatch.dispatch(Event::Completions(items));
            }
        }
        Tell::Kept if number == FIRST => {
            let next = start(number + 1, source, crew, dispatch);
            crew.borrow_mut().next = next;
        }
        told => dispatch.dispatch(Event::Told(told)),
    }
}

fn send(worker: &Worker, ask: &Ask) {
    if let Ok(text) = serde_json::to_string(ask) {
        let _ = worker.post_message(&JsValue::from(text));
    }
}
