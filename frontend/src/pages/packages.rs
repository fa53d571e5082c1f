//! The packages of a mirror, filtered as one types.

use std::{ops::Range, rc::Rc};

use larder_frontend::{
    filter::{Match, matching},
    find::{message::Failed, paint::asks_for_specs},
    format,
    search_text::Sought,
};
use larder_shared::{
    api::{PackageSummary, Timestamp},
    find::{By, Found, MAX_ROWS, Machine, PackageRow, Question, Row, Sort},
    name::MirrorName,
    route::page::Page,
};
use yew::prelude::*;

use super::{
    block,
    home::EmptyMirror,
    is_mirror_missing,
    not_found::{Missing, NotFoundPage},
    use_title,
};
use crate::{
    announce::announce,
    api,
    components::{
        facets::Facets,
        found_table::FoundTable,
        page_head::page_head,
        parts::{code, in_code},
        skeleton::skeleton,
        values::foreign,
    },
    finder::{Finder, Shown},
    load::use_answer,
    my_machine::use_machine,
    route,
};

#[derive(Properties, PartialEq)]
pub(crate) struct PackagesPageProps {
    pub mirror: MirrorName,
    /// What is written in the search box.
    pub text: AttrValue,
    /// The URL's `sort`.
    pub sort: AttrValue,
    /// The URL's `f`: what the query cannot say.
    pub facets: AttrValue,
    /// The URL's `by`: what a row is.
    pub by: AttrValue,
    /// Finds in the mirror's catalogue, once that is here; the server's list is shown before.
    pub finder: Finder,
}

