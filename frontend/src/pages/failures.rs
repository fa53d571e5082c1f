//! Failures: what a maintainer opens in the morning.

use std::{cell::RefCell, collections::BTreeSet};

use larder_frontend::{
    format,
    outcome::{KINDS, links_of, markdown_of},
    visit::Visit,
};
use larder_shared::{api::List, api::report::FailureSummary, name::MirrorName, route::page::Page};
use yew::prelude::*;

use super::{
    block,
    builds::no_builds,
    is_mirror_missing,
    not_found::{Missing, NotFoundPage},
    use_title,
};
use crate::{
    api, browser,
    components::{
        copy::Copy,
        failures_table::{Picked, failures_table},
        filters::{Choice, field, links, menu, older},
        page_head::page_head,
        values::Age,
    },
    load::{Answer, use_answer},
    route::{self, Place},
    site,
};

/// How many rows a page has.
pub(crate) const SHOWN: usize = 100;

/// The parameters of the page's URL, by the names the API has for them.
const FILTERS: [&str; 4] = ["state", "kind", "package", "sort"];

const ORDERS: [Choice; 3] =
    [("", "Blocks most, then newest"), ("newest", "Newest first"), ("frequent", "Seen most often first")];

thread_local! {
    /// The visit of each mirror's page that goes on.
    static VISITS: RefCell<Vec<(String, Visit)>> = const { RefCell::new(Vec::new()) };
}

/// Since when something is new to this reader; remembers that the page is seen now.
fn visit_of(mirror: &MirrorName) -> Visit {
    let key = format!("larder-failures-seen {mirror}");
    VISITS.with_borrow_mut(|visits| {
        if let Some((_, visit)) = visits.iter().find(|(known, _)| *known == key) {
            return *visit;
        }
        let visit = Visit::at(browser::now(), browser::remembered(&key).as_deref());
        browser::remember(&key, &visit.to_text());
        visits.push((key, visit));
        visit
    })
}

#[derive(Properties, PartialEq)]
pub(crate) struct FailuresPageProps {
    pub mirror: MirrorName,
    pub place: Place,
}

/// The failures of a mirror.
#[component]
pub(crate) fn FailuresPage(props: &FailuresPageProps) -> Html {
    use_title(&format!("Failures · {}", props.mirror));
    let page = Page::Failures(props.mirror.clone());
    let place = &props.place;
    let visit = use_memo(props.mirror.clone(), visit_of);
    let picked = use_state(BTreeSet::<String>::new);
    let on_turn = {
        let picked = picked.clone();
        Callback::from(move |signature: String| {
            let mut next = (*picked).clone();
            if !next.remove(&signature) {
                next.insert(signature);
            }
            picked.set(next);
        })
    };
    let clear = {
        let picked = picked.setter();
        Callback::from(move |_: MouseEvent| picked.set(BTreeSet::new()))
    };
    let names = FILTERS.into_iter().chain(["cursor"]);
    // A site of files has what was fixed in one order.
    let in_order =
        |name| if site::is_static() && name == "sort" && place.param("state") == Some("fixed") { "newest" } else { "" };
    let filter: Vec<(&str, &str)> =
        names.map(|name| (name, place.param(name).unwrap_or_else(|| in_order(name)))).collect();
    let failures: Answer<List<FailureSummary>> = use_answer(api::failures(&props.mirror, SHOWN, &filter), 0);
    let mirror = use_answer(api::mirror(&props.mirror), 0);
    if is_mirror_missing(&failures) || is_mirror_missing(&mirror) {
        return html! { <NotFoundPage missing={Missing::Mirror(props.mirror.clone())} {page}/> };
    }
    let failing = mirror.data.as_ref().map(|mirror| mirror.reports.failing);
    let has_builds = mirror.data.as_ref().is_none_or(|mirror| mirror.reports.builds > 0);
    let is_first = place.param("cursor").unwrap_or_default().is_empty();
    let feed = (!site::is_static())
        .then(|| html! { <a class="btn bare" href={api::feed_path(&props.mirror)}>{ "Atom feed" }</a> });
    let beside = failures.data.as_ref().map_or_else(Html::default, |list| beside(list, &visit));
    html! {
        <article class="page">
            { page_head(&page, html! { "Failures" }, beside, feed) }
            { filters(&page, place, failing) }
            { block(&failures, 8, |list| {
                if list.items.is_empty() {
                    return nothing(&page, place, has_builds, &props.mirror);
                }
                let next = list.next.as_ref().map(|next| url_with(&page, place, "cursor", next));
                html! {
                    <>
                        { selection(&props.mirror, &list.items, &picked, &clear) }
                        { failures_table(&props.mirror, &list.items, &visit, &Picked { signatures: &picked, on_turn: &on_turn }) }
                        { older(next, is_first, url_with(&page, place, "cursor", "")) }
                    </>
                }
            }) }
        </article>
    }
}

