//! What the program about specs draws.

use larder_shared::route::page::Page;
use yew::prelude::*;

use crate::{
    hosting::Drawing,
    pages::{compare::ComparePage, hosted::Part, install::InstallDialog, package::PackagePage, spec_graph::SpecGraph},
    route::Place,
};

/// The program about specs.
pub const DRAWING: Drawing = Drawing(draw);

fn draw(part: &Part, place: &Place) -> Html {
    let key = place.page.to_string();
    match (part, place.page.clone()) {
        (Part::Page, Page::Package(mirror, name)) => {
            html! { <PackagePage {key} {mirror} {name} place={place.clone()}/> }
        }
        (Part::Page, Page::Compare(mirror)) => html! { <ComparePage {key} {mirror} place={place.clone()}/> },
        (Part::Install { mirror, hash }, _) => {
            let tab = place.param("install").unwrap_or_default().to_owned();
            html! { <InstallDialog mirror={mirror.clone()} hash={hash.clone()} {tab} visit={place.visit}/> }
        }
        (Part::Graph(mirror, hash), _) => html! { <SpecGraph mirror={mirror.clone()} hash={hash.clone()}/> },
        // Drawn elsewhere.
        _ => Html::default(),
    }
}
