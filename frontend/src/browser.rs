//! The browser's own functions, without their many `Option`s and `Result`s.

use gloo::utils::{document, window};
use larder_shared::api::Timestamp;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, BlobPropertyBag, Element, Event, FocusOptions, HtmlAnchorElement, HtmlDocument, HtmlElement,
    HtmlTextAreaElement, Url, UrlSearchParams,
};

/// The element with this id.
pub(crate) fn element(id: &str) -> Option<Element> {
    document().get_element_by_id(id)
}

/// The first element that a selector of ours finds.
pub(crate) fn find(selector: &str) -> Option<HtmlElement> {
    document().query_selector(selector).ok().flatten()?.dyn_into().ok()
}

/// All elements that a selector of ours finds, in the document's order.
pub(crate) fn find_all(selector: &str) -> Vec<HtmlElement> {
    let Ok(list) = document().query_selector_all(selector) else { return Vec::new() };
    (0..list.length()).filter_map(|index| list.get(index)?.dyn_into().ok()).collect()
}

/// The element that has the keyboard.
pub(crate) fn focused() -> Option<HtmlElement> {
    document().active_element()?.dyn_into().ok()
}

/// Gives an element the keyboard without moving the page.
pub(crate) fn focus_in_place(element: &HtmlElement) {
    let options = FocusOptions::new();
    options.set_prevent_scroll(true);
    let _ = element.focus_with_options(&options);
}

/// Where the page stands, in pixels from its top.
pub(crate) fn scroll_position() -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "no page is that high")]
    window().scroll_y().map_or(0, |pixels| pixels as i32)
}

/// How high the window's inside is, in pixels.
pub(crate) fn window_height() -> f64 {
    window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or(0.0)
}

/// The time by the reader's clock.
pub(crate) fn now() -> Timestamp {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole milliseconds since 1970")]
    Timestamp::from_millis(js_sys::Date::now().max(0.0) as u64)
}

/// The time of day where the reader is: `17:06:03`.
pub(crate) fn local_clock(time: Timestamp) -> String {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit a double")]
    let date = js_sys::Date::new(&(time.as_millis() as f64).into());
    format!("{:02}:{:02}:{:02}", date.get_hours(), date.get_minutes(), date.get_seconds())
}

/// Loads a page of this site from the start, in place of this one.
pub(crate) fn load(url: &str) {
    let _ = window().location().replace(url);
}

/// What the browser remembers under `key`; `None` also where remembering is forbidden.
pub(crate) fn remembered(key: &str) -> Option<String> {
    window().local_storage().ok().flatten()?.get_item(key).ok().flatten()
}

/// Makes the browser remember, where that is allowed.
pub(crate) fn remember(key: &str, value: &str) {
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.set_item(key, value);
    }
}

/// A parameter of the page's URL.
pub(crate) fn param(name: &str) -> Option<String> {
    UrlSearchParams::new_with_str(&window().location().search().ok()?).ok()?.get(name)
}

/// Sends an event by which the programs of the page talk to each other.
pub(crate) fn tell(event: &str) {
    if let Ok(event) = Event::new(event) {
        let _ = window().dispatch_event(&event);
    }
}

/// Has the browser save a file.
pub(crate) fn save(name: &str, kind: &str, text: &str) {
    let options = BlobPropertyBag::new();
    options.set_type(kind);
    let parts = js_sys::Array::of1(&text.into());
    let Ok(blob) = Blob::new_with_str_sequence_and_options(&parts, &options) else { return };
    let Ok(url) = Url::create_object_url_with_blob(&blob) else { return };
    if let Some(link) = document().create_element("a").ok().and_then(|link| link.dyn_into::<HtmlAnchorElement>().ok()) {
        link.set_href(&url);
        link.set_download(name);
        link.click();
    }
    let _ = Url::revoke_object_url(&url);
}

/// Puts `text` on the clipboard; whether that worked.
pub(crate) async fn copy(text: &str) -> bool {
    // The clipboard belongs to secure pages; on plain http an older way may still be open.
    if window().is_secure_context() && JsFuture::from(window().navigator().clipboard().write_text(text)).await.is_ok() {
        return true;
    }
    copy_by_selecting(text).unwrap_or(false)
}

fn copy_by_selecting(text: &str) -> Option<bool> {
    let document = document();
    let field: HtmlTextAreaElement = document.create_element("textarea").ok()?.dyn_into().ok()?;
    field.set_value(text);
    field.set_class_name("sr");
    let before = focused();
    document.body()?.append_child(&field).ok()?;
    field.select();
    let done = document.dyn_ref::<HtmlDocument>()?.exec_command("copy").ok();
    field.remove();
    if let Some(before) = before {
        focus_in_place(&before);
    }
    done
}
