//! Filters of a list, each a part of its URL: links that are chosen or not, menus, a field.

use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use crate::route;

/// A value to choose, and how it is called. The empty value filters nothing.
pub(crate) type Choice = (&'static str, &'static str);

/// A row of links, one of which is chosen. `url_of` gives the list's URL with a value.
pub(crate) fn links(
    label: &'static str,
    choices: &[(&'static str, String)],
    chosen: &str,
    url_of: &dyn Fn(&str) -> String,
) -> Html {
    html! {
        <span class="choices" role="group" aria-label={label}>
            for (value, name) in choices {
                <a class="btn" href={url_of(value)} aria-current={(*value == chosen).then_some("true")}>{ name.clone() }</a>
            }
        </span>
    }
}

/// A menu, one of whose values is chosen.
pub(crate) fn menu(
    label: &'static str,
    choices: &[Choice],
    chosen: &str,
    url_of: impl Fn(&str) -> String + 'static,
) -> Html {
    let onchange = Callback::from(move |event: Event| {
        route::go(&url_of(&event.target_unchecked_into::<HtmlSelectElement>().value()));
    });
    html! {
        <select class="btn" aria-label={label} {onchange}>
            for (value, name) in choices.iter().copied() {
                <option {value} selected={value == chosen}>{ name }</option>
            }
        </select>
    }
}

/// A field for a name, which counts once it is left or Enter is pressed.
pub(crate) fn field(label: &'static str, value: &str, url_of: impl Fn(&str) -> String + 'static) -> Html {
    let onchange = Callback::from(move |event: Event| {
        route::go(&url_of(event.target_unchecked_into::<HtmlInputElement>().value().trim()));
    });
    html! {
        <input class="field mono" type="search" value={value.to_owned()} aria-label={label} placeholder={label} {onchange}
            spellcheck="false" autocomplete="off" autocapitalize="off"/>
    }
}

/// The way to the items after those that are shown, and back to the first.
pub(crate) fn older(next: Option<String>, is_first: bool, first: String) -> Html {
    if next.is_none() && is_first {
        return Html::default();
    }
    html! {
        <p class="tools older">
            if !is_first { <a class="btn" href={first}>{ "Newest" }</a> }
            if let Some(next) = next { <a class="btn" href={next}>{ "Older" }</a> }
        </p>
    }
}
