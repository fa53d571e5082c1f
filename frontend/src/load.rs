//! Asking from a component: the answer known so far, while it is waited for, and again on request.
//!
//! Answers are remembered for the visit. A page that was seen before, or whose link was hovered, is
//! drawn from memory at once and then asked for again; the browser's own cache makes that a short
//! "not modified". A late answer to an old question is dropped.

use std::{any::Any, cell::RefCell, collections::BTreeMap, rc::Rc};

use futures_util::future::{AbortHandle, abortable};
use gloo::utils::document_element;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    api::{Document, Failure, Question},
    browser,
};

/// How many answers are remembered.
const REMEMBERED: usize = 100;

/// How many of several questions are asked at the same time.
const AT_ONCE: usize = 6;

/// An answer this young is not asked for again.
const YOUNG_MILLIS: u64 = 2_000;

struct Remembered {
    answer: Rc<dyn Any>,
    asked_millis: u64,
}

thread_local! {
    static ANSWERS: RefCell<BTreeMap<String, Remembered>> = const { RefCell::new(BTreeMap::new()) };
    static WAITING: RefCell<usize> = const { RefCell::new(0) };
}

/// The answer that is already known to a question.
pub(crate) fn known<T>(question: &Question<T>) -> Option<Rc<T>> {
    remembered(&question.document)?.downcast().ok()
}

fn remembered(document: &Document) -> Option<Rc<dyn Any>> {
    ANSWERS.with_borrow(|answers| answers.get(document.path()).map(|known| known.answer.clone()))
}

fn is_young(document: &Document) -> bool {
    let now = browser::now().as_millis();
    ANSWERS.with_borrow(|answers| {
        answers.get(document.path()).is_some_and(|known| now.saturating_sub(known.asked_millis) < YOUNG_MILLIS)
    })
}

fn remember(document: &Document, answer: &Rc<dyn Any>) {
    ANSWERS.with_borrow_mut(|answers| {
        if answers.len() >= REMEMBERED
            && let Some(oldest) =
                answers.iter().min_by_key(|(_, known)| known.asked_millis).map(|(path, _)| path.clone())
        {
            answers.remove(&oldest);
        }
        let asked_millis = browser::now().as_millis();
        answers.insert(document.path().to_owned(), Remembered { answer: answer.clone(), asked_millis });
    });
}

/// Asks ahead, so that the answer is known when it is wanted.
pub(crate) fn prefetch(document: Document) {
    if remembered(&document).is_none() {
        spawn_local(async move {
            if let Ok(answer) = document.ask(|_| ()).await {
                remember(&document, &answer);
            }
        });
    }
}

/// What is known of an answer.
pub(crate) struct Answer<T> {
    /// The document, perhaps an older one while a newer is waited for.
    pub data: Option<Rc<T>>,
    /// How it stands.
    pub state: State,
    /// Asks again.
    pub retry: Callback<()>,
}

/// How an answer stands.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct State {
    /// Why the last attempt failed.
    pub failure: Option<Failure>,
    /// Whether it is waited for.
    pub waiting: bool,
    /// Whether what is known is the beginning of an answer that still arrives.
    pub is_partial: bool,
}

impl State {
    const WAITING: Self = Self { failure: None, waiting: true, is_partial: false };
}

impl<T> Clone for Answer<T> {
    fn clone(&self) -> Self {
        Self { data: self.data.clone(), state: self.state.clone(), retry: self.retry.clone() }
    }
}

impl<T: PartialEq> PartialEq for Answer<T> {
    fn eq(&self, other: &Self) -> bool {
        self.data == other.data && self.state == other.state
    }
}

/// Asks `question` now, and again whenever it or `visit` changes.
#[hook]
pub(crate) fn use_answer<T: 'static>(question: Question<T>, visit: u32) -> Answer<T> {
    let (data, state, retry) = use_document(question.document, visit);
    Answer { data: data.and_then(|data| data.downcast().ok()), state, retry }
}

