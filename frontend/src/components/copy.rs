//! Copying: a button whose word turns to "Copied" for two seconds.

use gloo::timers::callback::Timeout;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{announce, browser};

const DONE_MILLIS: u32 = 2_000;

#[derive(Properties, PartialEq)]
pub(crate) struct CopyProps {
    /// What is copied.
    pub text: AttrValue,
    /// What the button says.
    #[prop_or(AttrValue::Static("Copy"))]
    pub label: AttrValue,
    /// What the button is called, where its word alone does not say what it copies.
    #[prop_or_default]
    pub name: Option<AttrValue>,
    /// What is said to be copied, where the text is too long to be heard.
    #[prop_or_default]
    pub said: Option<AttrValue>,
    /// Whether it looks like the other buttons of a page.
    #[prop_or_default]
    pub large: bool,
}

/// A button that copies.
#[component]
pub(crate) fn Copy(props: &CopyProps) -> Html {
    let done = use_state_eq(|| false);
    let reset = use_mut_ref(|| None::<Timeout>);
    let onclick = {
        let (text, said, done) = (props.text.clone(), props.said.clone(), done.setter());
        Callback::from(move |_| {
            let (text, said, done, reset) = (text.clone(), said.clone(), done.clone(), reset.clone());
            spawn_local(async move {
                if copy_saying(&text, said.as_ref().unwrap_or(&text)).await {
                    done.set(true);
                    *reset.borrow_mut() = Some(Timeout::new(DONE_MILLIS, move || done.set(false)));
                }
            });
        })
    };
    html! {
        <button type="button" class={if props.large { "btn copy" } else { "copy" }} data-done={done.then_some("")} aria-label={props.name.clone()} {onclick}>
            <span class="word">{ if *done { "Copied".into() } else { props.label.clone() } }</span>
        </button>
    }
}

/// Copies `text`, and says so; whether that worked.
pub(crate) async fn copy_and_say(text: &str) -> bool {
    copy_saying(text, text).await
}

/// Copies `text`, and says that `what` was copied; whether that worked.
pub(crate) async fn copy_saying(text: &str, what: &str) -> bool {
    let done = browser::copy(text).await;
    announce::answer(if done {
        format!("Copied {what}")
    } else {
        "The browser does not let this page copy; select the text and copy it.".to_owned()
    });
    done
}