/// What can be done with the failures that are selected.
fn selection(
    mirror: &MirrorName,
    failures: &[FailureSummary],
    picked: &BTreeSet<String>,
    clear: &Callback<MouseEvent>,
) -> Html {
    let chosen: Vec<&FailureSummary> =
        failures.iter().filter(|failure| picked.contains(failure.signature.as_str())).collect();
    if chosen.is_empty() {
        return Html::default();
    }
    let url_of = |failure: &FailureSummary| {
        format!("{}{}", site::url(), Page::Failure(mirror.clone(), failure.signature.clone()))
    };
    let count = format::counted(chosen.len() as u64, "failure");
    html! {
        <div class="tools" role="group" aria-label="Selected failures">
            <span>{ format!("{count} selected") }</span>
            <Copy text={markdown_of(&chosen, &url_of)} label="Copy as Markdown" said={format!("{count} as Markdown")} large=true/>
            <Copy text={links_of(&chosen, &url_of)} label="Copy links" said={format!("{count} as links")} large=true/>
            <button type="button" class="btn bare" onclick={clear.clone()}>{ "Select none" }</button>
        </div>
    }
}

fn beside(list: &List<FailureSummary>, visit: &Visit) -> Html {
    let new = list.items.iter().filter(|failure| visit.is_new(failure.first)).count();
    if new == 0 {
        return Html::default();
    }
    html! { <span class="mute">{ format!("{} new since your last visit", format::count(new as u64)) }</span> }
}

/// The page's URL with one parameter changed; another filter begins the list anew.
fn url_with(page: &Page, place: &Place, changed: &str, value: &str) -> String {
    let kept = FILTERS.iter().copied().filter(|name| *name != changed);
    let params: Vec<_> =
        kept.map(|name| (name, place.param(name).unwrap_or_default())).chain([(changed, value)]).collect();
    route::url(page, &params)
}

fn filters(page: &Page, place: &Place, failing: Option<u64>) -> Html {
    let url_of = |name: &'static str| {
        let (page, place) = (page.clone(), place.clone());
        move |value: &str| url_with(&page, &place, name, value)
    };
    let failing = failing.map_or_else(String::new, |failing| format!(" {}", format::count(failing)));
    let states = [("", format!("Still failing{failing}")), ("fixed", "Fixed".to_owned()), ("all", "All".to_owned())];
    let state = place.param("state").filter(|state| *state != "failing").unwrap_or_default();
    if site::is_static() {
        return html! { <div class="tools filters">{ links("State", &states[..2], state, &url_of("state")) }</div> };
    }
    let mut kinds = vec![("", "Any kind")];
    kinds.extend(KINDS.iter().map(|(_, name, word)| (*name, *word)));
    let sort = place.param("sort").filter(|sort| *sort != "blocks").unwrap_or_default();
    html! {
        <div class="tools filters">
            { links("State", &states, state, &url_of("state")) }
            { menu("Kind", &kinds, place.param("kind").unwrap_or_default(), url_of("kind")) }
            { menu("Order", &ORDERS, sort, url_of("sort")) }
            { field("Package", place.param("package").unwrap_or_default(), url_of("package")) }
        </div>
    }
}

/// What stands where failures would be.
fn nothing(page: &Page, place: &Place, has_builds: bool, mirror: &MirrorName) -> Html {
    let is_narrowed = ["kind", "package"].iter().any(|name| !place.param(name).unwrap_or_default().is_empty());
    if !has_builds {
        return no_builds(mirror);
    }
    if is_narrowed {
        return html! {
            <div class="note">
                <strong>{ "No failure is like that" }</strong>
                { "Another kind, package or state may have one. " }<a href={route::url(page, &[("state", "all")])}>{ "Show all failures" }</a>
            </div>
        };
    }
    match place.param("state").unwrap_or_default() {
        "fixed" => {
            html! { <div class="note"><strong>{ "Nothing that failed was fixed yet" }</strong><a href={route::href(page)}>{ "What is still failing" }</a></div> }
        }
        "all" => {
            html! { <div class="note"><strong>{ "Nothing has failed" }</strong><a href={route::href(&Page::Builds(mirror.clone()))}>{ "All builds" }</a></div> }
        }
        _ => html! {
            <div class="note">
                <strong>{ "Nothing is failing" }</strong>
                <LastFixed mirror={mirror.clone()}/>
                <a href={route::url(page, &[("state", "fixed")])}>{ "Fixed failures" }</a>
            </div>
        },
    }
}

#[derive(Properties, PartialEq)]
struct LastFixedProps {
    mirror: MirrorName,
}

/// When what was fixed last was last seen.
#[component]
fn LastFixed(props: &LastFixedProps) -> Html {
    let fixed = use_answer(api::failures(&props.mirror, 1, &[("state", "fixed"), ("sort", "newest")]), 0);
    match fixed.data.as_ref().and_then(|list| list.items.first()) {
        Some(last) => html! { <>{ "What failed last was seen " }<Age time={last.last} ago=true/>{ ". " }</> },
        None => Html::default(),
    }
}
