//! The dialog that asks which machine is the reader's: every list then marks what runs there.

use gloo::utils::window;
use larder_frontend::machine::Machine;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::hosted::tell_closed;
use crate::{
    browser,
    components::{
        copy::Copy,
        dialog::Dialog,
        parts::{code, in_code},
    },
    my_machine, route,
};

#[component]
pub(crate) fn MachineDialog() -> Html {
    html! { <Dialog title={html! { "Your machine" }} onclose={Callback::from(|()| tell_closed())}><Form/></Dialog> }
}

#[component]
fn Form() -> Html {
    let machine = my_machine::remembered();
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
                    // Whoever says which machine is theirs means it, whatever the link says.
                    if browser::param(my_machine::PARAM).is_some() {
                        route::drop_machine();
                    }
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
    let value = machine.as_ref().map(Machine::to_string).unwrap_or_default();
    html! {
        <form {onsubmit} novalidate=true>
            <p><label for="machine-field">{ "What " }{ code("spack arch") }{ " prints there" }</label></p>
            <input ref={field} id="machine-field" class="field mono" {value} placeholder="linux-debian12-zen3" autofocus=true autocomplete="off" autocapitalize="off" spellcheck="false"
                aria-invalid={problem.is_some().then_some("true")} aria-describedby="machine-help"/>
            if let Some(problem) = &*problem { <p class="note bad" role="alert">{ in_code(problem) }</p> }
            <p class="search-note" id="machine-help">{ "Lists then mark what runs there: what was built on the same system, for the same processor or an older one of its family. It stays in this browser." }</p>
            if machine.as_ref().is_some_and(|machine| !machine.is_known()) {
                <p class="note warn">{ "archspec does not know this processor: only what was built for the very same name is marked." }</p>
            }
            <p class="tools form-end">
                <button type="submit" class="btn main">{ "Save" }</button>
                if let Some(machine) = &machine {
                    <button type="button" class="btn bare" onclick={forget}>{ "Forget" }</button>
                    <Copy text={link_for(machine)} label="Copy a link to this page with it" said="a link to this page, for your machine" large=true/>
                }
            </p>
        </form>
    }
}

/// The URL of this page, shown to whoever follows it as on `machine`.
fn link_for(machine: &Machine) -> String {
    let mut url = window().location().href().unwrap_or_default();
    if let Some(other) = browser::param(my_machine::PARAM) {
        let written = route::with_machine("", &other);
        url = url.replace(&written, "").replace(&written.replacen('?', "&", 1), "");
    }
    route::with_machine(&url, &machine.to_string())
}
