//! What was looked for and is not there, what is near it, and a search.

use larder_frontend::nearest::nearest;
use larder_shared::{
    name::{MirrorName, PackageName},
    route::page::Page,
};
use yew::prelude::*;

use super::use_title;
use crate::{
    api,
    components::{page_head::page_head, values::foreign},
    load::use_answer,
    route,
};

/// How many near names are offered.
const NEAR: usize = 5;

/// What is not there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Missing {
    /// A path of no page.
    Path(String),
    /// A mirror.
    Mirror(MirrorName),
    /// A package of a mirror.
    Package(MirrorName, PackageName),
    /// A spec of a mirror, by the beginning of its hash.
    Spec(MirrorName, AttrValue),
    /// A build, a run or a failure, said in words: `build 7`.
    Report(MirrorName, AttrValue),
}

#[derive(Properties, PartialEq)]
pub(crate) struct NotFoundPageProps {
    pub missing: Missing,
    pub page: Page,
}

#[component]
pub(crate) fn NotFoundPage(props: &NotFoundPageProps) -> Html {
    use_title("Not found");
    let (title, rest) = match &props.missing {
        Missing::Path(path) => (
            html! { "There is no such page" },
            html! { <p>{ "Nothing of this dashboard lies at " }<code>{ foreign(path) }</code>{ ". " }<a href={route::href(&Page::Home)}>{ "Home" }</a>{ " lists the mirrors." }</p> },
        ),
        Missing::Mirror(mirror) => (
            html! { <>{ "There is no mirror " }<span class="mono">{ foreign(mirror.as_str()) }</span></> },
            html! { <NearMirrors wanted={mirror.clone()}/> },
        ),
        Missing::Package(mirror, name) => (
            html! { <><span class="mono">{ name.to_string() }</span>{ " is not in " }{ foreign(mirror.as_str()) }</> },
            html! { <NearPackages mirror={mirror.clone()} wanted={name.clone()}/> },
        ),
        Missing::Spec(mirror, hash) => (
            html! { <>{ "No spec begins with " }<span class="spec"><i class="h">{ "/" }</i>{ hash }</span></> },
            html! {
                <p>
                    { foreign(mirror.as_str()) }{ " has no spec with such a hash. It may be in another mirror, or was never pushed. " }
                    <a href={route::href(&Page::Packages(mirror.clone()))}>{ "All packages" }</a>
                </p>
            },
        ),
        Missing::Report(mirror, what) => (
            html! { <>{ "There is no " }{ what }{ " in " }{ foreign(mirror.as_str()) }</> },
            html! {
                <p>
                    { "Nothing like it was reported. " }
                    <a href={route::href(&Page::Builds(mirror.clone()))}>{ "All builds" }</a>{ " and " }
                    <a href={route::href(&Page::Failures(mirror.clone()))}>{ "failures" }</a>
                </p>
            },
        ),
    };
    html! {
        <article class="page">
            { page_head(&props.page, title, Html::default(), None) }
            <div class="note">{ rest }</div>
        </article>
    }
}

#[derive(Properties, PartialEq)]
struct NearMirrorsProps {
    wanted: MirrorName,
}

#[component]
fn NearMirrors(props: &NearMirrorsProps) -> Html {
    let mirrors = use_answer(api::mirrors(), 0);
    let names: Vec<&str> = mirrors.data.iter().flat_map(|all| all.iter().map(|mirror| mirror.name.as_str())).collect();
    let near = nearest(props.wanted.as_str(), names, NEAR).into_iter().filter_map(|name| name.parse().ok());
    let near: Vec<(String, String)> =
        near.map(|name: MirrorName| (name.to_string(), route::href(&Page::Mirror(name)))).collect();
    html! {
        <>
            { near_names(&near) }
            <p>{ "A mirror is made by the first push to it. " }<a href={route::href(&Page::Home)}>{ "All mirrors" }</a></p>
        </>
    }
}

#[derive(Properties, PartialEq)]
struct NearPackagesProps {
    mirror: MirrorName,
    wanted: PackageName,
}

#[component]
fn NearPackages(props: &NearPackagesProps) -> Html {
    let packages = use_answer(api::packages(&props.mirror), 0);
    let names: Vec<&str> =
        packages.data.iter().flat_map(|all| all.iter().map(|package| package.name.as_str())).collect();
    let near = nearest(props.wanted.as_str(), names, NEAR).into_iter().filter_map(|name| name.parse().ok());
    let near: Vec<(String, String)> = near
        .map(|name: PackageName| (name.to_string(), route::href(&Page::Package(props.mirror.clone(), name))))
        .collect();
    let search = route::url(&Page::Packages(props.mirror.clone()), &[("q", props.wanted.as_str())]);
    html! {
        <>
            { near_names(&near) }
            <p><a href={search}>{ format!("Search for {}", props.wanted) }</a>{ " or " }<a href={route::href(&Page::Packages(props.mirror.clone()))}>{ "show all packages" }</a></p>
        </>
    }
}

/// Links to names like the one that was looked for.
fn near_names(near: &[(String, String)]) -> Html {
    if near.is_empty() {
        return Html::default();
    }
    html! {
        <p>
            { "Did you mean " }
            for (index, (name, href)) in near.iter().enumerate() {
                { if index == 0 { "" } else if index + 1 == near.len() { " or " } else { ", " } }
                <a class="mono" data-row="" href={href.clone()}>{ foreign(name) }</a>
            }
            { "?" }
        </p>
    }
}