/// Asks several questions of one kind, a few at once. What is asked once more by `retry` are all of them.
#[hook]
pub(crate) fn use_answers<T: 'static>(questions: Vec<Question<T>>) -> Vec<Answer<T>> {
    let documents: Vec<Document> = questions.into_iter().map(|question| question.document).collect();
    let known = use_reducer(Several::default);
    let attempt = use_state_eq(|| 0u32);
    let retry = {
        let attempt = attempt.clone();
        Callback::from(move |()| attempt.set(*attempt + 1))
    };
    let dispatcher = known.dispatcher();
    use_effect_with((documents.clone(), *attempt), move |(documents, attempt)| {
        let forget = dispatcher.clone();
        let set = move |path: &str, known: Known| dispatcher.dispatch(Some((path.to_owned(), known)));
        let mut waiting = Vec::new();
        for document in documents {
            let first = remembered(document);
            if *attempt == 0 && is_young(document) {
                set(document.path(), (first, State::default()));
            } else {
                set(document.path(), (first, State::WAITING));
                waiting.push(document.clone());
            }
        }
        let waiting = Rc::new(RefCell::new(waiting.into_iter()));
        let handles = [(); AT_ONCE].map(|()| {
            let (waiting, set) = (waiting.clone(), set.clone());
            spawn_abortable(async move {
                while let Some(document) = next(&waiting) {
                    ask(&document, remembered(&document), |known| set(document.path(), known)).await;
                }
            })
        });
        move || {
            handles.iter().for_each(AbortHandle::abort);
            forget.dispatch(None);
        }
    });
    let answer = |document: &Document| {
        let (data, state) =
            known.0.get(document.path()).cloned().unwrap_or_else(|| (remembered(document), State::WAITING));
        Answer { data: data.and_then(|data| data.downcast().ok()), state, retry: retry.clone() }
    };
    documents.iter().map(answer).collect()
}

fn next(waiting: &RefCell<std::vec::IntoIter<Document>>) -> Option<Document> {
    waiting.borrow_mut().next()
}

/// What is known of several documents, by path.
#[derive(Clone, Default)]
struct Several(BTreeMap<String, Known>);

impl Reducible for Several {
    /// What has become known of one; `None`: others are asked for now.
    type Action = Option<(String, Known)>;

    fn reduce(self: Rc<Self>, news: Self::Action) -> Rc<Self> {
        let Some((path, known)) = news else { return Rc::default() };
        let mut all = (*self).clone();
        all.0.insert(path, known);
        Rc::new(all)
    }
}

/// What is known of a document, and how that stands.
type Known = (Option<Rc<dyn Any>>, State);

#[hook]
fn use_document(document: Document, visit: u32) -> (Option<Rc<dyn Any>>, State, Callback<()>) {
    let known = use_state(|| None::<(String, Known)>);
    let attempt = use_state_eq(|| 0u32);
    let retry = {
        let attempt = attempt.clone();
        use_callback((), move |(), ()| attempt.set(*attempt + 1))
    };
    let setter = known.setter();
    use_effect_with((document.clone(), visit, *attempt), move |(document, _, attempt)| {
        let path = document.path().to_owned();
        let first = remembered(document);
        let set = move |known: Known| setter.set(Some((path.clone(), known)));
        let handle = if *attempt == 0 && is_young(document) {
            set((first, State::default()));
            None
        } else {
            set((first.clone(), State::WAITING));
            Some(start(document.clone(), first, set))
        };
        move || {
            if let Some(handle) = handle {
                handle.abort();
            }
        }
    });
    let (data, state) = match &*known {
        Some((path, known)) if path == document.path() => known.clone(),
        _ => (remembered(&document), State::WAITING),
    };
    (data, state, retry)
}

/// Asks, and tells `set` what is known after each part.
fn start(document: Document, first: Option<Rc<dyn Any>>, set: impl Fn(Known) + 'static) -> AbortHandle {
    spawn_abortable(async move { ask(&document, first, set).await })
}

async fn ask(document: &Document, first: Option<Rc<dyn Any>>, set: impl Fn(Known)) {
    let _busy = Busy::begin();
    let latest = RefCell::new(first.clone());
    let progress = |part: Rc<dyn Any>| {
        // Parts of an answer are worth showing only where there is not a whole, if older, one.
        if first.is_none() {
            latest.replace(Some(part.clone()));
            set((Some(part), State { is_partial: true, ..State::WAITING }));
        }
    };
    match document.ask(progress).await {
        Ok(answer) => {
            remember(document, &answer);
            set((Some(answer), State::default()));
        }
        Err(failure) => set((latest.take(), State { failure: Some(failure), ..State::default() })),
    }
}

fn spawn_abortable(work: impl Future<Output = ()> + 'static) -> AbortHandle {
    let (work, handle) = abortable(work);
    spawn_local(async move {
        let _ = work.await;
    });
    handle
}

/// Shows the bar under the shell as long as something is waited for.
struct Busy;

impl Busy {
    fn begin() -> Self {
        Self::count(|waiting| waiting + 1);
        Self
    }

    fn count(change: fn(usize) -> usize) {
        let waiting = WAITING.with_borrow_mut(|waiting| {
            *waiting = change(*waiting);
            *waiting
        });
        let root = document_element();
        let _ = match waiting {
            0 => root.remove_attribute("data-busy"),
            _ => root.set_attribute("data-busy", ""),
        };
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        Self::count(|waiting| waiting.saturating_sub(1));
    }
}
