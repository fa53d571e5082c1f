//! The packages of a mirror, filtered as one types.

use std::rc::Rc;

use larder_frontend::{
    filter::{Match, matching},
    format,
    search_text::Sought,
};
use larder_shared::{api::PackageSummary, name::MirrorName, route::page::Page};
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
        packages_table::{Order, PackagesTable, sort},
        page_head::page_head,
    },
    load::use_answer,
    route,
};

#[derive(Properties, PartialEq)]
pub(crate) struct PackagesPageProps {
    pub mirror: MirrorName,
    /// What is written in the search box.
    pub text: AttrValue,
    /// The URL's `sort`.
    pub sort: AttrValue,
}

#[component]
pub(crate) fn PackagesPage(props: &PackagesPageProps) -> Html {
    use_title(&format!("Packages · {}", props.mirror));
    let page = Page::Packages(props.mirror.clone());
    let packages = use_answer(api::packages(&props.mirror), 0);
    let order = Order::parse(&props.sort);
    let words = match Sought::parse(&props.text) {
        Sought::Words(words) => words,
        Sought::Everything | Sought::Hash(_) => String::new(),
    };
    let rows = use_memo((packages.data.clone(), words.clone(), order), |(packages, words, order)| {
        let packages = packages.as_ref().map_or(&[][..], |packages| &packages[..]);
        let rows = matching(packages, words);
        match order {
            Some(order) => sort(&rows, packages, *order),
            None => rows,
        }
    });
    let total = packages.data.as_ref().map_or(0, |packages| packages.len());
    {
        let (found, is_filtered) = (rows.len(), !words.is_empty());
        use_effect_with((found, total), move |_| {
            if is_filtered {
                announce(format!("{found} of {}", format::counted(total as u64, "package")));
            }
        });
    }
    if is_mirror_missing(&packages) {
        return html! { <NotFoundPage missing={Missing::Mirror(props.mirror.clone())} {page}/> };
    }
    let url_of_order = {
        let (page, text) = (page.clone(), props.text.clone());
        Callback::from(move |sort: String| route::url(&page, &[("q", &text), ("sort", &sort)]))
    };
    let beside = packages.data.as_ref().map_or_else(Html::default, |packages| count_line(packages, &rows, &words));
    html! {
        <article class="page">
            { page_head(&page, html! { "Packages" }, beside, None) }
            { block(&packages, 16, |packages| {
                if packages.is_empty() {
                    return html! { <EmptyMirror mirror={props.mirror.clone()}/> };
                }
                html! {
                    if rows.is_empty() {
                        { nothing_found(&page, &words, order.is_some().then_some(&props.sort)) }
                    } else {
                        <PackagesTable mirror={props.mirror.clone()} packages={packages.clone()} rows={rows.clone()} {order} {url_of_order}/>
                    }
                }
            }) }
        </article>
    }
}

/// The query said back in words, so that a misread one shows.
fn count_line(packages: &[PackageSummary], rows: &Rc<Vec<Match>>, words: &str) -> Html {
    let total = packages.len() as u64;
    html! {
        <span class="mute">
            if words.is_empty() {
                { format::counted(total, "package") }{ ", " }
                { format::counted(packages.iter().map(|package| package.specs).sum(), "spec") }
            } else {
                <strong>{ format!("{} of {}", format::count(rows.len() as u64), format::count(total)) }</strong>
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
