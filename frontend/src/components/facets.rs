//! What the list can be narrowed by, beside it. A facet is a way to type: a tick writes into the box.

use larder_frontend::format;
use larder_shared::find::{Facet, FacetValue};
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

/// The facets: a column beside the list; in a narrow window buttons, each of which opens a sheet.
#[component]
pub(crate) fn Facets(props: &FacetsProps) -> Html {
    let open = use_state_eq(|| None::<String>);
    let close = {
        let open = open.setter();
        Callback::from(move |()| open.set(None))
    };
    let onkeydown = {
        let close = close.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Escape" {
                close.emit(());
            }
        })
    };
    html! {
        <aside class="facets" aria-label="Narrow the list" {onkeydown}>
            for facet in props.facets.iter().filter(|facet| !facet.values.is_empty()) {
                { section(props, facet, &open, &close) }
            }
        </aside>
    }
}

fn section(props: &FacetsProps, facet: &Facet, open: &UseStateHandle<Option<String>>, close: &Callback<()>) -> Html {
    let is_open = open.as_deref() == Some(&facet.key);
    let ticked = facet.values.iter().filter(|value| value.ticked).count();
    let turn = {
        let (open, key) = (open.setter(), (!is_open).then(|| facet.key.clone()));
        Callback::from(move |_: MouseEvent| open.set(key.clone()))
    };
    let rest = (facet.total as usize).saturating_sub(facet.values.len());
    html! {
        <section key={facet.key.clone()} class={if is_open { "facet open" } else { "facet" }}>
            <h2 class="k">{ title(&facet.key) }</h2>
            <button type="button" class="btn" aria-expanded={is_open.to_string()} onclick={turn}>
                { title(&facet.key) }
                if ticked > 0 { <span class="n">{ ticked }</span> }
            </button>
            <div class="facet-values">
                for value in facet.values.iter() { { value_row(props, &facet.key, value) } }
                if rest > 0 && !matches!(&*facet.key, "age" | "signed" | "fits") { <p class="mute">{ format!("and {} more: type one into the box", format::count(rest as u64)) }</p> }
                <button type="button" class="btn show" onclick={close.reform(|_: MouseEvent| ())}>{ format!("Show {}", format::count(props.total)) }</button>
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
