//! What the program about specs draws.

use larder_shared::route::page::Page;
use yew::prelude::*;

use crate::{
    hosting::Drawing,
    pages::{
        compare::ComparePage, hosted::Part, install::InstallDialog, keys::KeysPage, package::PackagePage,
        spec::SpecPage,
    },
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
        (Part::Page, Page::Spec(mirror, hash)) => {
            html! { <SpecPage {key} {mirror} {hash} place={place.clone()}/> }
        }
        (Part::Page, Page::Keys(mirror)) => html! { <KeysPage {key} {mirror}/> },
        (Part::Install(mirror), _) => {
            let tab = place.param("install").unwrap_or_default().to_owned();
            html! { <InstallDialog mirror={mirror.clone()} {tab} visit={place.visit}/> }
        }
        // Drawn elsewhere.
        _ => Html::default(),
    }
}
