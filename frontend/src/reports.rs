//! The part of the dashboard about builds, as a program of its own: a visit that looks for packages does
//! not load it.
//!
//! It shares every module with the dashboard (`main.rs`), which loads it when one of its parts is to be
//! shown and gives it an element to draw in (`pages/hosted.rs`). It draws no shell, owns no URL: where it
//! wants to go, it tells the dashboard (`route::go`).
#![cfg_attr(
    target_arch = "wasm32",
    expect(dead_code, reason = "each of the two programs uses a part of what both share")
)]

#[cfg(target_arch = "wasm32")]
mod announce;
#[cfg(target_arch = "wasm32")]
mod api;
#[cfg(target_arch = "wasm32")]
mod browser;
#[cfg(target_arch = "wasm32")]
mod clock;
#[cfg(target_arch = "wasm32")]
mod components;
#[cfg(target_arch = "wasm32")]
mod finder;
#[cfg(target_arch = "wasm32")]
mod keyboard;
#[cfg(target_arch = "wasm32")]
mod load;
#[cfg(target_arch = "wasm32")]
mod log_reader;
#[cfg(target_arch = "wasm32")]
mod pages;
#[cfg(target_arch = "wasm32")]
mod route;
#[cfg(target_arch = "wasm32")]
mod theme;

#[cfg(target_arch = "wasm32")]
mod host {
    use std::cell::RefCell;

    use gloo::utils::document;
    use larder_shared::route::page::Page;
    use wasm_bindgen::prelude::wasm_bindgen;
    use web_sys::Element;
    use yew::{AppHandle, prelude::*};

    use crate::{
        announce::Announcer,
        browser,
        clock::Clock,
        pages::{
            broken::WhatBroke,
            build::BuildPage,
            builds::BuildsPage,
            failure::FailurePage,
            failures::FailuresPage,
            hosted::{PAGE_PLACE, Part, SHOWN_VISIT},
            log::LogPage,
            package::BuildHistory,
            run::RunPage,
        },
        route::{Arrival, Place},
    };

    thread_local! {
        static SHOWN: RefCell<Vec<(Element, AppHandle<Root>)>> = const { RefCell::new(Vec::new()) };
    }

    /// Takes the number of the first tree: Yew tells trees apart by numbers that each program counts from
    /// one, and the first is the dashboard's.
    pub(crate) fn leave_first_tree_to_the_dashboard() {
        if let Ok(element) = document().create_element("div") {
            yew::Renderer::<Nothing>::with_root(element).render().destroy();
        }
    }

    #[component]
    fn Nothing() -> Html {
        Html::default()
    }

    /// Draws a part in `root`, or draws it anew. `visit` rises with every arrival at a page.
    #[wasm_bindgen]
    #[expect(unreachable_pub, reason = "called from the other program")]
    pub fn show(root: Element, part: &str, visit: u32) {
        let Some(part) = Part::parse(part) else { return };
        let props = RootProps { part, visit };
        SHOWN.with_borrow_mut(|shown| match shown.iter_mut().find(|(known, _)| *known == root) {
            Some((_, handle)) => handle.update(props),
            None => {
                let handle = yew::Renderer::<Root>::with_root_and_props(root.clone(), props).render();
                shown.push((root, handle));
            }
        });
    }

    /// Stops drawing in `root`.
    #[wasm_bindgen]
    #[expect(unreachable_pub, reason = "called from the other program")]
    pub fn leave(root: &Element) {
        let left = SHOWN.with_borrow_mut(|shown| {
            let place = shown.iter().position(|(known, _)| known == root)?;
            Some(shown.swap_remove(place))
        });
        if let Some((_, handle)) = left {
            handle.destroy();
        }
    }

    #[derive(Properties, PartialEq)]
    pub(crate) struct RootProps {
        part: Part,
        visit: u32,
    }

    #[component]
    pub(crate) fn Root(props: &RootProps) -> Html {
        let visit = props.visit;
        let place = use_memo(visit, |visit| Place::here(Arrival::Within, *visit));
        let is_page = props.part == Part::Page;
        use_effect_with((is_page, visit), |(is_page, visit)| {
            if let Some(place) = browser::find(PAGE_PLACE).filter(|_| *is_page) {
                let _ = place.set_attribute(SHOWN_VISIT, &visit.to_string());
            }
            // Whoever followed a link here before this program was loaded has the keyboard nowhere.
            let is_lost = document().active_element().is_none_or(|active| active.tag_name() == "BODY");
            if *is_page
                && *visit > 0
                && is_lost
                && let Some(title) = browser::find("main h1")
            {
                browser::focus_in_place(&title);
            }
        });
        match &props.part {
            Part::Page => html! { <Clock>{ page(&place) }<Announcer/></Clock> },
            Part::Broken { mirror, failing, named } => {
                html! { <Clock><WhatBroke mirror={mirror.clone()} failing={*failing} named={*named}/></Clock> }
            }
            Part::History(mirror, name) => {
                html! { <Clock><BuildHistory mirror={mirror.clone()} name={name.clone()}/><Announcer/></Clock> }
            }
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
            // The dashboard draws these itself.
            Page::Home
            | Page::Mirror(_)
            | Page::Packages(_)
            | Page::Package(..)
            | Page::Spec(..)
            | Page::Keys(_)
            | Page::NotFound(_) => Html::default(),
        }
    }
}

#[cfg(target_arch = "wasm32")]
fn main() {
    host::leave_first_tree_to_the_dashboard();
}

/// Outside a browser there is nothing to draw on.
#[cfg(not(target_arch = "wasm32"))]
fn main() {}