#[component]
pub(crate) fn PackagesPage(props: &PackagesPageProps) -> Html {
    use_title(&format!("Packages · {}", props.mirror));
    let page = Page::Packages(props.mirror.clone());
    let packages = use_answer(api::packages(&props.mirror), 0);
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
        return html! { <NotFoundPage missing={Missing::Mirror(props.mirror.clone())} {page}/> };
    }
    let url_of_order = {
        let props = (page.clone(), props.text.clone(), props.facets.clone(), props.by.clone());
        Callback::from(move |sort: String| {
            let (page, text, facets, by) = &props;
            route::url(page, &[("q", text), ("f", facets), ("sort", &sort), ("by", by)])
        })
    };
    if let (Some((shown, on_missing)), false) = (shown, total == 0 && !packages.state.waiting) {
        return found(props, &page, &shown, &url_of_order, &on_missing);
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
                    return html! { <EmptyMirror mirror={props.mirror.clone()}/> };
                }
                let list = if found_here == 0 && is_coming {
                    // The server's list knows names alone: what a query finds is not known yet.
                    html! { <div aria-busy="true">{ skeleton(8) }</div> }
                } else if let (0, Some(fault)) = (found_here, fault) {
                    html! { <div class="note"><strong>{ in_code(&fault.message) }</strong></div> }
                } else if found_here == 0 {
                    nothing_found(&page, &words, (!props.sort.is_empty()).then_some(&props.sort))
                } else {
                    html! { <FoundTable mirror={props.mirror.clone()} shown={(*listed).clone()} sort={props.sort.clone()} {url_of_order} on_missing={Callback::noop()}/> }
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

/// Rows that are asked for at first: a screen's.
const FIRST_ROWS: u32 = 60;

/// Hears which rows are missing: the first of them, and how many.
type AskForRows = Callback<(u32, u32)>;

/// What was found last, and what hears which rows are missing; `None` while nothing can be found here.
#[hook]
fn use_found(props: &PackagesPageProps) -> Option<(Rc<Shown>, AskForRows)> {
    let known = &props.finder.known;
    let by = match &*props.by {
        "packages" => By::Packages,
        "specs" => By::Specs,
        _ if asks_for_specs(&props.text) => By::Specs,
        _ => By::Packages,
    };
    let (sort, descending) = props.sort.strip_prefix('-').map_or((&*props.sort, false), |sort| (sort, true));
    let question = Question {
        query: props.text.to_string(),
        facets: props.facets.to_string(),
        sort: SORTS.iter().find(|(name, _)| *name == sort).map_or(Sort::Best, |(_, sort)| *sort),
        descending,
        machine: use_machine().map(|machine| Machine { os: machine.os, target: machine.target }),
        offset: 0,
        limit: FIRST_ROWS,
        by,
    };
    {
        let find = props.finder.find.clone();
        let state = known.ready.as_ref().map(|ready| (ready.generation, ready.has_edges));
        use_effect_with((question.clone(), state), move |(question, state)| {
            if state.is_some() {
                find.emit(question.clone());
            }
        });
    }
    let on_missing = {
        let find = props.finder.find.clone();
        use_callback(question, move |(offset, limit): (u32, u32), question| {
            find.emit(Question { offset, limit: limit.min(MAX_ROWS), ..question.clone() });
        })
    };
    {
        let found = known.shown.as_ref().filter(|shown| !shown.question.query.is_empty()).map(|shown| {
            let (found, of) = (&shown.found, known.ready.as_ref().map_or(0, |ready| ready.specs));
            said(found, of)
        });
        use_effect_with(found, |found| {
            if let Some(found) = found {
                announce(found.replace('`', ""));
            }
        });
    }
    known.shown.clone().filter(|_| known.ready.is_some()).map(|shown| (shown, on_missing))
}

const SORTS: [(&str, Sort); 7] = [
    ("name", Sort::Name),
    ("version", Sort::Version),
    ("os", Sort::Os),
    ("target", Sort::Target),
    ("size", Sort::Size),
    ("pushed", Sort::Pushed),
    ("specs", Sort::Specs),
];

/// `10 of 53 specs are built on openssl 3.3`
fn said(found: &Found, of: u32) -> String {
    let words = if found.words.is_empty() { String::new() } else { format!(" {}", found.words) };
    format!("{} of {}{words}", format::count(found.specs.into()), format::counted(of.into(), "spec"))
}

/// What was found in the catalogue: facets, the count in words, rows.
fn found(
    props: &PackagesPageProps,
    page: &Page,
    shown: &Rc<Shown>,
    url_of_order: &Callback<String, String>,
    on_missing: &Callback<(u32, u32)>,
) -> Html {
    let (known, answer) = (&props.finder.known, &shown.found);
    let of = known.ready.as_ref().map_or(0, |ready| ready.specs);
    let url = |query: &str, facets: &str, by: &str| {
        route::url(page, &[("q", query), ("f", facets), ("sort", &props.sort), ("by", by)])
    };
    let url_of = {
        let (page, sort, by) = (page.clone(), props.sort.clone(), props.by.clone());
        Callback::from(move |(query, facets): (String, String)| {
            route::url(&page, &[("q", &query), ("f", &facets), ("sort", &sort), ("by", &by)])
        })
    };
    let is_all = shown.question.query.trim().is_empty() && shown.question.facets.is_empty();
    let is_faulty = known.read.trouble(&props.text).is_some() && known.read.problem.is_some();
    let other = match shown.question.by {
        By::Packages => ("specs", "One row per spec"),
        By::Specs => ("packages", "One row per package"),
    };
    let beside = html! {
        <>
            <span class="mute found-words">
                if is_all {
                    { format!("{}, {}", format::counted(answer.packages.into(), "package"), format::counted(answer.specs.into(), "spec")) }
                } else {
                    <strong>{ format!("{} of {}", format::count(answer.specs.into()), format::count(of.into())) }</strong>
                    { " specs " }
                    { in_code(&answer.words) }
                }
            </span>
            { words_apart(&shown.question.facets, &|facets| url(&props.text, facets, &props.by)) }
        </>
    };
    let turn = html! { <a class="btn" href={url(&props.text, &props.facets, other.0)}>{ other.1 }</a> };
    html! {
        <article class="page">
            { page_head(page, html! { "Packages" }, beside, Some(turn)) }
            if let Some(failed) = &known.failed { { finder_note(failed) } }
            if let Some(ready) = known.ready.as_ref().filter(|ready| ready.offline) {
                <p class="note">{ format!("Offline. Showing the copy of {}. Search and pages work; pushes since then are missing.", format::clock(Timestamp::from_millis(ready.as_of))) }</p>
            }
            <div class="finding">
                <Facets facets={answer.facets.clone()} total={u64::from(answer.total)} {url_of}/>
                <div class={if is_faulty { "found-list old" } else { "found-list" }}>
                    if answer.total == 0 {
                        { no_match(shown, &|query, facets| url(query, facets, &props.by)) }
                    } else {
                        <FoundTable mirror={props.mirror.clone()} shown={shown.clone()} sort={props.sort.clone()} url_of_order={url_of_order.clone()} on_missing={on_missing.clone()}/>
                    }
                </div>
            </div>
        </article>
    }
}

/// What the query cannot say, each a word that can be taken away.
fn words_apart(facets: &str, url: &dyn Fn(&str) -> String) -> Html {
    let all: Vec<&str> = facets.split(';').filter(|facet| !facet.is_empty()).collect();
    html! {
        for (index, facet) in all.iter().enumerate() {
            <a class="btn apart mono" href={url(&[&all[..index], &all[index + 1..]].concat().join(";"))} aria-label={format!("Without {facet}")}>
                { foreign(facet) }{ " ×" }
            </a>
        }
    }
}

/// Nothing matches: what keeps everything out, and a query that finds something.
fn no_match(shown: &Shown, url: &dyn Fn(&str, &str) -> String) -> Html {
    html! {
        <div class="note">
            <strong>{ "No spec matches " }{ code(&format!("{} {}", shown.question.query, shown.question.facets)) }</strong>
            if let Some(nearest) = &shown.found.nearest {
                { "Without " }{ code(&nearest.without) }{ if nearest.specs == 1 { " there is " } else { " there are " } }{ format::count(nearest.specs.into()) }{ ". " }
                <a href={url(&nearest.query, &nearest.facets)}>{ "Show" }</a>
            } else {
                <a href={url("", "")}>{ "Show all packages" }</a>
            }
        </div>
    }
}

fn finder_note(failed: &Failed) -> Html {
    html! { <div class="note warn"><strong>{ format::sentence(&failed.what) }</strong>{ format::sentence(&failed.why) }{ " " }{ format::sentence(&failed.next) }</div> }
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
