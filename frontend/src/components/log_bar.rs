//! The bar above a log: search, steps from hit to hit or error to error, phases, and what else one
//! does with a log.

use std::rc::Rc;

use larder_frontend::{format, log::message::Found};
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// The search field's `id`, by which a key finds it.
pub(crate) const LOG_SEARCH_ID: &str = "log-search";

/// What is searched for.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Sought {
    pub text: String,
    pub is_regex: bool,
}

/// What the search found, and how one goes on from it.
pub(crate) struct Search<'a> {
    pub sought: &'a Sought,
    pub found: Option<&'a Rc<Found>>,
    /// Which of the lines with hits is current, counted from 1.
    pub place: Option<u64>,
    pub on_change: Callback<Sought>,
    /// Goes to the next hit; `true` to the one before.
    pub on_step: Callback<bool>,
}

/// The field, its switch, and what was found.
pub(crate) fn log_search(search: &Search) -> Html {
    let Search { sought, found, place, on_change, on_step } = search;
    let oninput = {
        let is_regex = sought.is_regex;
        on_change.reform(move |event: InputEvent| Sought {
            text: event.target_unchecked_into::<HtmlInputElement>().value(),
            is_regex,
        })
    };
    let turn = {
        let turned = Sought { is_regex: !sought.is_regex, ..(*sought).clone() };
        on_change.reform(move |_: MouseEvent| turned.clone())
    };
    let onkeydown = {
        let (on_step, on_change, is_regex) = (on_step.clone(), on_change.clone(), sought.is_regex);
        Callback::from(move |event: KeyboardEvent| match event.key().as_str() {
            "Enter" => {
                event.prevent_default();
                on_step.emit(event.shift_key());
            }
            "Escape" => {
                event.prevent_default();
                let field: HtmlInputElement = event.target_unchecked_into();
                if field.value().is_empty() {
                    let _ = field.blur();
                } else {
                    on_change.emit(Sought { text: String::new(), is_regex });
                }
            }
            _ => {}
        })
    };
    let fault = found.and_then(|found| found.fault.clone()).filter(|_| !sought.text.is_empty());
    html! {
        <span class="log-search" role="search" aria-label="Log">
            <input id={LOG_SEARCH_ID} class="field mono" type="search" value={sought.text.clone()} {oninput} {onkeydown}
                placeholder="Search the whole log" aria-label="Search the whole log" aria-invalid={fault.is_some().then_some("true")}
                spellcheck="false" autocomplete="off" autocapitalize="off"/>
            <button type="button" class="btn mono" aria-pressed={sought.is_regex.to_string()} onclick={turn} aria-label="Regular expression" title="Regular expression">{ ".*" }</button>
            <span class="hits" role="status">
                if let Some(fault) = fault {
                    <span class="bad">{ format::visible(&fault).into_owned() }</span>
                } else if let Some(found) = found.filter(|_| !sought.text.is_empty()) {
                    { found_words(found, *place) }
                }
            </span>
        </span>
    }
}

/// `3 of 120 lines, 131 hits`
fn found_words(found: &Found, place: Option<u64>) -> String {
    if found.lines == 0 {
        return if found.percent < 100 { format!("{} % searched", found.percent) } else { "no hit".to_owned() };
    }
    let mut words = place.map_or_else(String::new, |place| format!("{} of ", format::count(place)));
    words.push_str(&format::counted(found.lines, "line"));
    if found.hits != found.lines {
        words.push_str(&format!(", {}", format::counted(found.hits, "hit")));
    }
    if found.percent < 100 {
        words.push_str(&format!(", {} % searched", found.percent));
    }
    words
}

/// Buttons that step up and down. Keys press them by their `data-key`.
pub(crate) fn steps(what: &'static str, on_step: &Callback<bool>) -> Html {
    let button = |back: bool, key: &'static str, arrow: &'static str, word: &'static str| {
        let onclick = on_step.reform(move |_: MouseEvent| back);
        html! { <button type="button" class="btn" data-key={key} aria-label={format!("{word} {what}")} title={format!("{word} {what}, key {key}")} {onclick}>{ arrow }</button> }
    };
    html! { <>{ button(true, "N", "↑", "Previous") }{ button(false, "n", "↓", "Next") }</> }
}

/// Where phases begin, as marks to go to.
pub(crate) fn phases(phases: &[(u64, String)], on_go: &Callback<u64>) -> Html {
    if phases.is_empty() {
        return Html::default();
    }
    html! {
        <span class="phases" role="group" aria-label="Phases">
            for (line, name) in phases.iter() {
                <button type="button" class="btn bare" title={format!("Line {}", format::count(*line))} onclick={let line = *line; on_go.reform(move |_| line)}>{ format::visible(name).into_owned() }</button>
            }
        </span>
    }
}
