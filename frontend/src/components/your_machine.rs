//! Which machine is the reader's, in the bar: every list then marks what runs there.

use larder_frontend::machine::Machine;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::{
    dialog::Dialog,
    parts::{code, in_code},
};
use crate::{announce, browser, my_machine};

/// The button, and the dialog it opens.
#[component]
pub(crate) fn YourMachine() -> Html {
    let machine = my_machine::use_machine();
    let open = use_state_eq(|| false);
    let (name, label) = match &machine {
        Some(machine) => (machine.short(), format!("Your machine: {}. Change", machine.short())),
        None => ("Your machine".to_owned(), "Your machine: not set. Say which".to_owned()),
    };
    let onclick = {
        let open = open.clone();
        Callback::from(move |_| open.set(true))
    };
    let onclose = {
        let open = open.clone();
        Callback::from(move |()| open.set(false))
    };
    html! {
        <>
            <button type="button" id="machine-button" class={if machine.is_some() { "btn host set" } else { "btn host" }} aria-label={label} aria-haspopup="dialog" {onclick}>{ name }</button>
            if *open {
                <Dialog title={html! { "Your machine" }} {onclose}><Form {machine}/></Dialog>
            }
        </>
    }
}

#[derive(Properties, PartialEq)]
struct FormProps {
    machine: Option<Machine>,
}

#[component]
fn Form(props: &FormProps) -> Html {
    let problem = use_state_eq(|| None::<String>);
    let field = use_node_ref();
    let close = || {
        if let Some(button) = browser::find("dialog[open] .dialog-head button") {
            button.click();
        }
    };
    let onsubmit = {
        let (problem, field) = (problem.clone(), field.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let Some(field) = field.cast::<HtmlInputElement>() else { return };
            match Machine::parse(&field.value()) {
                Ok(machine) => {
                    my_machine::remember(Some(&machine));
                    announce::answer(format!("Your machine: {}", machine.short()));
                    close();
                }
                Err(why) => problem.set(Some(why)),
            }
        })
    };
    let forget = Callback::from(move |_: MouseEvent| {
        my_machine::remember(None);
        close();
    });
    let value = props.machine.as_ref().map(Machine::to_string).unwrap_or_default();
    html! {
        <form {onsubmit} novalidate=true>
            <p><label for="machine-field">{ "What " }{ code("spack arch") }{ " prints there" }</label></p>
            <input ref={field} id="machine-field" class="field mono" {value} placeholder="linux-debian12-zen3" autocomplete="off" autocapitalize="off" spellcheck="false"
                aria-invalid={problem.is_some().then_some("true")} aria-describedby="machine-help"/>
            if let Some(problem) = &*problem { <p class="note bad" role="alert">{ in_code(problem) }</p> }
            <p class="search-note" id="machine-help">{ "Lists then mark what runs there: what was built on the same system, for the same processor or an older one of its family. It stays in this browser." }</p>
            if props.machine.as_ref().is_some_and(|machine| !machine.is_known()) {
                <p class="note warn">{ "archspec does not know this processor: only what was built for the very same name is marked." }</p>
            }
            <p class="tools form-end">
                <button type="submit" class="btn main">{ "Save" }</button>
                if props.machine.is_some() { <button type="button" class="btn bare" onclick={forget}>{ "Forget" }</button> }
            </p>
        </form>
    }
}
