//! The bar and the tabs, above every page.

use larder_frontend::{format, machine::Machine, token};
use larder_shared::{api::Mirror, name::MirrorName, route::page::Page};
use yew::prelude::*;

use super::{glyph, mirror_chooser::MirrorChooser, theme_button::ThemeButton};
use crate::{route, site};

/// The shell of `page`, which belongs to `current`. `mirrors` are all as far as known; `search` is the
/// box, where there is something to search. `use_token` is where a token is given; `on_machine` asks for `machine`,
/// the reader's.
pub(crate) fn shell(
    page: &Page,
    mirrors: &[Mirror],
    current: Option<&MirrorName>,
    search: Option<Html>,
    use_token: String,
    machine: Option<&Machine>,
    on_machine: Callback<MouseEvent>,
) -> Html {
    let token = if token::held().is_some() { "A token is used. Look at it, or forget it" } else { "Use a token" };
    html! {
        <header class="bar">
            <div class="bar-1">
                <a class="brand" href={route::href(&Page::Home)} aria-label="Larder, home">{ glyph::brand() }<span>{ "Larder" }</span></a>
                <MirrorChooser mirrors={mirrors.to_vec()} current={current.cloned()}/>
                { search.unwrap_or_else(|| html! { <span></span> }) }
                { machine_button(machine, on_machine) }
                if !site::is_static() { <a class="btn bare key" href={use_token} aria-label={token} title={token} data-held={token::held().map(|_| "")}>{ glyph::key() }</a> }
                <ThemeButton/>
            </div>
            if let Some(mirror) = current { { tabs(page, mirrors, mirror) } }
            <div class="busy" aria-hidden="true"></div>
        </header>
    }
}

/// The button of the reader's machine.
fn machine_button(machine: Option<&Machine>, onclick: Callback<MouseEvent>) -> Html {
    let (name, label) = match machine {
        Some(machine) => (machine.short(), format!("Your machine: {}. Change", machine.short())),
        None => ("Your machine".to_owned(), "Your machine: not set. Say which".to_owned()),
    };
    html! {
        <button type="button" id="machine-button" class={if machine.is_some() { "btn host set" } else { "btn host" }} aria-label={label} aria-haspopup="dialog" {onclick}>{ name }</button>
    }
}

fn tabs(here: &Page, mirrors: &[Mirror], mirror: &MirrorName) -> Html {
    let known = mirrors.iter().find(|known| known.name == *mirror);
    let number = |of: fn(&Mirror) -> u64| {
        let number = known.map(of);
        // It has its place before it is known.
        html! { <>{ " " }<span class="n" title={number.map(format::count)}>{ number.map(format::short_count) }</span></> }
    };
    let is_overview = matches!(here, Page::Home | Page::Mirror(_));
    let is_packages = matches!(here, Page::Packages(_) | Page::Package(..) | Page::Compare(_) | Page::Spec(..));
    let is_builds = matches!(here, Page::Builds(_) | Page::Build(..) | Page::Log(..) | Page::Run(..));
    let is_failures = matches!(here, Page::Failures(_) | Page::Failure(..));
    let is_keys = matches!(here, Page::Keys(_));
    let is_tokens = matches!(here, Page::Tokens(_));
    let tab = |page: Page, name: Html, is_here: bool| {
        let current = is_here.then_some(if *here == page { "page" } else { "true" });
        html! { <a href={route::href(&page)} aria-current={current}>{ name }</a> }
    };
    html! {
        <nav class="tabs" aria-label={format!("Mirror {mirror}")}>
            { tab(Page::Mirror(mirror.clone()), html! { "Overview" }, is_overview) }
            { tab(Page::Packages(mirror.clone()), html! { <>{ "Packages" }{ number(|known| known.packages) }</> }, is_packages) }
            if !site::is_static() || known.is_some_and(|known| known.reports.builds > 0) {
                { tab(Page::Builds(mirror.clone()), html! { <>{ "Builds" }{ number(|known| known.reports.builds) }</> }, is_builds) }
                { tab(Page::Failures(mirror.clone()), html! { <>{ "Failures" }{ number(|known| known.reports.failing) }</> }, is_failures) }
            }
            { tab(Page::Keys(mirror.clone()), html! { "Keys" }, is_keys) }
            if is_tokens || token::is_admin() { { tab(Page::Tokens(mirror.clone()), html! { "Tokens" }, is_tokens) } }
        </nav>
    }
}
