//! Builds: one line a run; with a filter, the builds it lets through.

use larder_frontend::{commands::report_with_spack, format, outcome::KINDS};
use larder_shared::{
    api::List,
    api::report::{BuildSummary, RunSummary},
    name::MirrorName,
    report::Status,
    route::page::Page,
};
use yew::prelude::*;

use super::{
    block, is_mirror_missing,
    not_found::{Missing, NotFoundPage},
    use_title,
};
use crate::{
    api,
    components::{
        builds_table::{When, builds_table},
        commands::commands,
        filters::{field, links, menu, older},
        page_head::page_head,
        parts::{code, mute},
        runs_table::runs_table,
    },
    load::{Answer, use_answer},
    route::{self, Place},
    site,
};

/// How many lines a page has.
pub(crate) const SHOWN: usize = 100;

/// The parameters of the page's URL that filter.
const FILTERS: [&str; 6] = ["status", "package", "kind", "run", "signature", "since"];

#[derive(Properties, PartialEq)]
pub(crate) struct BuildsPageProps {
    pub mirror: MirrorName,
    pub place: Place,
}

/// The builds of a mirror, by run or filtered.
#[component]
pub(crate) fn BuildsPage(props: &BuildsPageProps) -> Html {
    use_title(&format!("Builds · {}", props.mirror));
    let page = Page::Builds(props.mirror.clone());
    let place = &props.place;
    let is_filtered = FILTERS.iter().any(|name| !place.param(name).unwrap_or_default().is_empty());
    html! {
        <article class="page">
            { page_head(&page, html! { "Builds" }, Html::default(), None) }
            // In a site of files nobody filters.
            if !site::is_static() { { filters(&page, place) } }
            if is_filtered {
                <FilteredBuilds mirror={props.mirror.clone()} place={place.clone()}/>
            } else {
                <Runs mirror={props.mirror.clone()} cursor={place.param("cursor").unwrap_or_default().to_owned()}/>
            }
        </article>
    }
}

/// The page's URL with one parameter changed; the place in the list is left.
fn url_with(page: &Page, place: &Place, changed: &str, value: &str) -> String {
    let kept = FILTERS.iter().copied().filter(|name| *name != changed);
    let params: Vec<_> =
        kept.map(|name| (name, place.param(name).unwrap_or_default())).chain([(changed, value)]).collect();
    route::url(page, &params)
}

fn filters(page: &Page, place: &Place) -> Html {
    let status = place.param("status").unwrap_or_default();
    let mut statuses = vec![("", "All".to_owned())];
    statuses.extend(Status::ALL.map(|status| (status.as_str(), format::sentence(status.as_str()).replace('.', ""))));
    let mut kinds = vec![("", "Any kind")];
    kinds.extend(KINDS.iter().map(|(_, name, word)| (*name, *word)));
    let url_of = |name: &'static str| {
        let (page, place) = (page.clone(), place.clone());
        move |value: &str| url_with(&page, &place, name, value)
    };
    let other = ["run", "signature", "since"].into_iter().find_map(|name| {
        let value = place.param(name).filter(|value| !value.is_empty())?;
        Some((name, value))
    });
    html! {
        <div class="tools filters">
            { links("Status", &statuses, status, &url_of("status")) }
            { menu("Kind", &kinds, place.param("kind").unwrap_or_default(), url_of("kind")) }
            { field("Package", place.param("package").unwrap_or_default(), url_of("package")) }
            if let Some((name, value)) = other {
                <span>{ "only of " }{ name }{ " " }{ code(value) }</span>
                <a class="btn" href={url_with(page, place, name, "")}>{ "Show all" }</a>
            }
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct RunsProps {
    mirror: MirrorName,
    /// Where the list goes on; empty for its beginning.
    cursor: AttrValue,
}

#[component]
fn Runs(props: &RunsProps) -> Html {
    let page = Page::Builds(props.mirror.clone());
    let runs = use_answer(api::runs(&props.mirror, SHOWN, &props.cursor), 0);
    if is_mirror_missing(&runs) {
        return html! { <NotFoundPage missing={Missing::Mirror(props.mirror.clone())} {page}/> };
    }
    block(&runs, 8, |list: &std::rc::Rc<List<RunSummary>>| {
        if list.items.is_empty() {
            return no_builds(&props.mirror);
        }
        let next = list.next.as_ref().map(|next| route::url(&page, &[("cursor", next)]));
        html! {
            <>
                { runs_table(&props.mirror, &list.items) }
                { older(next, props.cursor.is_empty(), route::href(&page)) }
            </>
        }
    })
}

/// What to say where nothing was reported, and the commands that change it.
pub(crate) fn no_builds(mirror: &MirrorName) -> Html {
    html! {
        <section class="narrow">
            <h2>{ "No builds are reported yet" }</h2>
            <p>{ "Add " }<code>{ "--cdash-upload-url" }</code>{ " to " }<code>{ "spack install" }</code>{ ", with a token that may report:" }</p>
            { commands(&report_with_spack(&site::url(), mirror)) }
            <p class="search-note">{ "Whole logs come with " }<code>{ "larder report" }</code>{ ", which reads JUnit files, CDash documents and logs of Spack." }</p>
        </section>
    }
}

#[derive(Properties, PartialEq)]
struct FilteredBuildsProps {
    mirror: MirrorName,
    place: Place,
}

#[component]
fn FilteredBuilds(props: &FilteredBuildsProps) -> Html {
    let page = Page::Builds(props.mirror.clone());
    let place = &props.place;
    let names = FILTERS.into_iter().chain(["cursor"]);
    let filter: Vec<(&str, &str)> = names.map(|name| (name, place.param(name).unwrap_or_default())).collect();
    let builds: Answer<List<BuildSummary>> = use_answer(api::builds(&props.mirror, SHOWN, &filter), 0);
    if is_mirror_missing(&builds) {
        return html! { <NotFoundPage missing={Missing::Mirror(props.mirror.clone())} {page}/> };
    }
    let is_first = place.param("cursor").unwrap_or_default().is_empty();
    block(&builds, 8, |list| {
        if list.items.is_empty() {
            return html! {
                <div class="note">
                    <strong>{ "No build is like that" }</strong>
                    { "Every reported build differs in status, kind or package. " }<a href={route::href(&page)}>{ "Show all builds" }</a>
                </div>
            };
        }
        let next = list.next.as_ref().map(|next| {
            let params: Vec<_> = filter
                .iter()
                .copied()
                .filter(|(name, _)| *name != "cursor")
                .chain([("cursor", next.as_str())])
                .collect();
            route::url(&page, &params)
        });
        let shown = list.items.len() as u64;
        html! {
            <>
                <p class="tools">{ mute(if list.next.is_some() || !is_first { format!("{} on this page", format::counted(shown, "build")) } else { format::counted(shown, "build") }) }</p>
                { builds_table(&props.mirror, &list.items, When::Age) }
                { older(next, is_first, url_with(&page, place, "cursor", "")) }
            </>
        }
    })
}
