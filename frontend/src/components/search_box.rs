//! The box that finds packages and specs, or goes to one.

use std::rc::Rc;

use gloo::render::request_animation_frame;
use larder_frontend::{
    find::paint::{Read, Stretch},
    format,
    search_text::Sought,
};
use larder_shared::find::{Completion, Group};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, HtmlInputElement};
use yew::prelude::*;

use super::glyph;
use crate::browser;

/// The box's `id`, by which a key finds it.
pub(crate) const SEARCH_ID: &str = "search";

const TROUBLE_ID: &str = "search-trouble";
const ITEMS_ID: &str = "search-items";

#[derive(Properties, PartialEq)]
pub(crate) struct SearchBoxProps {
    pub text: AttrValue,
    /// The mirror whose packages are searched; without one, those of all are.
    pub scope: Option<AttrValue>,
    /// What is known of the query.
    pub read: Rc<Read>,
    /// What may stand at the caret.
    pub items: Rc<Vec<Completion>>,
    pub on_input: Callback<String>,
    /// Hears that Enter was pressed.
    pub on_enter: Callback<()>,
    /// Hears where the caret stands in which text; an empty text: nothing is to be proposed.
    pub on_caret: Callback<(String, u32)>,
}

/// The box, its colours, what is wrong with its text and what may follow.
#[component]
pub(crate) fn SearchBox(props: &SearchBoxProps) -> Html {
    let field = use_node_ref();
    let paint = use_node_ref();
    let chosen = use_state_eq(|| 0usize);
    {
        let chosen = chosen.setter();
        use_effect_with(props.items.clone(), move |_| chosen.set(0));
    }
    // The colours move with the text they lie behind.
    let follow = {
        let (field, paint) = (field.clone(), paint.clone());
        Callback::from(move |()| {
            if let (Some(field), Some(paint)) = (field.cast::<HtmlElement>(), paint.cast::<HtmlElement>()) {
                paint.set_scroll_left(field.scroll_left());
            }
        })
    };
    {
        // With the frame: asked in between, the browser would lay the page out twice.
        let follow = follow.clone();
        use_effect_with((props.text.clone(), props.read.clone()), move |_| {
            let frame = request_animation_frame(move |_| follow.emit(()));
            move || drop(frame)
        });
    }
    let oninput = {
        let (on_input, on_caret, scoped) = (props.on_input.clone(), props.on_caret.clone(), props.scope.is_some());
        Callback::from(move |event: InputEvent| {
            let field: HtmlInputElement = event.target_unchecked_into();
            let text = field.value();
            let caret = caret_byte(&text, field.selection_start().ok().flatten());
            on_input.emit(text.clone());
            if scoped {
                on_caret.emit((text, caret));
            }
        })
    };
    let accept = {
        let (text, on_input, on_caret, field) =
            (props.text.clone(), props.on_input.clone(), props.on_caret.clone(), field.clone());
        Callback::from(move |item: Completion| {
            let (Some(before), Some(after)) = (text.get(..item.start as usize), text.get(item.end as usize..)) else {
                return;
            };
            on_input.emit(format!("{before}{}{after}", item.text));
            on_caret.emit((String::new(), 0));
            if let Some(field) = field.cast::<HtmlElement>() {
                let _ = field.focus();
            }
        })
    };
    let close = props.on_caret.reform(|()| (String::new(), 0));
    let onkeydown = {
        let (on_enter, on_input, items, text) =
            (props.on_enter.clone(), props.on_input.clone(), props.items.clone(), props.text.clone());
        let (chosen, accept, close) = (chosen.clone(), accept.clone(), close.clone());
        Callback::from(move |event: KeyboardEvent| {
            let field: HtmlInputElement = event.target_unchecked_into();
            let key = event.key();
            let is_at_end = field.selection_start().ok().flatten() == Some(utf16_length(&text));
            match key.as_str() {
                "Tab" if !items.is_empty() && !event.shift_key() => {
                    if let Some(item) = items.get(*chosen) {
                        accept.emit(item.clone());
                    }
                }
                "ArrowRight" if is_at_end && *chosen + 1 < items.len() => chosen.set(*chosen + 1),
                "ArrowLeft" if !items.is_empty() && *chosen > 0 => chosen.set(*chosen - 1),
                "Escape" if !items.is_empty() => close.emit(()),
                "Escape" if field.value().is_empty() => {
                    let _ = field.blur();
                }
                "Escape" => on_input.emit(String::new()),
                "Enter" => {
                    close.emit(());
                    on_enter.emit(());
                }
                "ArrowDown" => {
                    let Some(row) = browser::find("main [data-row]") else { return };
                    close.emit(());
                    let _ = row.focus();
                }
                _ => return,
            }
            event.prevent_default();
        })
    };
    let onblur = {
        let close = close.clone();
        Callback::from(move |event: FocusEvent| {
            let to = event.related_target().and_then(|to| to.dyn_into::<HtmlElement>().ok());
            if to.is_none_or(|to| to.closest(".search").ok().flatten().is_none()) {
                close.emit(());
            }
        })
    };
    let scope = props.scope.as_deref().unwrap_or("all mirrors");
    let label = format!("Search packages of {scope}, or a spec by /hash");
    // A form would reload the page; the role alone says what this is.
    let is_hash = matches!(Sought::parse(&props.text), Sought::Hash(_));
    let trouble = props.read.trouble(&props.text).filter(|_| props.scope.is_some());
    let is_open = !props.items.is_empty();
    html! {
        <div class="search" role="search">
            { glyph::search() }
            <div class="search-paint spec" ref={paint} aria-hidden="true">{ for props.read.stretches(&props.text).iter().map(stretch) }</div>
            <input id={SEARCH_ID} ref={field} type="search" value={props.text.clone()} {oninput} {onkeydown} {onblur}
                onscroll={follow.reform(|_: Event| ())}
                placeholder="Search packages and specs, or /hash" aria-label={label}
                role={props.scope.is_some().then_some("combobox")} aria-autocomplete={props.scope.is_some().then_some("list")}
                aria-expanded={props.scope.is_some().then(|| is_open.to_string())} aria-controls={is_open.then_some(ITEMS_ID)}
                aria-activedescendant={is_open.then(|| item_id(*chosen))}
                aria-invalid={trouble.is_some().then_some("true")} aria-describedby={trouble.is_some().then_some(TROUBLE_ID)}
                spellcheck="false" autocomplete="off" autocapitalize="off" enterkeyhint="search"/>
            if is_hash {
                <span class="search-hint">{ "Enter opens the spec" }</span>
            } else {
                <kbd aria-hidden="true">{ "/" }</kbd>
            }
            if is_open || trouble.is_some() {
                <div class="search-below">
                    if let Some(trouble) = trouble {
                        <p id={TROUBLE_ID} class="search-trouble" role="status">{ super::parts::in_code(&trouble.message) }</p>
                    }
                    if is_open { { items(&props.items, *chosen, &accept) } }
                </div>
            }
        </div>
    }
}

