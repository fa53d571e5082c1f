//! What the list can be narrowed by, beside it. A facet is a way to type: a tick writes into the box.

use larder_frontend::format;
use larder_shared::find::{Facet, FacetValue};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::values::foreign;
use crate::route;

#[derive(Properties, PartialEq)]
pub(crate) struct FacetsProps {
    pub facets: Vec<Facet>,
    /// How many rows there are, as the button that closes a sheet says.
    pub total: u64,
    /// The URL of the list with another query and other facets.
    pub url_of: Callback<(String, String), String>,
}

/// Values that are shown before the rest is asked for.
const FIRST_VALUES: usize = 8;

/// What the reader has opened.
#[derive(Debug, Clone, PartialEq, Default)]
struct Opened {
    /// The facet whose sheet is open, where there are sheets.
    sheet: Option<String>,
    /// The facet of which all values are shown, and what they are filtered by.
    whole: Option<(String, String)>,
}

/// The facets: a column beside the list; in a narrow window buttons, each of which opens a sheet.
#[component]
pub(crate) fn Facets(props: &FacetsProps) -> Html {
    let opened = use_state_eq(Opened::default);
    let change = {
        let opened = opened.clone();
        Callback::from(move |change: Opened| opened.set(change))
    };
    let onkeydown = {
        let (opened, change) = (opened.clone(), change.clone());
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Escape" {
                change.emit(Opened { sheet: None, ..(*opened).clone() });
            }
        })
    };
    html! {
        <aside class="facets" aria-label="Narrow the list" {onkeydown}>
            for facet in props.facets.iter().filter(|facet| !facet.values.is_empty()) {
                { section(props, facet, &opened, &change) }
            }
        </aside>
    }
}

fn section(props: &FacetsProps, facet: &Facet, opened: &Opened, change: &Callback<Opened>) -> Html {
    let becomes = |next: Opened| change.reform(move |_: MouseEvent| next.clone());
    let is_open = opened.sheet.as_deref() == Some(&facet.key);
    let turn = becomes(Opened { sheet: (!is_open).then(|| facet.key.clone()), ..opened.clone() });
    let close = becomes(Opened { sheet: None, ..opened.clone() });
    let sought = opened.whole.as_ref().filter(|(key, _)| *key == facet.key).map(|(_, sought)| sought.clone());
    let more =
        becomes(Opened { whole: sought.is_none().then(|| (facet.key.clone(), String::new())), ..opened.clone() });
    let ticked = facet.values.iter().filter(|value| value.ticked).count();
    let most = if sought.is_some() { usize::MAX } else { FIRST_VALUES.max(ticked) };
    let unknown = (facet.total as usize).saturating_sub(facet.values.len());
    let hidden = facet.values.len().saturating_sub(most) + unknown;
    let is_sought = |value: &&FacetValue| {
        let words = sought.as_deref().unwrap_or_default().trim();
        value.ticked || value.text.contains(words)
    };
    let filter = sought.clone().map(|value| {
        let (change, opened, key) = (change.clone(), opened.clone(), facet.key.clone());
        let oninput = move |event: InputEvent| {
            let sought = event.target_unchecked_into::<HtmlInputElement>().value();
            change.emit(Opened { whole: Some((key.clone(), sought)), ..opened.clone() });
        };
        html! { <input type="search" class="field" placeholder="Filter" aria-label={format!("Filter {}", facet.key)} {value} {oninput}/> }
    });
    html! {
        <section key={facet.key.clone()} class={if is_open { "facet open" } else { "facet" }}>
            <h2 class="k">{ title(&facet.key) }</h2>
            <button type="button" class="btn" aria-expanded={is_open.to_string()} onclick={turn}>
                { title(&facet.key) }
                if ticked > 0 { <span class="n">{ ticked }</span> }
            </button>
            <div class="facet-values">
                { filter }
                for value in facet.values.iter().filter(is_sought).take(most) { { value_row(props, &facet.key, value) } }
                if sought.is_some() && unknown > 0 { <p class="mute">{ format!("and {} more: type one into the box", format::count(unknown as u64)) }</p> }
                if facet.values.len() > FIRST_VALUES.max(ticked) {
                    <button type="button" class="more" aria-expanded={sought.is_some().to_string()} onclick={more}>
                        { if sought.is_some() { "Fewer".to_owned() } else { format!("{} more", format::count(hidden as u64)) } }
                    </button>
                }
                <button type="button" class="btn show" onclick={close}>{ format!("Show {}", format::count(props.total)) }</button>
            </div>
        </section>
    }
}

fn value_row(props: &FacetsProps, key: &str, value: &FacetValue) -> Html {
    let onchange = {
        let url = props.url_of.emit((value.query.clone(), value.facets.clone()));
        Callback::from(move |_: Event| route::go(&url))
    };
    let is_empty = value.specs == 0 && !value.ticked;
    html! {
        <label key={value.text.clone()} class={if is_empty { "facet-value none" } else { "facet-value" }}>
            <input type="checkbox" checked={value.ticked} disabled={is_empty} {onchange}/>
            <span class="mono">{ words(key, &value.text) }</span>
            <span class="n">{ format::count(value.specs.into()) }</span>
        </label>
    }
}

/// A facet's name, as Spack writes it where Spack has a word for it.
fn title(key: &str) -> Html {
    match key {
        "target" | "os" => html! { <span class="mono">{ format!("{key}=") }</span> },
        "compiler" => html! { <span class="mono"><i class="c">{ "%" }</i>{ "compiler" }</span> },
        "version" => html! { <span class="mono"><i class="v">{ "@" }</i>{ "version" }</span> },
        "fits" => html! { "Your machine" },
        "signed" => html! { "Signature" },
        "age" => html! { "Pushed within" },
        "variants" => html! { "Variants" },
        _ => foreign(key),
    }
}

fn words(key: &str, value: &str) -> Html {
    match (key, value) {
        ("signed", "yes") => html! { "signed" },
        ("signed", "no") => html! { "unsigned" },
        ("signed", _) => html! { "unknown" },
        ("fits", _) => html! { "runs there" },
        ("age", _) => match value.strip_suffix('d').and_then(|days| days.parse().ok()) {
            Some(days) => html! { { format::counted(days, "day") } },
            None => foreign(value),
        },
        _ => foreign(value),
    }
}
