//! What the program about builds draws.

use larder_shared::route::page::Page;
use yew::prelude::*;

use crate::{
    hosting::Drawing,
    pages::{
        broken::WhatBroke, build::BuildPage, builds::BuildsPage, failure::FailurePage, failures::FailuresPage,
        hosted::Part, log::LogPage, run::RunPage,
    },
    route::Place,
};

/// The program about builds.
pub const DRAWING: Drawing = Drawing(draw);

fn draw(part: &Part, place: &Place) -> Html {
    match part {
        Part::Page => page(place),
        Part::Broken { mirror, failing, named } => {
            html! { <WhatBroke mirror={mirror.clone()} failing={*failing} named={*named}/> }
        }
        // Drawn elsewhere.
        Part::Install(_)
        | Part::Usage(_)
        | Part::Empty(_)
        | Part::NoMirror(_)
        | Part::Token
        | Part::Machine
        | Part::Shortcuts => Html::default(),
    }
}

fn page(place: &Place) -> Html {
    let key = place.page.to_string();
    match place.page.clone() {
        Page::Builds(mirror) => html! { <BuildsPage {key} {mirror} place={place.clone()}/> },
        Page::Build(mirror, id) => html! { <BuildPage {key} {mirror} {id}/> },
        Page::Log(mirror, id) => html! { <LogPage {key} {mirror} {id} place={place.clone()}/> },
        Page::Run(mirror, id) => html! { <RunPage {key} {mirror} {id}/> },
        Page::Failures(mirror) => html! { <FailuresPage {key} {mirror} place={place.clone()}/> },
        Page::Failure(mirror, signature) => html! { <FailurePage {key} {mirror} {signature}/> },
        // Drawn elsewhere.
        Page::Home
        | Page::Search
        | Page::Hash(_)
        | Page::Open
        | Page::Mirror(_)
        | Page::Packages(_)
        | Page::Package(..)
        | Page::Compare(_)
        | Page::Spec(..)
        | Page::Keys(_)
        | Page::Tokens(_)
        | Page::NotFound(_) => Html::default(),
    }
}