fn stretch(stretch: &Stretch) -> Html {
    let text = format::visible(stretch.text).into_owned();
    let text = if stretch.is_fault {
        html! { <u class="fault">{ text }</u> }
    } else {
        html! { { text } }
    };
    match stretch.class {
        "" => text,
        "off" => html! { <span class="off">{ text }</span> },
        class => html! { <i {class}>{ text }</i> },
    }
}

/// What may stand at the caret, in a row: it covers nothing that was found.
fn items(items: &[Completion], chosen: usize, accept: &Callback<Completion>) -> Html {
    html! {
        <ul id={ITEMS_ID} class="search-items" role="listbox" aria-label="Suggestions">
            for (index, item) in items.iter().enumerate() {
                <li id={item_id(index)} key={index} role="option" aria-selected={(index == chosen).to_string()}
                    aria-label={format!("{}, {}, {}", item.text, group_word(item.group), format::counted(item.specs.into(), "spec"))}
                    onmousedown={let (accept, item) = (accept.clone(), item.clone()); Callback::from(move |event: MouseEvent| { event.prevent_default(); accept.emit(item.clone()); })}>
                    if index == 0 || items[index - 1].group != item.group { <span class="group">{ group_word(item.group) }</span> }
                    <span class="mono"><bdi>{ format::visible(&item.text).into_owned() }</bdi></span>
                    <span class="n">{ format::short_count(item.specs.into()) }</span>
                </li>
            }
            <li class="end" role="presentation" aria-hidden="true"><kbd>{ "Tab" }</kbd></li>
        </ul>
    }
}

fn item_id(index: usize) -> String {
    format!("{ITEMS_ID}-{index}")
}

const fn group_word(group: Group) -> &'static str {
    match group {
        Group::Package => "package",
        Group::Variant => "variant",
        Group::Version => "version",
        Group::Compiler => "compiler",
        Group::Target => "target",
        Group::Os => "system",
        Group::Key => "key",
    }
}

/// The byte in front of which the caret stands; browsers count in UTF-16.
fn caret_byte(text: &str, caret: Option<u32>) -> u32 {
    let mut units = 0;
    let caret = caret.unwrap_or(u32::MAX);
    let place = text.char_indices().find(|(_, letter)| {
        let is_there = units >= caret;
        units += u32::try_from(letter.len_utf16()).unwrap_or(1);
        is_there
    });
    place.map_or(text.len(), |(at, _)| at).try_into().unwrap_or(u32::MAX)
}

fn utf16_length(text: &str) -> u32 {
    text.encode_utf16().count().try_into().unwrap_or(u32::MAX)
}
