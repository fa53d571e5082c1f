//! Which columns a table has.

use web_sys::HtmlElement;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub(crate) struct ColumnMenuProps {
    /// What each column is called by the URL and by its head, and whether it is there.
    pub columns: Vec<(&'static str, &'static str, bool)>,
    /// One was put in or taken out.
    pub onchoose: Callback<&'static str>,
}

/// A button that opens a list of columns with boxes to tick.
#[component]
pub(crate) fn ColumnMenu(props: &ColumnMenuProps) -> Html {
    let menu = use_node_ref();
    let close = {
        let menu = menu.clone();
        move |returns: bool| {
            let Some(menu) = menu.cast::<HtmlElement>() else { return };
            let _ = menu.remove_attribute("open");
            if let Some(button) = menu.query_selector("summary").ok().flatten().filter(|_| returns)
                && let Ok(button) = wasm_bindgen::JsCast::dyn_into::<HtmlElement>(button)
            {
                let _ = button.focus();
            }
        }
    };
    let onkeydown = {
        let close = close.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Escape" {
                close(true);
            }
        })
    };
    let onfocusout = {
        let menu = menu.clone();
        Callback::from(move |event: FocusEvent| {
            let next = event.related_target().and_then(|next| wasm_bindgen::JsCast::dyn_into::<HtmlElement>(next).ok());
            let is_outside = next
                .as_ref()
                .is_some_and(|next| menu.cast::<HtmlElement>().is_some_and(|menu| !menu.contains(Some(next))));
            if is_outside {
                close(false);
            }
        })
    };
    html! {
        <details class="column-menu" ref={menu} {onkeydown} {onfocusout}>
            <summary class="btn">{ "Columns" }</summary>
            <fieldset>
                <legend class="sr">{ "Columns" }</legend>
                for (key, name, is_there) in props.columns.clone() {
                    <label {key}>
                        <input type="checkbox" checked={is_there} onchange={props.onchoose.reform(move |_| key)}/>
                        { name }
                    </label>
                }
            </fieldset>
        </details>
    }
}
