//! "What broke", on the pages that one sees first.

use larder_frontend::format;
use larder_shared::{name::MirrorName, route::page::Page};
use yew::prelude::*;

use super::{block, hosted::BROKEN_SHOWN};
use crate::{
    api,
    components::{failures_table::broken_table, values::foreign},
    load::use_answer,
    route,
};

#[derive(Properties, PartialEq)]
pub(crate) struct WhatBrokeProps {
    pub mirror: MirrorName,
    /// How many failures are still failing.
    pub failing: u64,
    /// Whether the mirror is named, because the page shows several.
    #[prop_or_default]
    pub named: bool,
}

/// The failures of a mirror that stop most.
#[component]
pub(crate) fn WhatBroke(props: &WhatBrokeProps) -> Html {
    let failures = use_answer(api::failures(&props.mirror, BROKEN_SHOWN, &[]), 0);
    let all = match props.failing {
        1 => "The one failure".to_owned(),
        failing => format!("All {} failures", format::count(failing)),
    };
    let shown = usize::try_from(props.failing).unwrap_or(usize::MAX).min(BROKEN_SHOWN);
    html! {
        <section>
            <h2>{ "What broke" }if props.named { { " in " }{ foreign(props.mirror.as_str()) } }</h2>
            { block(&failures, shown + 1, |list| if list.items.is_empty() {
                html! { <p class="mute">{ "Nothing is failing." }</p> }
            } else {
                broken_table(&props.mirror, &list.items)
            }) }
            <p class="search-note"><a href={route::href(&Page::Failures(props.mirror.clone()))}>{ all }</a></p>
        </section>
    }
}
