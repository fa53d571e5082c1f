//! The graph of a spec's page, which another program draws than the page.

use larder_shared::name::MirrorName;
use yew::prelude::*;

use super::block;
use crate::{api, components::graph_view::GraphView, load::use_answer};

#[derive(Properties, PartialEq)]
pub(crate) struct SpecGraphProps {
    pub mirror: MirrorName,
    /// A unique beginning of its hash.
    pub hash: String,
}

#[component]
pub(crate) fn SpecGraph(props: &SpecGraphProps) -> Html {
    let spec = use_answer(api::spec(&props.mirror, &props.hash), 0);
    block(&spec, 8, |spec| html! { <GraphView mirror={props.mirror.clone()} spec={spec.clone()}/> })
}
