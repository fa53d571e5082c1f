//! A window above the page: the browser's own dialog, which keeps the keyboard inside.

use wasm_bindgen::JsCast;
use web_sys::HtmlDialogElement;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub(crate) struct DialogProps {
    pub title: Html,
    pub onclose: Callback<()>,
    pub children: Html,
}

/// Opens when it is drawn; says when it is closed, by Esc, its button or a click beside it.
#[component]
pub(crate) fn Dialog(props: &DialogProps) -> Html {
    let dialog = use_node_ref();
    use_effect_with(dialog.clone(), |dialog| {
        if let Some(dialog) = dialog.cast::<HtmlDialogElement>() {
            let _ = dialog.show_modal();
        }
    });
    let close = {
        let dialog = dialog.clone();
        Callback::from(move |()| {
            if let Some(dialog) = dialog.cast::<HtmlDialogElement>() {
                dialog.close();
            }
        })
    };
    let onclick = {
        let close = close.clone();
        Callback::from(move |event: MouseEvent| {
            // The dialog itself is hit only beside its content.
            let hit = event.target().and_then(|target| target.dyn_into::<HtmlDialogElement>().ok());
            if hit.is_some() {
                close.emit(());
            }
        })
    };
    html! {
        <dialog class="dialog" ref={dialog} aria-labelledby="dialog-title" onclose={props.onclose.reform(|_| ())} {onclick}>
            <div class="dialog-inside">
                <div class="dialog-head">
                    <h2 id="dialog-title">{ props.title.clone() }</h2>
                    <button type="button" class="copy" onclick={close.reform(|_| ())}>{ "Close " }<kbd aria-hidden="true">{ "Esc" }</kbd></button>
                </div>
                { props.children.clone() }
            </div>
        </dialog>
    }
}
