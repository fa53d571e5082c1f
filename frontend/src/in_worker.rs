//! What every Web Worker of the dashboard does: it hears the page, tells it things, and lets others go first.

use js_sys::Promise;
use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

/// What is global in a Web Worker.
pub fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// Hears what the page asks, for as long as the worker lives. What cannot be read is passed over.
pub fn listen<Ask: DeserializeOwned + 'static>(answer: fn(Ask)) {
    let listen = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        let text = event.data().as_string().unwrap_or_default();
        if let Ok(ask) = serde_json::from_str(&text) {
            answer(ask);
        }
    });
    scope().set_onmessage(Some(listen.as_ref().unchecked_ref()));
    listen.forget();
}

/// Tells the page something.
pub fn tell(what: &impl Serialize) {
    if let Ok(text) = serde_json::to_string(what) {
        let _ = scope().post_message(&JsValue::from(text));
    }
}

/// Lets messages that wait come first.
pub async fn pause() {
    sleep(0).await;
}

/// Waits, in milliseconds.
pub async fn sleep(millis: i32) {
    let promise = Promise::new(&mut |resolve, _| {
        let _ = scope().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, millis);
    });
    let _ = JsFuture::from(promise).await;
}
