//! The list of what the box and the facets find, of any source.

use std::rc::Rc;

use larder_frontend::{
    find::{message::Failed, paint::asks_for_specs},
    format,
    found_columns::{Column, PACKAGES, SPECS, chosen, turned},
    source::Source,
    window::View,
};
use larder_shared::{
    api::Timestamp,
    find::{By, Facet, Found, MAX_ROWS, Machine, Question, Sort},
};
use yew::prelude::*;

use crate::{
    announce::announce,
    browser,
    components::{
        column_menu::ColumnMenu,
        facets::Facets,
        found_table::{FoundTable, is_known},
        page_head::page_head,
        parts::{code, in_code},
        values::foreign,
    },
    finder::{Finder, Shown},
    my_machine::use_machine,
    route::{self, list_url},
};

#[derive(Clone, PartialEq)]
pub(crate) struct ListingProps {
    /// What is listed.
    pub source: Source,
    /// What is written in the search box.
    pub text: AttrValue,
    /// The URL's `sort`.
    pub sort: AttrValue,
    /// The URL's `f`: what the query cannot say.
    pub facets: AttrValue,
    /// The URL's `by`: what a row is.
    pub by: AttrValue,
    /// The URL's `cols`: which columns are shown.
    pub cols: AttrValue,
    /// Finds in the source's catalogue, once that is here.
    pub finder: Finder,
}

/// Hears which rows are missing: the first of them, and how many.
pub(super) type AskForRows = Callback<(u32, u32)>;

/// What was found last, and where the list leads. All of it stays the same until the next answer, so that a
/// letter is drawn without the list.
pub(super) struct Listed {
    pub shown: Rc<Shown>,
    on_missing: AskForRows,
    /// The URL of the list with another query and other facets.
    url_of: Callback<(String, String), String>,
    /// The URL of the list in another order.
    url_of_order: Callback<String, String>,
}

/// What was found last; `None` while nothing can be found here.
#[hook]
pub(super) fn use_found(props: &ListingProps) -> Option<Listed> {
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
        limit: first_rows(),
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
        let (find, latest) = (props.finder.find.clone(), use_mut_ref(Question::default));
        latest.replace(question);
        use_callback((), move |(offset, limit): (u32, u32), ()| {
            find.emit(Question { offset, limit: limit.min(MAX_ROWS), ..latest.borrow().clone() });
        })
    };
    let of_list = (props.source.clone(), props.sort.clone(), props.by.clone(), props.cols.clone());
    let url_of = use_callback(of_list, |(query, facets): (String, String), (source, sort, by, cols)| {
        list_url(source, &query, &facets, sort, by, cols)
    });
    let asked = known.shown.as_ref().map(|shown| (shown.question.query.clone(), shown.question.facets.clone()));
    let of_answer = (props.source.clone(), asked.unwrap_or_default(), props.by.clone(), props.cols.clone());
    let url_of_order = use_callback(of_answer, |sort: String, (source, (query, facets), by, cols)| {
        list_url(source, query, facets, &sort, by, cols)
    });
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
    let shown = known.shown.clone().filter(|_| known.ready.is_some())?;
    Some(Listed { shown, on_missing, url_of, url_of_order })
}

/// How many rows are asked for at first: those that are drawn of a long list.
fn first_rows() -> u32 {
    let rows = View::at_first(browser::window_height()).rows_around(usize::MAX);
    u32::try_from(rows.end).unwrap_or(MAX_ROWS).min(MAX_ROWS)
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

/// What was found in the catalogue: facets, the count in words, rows; `title` heads it, `below` follows.
pub(super) fn found(
    props: &ListingProps,
    title: Html,
    Listed { shown, on_missing, url_of, url_of_order }: Listed,
    below: Html,
) -> Html {
    let (known, answer) = (&props.finder.known, &shown.found);
    let of = known.ready.as_ref().map_or(0, |ready| ready.specs);
    let url =
        |query: &str, facets: &str, by: &str| list_url(&props.source, query, facets, &props.sort, by, &props.cols);
    let is_told =
        |facet: &&Facet| matches!(props.source, Source::Mirror(_)) || !matches!(&*facet.key, "age" | "signed");
    let facets: Vec<Facet> = answer.facets.iter().filter(is_told).cloned().collect();
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
    let turn = html! {
        <>
            <a class="btn" href={url(&props.text, &props.facets, other.0)}>{ other.1 }</a>
            if answer.total > 0 { { column_menu(props, shown.question.by) } }
        </>
    };
    html! {
        <article class="page">
            { page_head(&props.source.page(), title, beside, Some(turn)) }
            if let Some(failed) = &known.failed { { finder_note(failed) } }
            if let Some(ready) = known.ready.as_ref().filter(|ready| ready.offline) {
                <p class="note">{ format!("Offline. Showing the copy of {}. Search and pages work; pushes since then are missing.", format::clock(Timestamp::from_millis(ready.as_of))) }</p>
            }
            <div class="finding">
                <Facets {facets} total={u64::from(answer.total)} {url_of}/>
                <div class={if is_faulty { "found-list old" } else { "found-list" }}>
                    if answer.total == 0 {
                        { no_match(&shown, &|query, facets| url(query, facets, &props.by)) }
                    } else {
                        <FoundTable source={props.source.clone()} {shown} sort={props.sort.clone()} cols={props.cols.clone()} {url_of_order} {on_missing}/>
                    }
                </div>
            </div>
            { below }
        </article>
    }
}

/// Which columns are shown, and a choice of them.
fn column_menu(props: &ListingProps, by: By) -> Html {
    let all: &'static [Column] = match by {
        By::Packages => &PACKAGES,
        By::Specs => &SPECS,
    };
    let shown = chosen(all, &props.cols);
    let all_here = all.iter().skip(1).filter(|column| is_known(&props.source, column));
    let columns = all_here.map(|column| (column.key, column.name, shown.contains(column))).collect::<Vec<_>>();
    let onchoose = {
        let props = props.clone();
        Callback::from(move |key: &'static str| {
            let cols = turned(all, &props.cols, key);
            route::go_instead(&list_url(&props.source, &props.text, &props.facets, &props.sort, &props.by, &cols));
        })
    };
    html! { <ColumnMenu {columns} {onchoose}/> }
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

pub(super) fn finder_note(failed: &Failed) -> Html {
    html! { <div class="note warn"><strong>{ format::sentence(&failed.what) }</strong>{ format::sentence(&failed.why) }{ " " }{ format::sentence(&failed.next) }</div> }
}
