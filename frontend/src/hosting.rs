//! How a program that the dashboard loads draws in the places the dashboard gives it.
//!
//! It draws no shell and owns no URL: where it wants to go, it tells the dashboard (`route::go`). The other side of
//! this is `pages/hosted.rs`.

use std::cell::RefCell;

use gloo::utils::document;
use web_sys::Element;
use yew::{AppHandle, prelude::*};

use crate::{
    announce::Announcer,
    browser,
    clock::Clock,
    pages::hosted::{PAGE_PLACE, Part, SHOWN_VISIT},
    route::{Arrival, Place},
};

/// What a program draws for each part that it is asked for.
#[derive(Clone, Copy)]
pub struct Drawing(pub(crate) fn(&Part, &Place) -> Html);

/// Makes a program of a [`Drawing`]: what the dashboard calls in it, and its `main`.
#[macro_export]
macro_rules! hosted_program {
    ($drawing:expr) => {
        /// Draws a part in `root`, or draws it anew. `visit` rises with every arrival at a page.
        #[wasm_bindgen::prelude::wasm_bindgen]
        #[expect(unreachable_pub, reason = "called from the other program")]
        pub fn show(root: web_sys::Element, part: &str, visit: u32) {
            $crate::hosting::show($drawing, root, part, visit);
        }

        /// Stops drawing in `root`.
        #[wasm_bindgen::prelude::wasm_bindgen]
        #[expect(unreachable_pub, reason = "called from the other program")]
        pub fn leave(root: &web_sys::Element) {
            $crate::hosting::leave(root);
        }

        fn main() {
            $crate::hosting::leave_first_tree_to_the_dashboard();
        }
    };
}

thread_local! {
    static SHOWN: RefCell<Vec<(Element, AppHandle<Root>)>> = const { RefCell::new(Vec::new()) };
}

/// Takes the number of the first tree: Yew tells trees apart by numbers that each program counts from one, and the
/// first is the dashboard's. For the same reason no loaded program may draw inside a place of another one.
pub fn leave_first_tree_to_the_dashboard() {
    if let Ok(element) = document().create_element("div") {
        yew::Renderer::<Nothing>::with_root(element).render().destroy();
    }
}

#[component]
fn Nothing() -> Html {
    Html::default()
}

/// Draws a part in `root`, or draws it anew. `visit` rises with every arrival at a page.
pub fn show(drawing: Drawing, root: Element, part: &str, visit: u32) {
    let Some(part) = Part::parse(part) else { return };
    let props = RootProps { drawing, part, visit };
    SHOWN.with_borrow_mut(|shown| match shown.iter_mut().find(|(known, _)| *known == root) {
        Some((_, handle)) => handle.update(props),
        None => {
            let handle = yew::Renderer::<Root>::with_root_and_props(root.clone(), props).render();
            shown.push((root, handle));
        }
    });
}

/// Stops drawing in `root`.
pub fn leave(root: &Element) {
    let left = SHOWN.with_borrow_mut(|shown| {
        let place = shown.iter().position(|(known, _)| known == root)?;
        Some(shown.swap_remove(place))
    });
    if let Some((_, handle)) = left {
        handle.destroy();
    }
}

#[derive(Properties)]
struct RootProps {
    drawing: Drawing,
    part: Part,
    visit: u32,
}

impl PartialEq for RootProps {
    /// A program has but one drawing.
    fn eq(&self, other: &Self) -> bool {
        self.part == other.part && self.visit == other.visit
    }
}

#[component]
fn Root(props: &RootProps) -> Html {
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
    html! { <Clock>{ (props.drawing.0)(&props.part, &place) }<Announcer/></Clock> }
}
