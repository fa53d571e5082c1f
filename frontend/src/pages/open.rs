//! A static mirror elsewhere, which the browser reads by itself: no Larder stands behind it.

use larder_frontend::{
    commands::Command,
    format,
    source::{Source, short_name, static_mirror},
};
use larder_shared::{
    find::{Row, SpecRow},
    route::page::Page,
};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement};
use yew::prelude::*;

use super::{
    listing::{ListingProps, finder_note, found, use_found},
    use_title,
};
use crate::{
    components::{commands::commands, page_head::page_head, skeleton::skeleton, values::foreign},
    route,
};

#[derive(Properties, PartialEq)]
pub(crate) struct OpenPageProps {
    pub listing: ListingProps,
}

/// The specs of a static mirror.
#[component]
pub(crate) fn OpenPage(OpenPageProps { listing }: &OpenPageProps) -> Html {
    use_title(listing.source.title());
    let shown = use_found(listing);
    let title = html! { <span class="mono">{ foreign(listing.source.title()) }</span> };
    if let Some(listed) = shown {
        let answer = &listed.shown.found;
        let only = match &answer.rows[..] {
            [Row::Spec(spec)] if answer.total == 1 => details(spec),
            _ => Html::default(),
        };
        let below = html! { <div class="stack below">{ only }{ way(listing.source.url()) }</div> };
        return found(listing, title, listed, below);
    }
    let known = &listing.finder.known;
    html! {
        <article class="page">
            { page_head(&Page::Open, title, Html::default(), None) }
            if let Some(failed) = &known.failed {
                { finder_note(failed) }
                { address_form() }
            } else if known.is_lost {
                <p class="note warn"><strong>{ "The program that reads mirrors did not start." }</strong>{ "Reload the page." }</p>
            } else {
                <div aria-busy="true">
                    <p class="mute" role="status">{ progress(known.loading) }</p>
                    { skeleton(8) }
                </div>
            }
        </article>
    }
}

/// How far the index has arrived.
fn progress(loading: Option<(u64, Option<u64>)>) -> String {
    match loading {
        None => "Asking for the index.".to_owned(),
        Some((bytes, Some(of))) if of >= bytes => {
            format!("Reading the index: {} of {}.", format::size(bytes), format::size(of))
        }
        Some((bytes, _)) => format!("Reading the index: {} so far.", format::size(bytes)),
    }
}

/// How Spack uses the mirror.
fn way(url: &str) -> Html {
    let add = Command::of(&["spack", "mirror", "add", &short_name(url), url]);
    let keys = Command::of(&["spack", "buildcache", "keys", "--install", "--trust"]);
    html! {
        <section class="narrow">
            <h2>{ "Install from this mirror" }</h2>
            { commands(&[add, keys]) }
            <p class="search-note">{ "This browser has read the mirror's own index. Sizes, times and builds are not in it; a Larder with this mirror as its origin shows them." }</p>
        </section>
    }
}

/// All that the index tells of one spec.
fn details(spec: &SpecRow) -> Html {
    let variants = spec.variants.iter().chain(&spec.off).map(String::as_str).collect::<Vec<_>>().join(" ");
    html! {
        <section class="narrow">
            <h2>{ "This spec" }</h2>
            <dl class="facts">
                <dt>{ "Hash" }</dt><dd class="mono">{ "/" }{ &spec.hash }</dd>
                <dt>{ "Variants" }</dt><dd class="mono">{ foreign(&variants) }</dd>
            </dl>
            { commands(&[Command::of(&["spack", "install", &format!("/{}", spec.hash)])]) }
        </section>
    }
}

/// Asks for the address of a mirror.
#[component]
pub(crate) fn AskForMirror() -> Html {
    use_title("Open a mirror");
    html! {
        <article class="page">
            { page_head(&Page::Open, html! { "Open a mirror" }, Html::default(), None) }
            <p>{ "Any Spack build cache that lies on the web as plain files can be searched here: this browser reads its index, and nothing is sent anywhere else." }</p>
            { address_form() }
        </article>
    }
}

/// Asks for an address; the browser tells what is wrong with one.
fn address_form() -> Html {
    let field = |event: &Event| event.target_dyn_into::<Element>()?.query_selector("#address").ok()?;
    let onsubmit = Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        let Some(field) = field(&event).and_then(|field| field.dyn_into::<HtmlInputElement>().ok()) else { return };
        match static_mirror(&field.value()) {
            Ok(url) => route::go(&route::list_url(&Source::Elsewhere(url), "", "", "", "", "")),
            Err(why) => {
                field.set_custom_validity(why);
                field.report_validity();
            }
        }
    });
    let oninput =
        Callback::from(|event: InputEvent| event.target_unchecked_into::<HtmlInputElement>().set_custom_validity(""));
    html! {
        <form class="narrow address" {onsubmit}>
            <p><label for="address">{ "Address of the mirror" }</label></p>
            <input id="address" class="field mono" type="text" inputmode="url" autocomplete="url" spellcheck="false" placeholder="https://example.github.io/cache" {oninput}/>
            <p><button class="btn" type="submit">{ "Open" }</button></p>
        </form>
    }
}
