//! One spec: what it is exactly, and how to install it.

use std::rc::Rc;

use larder_frontend::{
    commands::{Client, Recipe, install_by_hash, recipe_for_spec},
    format,
    tree::Weight,
    variants::Ordered,
};
use larder_shared::{
    api::{ErrorCode, Node, Spec},
    name::MirrorName,
    route::page::Page,
};
use yew::prelude::*;

use super::{
    ambiguous::AmbiguousPage,
    block, is_mirror_missing, is_missing,
    not_found::{Missing, NotFoundPage},
    use_title,
};
use crate::{
    api, browser,
    components::{
        commands::commands,
        dependency_tree::DependencyTree,
        dialog::Dialog,
        install::{Install, remembered_client},
        page_head::page_head,
        parts::small_head,
        spec_facts::{spec_facts, spec_files},
        spec_text::{assigned, chip, compiler, signed_badge, variants_line, version},
    },
    load::use_answer,
    route::{self, Arrival, Place},
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
    use_title(&match &spec {
        Some(spec) => format!("{}@{} · {mirror}", spec.summary.name, spec.summary.version),
        None => format!("/{} · {mirror}", format::short_hash(&props.hash)),
    });
    let page =
        Page::Spec(mirror.clone(), spec.as_ref().map_or_else(|| props.hash.to_string(), |spec| spec.prefix.clone()));
    {
        // The URL to share is the shortest that is unique.
        let url =
            spec.is_some().then(|| route::url(&page, &[("install", props.place.param("install").unwrap_or_default())]));
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
        html! { <>{ chip(&spec.summary.os) }{ chip(&spec.summary.target) }{ signed_badge(&spec.summary) }</> }
    });
    let end = spec.as_ref().map(|_| {
        let href = route::url(&page, &[("install", remembered_client().key())]);
        html! { <a class="btn main" id="install-button" {href}>{ "Install" }</a> }
    });
    html! {
        <article class="page" data-hash={spec.as_ref().map(|spec| spec.summary.hash.to_string())}>
            { page_head(&page, title, beside, end) }
            { block(&answer, 12, |spec| content(mirror, spec)) }
            if let (Some(spec), Some(client)) = (&spec, props.place.param("install")) {
                { install_dialog(props, spec, &page, Client::from_key(client)) }
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

fn content(mirror: &MirrorName, spec: &Rc<Spec>) -> Html {
    html! {
        <div class="split">
            <div class="stack">
                <section aria-label="Install command">{ commands(&[install_by_hash(&spec.summary)]) }</section>
                <section>
                    { small_head("Variants", "") }
                    { variants(spec) }
                </section>
                <section>
                    <div class="tools">{ small_head("Dependencies", "") }<span class="mute">{ weight(&spec.nodes) }</span></div>
                    if spec.nodes.first().is_some_and(|root| !root.dependencies.is_empty()) {
                        <DependencyTree key={spec.summary.hash.as_str()} mirror={mirror.clone()} spec={spec.clone()}/>
                    }
                </section>
            </div>
            <aside class="stack">
                <section>{ small_head("Facts", "") }{ spec_facts(spec) }</section>
                <section>{ small_head("Files", "") }{ spec_files(mirror, &spec.files) }</section>
            </aside>
        </div>
    }
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

fn install_dialog(props: &SpecPageProps, spec: &Rc<Spec>, page: &Page, client: Option<Client>) -> Html {
    let summary = &spec.summary;
    let title = html! {
        <>
            { "Install " }
            <span class="spec">{ summary.name.to_string() }{ version(&summary.version) }{ " " }<span class="hash">{ spec.prefix.clone() }</span></span>
        </>
    };
    let onclose = {
        // Opened by a link on this page, the dialog is a step in the history; by its own URL it is not.
        let (url, was_opened_here) = (page.to_string(), props.place.arrival == Arrival::Within);
        Callback::from(move |()| if was_opened_here { route::back() } else { route::go_instead(&url) })
    };
    let onclient = {
        let page = page.clone();
        Callback::from(move |client: Client| route::correct(&route::url(&page, &[("install", client.key())])))
    };
    let recipe = {
        let (mirror, spec) = (props.mirror.clone(), spec.clone());
        Callback::from(move |client: Client| recipe(&mirror, &spec, client))
    };
    html! { <Dialog {title} {onclose}><Install id="install" {recipe} {client} {onclient}/></Dialog> }
}

fn recipe(mirror: &MirrorName, spec: &Spec, client: Client) -> Recipe {
    let mut recipe = recipe_for_spec(&browser::origin(), mirror, &spec.summary, &spec.prefix, client);
    let externals: Vec<String> = spec
        .nodes
        .iter()
        .filter(|node| node.external.is_some())
        .map(|node| format!("{} {}", node.name, format::visible(&node.version)))
        .collect();
    match &externals[..] {
        [] => {}
        [one] => recipe.notes.push(format!("{one} comes from your system.")),
        several => recipe.notes.push(format!("{} come from your system.", format::joined(several))),
    }
    recipe
}
