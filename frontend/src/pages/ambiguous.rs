//! A beginning of a hash that several specs share: which one is meant?

use larder_frontend::format;
use larder_shared::{api::SpecSummary, name::MirrorName, route::page::Page};
use yew::prelude::*;

use super::{block, use_title};
use crate::{
    api,
    components::{page_head::page_head, specs_table::choice_table},
    load::use_answer,
};

#[derive(Properties, PartialEq)]
pub(crate) struct AmbiguousPageProps {
    pub mirror: MirrorName,
    pub prefix: AttrValue,
}

#[component]
pub(crate) fn AmbiguousPage(props: &AmbiguousPageProps) -> Html {
    use_title(&format!("/{} · {}", props.prefix, props.mirror));
    let specs = use_answer(api::all_specs(&props.mirror), 0);
    let page = Page::Spec(props.mirror.clone(), props.prefix.to_string());
    let title = html! { <><span class="spec"><i class="h">{ "/" }</i>{ &props.prefix }</span>{ " is the start of several hashes" }</> };
    html! {
        <article class="page">
            { page_head(&page, title, Html::default(), None) }
            { block(&specs, 4, |specs| {
                let found: Vec<SpecSummary> =
                    specs.iter().filter(|spec| spec.hash.as_str().starts_with(props.prefix.as_str())).cloned().collect();
                html! {
                    <>
                        <p class="tools">{ format!("Type one more character, or choose from {}:", format::counted(found.len() as u64, "spec")) }</p>
                        { choice_table(&props.mirror, &found) }
                    </>
                }
            }) }
        </article>
    }
}
