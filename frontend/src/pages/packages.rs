//! The packages of a mirror, filtered as one types.

use std::{ops::Range, rc::Rc};

use larder_frontend::{
    filter::{Match, matching},
    format,
    search_text::Sought,
};
use larder_shared::{
    api::PackageSummary,
    find::{Found, PackageRow, Question, Row},
    name::MirrorName,
    route::page::Page,
};
use yew::prelude::*;

use super::{
    block,
    hosted::{Hosted, Part, Program},
    is_mirror_missing,
    listing::{ListingProps, finder_note, found, use_found},
    use_title,
};
use crate::{
    announce::announce,
    api,
    components::{found_table::FoundTable, page_head::page_head, parts::in_code, skeleton::skeleton},
    finder::Shown,
    load::use_answer,
    route,
};

#[derive(Properties, PartialEq)]
pub(crate) struct PackagesPageProps {
    pub mirror: MirrorName,
    /// The list; the server's is shown until the mirror's catalogue is here.
    pub listing: ListingProps,
}

#[component]
pub(crate) fn PackagesPage(PackagesPageProps { mirror, listing: props }: &PackagesPageProps) -> Html {
    use_title(&format!("Packages · {mirror}"));
    let page = Page::Packages(mirror.clone());
    let packages = use_answer(api::packages(mirror), 0);
    let words = match Sought::parse(&props.text) {
        Sought::Words(words) => words,
        Sought::Everything | Sought::Hash(_) => String::new(),
    };
    let listed = use_memo((packages.data.clone(), words.clone(), props.sort.clone()), |(packages, words, order)| {
        Rc::new(listed(packages.as_ref().map_or(&[][..], |packages| &packages[..]), words, order))
    });
    let found_here = listed.found.rows.len();
    let total = packages.data.as_ref().map_or(0, |packages| packages.len());
    {
        let (found, is_filtered) = (found_here, !words.is_empty() && props.finder.known.ready.is_none());
        use_effect_with((found, total), move |_| {
            if is_filtered {
                announce(format!("{found} of {}", format::counted(total as u64, "package")));
            }
        });
    }
    let shown = use_found(props);
    if is_mirror_missing(&packages) {
        return html! { <Hosted program={Program::Mirrors} part={Part::NoMirror(mirror.clone())}/> };
    }
    let url_of_order = {
        let ListingProps { source, text, facets, by, cols, .. } = props.clone();
        Callback::from(move |sort: String| route::list_url(&source, &text, &facets, &sort, &by, &cols))
    };
    if let (Some(listed), false) = (shown, total == 0 && !packages.state.waiting) {
        return found(props, html! { "Packages" }, listed, Html::default());
    }
    let known = &props.finder.known;
    let fault = known.read.problem.as_ref().filter(|_| known.read.query == *props.text);
    let is_coming = !known.is_lost && known.failed.is_none() && fault.is_none();
    let counted = packages.data.as_ref().filter(|_| found_here > 0 || !is_coming);
    let beside = counted.map_or_else(Html::default, |packages| count_line(packages, found_here, &words));
    html! {
        <article class="page">
            { page_head(&page, html! { "Packages" }, beside, None) }
            if let Some(failed) = &props.finder.known.failed { { finder_note(failed) } }
            { block(&packages, 16, |packages| {
                if packages.is_empty() {
                    return html! { <Hosted program={Program::Mirrors} part={Part::Empty(Some(mirror.clone()))}/> };
                }
                let list = if found_here == 0 && is_coming {
                    // The server's list knows names alone: what a query finds is not known yet.
                    html! { <div aria-busy="true">{ skeleton(8) }</div> }
                } else if let (0, Some(fault)) = (found_here, fault) {
                    html! { <div class="note"><strong>{ in_code(&fault.message) }</strong></div> }
                } else if found_here == 0 {
                    nothing_found(&page, &words, (!props.sort.is_empty()).then_some(&props.sort))
                } else {
                    html! { <FoundTable source={props.source.clone()} shown={(*listed).clone()} sort={props.sort.clone()} cols={props.cols.clone()} {url_of_order} on_missing={Callback::noop()}/> }
                };
                // The place of the facets is kept, so that nothing moves when they come.
                if props.finder.known.is_lost { list } else { html! { <div class="finding"><div class="facets"></div><div class="found-list">{ list }</div></div> } }
            }) }
        </article>
    }
}

/// The server's list, filtered and sorted here, as if it had been found.
fn listed(packages: &[PackageSummary], words: &str, sort: &str) -> Shown {
    let mut found: Vec<(&PackageSummary, Vec<(u32, u32)>)> = matching(packages, words)
        .into_iter()
        .map(|Match { index, marks }| (&packages[index], marks.iter().map(as_pair).collect()))
        .collect();
    let (key, is_descending) = sort.strip_prefix('-').map_or((sort, false), |key| (key, true));
    let key_of: Option<fn(&PackageSummary) -> u64> = match key {
        "specs" => Some(|package| package.specs),
        "size" => Some(|package| package.bytes),
        "pushed" => Some(|package| package.pushed.as_millis()),
        _ => None,
    };
    match key_of {
        Some(key_of) => found.sort_by_key(|(package, _)| key_of(package)),
        None if key == "name" => found.sort_by(|a, b| a.0.name.cmp(&b.0.name)),
        None => {}
    }
    if is_descending {
        found.reverse();
    }
    let rows = found.into_iter().map(|(package, marks)| Row::Package(row_of(package, marks))).collect::<Vec<_>>();
    let total = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    Shown { question: Question::default(), found: Found { total, rows, ..Found::default() } }
}

fn as_pair(range: &Range<usize>) -> (u32, u32) {
    let place = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
    (place(range.start), place(range.end))
}

fn row_of(package: &PackageSummary, marks: Vec<(u32, u32)>) -> PackageRow {
    PackageRow {
        name: package.name.to_string(),
        marks,
        newest: package.newest.clone(),
        versions: 0,
        specs: u32::try_from(package.specs).unwrap_or(u32::MAX),
        fits: 0,
        targets: package.targets.clone(),
        systems: package.systems.clone(),
        bytes: package.bytes,
        pushed: package.pushed.as_millis(),
    }
}

/// The query said back in words, so that a misread one shows.
fn count_line(packages: &[PackageSummary], found: usize, words: &str) -> Html {
    let total = packages.len() as u64;
    html! {
        <span class="mute">
            if words.is_empty() {
                { format::counted(total, "package") }{ ", " }
                { format::counted(packages.iter().map(|package| package.specs).sum(), "spec") }
            } else {
                <strong>{ format!("{} of {}", format::count(found as u64), format::count(total)) }</strong>
                { " match " }<code><bdi>{ format::visible(words).into_owned() }</bdi></code>
            }
        </span>
    }
}

fn nothing_found(page: &Page, words: &str, sort: Option<&AttrValue>) -> Html {
    let all = route::url(page, &[("sort", sort.map_or("", AttrValue::as_str))]);
    html! {
        <div class="note">
            <strong>{ "No package matches " }<code><bdi>{ format::visible(words).into_owned() }</bdi></code></strong>
            { "Each word must be part of a package's name, or begin its newest version, a target or a system. " }
            <a href={all}>{ "Show all packages" }</a>
        </div>
    }
}
