//! Which mirror one is in, and the way to the others.

use larder_shared::{api::Mirror, name::MirrorName, route::page::Page};
use web_sys::HtmlElement;
use yew::prelude::*;

use super::values::foreign;
use crate::{browser, route};

#[derive(Properties, PartialEq)]
pub(crate) struct MirrorChooserProps {
    /// All mirrors; the button is there only when there are several.
    pub mirrors: Vec<Mirror>,
    /// The mirror of the page; `None` for a page of all.
    pub current: Option<MirrorName>,
}

/// A menu of links to the mirrors; with one mirror just its name.
#[component]
pub(crate) fn MirrorChooser(props: &MirrorChooserProps) -> Html {
    let open = use_state_eq(|| false);
    let close = {
        let open = open.setter();
        Callback::from(move |returns: bool| {
            open.set(false);
            if let Some(button) = browser::find(BUTTON).filter(|_| returns) {
                browser::focus_in_place(&button);
            }
        })
    };
    use_effect_with(*open, |open| {
        if *open {
            let current = browser::find("#mirror-menu [aria-current]").or_else(|| browser::find("#mirror-menu a"));
            if let Some(link) = current {
                browser::focus_in_place(&link);
            }
        }
    });
    let label = props.current.as_ref().map_or("All mirrors", MirrorName::as_str).to_owned();
    if props.mirrors.len() < 2 {
        return match &props.current {
            Some(mirror) => {
                html! { <a class="btn mono here" href={route::href(&Page::Mirror(mirror.clone()))}>{ foreign(mirror.as_str()) }</a> }
            }
            None => Html::default(),
        };
    }
    let toggle = {
        let open = open.clone();
        Callback::from(move |_| open.set(!*open))
    };
    let onkeydown = {
        let close = close.clone();
        Callback::from(move |event: KeyboardEvent| move_in_menu(&event, &close))
    };
    let onfocusout = {
        let close = close.clone();
        Callback::from(move |event: FocusEvent| {
            let next = event.related_target().and_then(|next| wasm_bindgen::JsCast::dyn_into::<HtmlElement>(next).ok());
            // The menu closes when the keyboard goes elsewhere, not when the pointer presses on nothing.
            if next.is_some_and(|next| next.closest(".chooser").ok().flatten().is_none()) {
                close.emit(false);
            }
        })
    };
    html! {
        <div class="chooser" {onfocusout}>
            <button type="button" class={if props.current.is_some() { "btn mono" } else { "btn" }} id="mirror-button" aria-haspopup="menu" aria-expanded={open.to_string()}
                aria-label={format!("Mirror: {label}")} onclick={toggle}>
                <span class="cut">{ foreign(&label) }</span><span class="mute" aria-hidden="true">{ "▾" }</span>
            </button>
            if *open {
                <div class="shade" aria-hidden="true" onclick={close.reform(|_| false)}></div>
                <ul class="menu" id="mirror-menu" role="menu" aria-label="Mirrors" {onkeydown} onclick={close.reform(|_| false)}>
                    { option(Page::Home, html! { "All mirrors" }, props.current.is_none(), None) }
                    for mirror in &props.mirrors {
                        { option(Page::Mirror(mirror.name.clone()), foreign(mirror.name.as_str()), props.current.as_ref() == Some(&mirror.name), Some(mirror.specs)) }
                    }
                    { option(Page::Open, html! { "Open another by its address" }, false, None) }
                </ul>
            }
        </div>
    }
}

const BUTTON: &str = "#mirror-button";

fn option(page: Page, name: Html, is_current: bool, specs: Option<u64>) -> Html {
    html! {
        <li role="none">
            <a role="menuitem" href={route::href(&page)} tabindex="-1" aria-current={is_current.then_some("true")}>
                <span class="mono">{ name }</span>
                if let Some(specs) = specs { <span class="count">{ larder_frontend::format::short_count(specs) }</span> }
            </a>
        </li>
    }
}

fn move_in_menu(event: &KeyboardEvent, close: &Callback<bool>) {
    let links = browser::find_all("#mirror-menu a");
    let here = browser::focused().and_then(|focused| links.iter().position(|link| *link == focused)).unwrap_or(0);
    let count = links.len();
    let key = event.key();
    let target = match key.as_str() {
        "Escape" => {
            close.emit(true);
            None
        }
        "Tab" => {
            close.emit(true);
            return;
        }
        "ArrowDown" => Some((here + 1) % count.max(1)),
        "ArrowUp" => Some((here + count.max(1) - 1) % count.max(1)),
        "Home" => Some(0),
        "End" => Some(count.saturating_sub(1)),
        letter if letter.chars().count() == 1 => {
            let starts = |link: &HtmlElement| {
                link.text_content()
                    .is_some_and(|text| text.to_ascii_lowercase().starts_with(&letter.to_ascii_lowercase()))
            };
            (1..=count).map(|step| (here + step) % count).find(|index| starts(&links[*index]))
        }
        _ => return,
    };
    event.prevent_default();
    event.stop_propagation();
    if let Some(link) = target.and_then(|index| links.get(index)) {
        let _ = link.focus();
    }
}
