//! The box that filters packages, or goes to a spec.

use larder_frontend::search_text::Sought;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::glyph;
use crate::browser;

/// The box's `id`, by which a key finds it.
pub(crate) const SEARCH_ID: &str = "search";

/// The box with `text` in it, for the packages of the mirror `scope`, or for mirrors. `on_enter` hears
/// that Enter was pressed.
pub(crate) fn search_box(
    text: &str,
    scope: Option<&str>,
    on_input: &Callback<String>,
    on_enter: &Callback<()>,
) -> Html {
    let oninput = on_input.reform(|event: InputEvent| event.target_unchecked_into::<HtmlInputElement>().value());
    let onkeydown = {
        let (on_enter, on_input) = (on_enter.clone(), on_input.clone());
        Callback::from(move |event: KeyboardEvent| {
            let field: HtmlInputElement = event.target_unchecked_into();
            match event.key().as_str() {
                "Enter" => {
                    event.prevent_default();
                    on_enter.emit(());
                }
                "Escape" => {
                    event.prevent_default();
                    if field.value().is_empty() {
                        let _ = field.blur();
                    } else {
                        on_input.emit(String::new());
                    }
                }
                "ArrowDown" => {
                    if let Some(row) = browser::find("main [data-row]") {
                        event.prevent_default();
                        let _ = row.focus();
                    }
                }
                _ => {}
            }
        })
    };
    let (placeholder, label) = match scope {
        Some(mirror) => ("Search packages, or /hash", format!("Search packages of {mirror}, or a spec by /hash")),
        None => ("Search mirrors", "Search mirrors".to_owned()),
    };
    // A form would reload the page; the role alone says what this is.
    let is_hash = scope.is_some() && matches!(Sought::parse(text), Sought::Hash(_));
    html! {
        <div class="search" role="search">
            { glyph::search() }
            <input id={SEARCH_ID} type="search" value={text.to_owned()} {oninput} {onkeydown}
                {placeholder} aria-label={label}
                spellcheck="false" autocomplete="off" autocapitalize="off" enterkeyhint="search"/>
            if is_hash {
                <span class="search-hint">{ "Enter opens the spec" }</span>
            } else {
                <kbd aria-hidden="true">{ "/" }</kbd>
            }
        </div>
    }
}
