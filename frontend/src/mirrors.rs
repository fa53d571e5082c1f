//! What the program about mirrors draws, and what stands where nothing is.

use larder_shared::route::page::Page;
use yew::prelude::*;

use crate::{
    components::shortcuts::shortcuts,
    hosting::Drawing,
    pages::{
        empty::{EmptyMirror, no_mirror},
        hash::HashPage,
        hosted::{Part, tell_closed},
        machine::MachineDialog,
        not_found::{Missing, NotFoundPage},
        search::SearchPage,
        tokens::TokensPage,
        usage::UsageSections,
        use_token::TokenDialog,
    },
    route::Place,
};

/// The program about mirrors.
pub const DRAWING: Drawing = Drawing(draw);

fn draw(part: &Part, place: &Place) -> Html {
    let key = place.page.to_string();
    match (part, place.page.clone()) {
        (Part::Usage(mirror), _) => html! { <UsageSections mirror={mirror.clone()}/> },
        (Part::Empty(None), _) => no_mirror(),
        (Part::Empty(Some(mirror)), _) => html! { <EmptyMirror mirror={mirror.clone()}/> },
        (Part::Machine, _) => html! { <MachineDialog/> },
        (Part::Shortcuts, _) => shortcuts(Callback::from(|()| tell_closed())),
        (Part::Token, _) => html! { <TokenDialog visit={place.visit}/> },
        (Part::NoMirror(mirror), page) => html! { <NotFoundPage missing={Missing::Mirror(mirror.clone())} {page}/> },
        (Part::Page, page @ Page::NotFound(_)) => {
            html! { <NotFoundPage missing={Missing::Path(page.to_string())} {page}/> }
        }
        (Part::Page, Page::Search) => {
            html! { <SearchPage text={place.param("q").unwrap_or_default().to_owned()}/> }
        }
        (Part::Page, Page::Hash(prefix)) => {
            html! { <HashPage {key} {prefix} place={place.clone()}/> }
        }
        (Part::Page, Page::Tokens(mirror)) => html! { <TokensPage {mirror}/> },
        // Drawn elsewhere.
        _ => Html::default(),
    }
}
