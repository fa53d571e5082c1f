//! One spec: what it is exactly, and how to install it.

use std::rc::Rc;

use larder_frontend::{commands::install_by_hash, format, tree::Weight, variants::Ordered};
use larder_shared::{
    api::{ErrorCode, Node, Spec},
    name::MirrorName,
    route::page::Page,
};
use yew::prelude::*;

use super::{
    ambiguous::AmbiguousPage,
    block,
    contents::contents,
    install::InstallDialog,
    is_mirror_missing, is_missing,
    not_found::{Missing, NotFoundPage},
    use_title,
};
use crate::{
    api,
    components::{
        commands::commands,
        dependency_tree::DependencyTree,
        graph_view::GraphView,
        install::remembered_way,
        page_head::page_head,
        parts::small_head,
        spec_facts::{spec_facts, spec_files},
        spec_text::{assigned, chip, compiler, signed_badge, target_chip, variants_line, version},
    },
    load::use_answer,
    my_machine::use_machine,
    route::{self, Place},
};

#[derive(Properties, PartialEq)]
pub(crate) struct SpecPageProps {
    pub mirror: MirrorName,
    /// The beginning of the hash in the URL.
    pub hash: AttrValue,
    pub place: Place,
}

#[component]
pub(crate) fn SpecPage(props: &SpecPageProps) -> Html {
    let mirror = &props.mirror;
    let answer = use_answer(api::spec(mirror, &props.hash), 0);
    let spec = answer.data.clone();
    let machine = use_machine();
    use_title(&match &spec {
        Some(spec) => format!("{}@{} · {mirror}", spec.summary.name, spec.summary.version),
        None => format!("/{} · {mirror}", format::short_hash(&props.hash)),
    });
    let page =
        Page::Spec(mirror.clone(), spec.as_ref().map_or_else(|| props.hash.to_string(), |spec| spec.prefix.clone()));
    // Its path is as long as it will be.
    let headed = match &spec {
        Some(_) => page.clone(),
        None => Page::Spec(mirror.clone(), format::short_hash(&props.hash).to_owned()),
    };
    {
        // The URL to share is the shortest that is unique.
        let url = spec.is_some().then(|| {
            let param = |name: &'static str| (name, props.place.param(name).unwrap_or_default());
            route::url(&page, &[param("view"), param("show"), param("install")])
        });
        use_effect_with((url, props.place.visit), |(url, _)| {
            if let Some(url) = url {
                route::correct(url);
            }
        });
    }
    if is_mirror_missing(&answer) {
        return html! { <NotFoundPage missing={Missing::Mirror(mirror.clone())} {page}/> };
    }
    if is_missing(&answer) {
        return html! { <NotFoundPage missing={Missing::Spec(mirror.clone(), props.hash.clone())} {page}/> };
    }
    if answer.state.failure.as_ref().and_then(api::Failure::code) == Some(ErrorCode::Ambiguous) {
        return html! { <AmbiguousPage mirror={mirror.clone()} prefix={props.hash.clone()}/> };
    }
    let title = match &spec {
        Some(spec) => title(spec),
        None => {
            html! { <span class="spec"><i class="h">{ "/" }</i>{ format::short_hash(&props.hash).to_owned() }</span> }
        }
    };
    let beside = spec.as_ref().map_or_else(Html::default, |spec| {
        html! { <>{ chip(&spec.summary.os) }{ target_chip(machine.as_ref(), &spec.summary.os, &spec.summary.target) }{ signed_badge(&spec.summary) }</> }
    });
    let end = spec.as_ref().map(|spec| {
        let compare_url = route::url(&Page::Compare(mirror.clone()), &[("specs", &spec.prefix)]);
        let view = props.place.param("view").unwrap_or_default();
        let href = route::url(&page, &[("view", view), ("install", &remembered_way())]);
        html! {
            <>
                <a class="btn main" id="install-button" {href}>{ "Install" }</a>
                <a class="btn" data-key="c" href={compare_url}>{ "Compare" }</a>
            </>
        }
    });
    html! {
        <article class="page" data-hash={spec.as_ref().map(|spec| spec.summary.hash.to_string())}>
            { page_head(&headed, title, beside, end) }
            { block(&answer, 12, |spec| content(mirror, spec, &props.place)) }
            if let Some(tab) = props.place.param("install") {
                <InstallDialog mirror={mirror.clone()} hash={props.hash.to_string()} tab={tab.to_owned()} visit={props.place.visit}/>
            }
        </article>
    }
}

fn title(spec: &Spec) -> Html {
    let summary = &spec.summary;
    html! {
        <span class="spec">
            <b>{ summary.name.to_string() }</b>{ version(&summary.version) }
            if summary.compiler.is_some() { { " " }{ compiler(summary.compiler.as_deref()) } }
        </span>
    }
}

fn content(mirror: &MirrorName, spec: &Rc<Spec>, place: &Place) -> Html {
    let has_dependencies = spec.nodes.first().is_some_and(|root| !root.dependencies.is_empty());
    let is_graph = place.param("view") == Some("graph");
    let is_listed = place.param("show") == Some("files");
    let page = Page::Spec(mirror.clone(), spec.prefix.clone());
    let listed = route::url(&page, &[("view", place.param("view").unwrap_or_default()), ("show", "files")]);
    let size = spec.summary.size.map_or_else(String::new, |bytes| format!(", {}", format::size(bytes)));
    html! {
        <div class="split">
            <div class="stack">
                <section aria-label="Install command">{ commands(&[install_by_hash(&spec.summary)]) }</section>
                <section>
                    { small_head("Variants", "") }
                    { variants(spec) }
                </section>
                <section>
                    <div class="tools">
                        { small_head("Dependencies", "") }<span class="mute">{ weight(&spec.nodes) }</span>
                        if has_dependencies { <span class="end">{ view_links(mirror, spec, is_graph) }</span> }
                    </div>
                    if has_dependencies && is_graph {
                        <GraphView mirror={mirror.clone()} spec={spec.clone()}/>
                    } else if has_dependencies {
                        <DependencyTree key={spec.summary.hash.as_str()} mirror={mirror.clone()} spec={spec.clone()}/>
                    }
                </section>
                if is_listed {
                    { contents(mirror, spec) }
                }
            </div>
            <aside class="stack">
                <section>{ small_head("Facts", "") }{ spec_facts(spec) }</section>
                <section>
                    { small_head("Files", "") }{ spec_files(mirror, &spec.files) }
                    if !is_listed { <p class="search-note"><a href={listed}>{ "List what is in the tarball" }{ size.clone() }</a>{ ", or export a bill of materials" }</p> }
                </section>
            </aside>
        </div>
    }
}

/// The two ways to show dependencies; `t` goes to the other one.
fn view_links(mirror: &MirrorName, spec: &Spec, is_graph: bool) -> Html {
    let page = Page::Spec(mirror.clone(), spec.prefix.clone());
    let link = |name: &'static str, view: &str, is_here: bool| {
        let key = (!is_here).then_some("t");
        html! { <a class="btn" href={route::url(&page, &[("view", view)])} aria-current={is_here.then_some("true")} data-key={key}>{ name }</a> }
    };
    html! { <>{ link("Tree", "", !is_graph) }{ link("Graph", "graph", is_graph) }</> }
}

fn variants(spec: &Spec) -> Html {
    let ordered = Ordered::of(&spec.summary.variants);
    let flags = spec.flags.iter().map(|(name, values)| {
        html! { <><span class="variant">{ assigned(name, &format!("\"{}\"", values.join(" "))) }</span>{ " " }</> }
    });
    html! {
        if ordered.is_empty() && spec.flags.is_empty() {
            <p class="mute">{ "It has none." }</p>
        } else {
            <p class="spec">{ variants_line(&ordered, usize::MAX) }{ for flags }</p>
        }
    }
}

/// `7 direct, 42 in all; 1.1 MB to install with the 24 it links or runs`
fn weight(nodes: &[Node]) -> Html {
    let direct = nodes.first().map_or(0, |root| root.dependencies.len());
    if direct == 0 {
        return html! { "It needs nothing else." };
    }
    let weight = Weight::of(nodes);
    let all = format!(
        "{} direct, {} in all; ",
        format::count(direct as u64),
        format::count(nodes.len().saturating_sub(1) as u64)
    );
    let size = format!("{}{}", if weight.is_at_least { "at least " } else { "" }, format::size(weight.bytes));
    let with = match weight.nodes {
        0 => " to install; it links and runs nothing else".to_owned(),
        number => format!(" to install with the {} it links or runs", format::count(number)),
    };
    html! { <>{ all }<strong>{ size }</strong>{ with }</> }
}
